/**
 * Everything the machines of one port know: the variables of IEEE 802.1AX-2008 5.4.6 to 5.4.8 (2014 6.4.6 to 6.4.8)
 * under their names, without the prefix Actor_Oper_ or Partner_Oper_, which is the object they are in. Machines read
 * and write it; nobody else does.
 */
import type { ChurnMachine } from "./churn.js";
import type { MuxState } from "./mux.js";
import type { PeriodicState } from "./periodic.js";
import type { PortInfo } from "./port-info.js";
import { LACP_TIMEOUT } from "./port-state.js";
import type { ReceiveState } from "./receive.js";
import type { SlowFrameCause } from "./slow-protocol.js";
import type { Deadline } from "./timing.js";
import type { Version2 } from "./version2.js";

export type Selected = "UNSELECTED" | "SELECTED" | "STANDBY";

/**
 * Who the partner is while none has spoken (Partner_Admin_*): a null system that is individual, passive and out of
 * synchronization, so that no port ever carries traffic towards a silent neighbour. Its short timeout makes an active
 * port ask every second.
 */
export const DEFAULT_PARTNER: PortInfo = {
  systemPriority: 0,
  system: "00:00:00:00:00:00",
  key: 0,
  portPriority: 0,
  port: 0,
  state: LACP_TIMEOUT,
};

export interface PortCounters {
  lacpdusIn: number;
  lacpdusOut: number;
  markersIn: number;
  markersOut: number;
  markerResponsesIn: number;
  markerResponsesOut: number;
  /** Marker Responses to nothing that was asked. */
  markerResponsesUnmatched: number;
  /** Frames that came while the link was down. */
  linkDown: number;
  /** Frames not taken, by cause. */
  readonly bad: Record<SlowFrameCause, number>;
}

export interface PortRecord {
  readonly number: number;
  readonly mac: string;
  readonly adminLinkNumber: number;

  actor: PortInfo;
  partner: PortInfo;
  portEnabled: boolean;
  portMoved: boolean;
  /** Need To Transmit. */
  ntt: boolean;
  selected: Selected;
  /** The aggregator that the port has selected or is still attached to; its number is that of a port. */
  aggregator: number | undefined;
  /** The link aggregation group that `selected` stands for, see selection.ts. */
  lagId: string | undefined;
  /** wait_while_timer has run out. */
  readyN: boolean;
  /** Everyone who waits for the same aggregator is ready. */
  ready: boolean;
  /** The last LACPDU echoed this port as it is now, both ends in synchronization; see receive.ts. */
  partnerAgrees: boolean;

  receive: ReceiveState;
  periodic: PeriodicState;
  mux: MuxState;
  readonly actorChurn: ChurnMachine;
  readonly partnerChurn: ChurnMachine;

  currentWhile: Deadline;
  periodicTimer: Deadline;
  waitWhile: Deadline;
  /** Times of the last LACPDUs sent, at most TRANSMIT_LIMIT. */
  sentMs: number[];

  /** Of the last LACPDU; 0 before the first. */
  partnerVersion: number;
  partnerVersion2: Version2 | undefined;

  /** Transaction ids of Markers without Response, oldest first. */
  readonly markers: Set<number>;
  readonly counters: PortCounters;
}

/** A port as it is at BEGIN: link down, detached, with the default partner. */
export function newPort(number: number, mac: string, adminLinkNumber: number, actor: PortInfo): PortRecord {
  const bad = { truncated: 0, "not-slow-protocol": 0, "unknown-subtype": 0, "bad-tlv": 0, "bad-version": 0 };
  return {
    number,
    mac,
    adminLinkNumber,
    actor,
    partner: DEFAULT_PARTNER,
    portEnabled: false,
    portMoved: false,
    ntt: false,
    selected: "UNSELECTED",
    aggregator: undefined,
    lagId: undefined,
    readyN: false,
    ready: false,
    partnerAgrees: false,
    receive: "PORT_DISABLED",
    periodic: "NO_PERIODIC",
    mux: "DETACHED",
    actorChurn: { state: "NO_CHURN", timer: undefined },
    partnerChurn: { state: "NO_CHURN", timer: undefined },
    currentWhile: undefined,
    periodicTimer: undefined,
    waitWhile: undefined,
    sentMs: [],
    partnerVersion: 0,
    partnerVersion2: undefined,
    markers: new Set(),
    counters: {
      lacpdusIn: 0,
      lacpdusOut: 0,
      markersIn: 0,
      markersOut: 0,
      markerResponsesIn: 0,
      markerResponsesOut: 0,
      markerResponsesUnmatched: 0,
      linkDown: 0,
      bad,
    },
  };
}

export function hasActorState(port: PortRecord, bits: number): boolean {
  return (port.actor.state & bits) === bits;
}

export function hasPartnerState(port: PortRecord, bits: number): boolean {
  return (port.partner.state & bits) === bits;
}

export function setActorState(port: PortRecord, bits: number, on: boolean): void {
  port.actor = { ...port.actor, state: on ? port.actor.state | bits : port.actor.state & ~bits };
}

export function setPartnerState(port: PortRecord, bits: number, on: boolean): void {
  port.partner = { ...port.partner, state: on ? port.partner.state | bits : port.partner.state & ~bits };
}
