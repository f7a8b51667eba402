/** What a connection manager's section says: connections with their machine, queue pair 1, events that were not told yet. */
import type { CmIgnoredCause, CmState } from "../../cm/record.js";
import type { PathImage } from "../device/image.js";

/** Codes are places in this list. */
export const STATES: readonly CmState[] = ["REQ_SENT", "REQ_RCVD", "REP_SENT", "ESTABLISHED", "DREQ_SENT", "TIMEWAIT"];

export interface ConnectionsHead {
  /** 4 or 6: of local, and of every peer. */
  readonly ipVersion: number;
  readonly local: Uint8Array;
  readonly caGuid: bigint;
  readonly nextId: number;
  readonly region: number;
  readonly cq: number;
  readonly sent: number;
  readonly received: number;
  readonly misdirected: number;
  readonly dropped: number;
}

export interface ListenerImage {
  readonly serviceId: bigint;
  /** 0: any. */
  readonly maxPathMtuBytes: number;
}

/** A connection's machine (src/rdma/cm/record.ts), but for its messages. */
export interface MachineWords extends Readonly<Record<CmIgnoredCause, number>> {
  readonly peer: Uint8Array;
  readonly communicationId: number;
  readonly state: number;
  readonly isActive: boolean;
  readonly hasDeadline: boolean;
  /** From now on, to the nearest millisecond; 0 when it is past, or there is none. */
  readonly deadlineInMs: number;
  readonly remoteCommunicationId: number;
  readonly transactionId: bigint;
  readonly lifeTime: number;
  readonly answerWaitMs: number;
  /** 0: none yet. */
  readonly localQpn: number;
  readonly ackTimeout: number;
  readonly caGuid: bigint;
  readonly caAckDelay: number;
  readonly maxServiceTimeoutMs: number;
  /** Of the message that waits for an answer. */
  readonly retriesLeft: number;
  readonly extensionsLeft: number;
  /** Which of the messages are there: REQ always. */
  readonly hasRep: boolean;
  readonly hasOutstanding: boolean;
  readonly hasAnswer: boolean;
  /** Its owner knows of it. */
  readonly hasLink: boolean;
}

/** A connection as its owner has it. */
export interface LinkWords {
  readonly id: number;
  readonly window: number;
  /** 0: none yet. */
  readonly qpn: number;
  /** The queue pair was not destroyed. */
  readonly hasQp: boolean;
  readonly isOver: boolean;
  /** It was accepted, with that PSN to come first, and the peer has not said that it knows. */
  readonly isAccepted: boolean;
  readonly rqPsn: number;
}

export interface LinkImage extends LinkWords {
  readonly path: PathImage;
  /** The peer's address. */
  readonly remote: string;
  readonly state: CmState;
}

export interface MachineImage extends MachineWords {
  /** MADs of 256 bytes: REQ, and those of REP, what waits for an answer and the last answer that are there. */
  readonly mads: readonly Uint8Array[];
  readonly link: LinkImage | undefined;
}

export interface EventWords {
  /** A place in EVENTS. */
  readonly type: number;
  readonly id: number;
  readonly port: number;
  readonly remotePort: number;
  readonly pathMtu: number;
  readonly remote: Uint8Array;
  /** 1: the peer. */
  readonly isByPeer: boolean;
  /** A REJ's, or 65536 "requested", 65537 "queue-pair-error". */
  readonly reason: number;
  readonly privateBytes: number;
}

/** Codes are places in this list. */
export const EVENTS = ["requested", "established", "rejected", "disconnected", "closed"] as const;

export interface EventImage extends EventWords {
  readonly privateData: Uint8Array;
}

export interface WaitingImage {
  readonly remote: Uint8Array;
  readonly mad: Uint8Array;
}

export interface HandleImage {
  readonly remote: Uint8Array;
  /** Of an address of the device. */
  readonly address: number;
}

export interface ConnectionsImage {
  readonly head: ConnectionsHead;
  readonly listeners: readonly ListenerImage[];
  readonly machines: readonly MachineImage[];
  /** Connections that their owners know, by id. */
  readonly links: ReadonlyMap<number, LinkImage>;
  readonly events: readonly EventImage[];
  readonly waiting: readonly WaitingImage[];
  /** Address handles without a remote, and with one, the one that was not used for longest first. */
  readonly unused: readonly number[];
  readonly used: readonly HandleImage[];
}
