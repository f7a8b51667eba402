/** How much an engine's RDMA endpoint can hold, and the memory for it. */
import {
  ANSWER_BYTES,
  ANSWERS_MAX,
  ATOMIC_BYTES,
  BURST_MAX,
  CQ_BYTES,
  CQE_BYTES,
  CRC_TABLE_BYTES,
  QP_BYTES,
  RDMA_COUNTERS,
  RDMA_ENDPOINT_BYTES,
  RDMA_PATH_BYTES,
  RECV_WQE_BYTES,
  REGION_BYTES,
  RING_BYTES,
  SEND_WQE_BYTES,
} from "../../../assembly/layout.js";
import { checkInteger, checkPowerOfTwo } from "../../check.js";
import type { MemoryPlan } from "../../memory.js";

export interface RdmaSizes {
  /** Queue pairs at a time, a power of two, 2 to 65536; 16 by default. */
  readonly queuePairs?: number;
  /** Requests that a send queue holds, a power of two, 2 to 16384; 64 by default. */
  readonly sendDepth?: number;
  /** Receives that a receive queue holds, a power of two, 2 to 16384; 64 by default. */
  readonly receiveDepth?: number;
  /** Completion queues, 1 to 65536; 4 by default. */
  readonly completionQueues?: number;
  /** Completions that a queue holds, a power of two, 2 to 65536; 256 by default. */
  readonly completions?: number;
  /** Memory regions at a time, a power of two, 2 to 65536; 64 by default. */
  readonly regions?: number;
  /** Bytes of memory that regions can be made of, 64 to 268435456; 1 MiB by default. */
  readonly memoryBytes?: number;
  /** Addresses that datagrams can go to, 1 to 65536; 16 by default. */
  readonly addresses?: number;
}

export type RdmaLimits = Required<RdmaSizes>;

/** Throws ConfigError. */
export function rdmaLimits(sizes: RdmaSizes): RdmaLimits {
  return {
    queuePairs: checkPowerOfTwo("rdma.queuePairs", sizes.queuePairs ?? 16, 2, 65_536),
    sendDepth: checkPowerOfTwo("rdma.sendDepth", sizes.sendDepth ?? 64, 2, 16_384),
    receiveDepth: checkPowerOfTwo("rdma.receiveDepth", sizes.receiveDepth ?? 64, 2, 16_384),
    completionQueues: checkInteger("rdma.completionQueues", sizes.completionQueues ?? 4, 1, 65_536),
    completions: checkPowerOfTwo("rdma.completions", sizes.completions ?? 256, 2, 65_536),
    regions: checkPowerOfTwo("rdma.regions", sizes.regions ?? 64, 2, 65_536),
    memoryBytes: checkInteger("rdma.memoryBytes", sizes.memoryBytes ?? 2 ** 20, 64, 2 ** 28),
    addresses: checkInteger("rdma.addresses", sizes.addresses ?? 16, 1, 65_536),
  };
}

/** Plans what makeEndpointRecord, and then each queue pair and completion queue, takes. */
export function planRdma(plan: MemoryPlan, limits: RdmaLimits): void {
  plan
    .add(RDMA_ENDPOINT_BYTES)
    .add(CRC_TABLE_BYTES)
    .add(RDMA_COUNTERS * 8);
  plan.add(limits.queuePairs * 4).add(limits.regions * REGION_BYTES);
  for (let ring = 0; ring < 3; ring++) plan.add(RING_BYTES).add(limits.queuePairs * 4);
  plan.add(BURST_MAX * 4).add(BURST_MAX * 4);
  plan.add(limits.addresses * RDMA_PATH_BYTES).add(limits.memoryBytes);
  for (let i = 0; i < limits.completionQueues; i++) plan.add(CQ_BYTES).add(limits.completions * CQE_BYTES);
  for (let i = 0; i < limits.queuePairs; i++) {
    plan.add(QP_BYTES).add(RDMA_PATH_BYTES);
    plan.add(limits.sendDepth * SEND_WQE_BYTES).add(limits.receiveDepth * RECV_WQE_BYTES);
    plan.add(ANSWERS_MAX * ANSWER_BYTES).add(ANSWERS_MAX * ATOMIC_BYTES);
  }
}
