// A port: where frames enter and leave an engine. Arrivals wait in the receive ring; what leaves is posted on the transmit
// queue as descriptors. A vnic faces a guest, an uplink faces the underlay; to the data plane both are the same record.
//
//   outside ──▶ rxRing ──▶ path/tx.ts or path/rx.ts ──▶ txQueue ──▶ outside
//
// A drop is counted, with its cause, at the port on which the frame arrived.
import { count } from "../counter";
import { postSingles } from "../dma/post";
import { Queue, queueFree, queueSize, ringDoorbell } from "../dma/queue";
import { ringEnqueueBurst, ringRoom } from "../dma/ring";
import { Watch } from "../health/watch";
import {
  COUNTER_COPIED_BYTES,
  COUNTER_DROP,
  COUNTER_GATHERED,
  COUNTER_PREPEND_FAILURES,
  COUNTER_RX_BYTES,
  COUNTER_RX_FRAMES,
  COUNTER_RX_REFUSED,
  COUNTER_SCATTERED,
  COUNTER_TX_BYTES,
  COUNTER_TX_DESCRIPTORS,
  COUNTER_TX_DOORBELLS,
  COUNTER_TX_FRAMES,
  COUNTER_TX_REFUSED,
  DROP_MBUF_LIMIT,
  DROP_NEEDS_SCATTER_GATHER,
  DROP_NO_HEADROOM,
  DROP_TOO_MANY_SEGMENTS,
  OK,
  PORT_BYTES,
  PORT_COUNTERS,
  PORT_F_SCATTER_GATHER,
  PORT_FLAGS,
  PORT_INDEX,
  PORT_OWNER,
  PORT_POOL,
  PORT_RX_RING,
  PORT_TX_QUEUE,
} from "../layout";
import { Charge, chargeBurst } from "../mbuf/ledger";
import { Mbuf } from "../mbuf/mbuf";
import { ownerOf } from "../mbuf/peer";
import { free, linearize, Pool } from "../mbuf/pool";
import { parse } from "./parse";

@unmanaged
export class Port {
  index: u32;
  flags: u32;
  pool: u32;
  rxRing: u32;
  txQueue: u32;
  counters: u32;
  /** Whom the port's frames are charged to (mbuf/limit.ts); 0 for nobody. */
  owner: u32;
  unused: u32;
}

if (offsetof<Port>() != PORT_BYTES) ERROR("Port: size");
if (offsetof<Port>("index") != PORT_INDEX) ERROR("Port: index");
if (offsetof<Port>("flags") != PORT_FLAGS) ERROR("Port: flags");
if (offsetof<Port>("pool") != PORT_POOL) ERROR("Port: pool");
if (offsetof<Port>("rxRing") != PORT_RX_RING) ERROR("Port: rxRing");
if (offsetof<Port>("txQueue") != PORT_TX_QUEUE) ERROR("Port: txQueue");
if (offsetof<Port>("counters") != PORT_COUNTERS) ERROR("Port: counters");
if (offsetof<Port>("owner") != PORT_OWNER) ERROR("Port: owner");

/**
 * Frames from list (u32 addresses) have arrived on the port; returns how many it took, from the front, as many as its receive ring has room
 * for. Those that the port's owner may not hold are dropped, and count as taken; the list's order may be another then.
 */
export function portReceiveBurst(port: usize, list: usize, n: u32): u32 {
  const p = changetype<Port>(port);
  const counters = p.counters as usize;
  const isCharged = p.owner != 0;
  const took = isCharged ? min(n, ringRoom(p.rxRing as usize)) : ringEnqueueBurst(p.rxRing as usize, list, n);
  const index = p.index as u16;
  let bytes: u64 = 0;
  for (let i: u32 = 0; i < took; i++) {
    const mbuf = changetype<Mbuf>(load<u32>(list + ((i as usize) << 2)) as usize);
    mbuf.port = index;
    bytes += mbuf.pktLen as u64;
  }
  if (isCharged) admit(port, list, took);
  count(counters, COUNTER_RX_FRAMES, took);
  count(counters, COUNTER_RX_BYTES, bytes);
  if (took < n) count(counters, COUNTER_RX_REFUSED, n - took);
  return took;
}

/** Charges frames that the ring has room for to the port's owner: those that it may hold go into the ring, the others are dropped. */
function admit(port: usize, list: usize, n: u32): void {
  const p = changetype<Port>(port);
  const ledger = changetype<Pool>(p.pool as usize).ledger as usize;
  const held = chargeBurst(ledger, p.owner as usize, list, n);
  ringEnqueueBurst(p.rxRing as usize, list, held);
  Watch.sent(ledger, p.owner as usize, p.index, list, held);
  for (let i = held; i < n; i++) drop(port, load<u32>(list + ((i as usize) << 2)) as usize, DROP_MBUF_LIMIT);
}

/**
 * Charges a frame that is about to go to a port's guest to whose it then is: the port's owner, or the peer's that it comes from. OK, or
 * the cause for a drop, and nothing has changed. Where health is measured it is parsed: behind a tunnel's headers nobody has.
 */
export function chargeTo(port: usize, m: usize): u32 {
  const p = changetype<Port>(port);
  const partition = p.owner as usize;
  if (partition == 0) return OK;
  const ledger = changetype<Pool>(p.pool as usize).ledger as usize;
  const owner = ownerOf(ledger, partition, m);
  if (!Charge.chain(ledger, owner, m)) return DROP_MBUF_LIMIT;
  if (Watch.isOn(partition)) {
    if (parse(m) == OK) Watch.given(ledger, partition, owner, p.index, m);
  }
  return OK;
}

/**
 * Posts frames from list until one finds the queue full; returns how many it took from the front. The rest stay the
 * caller's, untouched. A chain that the port cannot send is dropped, and counts as taken.
 */
export function portPostBurst(port: usize, list: usize, n: u32): u32 {
  const p = changetype<Port>(port);
  let frames: u32 = 0;
  let bytes: u64 = 0;
  let descriptors: u32 = 0;
  let taken: u32 = 0;
  const queue = changetype<Queue>(p.txQueue as usize);
  while (taken < n) {
    // 1. Frames of one segment, as far as there is room: nearly always all.
    const singles = postSingles(queue, list + ((taken as usize) << 2), n - taken);
    for (const end = taken + singles; taken < end; taken++) {
      bytes += changetype<Mbuf>(load<u32>(list + ((taken as usize) << 2)) as usize).pktLen;
    }
    frames += singles;
    descriptors += singles;
    if (taken == n) break;
    // 2. A chain, or no room.
    const m = load<u32>(list + ((taken as usize) << 2)) as usize;
    if (mustWait(port, m)) break;
    taken++;
    const cause = makeSendable(port, port, m);
    if (cause != OK) {
      drop(port, m, cause);
      continue;
    }
    frames++;
    bytes += changetype<Mbuf>(m).pktLen;
    descriptors += queue.postUnchecked(m);
  }
  if (taken < n) count(p.counters as usize, COUNTER_TX_REFUSED, n - taken);
  finishPosting(port, frames, bytes, descriptors);
  return taken;
}

/** True when the frame, as the port will send it, has to wait for room in the queue; one that never fits need not wait. */
export function mustWait(port: usize, m: usize): bool {
  const p = changetype<Port>(port);
  const queue = p.txQueue as usize;
  const free = queueFree(queue);
  if (free >= (changetype<Mbuf>(m).segments as u32)) return false;
  const descriptors = (p.flags & PORT_F_SCATTER_GATHER) != 0 ? (changetype<Mbuf>(m).segments as u32) : 1;
  return free < descriptors && descriptors <= queueSize(queue);
}

/**
 * Makes a frame into what the port takes: one span unless the port has scatter-gather. The bytes copied are counted at
 * ingress. Returns OK, or the cause for a drop (frame untouched).
 */
export function makeSendable(port: usize, ingress: usize, m: usize): u32 {
  return changetype<Mbuf>(m).segments == 1 ? OK : makeChainSendable(port, ingress, m);
}

function makeChainSendable(port: usize, ingress: usize, m: usize): u32 {
  const p = changetype<Port>(port);
  const counters = changetype<Port>(ingress).counters as usize;
  if ((p.flags & PORT_F_SCATTER_GATHER) != 0) {
    if ((changetype<Mbuf>(m).segments as u32) > queueSize(p.txQueue as usize)) return DROP_TOO_MANY_SEGMENTS;
    count(counters, COUNTER_SCATTERED, 1);
    return OK;
  }
  const copied = linearize(p.pool as usize, m);
  if (copied == u32.MAX_VALUE) return DROP_NEEDS_SCATTER_GATHER;
  count(counters, COUNTER_GATHERED, 1);
  count(counters, COUNTER_COPIED_BYTES, copied);
  return OK;
}

/** Counts what a burst has posted and rings the doorbell once for it. */
export function finishPosting(port: usize, frames: u32, bytes: u64, descriptors: u32): void {
  if (frames == 0) return;
  const p = changetype<Port>(port);
  const counters = p.counters as usize;
  ringDoorbell(p.txQueue as usize);
  count(counters, COUNTER_TX_FRAMES, frames);
  count(counters, COUNTER_TX_BYTES, bytes);
  count(counters, COUNTER_TX_DESCRIPTORS, descriptors);
  count(counters, COUNTER_TX_DOORBELLS, 1);
}

/** Drops a copy of a frame that arrived on the port, or counts the drop of one (0) that could not be made. */
export function dropCopy(port: usize, copy: usize, cause: u32): void {
  if (copy != 0) drop(port, copy, cause);
  else count(changetype<Port>(port).counters as usize, COUNTER_DROP + cause, 1);
}

/** Drops a frame that arrived on the port: counts the cause and gives its mbufs back. */
export function drop(port: usize, m: usize, cause: u32): void {
  const p = changetype<Port>(port);
  changetype<Mbuf>(m).cause = cause as u16;
  count(p.counters as usize, COUNTER_DROP + cause, 1);
  if (cause == DROP_NO_HEADROOM) count(p.counters as usize, COUNTER_PREPEND_FAILURES, 1);
  free(p.pool as usize, m);
}
