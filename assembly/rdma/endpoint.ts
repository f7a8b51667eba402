// The endpoint: an engine's RDMA side. It is sans I/O: what arrives comes from a port's receive ring, what it sends goes on that
// port's transmit queue, time is told to it.
//
//   │ pool │ port │ crc │ qps │ qpMask │ regions │ regionMask │ nowUs │ active │ events │ counters │
//   │ touched │ touchedCount │ list │ sent │ budget │ timed │
//
// A queue pair is in the active ring once or not at all, so a ring as large as the table never refuses one; events and timed likewise.
// Everything that a peer can name (queue pair number, key) is looked up by its low bits and then compared whole.
import { count } from "../counter";
import { ringEnqueue } from "../dma/ring";
import {
  QP_F_ACTIVE,
  QP_F_TIMED,
  QP_F_TOUCHED,
  RDMA_ENDPOINT_ACTIVE,
  RDMA_ENDPOINT_BUDGET,
  RDMA_ENDPOINT_BYTES,
  RDMA_ENDPOINT_COUNTERS,
  RDMA_ENDPOINT_CRC,
  RDMA_ENDPOINT_EVENTS,
  RDMA_ENDPOINT_LIST,
  RDMA_ENDPOINT_NOW_US,
  RDMA_ENDPOINT_POOL,
  RDMA_ENDPOINT_PORT,
  RDMA_ENDPOINT_QP_MASK,
  RDMA_ENDPOINT_QPS,
  RDMA_ENDPOINT_REGION_MASK,
  RDMA_ENDPOINT_REGIONS,
  RDMA_ENDPOINT_SENT,
  RDMA_ENDPOINT_TIMED,
  RDMA_ENDPOINT_TOUCHED,
  RDMA_ENDPOINT_TOUCHED_COUNT,
} from "../layout";
import { Qp } from "./qp";

@unmanaged
export class Endpoint {
  pool: u32;
  port: u32;
  crc: u32;
  qps: u32;
  qpMask: u32;
  regions: u32;
  regionMask: u32;
  nowUs: u32;
  active: u32;
  events: u32;
  counters: u32;
  touched: u32;
  touchedCount: u32;
  list: u32;
  /** Packets posted since the doorbell was last rung, and how many more may be before it is. */
  sent: u32;
  budget: u32;
  timed: u32;
  unused0: u32;
  unused1: u64;
  unused2: v128;
  unused3: v128;
  unused4: v128;
}

if (offsetof<Endpoint>() != RDMA_ENDPOINT_BYTES) ERROR("Endpoint: size");
if (offsetof<Endpoint>("pool") != RDMA_ENDPOINT_POOL) ERROR("Endpoint: pool");
if (offsetof<Endpoint>("port") != RDMA_ENDPOINT_PORT) ERROR("Endpoint: port");
if (offsetof<Endpoint>("crc") != RDMA_ENDPOINT_CRC) ERROR("Endpoint: crc");
if (offsetof<Endpoint>("qps") != RDMA_ENDPOINT_QPS) ERROR("Endpoint: qps");
if (offsetof<Endpoint>("qpMask") != RDMA_ENDPOINT_QP_MASK) ERROR("Endpoint: qpMask");
if (offsetof<Endpoint>("regions") != RDMA_ENDPOINT_REGIONS) ERROR("Endpoint: regions");
if (offsetof<Endpoint>("regionMask") != RDMA_ENDPOINT_REGION_MASK) ERROR("Endpoint: regionMask");
if (offsetof<Endpoint>("nowUs") != RDMA_ENDPOINT_NOW_US) ERROR("Endpoint: nowUs");
if (offsetof<Endpoint>("active") != RDMA_ENDPOINT_ACTIVE) ERROR("Endpoint: active");
if (offsetof<Endpoint>("events") != RDMA_ENDPOINT_EVENTS) ERROR("Endpoint: events");
if (offsetof<Endpoint>("counters") != RDMA_ENDPOINT_COUNTERS) ERROR("Endpoint: counters");
if (offsetof<Endpoint>("touched") != RDMA_ENDPOINT_TOUCHED) ERROR("Endpoint: touched");
if (offsetof<Endpoint>("touchedCount") != RDMA_ENDPOINT_TOUCHED_COUNT) ERROR("Endpoint: touchedCount");
if (offsetof<Endpoint>("list") != RDMA_ENDPOINT_LIST) ERROR("Endpoint: list");
if (offsetof<Endpoint>("budget") != RDMA_ENDPOINT_BUDGET) ERROR("Endpoint: budget");
if (offsetof<Endpoint>("timed") != RDMA_ENDPOINT_TIMED) ERROR("Endpoint: timed");
if (offsetof<Endpoint>("sent") != RDMA_ENDPOINT_SENT) ERROR("Endpoint: sent");

/** The queue pair of a number; 0 when there is none. */
export function findQp(endpoint: usize, qpn: u32): usize {
  const e = changetype<Endpoint>(endpoint);
  const qp = load<u32>((e.qps as usize) + (((qpn & e.qpMask) as usize) << 2)) as usize;
  return qp != 0 && changetype<Qp>(qp).qpn == qpn ? qp : 0;
}

export function tally(endpoint: usize, counter: u32, by: u64): void {
  count(changetype<Endpoint>(endpoint).counters as usize, counter, by);
}

/** The queue pair has something to send. */
export function activate(endpoint: usize, qp: usize): void {
  const q = changetype<Qp>(qp);
  if ((q.flags & QP_F_ACTIVE) != 0) return;
  q.flags |= QP_F_ACTIVE;
  ringEnqueue(changetype<Endpoint>(endpoint).active as usize, qp as u32);
}

/** The queue pair waits for a time to come: the clock has to look at it. */
export function time(endpoint: usize, qp: usize): void {
  const q = changetype<Qp>(qp);
  if ((q.flags & QP_F_TIMED) != 0) return;
  q.flags |= QP_F_TIMED;
  ringEnqueue(changetype<Endpoint>(endpoint).timed as usize, qp as u32);
}

/** The burst has to look at the queue pair again at its end: no more than one for each of its packets. */
export function touch(endpoint: usize, qp: usize): void {
  const q = changetype<Qp>(qp);
  if ((q.flags & QP_F_TOUCHED) != 0) return;
  q.flags |= QP_F_TOUCHED;
  const e = changetype<Endpoint>(endpoint);
  store<u32>((e.touched as usize) + ((e.touchedCount as usize) << 2), qp as u32);
  e.touchedCount += 1;
}
