/**
 * REQ, the request for communication (IBTA volume 1, 12.6.5 and its fields in 12.7). Times are codes of 5 bits, path MTUs of 4:
 * quantity.ts has what they mean.
 *
 * (Wireshark 4.0 shows a path's flow label and packet rate wrong: it takes 12 and 8 bits more than there are.)
 */
import { big, bytes, type FieldTable, flag, group, number } from "./field.js";

/** A path as the sender sees it. */
export interface CmPath {
  /** Local identifiers; 0xffff where there is no InfiniBand subnet, as over Ethernet. */
  readonly localLid: number;
  readonly remoteLid: number;
  /** 16 bytes each; over RoCEv2 the IPv6 address or the IPv4-mapped one. */
  readonly localGid: Uint8Array;
  readonly remoteGid: Uint8Array;
  /** 20 bits. */
  readonly flowLabel: number;
  /** Code of 6 bits: the static rate. */
  readonly packetRate: number;
  readonly trafficClass: number;
  readonly hopLimit: number;
  /** Service level. */
  readonly sl: number;
  readonly subnetLocal: boolean;
  /** Time code: how long the receiver of the REQ has to wait for an acknowledgement on this path. */
  readonly localAckTimeout: number;
}

export interface Req {
  /** 32 bits, the sender's name for the connection. */
  readonly localCommunicationId: number;
  /** 64 bits: whom it wants to talk to. */
  readonly serviceId: bigint;
  readonly localCaGuid: bigint;
  readonly localQkey: number;
  readonly localQpn: number;
  /** READs and atomics that the sender can answer at a time. */
  readonly responderResources: number;
  readonly localEecn: number;
  /** READs and atomics that the sender wants to have under way at a time. */
  readonly initiatorDepth: number;
  readonly remoteEecn: number;
  /** Time code: within which the receiver has to answer. */
  readonly remoteCmResponseTimeout: number;
  /** 0 reliable connection, 1 unreliable connection, 2 reliable datagram, 3 by `extendedTransportType`. */
  readonly transportServiceType: number;
  readonly endToEndFlowControl: boolean;
  /** The first PSN that the receiver of the message is to send (12.7.31): each end chooses what it will hear. */
  readonly startingPsn: number;
  /** Time code: within which the sender will answer. */
  readonly localCmResponseTimeout: number;
  /** Retries of packets, for both ends. */
  readonly retryCount: number;
  readonly partitionKey: number;
  /** Code of 4 bits, 1 to 5: 256 to 4096 bytes. */
  readonly pathPacketPayloadMtu: number;
  readonly rdcExists: boolean;
  /** How often the receiver of the REQ is to try again when the sender has no buffer; 7: without end. */
  readonly rnrRetryCount: number;
  /** How often either end sends a CM message again. */
  readonly maxCmRetries: number;
  readonly srq: boolean;
  readonly extendedTransportType: number;
  readonly primary: CmPath;
  /** All zero: none. */
  readonly alternate: CmPath;
  readonly sapSupported: boolean;
  /** 92 bytes, of which a sender may give fewer. */
  readonly privateData: Uint8Array;
}

const PATH: FieldTable<CmPath> = {
  localLid: number(0, 16),
  remoteLid: number(2, 16),
  localGid: bytes(4, 16),
  remoteGid: bytes(20, 16),
  flowLabel: number(36, 20),
  packetRate: number(39, 6, 2),
  trafficClass: number(40, 8),
  hopLimit: number(41, 8),
  sl: number(42, 4),
  subnetLocal: flag(42, 4),
  localAckTimeout: number(43, 5),
};

export const REQ: FieldTable<Req> = {
  localCommunicationId: number(0, 32),
  serviceId: big(8),
  localCaGuid: big(16),
  localQkey: number(28, 32),
  localQpn: number(32, 24),
  responderResources: number(35, 8),
  localEecn: number(36, 24),
  initiatorDepth: number(39, 8),
  remoteEecn: number(40, 24),
  remoteCmResponseTimeout: number(43, 5),
  transportServiceType: number(43, 2, 5),
  endToEndFlowControl: flag(43, 7),
  startingPsn: number(44, 24),
  localCmResponseTimeout: number(47, 5),
  retryCount: number(47, 3, 5),
  partitionKey: number(48, 16),
  pathPacketPayloadMtu: number(50, 4),
  rdcExists: flag(50, 4),
  rnrRetryCount: number(50, 3, 5),
  maxCmRetries: number(51, 4),
  srq: flag(51, 4),
  extendedTransportType: number(51, 3, 5),
  primary: group(52, PATH),
  alternate: group(96, PATH),
  sapSupported: flag(139, 5),
  privateData: bytes(140, 92),
};

/** The alternate path of who has none. */
export const NO_PATH: CmPath = {
  localLid: 0,
  remoteLid: 0,
  localGid: new Uint8Array(16),
  remoteGid: new Uint8Array(16),
  flowLabel: 0,
  packetRate: 0,
  trafficClass: 0,
  hopLimit: 0,
  sl: 0,
  subnetLocal: false,
  localAckTimeout: 0,
};
