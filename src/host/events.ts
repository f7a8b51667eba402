/** What happens on a host that its owner may want to know. */
import type { LagEvent } from "../lag/events.js";
import type { LimitEvent } from "../limit/event.js";
import type { MoveOutcome } from "../migrate/move/action.js";
import type { MoveState } from "../migrate/move/states.js";

export type HostEvent =
  /** A partition is the directory's truth here, and its frames flow. */
  | { readonly type: "attached"; readonly partition: string; readonly gqpn: number; readonly generation: number }
  /** A partition cannot be attached: somebody else has it by a generation that keeps ahead, there are no numbers, or no room. Or it was,
   * and the directory has withdrawn it, since another has its number by a higher generation. */
  | { readonly type: "refused"; readonly partition: string; readonly reason: string }
  /** A partition is on another host by now: this one has stopped, and sends what still comes for it on. */
  | { readonly type: "moved"; readonly partition: string; readonly to: string; readonly generation: number }
  | { readonly type: "detached"; readonly partition: string }
  /** A VM's adapters are on the move: their state here, in the words of VFIO (migrate/move/states.ts). */
  | {
      readonly type: "moving";
      readonly move: string;
      readonly partition: string;
      readonly side: "source" | "target";
      readonly state: MoveState;
    }
  | {
      readonly type: "move-ended";
      readonly move: string;
      readonly partition: string;
      readonly side: "source" | "target";
      readonly outcome: MoveOutcome;
      readonly reason: string;
    }
  /** An endpoint that this host sends to is on another host now; so many frames were sent again. */
  | {
      readonly type: "redirected";
      readonly vni: number;
      readonly mac: string;
      readonly to: string;
      readonly resent: number;
    }
  /** Something happened in the group of uplinks. */
  | { readonly type: "lag"; readonly event: LagEvent }
  /** The mbuf limit of a partition, or of one of its peers, has changed. */
  | { readonly type: "limit"; readonly event: LimitEvent }
  /** Something that this host should know has found no room: which of its sizes is too small. Told once a second at most. */
  | { readonly type: "full"; readonly reason: string }
  /** The directory cannot be reached, or can again. */
  | { readonly type: "directory"; readonly reachable: boolean };
