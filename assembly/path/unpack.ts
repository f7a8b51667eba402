// Unpacking: frames that another engine packed arrive on a port, each in fresh buffers of this engine's pool with the
// headroom of any arrival. What finds no room waits in the stage. The bytes come from another thread, so each length is
// held against its bound before it is trusted; they were copied here first, and can no longer change. The stage may end inside
// a frame whose rest the host has not copied yet.
import { count } from "../counter";
import { Ring } from "../dma/ring";
import { Watch } from "../health/watch";
import {
  COUNTER_COPIED_BYTES,
  COUNTER_DROP,
  COUNTER_NO_BUFFER,
  COUNTER_RX_BYTES,
  COUNTER_RX_FRAMES,
  COUNTER_RX_REFUSED,
  DROP_FRAME_TOO_LONG,
  DROP_MBUF_LIMIT,
  FRAME_BYTES_MAX,
  PACKED_BYTES,
  STAGE_DATA,
  STOP_BURST,
  STOP_DAMAGED,
  STOP_DRAINED,
  STOP_NO_BUFFER,
  STOP_RING_FULL,
  WIRE_BYTES_MAX,
} from "../layout";
import { copyInChain } from "../mbuf/copy";
import { Charge } from "../mbuf/ledger";
import { Mbuf } from "../mbuf/mbuf";
import { alloc, Pool } from "../mbuf/pool";
import { drop, Port } from "./port";
import { copyVectors, Packed, packedBytes, Stage } from "./stage";

/**
 * Lets at most n frames of data[at, end) arrive on the port, moves stage.at behind them and sets stage.stop. Returns how
 * many; one that the pool can never hold is dropped, and counts.
 */
export function unpackBurst(port: usize, stage: usize, n: u32): u32 {
  const p = changetype<Port>(port);
  const s = changetype<Stage>(stage);
  const ring = changetype<Ring>(p.rxRing as usize);
  const pool = p.pool as usize;
  // In locals, since a field is loaded again after every store.
  const index = p.index;
  const slots = ring.slots as usize;
  const mask = ring.mask;
  const first = ring.head;
  const full = ring.tail + mask + 1;
  const segmentBytes = s.segmentBytes;
  const frameBytesMax = s.frameBytesMax;
  const data = stage + STAGE_DATA;
  const end = s.end;
  let head = first;
  let at = s.at;
  let dropped: u32 = 0;
  let bytes: u64 = 0;
  let stop: u32 = STOP_BURST;
  while (head - first + dropped < n) {
    stop = STOP_DRAINED;
    if (end - at < (PACKED_BYTES as u32)) break;
    const packed = data + at;
    const len = changetype<Packed>(packed).len;
    stop = STOP_DAMAGED;
    if (isDamaged(len, changetype<Packed>(packed).wireLen)) break;
    const size = packedBytes(len);
    stop = STOP_DRAINED;
    if (size > end - at) break;
    if (len <= frameBytesMax) {
      stop = STOP_RING_FULL;
      if (head == full) break;
      stop = STOP_NO_BUFFER;
      // The frame in one buffer is done here: around a call, all that is alive would be spilled.
      const m = len <= segmentBytes ? alloc(pool) : copyInChain(pool, packed + PACKED_BYTES, len, segmentBytes);
      if (m == 0) break;
      const mbuf = changetype<Mbuf>(m);
      mbuf.port = index as u16;
      mbuf.pktLen = len;
      mbuf.wireLen = changetype<Packed>(packed).wireLen;
      mbuf.timestampNs = changetype<Packed>(packed).timestampNs;
      if (len <= segmentBytes) {
        mbuf.len = len;
        copyVectors(mbuf.data as usize, packed + PACKED_BYTES, len);
      }
      store<u32>(slots + (((head & mask) as usize) << 2), m as u32);
      head++;
      bytes += len as u64;
    } else {
      dropped++;
    }
    at += size;
    stop = STOP_BURST;
  }
  s.at = at;
  s.stop = stop;
  ring.head = p.owner == 0 ? head : chargeArrived(port, first, head);
  const counters = p.counters as usize;
  count(counters, COUNTER_RX_FRAMES, head - first);
  count(counters, COUNTER_RX_BYTES, bytes);
  count(counters, COUNTER_COPIED_BYTES, bytes);
  if (dropped > 0) count(counters, COUNTER_DROP + DROP_FRAME_TOO_LONG, dropped);
  // A burst that has to wait counts as one frame: how many wait behind the first, nobody has looked at.
  if (stop == STOP_RING_FULL) count(counters, COUNTER_RX_REFUSED, 1);
  if (stop == STOP_NO_BUFFER) count(counters, COUNTER_NO_BUFFER, 1);
  return head - first + dropped;
}

/** Charges the frames in those slots of the port's ring to its owner, and drops those that it may not hold. Returns the ring's new head. */
function chargeArrived(port: usize, first: u32, head: u32): u32 {
  const p = changetype<Port>(port);
  const ring = changetype<Ring>(p.rxRing as usize);
  const ledger = changetype<Pool>(p.pool as usize).ledger as usize;
  let end = first;
  for (let at = first; at != head; at++) {
    const m = load<u32>((ring.slots as usize) + (((at & ring.mask) as usize) << 2));
    if (Charge.chain(ledger, p.owner as usize, m as usize)) {
      store<u32>((ring.slots as usize) + (((end & ring.mask) as usize) << 2), m);
      Watch.sent(ledger, p.owner as usize, p.index, (ring.slots as usize) + (((end & ring.mask) as usize) << 2), 1);
      end++;
    } else {
      drop(port, m as usize, DROP_MBUF_LIMIT);
    }
  }
  return end;
}

/** True when no engine can have packed this. Headers in front may have taken a length on the wire a little over its bound. */
function isDamaged(len: u32, wireLen: u32): bool {
  return len > (FRAME_BYTES_MAX as u32) || wireLen < len || wireLen > (WIRE_BYTES_MAX as u32) + FRAME_BYTES_MAX;
}
