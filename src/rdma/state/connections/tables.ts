/** The records of a connection manager's section (docs/migration-state-rdma.md), with the bounds that each field has by itself. */
import { MAD_BYTES } from "../../cm/index.js";
import { double, flag, RecordTable, raw, u32, u64, wide } from "../record-table.js";
import {
  type ConnectionsHead,
  EVENTS,
  type EventWords,
  type HandleImage,
  type LinkWords,
  type ListenerImage,
  type MachineWords,
  STATES,
  type WaitingImage,
} from "./image.js";

const NUMBER_24 = 0xffffff;
const U32_MAX = 2 ** 32 - 1;
/** Longer than any time of the communication manager's: 34 years. */
const TIME_MAX_MS = 2 ** 40;
/** Of the longest private data: a REP's 196, an RTU's 224. */
const PRIVATE_BYTES_MAX = 224;

export const REASON_REQUESTED = 0x10000;
export const REASON_QUEUE_PAIR_ERROR = 0x10001;

export const HEAD = new RecordTable<ConnectionsHead>({
  ipVersion: u32(6, 4),
  local: raw(16),
  caGuid: u64(),
  nextId: wide(),
  region: u32(U32_MAX, 1),
  cq: u32(),
  sent: wide(),
  received: wide(),
  misdirected: wide(),
  dropped: wide(),
});

export const LISTENER = new RecordTable<ListenerImage>({ serviceId: u64(), maxPathMtuBytes: u32(4096) });

export const MACHINE = new RecordTable<MachineWords>({
  peer: raw(16),
  communicationId: u32(U32_MAX, 1),
  state: u32(STATES.length - 1),
  isActive: flag(),
  hasDeadline: flag(),
  deadlineInMs: wide(TIME_MAX_MS),
  remoteCommunicationId: u32(),
  transactionId: u64(),
  lifeTime: u32(31),
  answerWaitMs: double(TIME_MAX_MS),
  localQpn: u32(NUMBER_24),
  ackTimeout: u32(31),
  caGuid: u64(),
  caAckDelay: u32(31),
  maxServiceTimeoutMs: u32(2 ** 31),
  retriesLeft: u32(15),
  extensionsLeft: u32(16),
  hasRep: flag(),
  hasOutstanding: flag(),
  hasAnswer: flag(),
  hasLink: flag(),
  "bad-length": wide(),
  "bad-base-version": wide(),
  "other-class": wide(),
  "bad-class-version": wide(),
  "bad-method": wide(),
  "unknown-attribute": wide(),
  "bad-length-field": wide(),
  "other-connection": wide(),
  unexpected: wide(),
});

export const MAD = new RecordTable<{ readonly mad: Uint8Array }>({ mad: raw(MAD_BYTES) });

export const LINK = new RecordTable<LinkWords>({
  id: wide(),
  window: u32(4096, 1),
  qpn: u32(NUMBER_24),
  hasQp: flag(),
  isOver: flag(),
  isAccepted: flag(),
  rqPsn: u32(NUMBER_24),
});

export const EVENT = new RecordTable<EventWords>({
  type: u32(EVENTS.length - 1),
  id: wide(),
  port: u32(65_535),
  remotePort: u32(65_535),
  pathMtu: u32(4096),
  remote: raw(16),
  isByPeer: flag(),
  reason: u32(REASON_QUEUE_PAIR_ERROR),
  privateBytes: u32(PRIVATE_BYTES_MAX),
});

export const WAITING = new RecordTable<WaitingImage>({ remote: raw(16), mad: raw(MAD_BYTES) });

export const HANDLE = new RecordTable<HandleImage>({ remote: raw(16), address: u32(65_535) });

export const UNUSED = new RecordTable<{ readonly address: number }>({ address: u32(65_535) });
