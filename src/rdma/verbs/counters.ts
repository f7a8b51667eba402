/** What an endpoint has counted, by name. */
import * as layout from "../../../assembly/layout.js";
import type { EndpointRecord } from "./endpoint-record.js";

const COUNTERS = {
  sent: layout.RDMA_COUNT_SENT,
  sentAgain: layout.RDMA_COUNT_SENT_AGAIN,
  received: layout.RDMA_COUNT_RECEIVED,
  acksSent: layout.RDMA_COUNT_ACKS_SENT,
  acksReceived: layout.RDMA_COUNT_ACKS_RECEIVED,
  duplicates: layout.RDMA_COUNT_DUPLICATES,
  outOfSequence: layout.RDMA_COUNT_OUT_OF_SEQUENCE,
  timeouts: layout.RDMA_COUNT_TIMEOUTS,
  staleResponses: layout.RDMA_COUNT_STALE_RESPONSES,
  lostResponses: layout.RDMA_COUNT_LOST_RESPONSES,
  cqOverruns: layout.RDMA_COUNT_CQ_OVERRUNS,
  errors: layout.RDMA_COUNT_ERRORS,
  busy: layout.RDMA_COUNT_BUSY,
  flushed: layout.RDMA_COUNT_FLUSHED,
  sequenceNaksSent: layout.RDMA_COUNT_NAKS_SENT,
  invalidRequestNaksSent: layout.RDMA_COUNT_NAKS_SENT + 1,
  remoteAccessNaksSent: layout.RDMA_COUNT_NAKS_SENT + 2,
  remoteOperationNaksSent: layout.RDMA_COUNT_NAKS_SENT + 3,
  rnrNaksSent: layout.RDMA_COUNT_RNR_SENT,
  sequenceNaksReceived: layout.RDMA_COUNT_NAKS_RECEIVED,
  invalidRequestNaksReceived: layout.RDMA_COUNT_NAKS_RECEIVED + 1,
  remoteAccessNaksReceived: layout.RDMA_COUNT_NAKS_RECEIVED + 2,
  remoteOperationNaksReceived: layout.RDMA_COUNT_NAKS_RECEIVED + 3,
  rnrNaksReceived: layout.RDMA_COUNT_RNR_RECEIVED,
} as const;

export type RdmaCounters = { readonly [name in keyof typeof COUNTERS]: bigint };

export function readRdmaCounters({ owner, counters }: EndpointRecord): RdmaCounters {
  const entries = Object.entries(COUNTERS).map(([name, index]) => [name, owner.arena.u64[counters / 8 + index]]);
  return Object.fromEntries(entries);
}
