/** What a host lets be done with moves of its partitions, and what a move is asked for with. */
import type { MovingDevice } from "../../migrate/device.js";
import type { MoveOutcome } from "../../migrate/move/action.js";
import type { CopyReport } from "../../migrate/move/copy.js";
import type { MoveLimits } from "../../migrate/move/options.js";
import type { MoveSource } from "../../migrate/move/source.js";
import type { MoveTarget } from "../../migrate/move/target.js";
import type { MovingFrame } from "../../migrate/wire/frame.js";
import type { Attachment } from "../attachment.js";
import type { AttachOptions } from "../options.js";
import type { StateForm } from "./state.js";

/** One of its adapters. */
export type IncomingAdapter = Pick<AttachOptions, "partition" | "network" | "mac" | "ips" | "labels" | "forwards">;

/** A VM that wants to come here. */
export interface IncomingVm {
  readonly move: string;
  /** The host that it is on. */
  readonly from: string;
  /** Of each of its adapters what `attach` is to be given, but for the port: as the directory has it, the one that the move is decided by first. */
  readonly adapters: readonly IncomingAdapter[];
  /** Names of its adapters that are no ports of a host. */
  readonly devices: readonly string[];
  /** Most that its state may be, in bytes. */
  readonly stateBytes: number;
}

export interface HostMoveOptions {
  /**
   * Where an incoming VM's adapters are to be: each with its port, and what only this host knows (uplinks, mbufs), in their order; or in words
   * why there is no room. Without it no VM comes to this host.
   */
  readonly incoming?: (vm: IncomingVm) => readonly AttachOptions[] | string;
  /** Where an adapter that is no port of a host is to be: by its name, for the VM that incoming was asked about; or why it can be nowhere. */
  readonly device?: (name: string, vm: IncomingVm) => MovingDevice | string;
  /**
   * Asked again before the state is inserted: why the room is there no longer (firmware, a
   * reservation that is over), or undefined.
   */
  readonly recheck?: (vm: IncomingVm) => string | undefined;
  /** Adds to a message what makes it this pair of hosts' own, such as an HMAC, 64 bytes at most; peer is the other's underlay address. */
  readonly seal?: (message: Uint8Array, peer: string) => Uint8Array;
  /** Undoes `seal`; undefined for a message that is not the peer's. */
  readonly open?: (sealed: Uint8Array, peer: string) => Uint8Array | undefined;
  /** Times and bounds of every move. Chunks are of one datagram by default. */
  readonly limits?: Partial<MoveLimits>;
}

export interface MoveRequest {
  /** The adapters of one VM: all of them go, or none. */
  readonly attachments: readonly Attachment[];
  /** Adapters of the VM that are no ports of this host. */
  readonly devices?: readonly MovingDevice[];
  /** The host that they go to, by its name in the directory. */
  readonly to: string;
  /**
   * "portable" for a host whose queues, uplinks or buckets are others, where a candidate is convertible: what toPortable says is lost stays behind.
   * "native" by default.
   */
  readonly form?: StateForm;
  /** No other move may have it; made of the VM, its host and the time by default. */
  readonly move?: string;
  readonly limits?: Partial<MoveLimits>;
}

/** A move as its host sees it. */
export interface HostMove {
  readonly name: string;
  readonly side: "source" | "target";
  /** Its VM; undefined before the directory has said who that is. */
  readonly partition: string | undefined;
  /** How it has ended, and why when the VM has not gone. */
  readonly outcome: MoveOutcome | undefined;
  readonly reason: string;
  readonly machine: MoveSource<MovingFrame> | MoveTarget<MovingFrame>;
  /** Of the source: what has been sent to the other host. */
  readonly copied: CopyReport | undefined;
  /** Of the target: sections that read back otherwise than they were inserted, as "adapter: section". */
  readonly differing: readonly string[];
  /** When the VM's adapters stopped here last, and when they began to run here. */
  readonly stoppedMs: number | undefined;
  readonly resumedMs: number | undefined;
}
