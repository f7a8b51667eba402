/**
 * The messages besides REQ (IBTA volume 1, 12.6.6 to 12.6.11, and of 12.8 what it takes to refuse an alternate path). Private data
 * fills the rest of each; a sender may give fewer bytes, zeros follow.
 */
import { big, bytes, type FieldTable, flag, number } from "./field.js";

/** Both ends' names for a connection: the sender's is the local one. */
export interface CommunicationIds {
  readonly localCommunicationId: number;
  /** 0 when the sender does not know it. */
  readonly remoteCommunicationId: number;
}

/** Which message an MRA or a REJ is about. */
export const ABOUT_REQ = 0;
export const ABOUT_REP = 1;
/** MRA: a LAP; REJ: none of the others. */
export const ABOUT_OTHER = 2;

/** Message receipt acknowledgement: it came, the answer takes longer. */
export interface Mra extends CommunicationIds {
  readonly messageMraed: number;
  /** Time code: within which the answer will come. */
  readonly serviceTimeout: number;
  /** 222 bytes. */
  readonly privateData: Uint8Array;
}

/** Reject. */
export interface Rej extends CommunicationIds {
  readonly messageRejected: number;
  /** Code of 16 bits: reason.ts has the names. */
  readonly reason: number;
  /** Up to 72 bytes by which the reason is told more closely. */
  readonly additionalInfo: Uint8Array;
  /** 148 bytes. */
  readonly privateData: Uint8Array;
}

/** Reply to a REQ. */
export interface Rep extends CommunicationIds {
  readonly localQkey: number;
  readonly localQpn: number;
  readonly localEecn: number;
  /** The first PSN that the receiver of the message is to send. */
  readonly startingPsn: number;
  readonly responderResources: number;
  readonly initiatorDepth: number;
  /** Time code: how long the sender may take to acknowledge. */
  readonly targetAckDelay: number;
  /** 0: the alternate path was taken, or there was none; 1 not supported, 2 rejected. */
  readonly failoverAccepted: number;
  readonly endToEndFlowControl: boolean;
  readonly rnrRetryCount: number;
  readonly srq: boolean;
  readonly localCaGuid: bigint;
  /** 196 bytes. */
  readonly privateData: Uint8Array;
}

/** Ready to use, and reply to a disconnection: 224 bytes of private data. */
export interface Rtu extends CommunicationIds {
  readonly privateData: Uint8Array;
}
export type Drep = Rtu;

/** Request for disconnection. */
export interface Dreq extends CommunicationIds {
  /** The receiver's queue pair. */
  readonly remoteQpn: number;
  /** 220 bytes. */
  readonly privateData: Uint8Array;
}

/** Load alternate path, of which only the ids are read: it is refused. */
export type Lap = CommunicationIds;

/** Answer to a LAP. */
export interface Apr extends CommunicationIds {
  readonly status: number;
}
/** Automatic path migration is not there. */
export const APR_UNSUPPORTED = 2;

const IDS: FieldTable<CommunicationIds> = {
  localCommunicationId: number(0, 32),
  remoteCommunicationId: number(4, 32),
};

export const MRA: FieldTable<Mra> = {
  ...IDS,
  messageMraed: number(8, 2),
  serviceTimeout: number(9, 5),
  privateData: bytes(10, 222),
};

export const ADDITIONAL_INFO_BYTES = 72;
/** The length of the additional information, which is cut to it afterwards. */
export const REJ_INFO_LENGTH = number(9, 7);
export const REJ: FieldTable<Rej> = {
  ...IDS,
  messageRejected: number(8, 2),
  reason: number(10, 16),
  additionalInfo: bytes(12, ADDITIONAL_INFO_BYTES),
  privateData: bytes(84, 148),
};

export const REP: FieldTable<Rep> = {
  ...IDS,
  localQkey: number(8, 32),
  localQpn: number(12, 24),
  localEecn: number(16, 24),
  startingPsn: number(20, 24),
  responderResources: number(24, 8),
  initiatorDepth: number(25, 8),
  targetAckDelay: number(26, 5),
  failoverAccepted: number(26, 2, 5),
  endToEndFlowControl: flag(26, 7),
  rnrRetryCount: number(27, 3),
  srq: flag(27, 3),
  localCaGuid: big(28),
  privateData: bytes(36, 196),
};

export const RTU: FieldTable<Rtu> = { ...IDS, privateData: bytes(8, 224) };
export const DREQ: FieldTable<Dreq> = { ...IDS, remoteQpn: number(8, 24), privateData: bytes(12, 220) };
export const LAP: FieldTable<Lap> = IDS;
export const APR: FieldTable<Apr> = { ...IDS, status: number(9, 8) };
