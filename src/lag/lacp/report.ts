/** What a LACP system tells of a port: a copy, so it does not change under the reader. */
import type { PortConversations } from "./agreement.js";
import type { ChurnState } from "./churn.js";
import type { MuxState } from "./mux.js";
import type { PeriodicState } from "./periodic.js";
import type { PortInfo } from "./port-info.js";
import { hasActorState, type PortCounters, type PortRecord, type Selected } from "./port-record.js";
import {
  COLLECTING,
  DEFAULTED,
  DISTRIBUTING,
  EXPIRED,
  type PortStateFlags,
  SYNCHRONIZATION,
  stateFlags,
} from "./port-state.js";
import type { ReceiveState } from "./receive.js";
import { isIndividual, isLoop } from "./selection.js";

/** One end of the link; `flags` names the bits of `state`. */
export interface LinkEnd extends PortInfo {
  readonly flags: PortStateFlags;
}

export interface LacpPortReport {
  readonly number: number;
  readonly isLinkUp: boolean;
  readonly actor: LinkEnd;
  /** As last received, or the default partner. */
  readonly partner: LinkEnd;
  readonly states: {
    readonly receive: ReceiveState;
    readonly periodic: PeriodicState;
    readonly mux: MuxState;
    readonly actorChurn: ChurnState;
    readonly partnerChurn: ChurnState;
  };
  readonly selected: Selected;
  /** The aggregator that is selected: the number of a port. Ports of one aggregator are one link to what is above. */
  readonly aggregator: number | undefined;
  readonly attached: boolean;
  readonly collecting: boolean;
  readonly distributing: boolean;
  readonly churn: { readonly actor: boolean; readonly partner: boolean };
  readonly isIndividual: boolean;
  /** The partner is this system. */
  readonly isLoop: boolean;
  readonly expired: boolean;
  readonly defaulted: boolean;
  /** 0: none has spoken. */
  readonly partnerVersion: number;
  /** Undefined without a conversation table. */
  readonly conversations: PortConversations | undefined;
  /** 512 bytes: the mask that the partner last sent, if it did. */
  readonly partnerMask: Uint8Array | undefined;
  readonly counters: PortCounters;
}

export function portReport(port: PortRecord, part: PortConversations | undefined): LacpPortReport {
  return {
    number: port.number,
    isLinkUp: port.portEnabled,
    actor: { ...port.actor, flags: stateFlags(port.actor.state) },
    partner: { ...port.partner, flags: stateFlags(port.partner.state) },
    states: {
      receive: port.receive,
      periodic: port.periodic,
      mux: port.mux,
      actorChurn: port.actorChurn.state,
      partnerChurn: port.partnerChurn.state,
    },
    selected: port.selected,
    aggregator: port.aggregator,
    attached: hasActorState(port, SYNCHRONIZATION),
    collecting: hasActorState(port, COLLECTING),
    distributing: hasActorState(port, DISTRIBUTING),
    churn: { actor: port.actorChurn.state === "CHURN", partner: port.partnerChurn.state === "CHURN" },
    isIndividual: isIndividual(port),
    isLoop: isLoop(port),
    expired: hasActorState(port, EXPIRED),
    defaulted: hasActorState(port, DEFAULTED),
    partnerVersion: port.partnerVersion,
    conversations: part && {
      agreed: part.agreed,
      linkNumber: part.linkNumber,
      mask: part.mask.slice(),
      actorPartnerSync: part.actorPartnerSync,
    },
    partnerMask: port.partnerVersion2?.masks?.mask.slice(),
    counters: { ...port.counters, bad: { ...port.counters.bad } },
  };
}
