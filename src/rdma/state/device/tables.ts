/** The records of a device's section (docs/migration-state-rdma.md), with the bounds that each field has by itself. */
import * as layout from "../../../../assembly/layout.js";
import type { RdmaLimits } from "../../verbs/sizes.js";
import { flag, RecordTable, raw, u32, u64 } from "../record-table.js";
import type {
  AnswerImage,
  AtomicImage,
  CompletionImage,
  PathImage,
  QpWords,
  ReceiveImage,
  RegionImage,
  SendImage,
} from "./image.js";

/** 24 bits: PSNs, MSNs, queue pair numbers. */
const NUMBER_24 = 0xffffff;
const DEPTH_MAX = 16_384;
const COUNT_MAX = 65_536;
/** Protection domains are never given back, and cost next to nothing. */
const DOMAINS_MAX = 2 ** 20;
export const MEMORY_BYTES_MAX = 2 ** 28;
const MAC_MAX = 2n ** 48n - 1n;
const TIMEOUT_MAX_US = 10_000_000;
/** Timeouts double six times (assembly/rdma/retry.ts). */
const BACKOFF_MAX = 6;
/** IBTA volume 1, table 45: the longest time that a receiver asks for. */
const RNR_MAX_US = 655_360;

export interface DeviceHead extends RdmaLimits {
  readonly isChecked: boolean;
  readonly protectionDomains: number;
  readonly nextQpn: number;
}

export const HEAD = new RecordTable<DeviceHead>({
  queuePairs: u32(COUNT_MAX, 2),
  sendDepth: u32(DEPTH_MAX, 2),
  receiveDepth: u32(DEPTH_MAX, 2),
  completionQueues: u32(COUNT_MAX, 1),
  completions: u32(COUNT_MAX, 2),
  regions: u32(COUNT_MAX, 2),
  memoryBytes: u32(MEMORY_BYTES_MAX, 64),
  addresses: u32(COUNT_MAX, 1),
  isChecked: flag(),
  protectionDomains: u32(DOMAINS_MAX),
  nextQpn: u32(NUMBER_24, 2),
});

export const COUNTER = new RecordTable<{ readonly value: bigint }>({ value: u64() });

/** A place's last key of its own making: its upper 24 bits are the place. */
export const PLACE = new RecordTable<{ readonly key: number }>({ key: u32() });

export const REGION = new RecordTable<RegionImage>({
  key: u32(2 ** 32 - 1, 1),
  pd: u32(DOMAINS_MAX, 1),
  offset: u32(MEMORY_BYTES_MAX),
  length: u32(MEMORY_BYTES_MAX, 1),
  access: u32(0xf),
  va: u64(),
});

export const CQ = new RecordTable<{ readonly overruns: bigint }>({ overruns: u64() });

export const COMPLETION = new RecordTable<CompletionImage>({
  wrId: u32(),
  status: u32(),
  opcode: u32(),
  length: u32(),
  imm: u32(),
  qpn: u32(NUMBER_24, 1),
  sourceQpn: u32(NUMBER_24),
  flags: u32(layout.WC_F_WITH_IMM | layout.WC_F_SOLICITED | layout.WC_F_GRH),
});

export const PATH = new RecordTable<PathImage>({
  ipVersion: u32(6, 4),
  vlan: u32(4094),
  dscp: u32(63),
  ttl: u32(255, 1),
  sourcePort: u32(65_535, 1),
  sourceMac: u64(MAC_MAX),
  nextHopMac: u64(MAC_MAX),
  local: raw(16),
  remote: raw(16),
});

export const QP = new RecordTable<QpWords>({
  qpn: u32(NUMBER_24, 1),
  type: u32(layout.QP_UD),
  state: u32(layout.QP_ERROR),
  pd: u32(DOMAINS_MAX, 1),
  sendCq: u32(COUNT_MAX),
  recvCq: u32(COUNT_MAX),
  access: u32(0xf),
  qkey: u32(),
  mtu: u32(4096),
  destQpn: u32(NUMBER_24),
  flags: u32(),
  oldestPsn: u32(NUMBER_24),
  ackedPsn: u32(NUMBER_24),
  nextPsn: u32(NUMBER_24),
  freshPsn: u32(NUMBER_24),
  window: u32(4096),
  readsMax: u32(layout.ANSWERS_MAX),
  retries: u32(255),
  retriesMax: u32(255),
  rnrRetries: u32(7),
  rnrRetriesMax: u32(7),
  timeoutUs: u32(TIMEOUT_MAX_US),
  backoff: u32(BACKOFF_MAX),
  deadlineInUs: u32(TIMEOUT_MAX_US << BACKOFF_MAX),
  resumeInUs: u32(RNR_MAX_US),
  expectedPsn: u32(NUMBER_24),
  msn: u32(NUMBER_24),
  inbound: u32(layout.INBOUND_WRITE),
  inboundBytes: u32(),
  writeVa: u64(),
  writeLeft: u32(),
  writeKey: u32(),
  rnrTimer: u32(31),
  reply: u32(layout.REPLY_DUE | 0xff),
});

export const SEND = new RecordTable<SendImage>({
  wrId: u32(),
  opcode: u32(layout.WR_ATOMIC_FETCH_AND_ADD),
  flags: u32(layout.WR_F_SIGNALED | layout.WR_F_SOLICITED | layout.WR_F_FENCE),
  lkey: u32(),
  offset: u32(MEMORY_BYTES_MAX),
  length: u32(MEMORY_BYTES_MAX),
  imm: u32(),
  rkey: u32(),
  va: u64(),
  compareAdd: u64(),
  swap: u64(),
  address: u32(COUNT_MAX),
  destQpn: u32(NUMBER_24),
  qkey: u32(),
});

export const RECEIVE = new RecordTable<ReceiveImage>({
  wrId: u32(),
  lkey: u32(),
  offset: u32(MEMORY_BYTES_MAX),
  length: u32(MEMORY_BYTES_MAX),
});

export const ANSWER = new RecordTable<AnswerImage>({
  key: u32(),
  length: u32(2 ** 31),
  va: u64(),
  psn: u32(NUMBER_24),
  packets: u32(NUMBER_24),
  sent: u32(NUMBER_24),
  msn: u32(NUMBER_24),
  original: u64(),
});

export const ATOMIC = new RecordTable<AtomicImage>({ psn: u32(NUMBER_24), original: u64() });

export const QPN = new RecordTable<{ readonly qpn: number }>({ qpn: u32(NUMBER_24, 1) });
