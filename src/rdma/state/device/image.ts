/**
 * What a device's section says, without an address of linear memory in it: objects by their numbers, memory by offset, work by region and
 * offset, times from now on. Words have the values of assembly/layout.ts (QP_, WR_, WC_, ACCESS_).
 */
import type { RegionMemory } from "../../verbs/memory.js";
import type { RdmaLimits } from "../../verbs/sizes.js";
import type { Icrc } from "../../verbs/words.js";

/** An address handle's, or a connection's: AddressOptions in numbers. */
export interface PathImage {
  readonly ipVersion: number;
  /** 0: no tag. */
  readonly vlan: number;
  readonly dscp: number;
  readonly ttl: number;
  readonly sourcePort: number;
  readonly sourceMac: bigint;
  readonly nextHopMac: bigint;
  /** 16 bytes each; an IPv4 address is the last 4 behind zeros. */
  readonly local: Uint8Array;
  readonly remote: Uint8Array;
}

export interface RegionImage {
  readonly key: number;
  readonly pd: number;
  /** In the device's memory, a multiple of 64. */
  readonly offset: number;
  readonly length: number;
  readonly access: number;
  readonly va: bigint;
}

export interface CompletionImage {
  readonly wrId: number;
  readonly status: number;
  readonly opcode: number;
  readonly length: number;
  readonly imm: number;
  readonly qpn: number;
  readonly sourceQpn: number;
  readonly flags: number;
}

export interface CqImage {
  readonly overruns: bigint;
  /** Unread, oldest first. */
  readonly completions: readonly CompletionImage[];
}

/** Where the bytes of a request are. Of a region that is gone: key 0, offset 0, which opens nothing. */
interface PlaceImage {
  readonly lkey: number;
  /** In the region. */
  readonly offset: number;
  readonly length: number;
}

export interface SendImage extends PlaceImage {
  readonly wrId: number;
  readonly opcode: number;
  readonly flags: number;
  readonly imm: number;
  readonly rkey: number;
  readonly va: bigint;
  readonly compareAdd: bigint;
  readonly swap: bigint;
  /** Datagrams: an address's number. */
  readonly address: number;
  readonly destQpn: number;
  readonly qkey: number;
}

export interface ReceiveImage extends PlaceImage {
  readonly wrId: number;
}

/** A READ or atomic whose response is not all sent. key 0: an atomic. */
export interface AnswerImage {
  readonly key: number;
  readonly length: number;
  readonly va: bigint;
  readonly psn: number;
  readonly packets: number;
  readonly sent: number;
  readonly msn: number;
  readonly original: bigint;
}

/** An atomic that was executed: a duplicate gets the same answer. */
export interface AtomicImage {
  readonly psn: number;
  readonly original: bigint;
}

/** The numbers of a queue pair's record (assembly/rdma/qp.ts). */
export interface QpWords {
  readonly qpn: number;
  readonly type: number;
  readonly state: number;
  readonly pd: number;
  readonly sendCq: number;
  readonly recvCq: number;
  readonly access: number;
  readonly qkey: number;
  readonly mtu: number;
  readonly destQpn: number;
  /** QP_F_ bits, but for those of the device's lists. */
  readonly flags: number;
  /** The first PSN of the oldest request, that of ackedPsn when none was begun. */
  readonly oldestPsn: number;
  readonly ackedPsn: number;
  readonly nextPsn: number;
  readonly freshPsn: number;
  readonly window: number;
  readonly readsMax: number;
  readonly retries: number;
  readonly retriesMax: number;
  readonly rnrRetries: number;
  readonly rnrRetriesMax: number;
  readonly timeoutUs: number;
  readonly backoff: number;
  /** From now on; 0 when it is past, or no such time runs. */
  readonly deadlineInUs: number;
  readonly resumeInUs: number;
  readonly expectedPsn: number;
  readonly msn: number;
  readonly inbound: number;
  readonly inboundBytes: number;
  readonly writeVa: bigint;
  readonly writeLeft: number;
  readonly writeKey: number;
  readonly rnrTimer: number;
  readonly reply: number;
}

export interface QpImage extends QpWords {
  /** A connection's, from RTR on. */
  readonly path: PathImage | undefined;
  /** Posted and not completed, oldest first. */
  readonly sends: readonly SendImage[];
  readonly receives: readonly ReceiveImage[];
  readonly answers: readonly AnswerImage[];
  readonly atomics: readonly AtomicImage[];
}

export interface DeviceImage {
  readonly limits: RdmaLimits;
  readonly icrc: Icrc;
  /** How many there are: their numbers are 1 to that. */
  readonly protectionDomains: number;
  readonly nextQpn: number;
  /** RDMA_COUNTERS of them. */
  readonly counters: readonly bigint[];
  /** How often each place of a region was used, modulo 255: the low 8 bits of its last key. */
  readonly uses: Uint8Array;
  /** By key, in the order of their offsets. */
  readonly regions: ReadonlyMap<number, RegionImage>;
  /** The regions' bytes, in the same order. */
  readonly bytes: readonly Uint8Array[];
  /** By number. */
  readonly completionQueues: readonly CqImage[];
  readonly addresses: readonly PathImage[];
  readonly queuePairs: ReadonlyMap<number, QpImage>;
  /** Numbers of queue pairs, in the order of their turns: those with something to send, those that wait for a time, those that failed. */
  readonly active: readonly number[];
  readonly timed: readonly number[];
  readonly failed: readonly number[];
  /** Over offsets, with the regions taken: what others take of it here, they find free on the device. */
  readonly memory: RegionMemory;
}
