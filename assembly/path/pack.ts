// Packing: takes posted frames from a port's transmit queue, as its device, and lays them one behind the other for another
// engine. A frame is complete as soon as it is packed, and its buffers go back to the pool in the same crossing: the host
// moves bytes and never sees a frame.
import { count } from "../counter";
import { lastId, nextSegments } from "../dma/device";
import { descOf, Queue, slotOf } from "../dma/queue";
import { COUNTER_DROP, DROP_FRAME_TOO_LONG, FRAME_BYTES_MAX, PACKED_BYTES, STAGE_DATA } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { Freeing } from "../mbuf/pool";
import { Port } from "./port";
import { copyVectors, Packed, packedBytes, Stage } from "./stage";

/**
 * Packs at most n posted frames into stage.room bytes, as many as fit whole, and sets stage.end. Returns how many left the
 * queue; one that no engine takes (over FRAME_BYTES_MAX) is dropped, and counts. None does while another device has frames of
 * this queue in its hands, or has completed some that were not reaped.
 */
export function packBurst(port: usize, stage: usize, n: u32): u32 {
  const p = changetype<Port>(port);
  const s = changetype<Stage>(stage);
  const q = changetype<Queue>(p.txQueue as usize);
  const pool = p.pool as usize;
  const room = s.room;
  const data = stage + STAGE_DATA;
  let used: u32 = 0;
  let taken: u32 = 0;
  if (!q.isPassable()) n = 0;
  while (taken < n) {
    const segments = nextSegments(q);
    if (segments == 0) break;
    const index = q.deviceAvail;
    const id = lastId(q, index, segments);
    const m = slotOf(q, id).mbuf as usize;
    const mbuf = changetype<Mbuf>(m);
    const len = mbuf.pktLen;
    if (len <= (FRAME_BYTES_MAX as u32)) {
      const bytes = packedBytes(len);
      if (bytes > room - used) break;
      const packed = changetype<Packed>(data + used);
      packed.len = len;
      packed.wireLen = mbuf.wireLen;
      packed.timestampNs = mbuf.timestampNs;
      if (segments == 1) copyVectors(data + used + PACKED_BYTES, descOf(q, index).addr as usize, len);
      else copySegments(q, index, segments, data + used + PACKED_BYTES);
      used += bytes;
    } else {
      count(p.counters as usize, COUNTER_DROP + DROP_FRAME_TOO_LONG, 1);
    }
    q.passUnchecked(id, segments);
    Freeing.chain(pool, m);
    taken++;
  }
  s.end = used;
  return taken;
}

/** Copies the spans of a frame, one behind the other. */
function copySegments(q: Queue, index: u32, segments: u32, to: usize): void {
  for (let i: u32 = 0; i < segments; i++) {
    const desc = descOf(q, index);
    const len = desc.len;
    copyVectors(to, desc.addr as usize, len);
    to += len;
    if (++index == q.size) index = 0;
  }
}
