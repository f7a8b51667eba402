/** The endpoint in linear memory (assembly/rdma/endpoint.ts), and what all verbs share of it. */
import {
  BURST_MAX,
  CRC_POLYNOMIAL_32,
  CRC_TABLE_BYTES,
  RDMA_COUNTERS,
  RDMA_ENDPOINT_ACTIVE,
  RDMA_ENDPOINT_BYTES,
  RDMA_ENDPOINT_COUNTERS,
  RDMA_ENDPOINT_CRC,
  RDMA_ENDPOINT_EVENTS,
  RDMA_ENDPOINT_LIST,
  RDMA_ENDPOINT_POOL,
  RDMA_ENDPOINT_PORT,
  RDMA_ENDPOINT_QP_MASK,
  RDMA_ENDPOINT_QPS,
  RDMA_ENDPOINT_REGION_MASK,
  RDMA_ENDPOINT_REGIONS,
  RDMA_ENDPOINT_TIMED,
  RDMA_ENDPOINT_TOUCHED,
  RDMA_PATH_BYTES,
  REGION_BYTES,
  RING_BYTES,
} from "../../../assembly/layout.js";
import type { FrameOwner } from "../../buffer/frame.js";
import type { Port } from "../../buffer/port.js";
import type { RdmaLimits } from "./sizes.js";
import type { Icrc } from "./words.js";

export interface EndpointRecord {
  readonly owner: FrameOwner;
  /** What it may hold, never more than was planned for. */
  limits: RdmaLimits;
  readonly ptr: number;
  readonly qps: number;
  readonly regions: number;
  readonly events: number;
  readonly counters: number;
  /** Prepared headers of addresses. */
  readonly paths: number;
  /** What regions are made of. */
  readonly memory: number;
  /** Scratch of BURST_MAX words. */
  readonly list: number;
}

/** Takes what planRdma planned for the endpoint itself. */
export function makeEndpointRecord(owner: FrameOwner, limits: RdmaLimits, port: Port, icrc: Icrc): EndpointRecord {
  const { arena, kernels, pool } = owner;
  const ptr = arena.take(RDMA_ENDPOINT_BYTES);
  const crc = arena.take(CRC_TABLE_BYTES);
  kernels.crcInit(crc, CRC_POLYNOMIAL_32);
  const counters = arena.take(RDMA_COUNTERS * 8);
  const qps = arena.take(limits.queuePairs * 4);
  const regions = arena.take(limits.regions * REGION_BYTES);
  const ring = () => {
    const at = arena.take(RING_BYTES);
    kernels.ringInit(at, arena.take(limits.queuePairs * 4), limits.queuePairs);
    return at;
  };
  const [active, events, timed] = [ring(), ring(), ring()];
  const touched = arena.take(BURST_MAX * 4);
  const list = arena.take(BURST_MAX * 4);
  const fields: readonly [number, number][] = [
    [RDMA_ENDPOINT_POOL, pool.ptr],
    [RDMA_ENDPOINT_PORT, port.record.ptr],
    [RDMA_ENDPOINT_CRC, icrc === "none" ? 0 : crc],
    [RDMA_ENDPOINT_QPS, qps],
    [RDMA_ENDPOINT_QP_MASK, limits.queuePairs - 1],
    [RDMA_ENDPOINT_REGIONS, regions],
    [RDMA_ENDPOINT_REGION_MASK, limits.regions - 1],
    [RDMA_ENDPOINT_ACTIVE, active],
    [RDMA_ENDPOINT_EVENTS, events],
    [RDMA_ENDPOINT_TIMED, timed],
    [RDMA_ENDPOINT_COUNTERS, counters],
    [RDMA_ENDPOINT_TOUCHED, touched],
    [RDMA_ENDPOINT_LIST, list],
  ];
  for (const [field, value] of fields) arena.u32[(ptr + field) >> 2] = value;
  const paths = arena.take(limits.addresses * RDMA_PATH_BYTES);
  const memory = arena.take(limits.memoryBytes);
  return { owner, limits, ptr, qps, regions, events, counters, paths, memory, list };
}
