/**
 * The section `queues`: what of a vnic's receive ring and transmit queue does not follow from their frames, which stand in `frames`.
 *
 *    0   │ size u32, of both        │ ring's tail u32          │ frames that found the ring full u64 │
 *   16   │ next used u32            │ its wrap counter u32     │ frames taken u32   │ 0 u32          │
 *   32   │ frames that found the queue full u64                │ doorbells u64                       │
 *   48   │ a buffer id u16 for each descriptor: of the frames in order, then the free ones as they will be given out
 */

import type { AdapterFrames } from "./frames/adapter-frames.js";
import { PLACE_QUEUE, PLACE_RING } from "./frames/holder.js";
import type { QueueRecord } from "./frames/queue-state.js";
import type { StatePart, StateRefusal } from "./part.js";

const NAME = "queues";
const HEADER_BYTES = 48;

export class QueuesPart implements StatePart {
  readonly name = NAME;
  readonly version = 1;
  readonly #frames: AdapterFrames;

  constructor(frames: AdapterFrames) {
    this.#frames = frames;
  }

  /** Right behind `frames` of the same block. */
  extract(): Uint8Array {
    const record = this.#frames.queue.read();
    const bytes = new Uint8Array(HEADER_BYTES + record.size * 2);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, record.size, true);
    view.setUint32(4, record.ringTail, true);
    view.setBigUint64(8, record.ringRefused, true);
    view.setUint32(16, record.nextUsed, true);
    view.setUint32(20, record.usedWrap, true);
    view.setUint32(24, record.taken, true);
    view.setBigUint64(32, record.refused, true);
    view.setBigUint64(40, record.doorbells, true);
    new Uint16Array(bytes.buffer, HEADER_BYTES).set(record.ids);
    return bytes;
  }

  prepare(bytes: Uint8Array): (() => void) | StateRefusal {
    const { queue, port, memory } = this.#frames;
    if (!queue.isEmpty) return refusal("port", port.name, "an empty one, with all that was completed reaped");
    const record = this.#read(bytes);
    if ("field" in record) return record;
    const why = this.#misfit(record);
    if (why) return why;
    return () => {
      const { incoming } = this.#frames;
      const list = (place: number) => ({
        list: memory.list + incoming.first(place) * 4,
        count: incoming.count(place),
      });
      queue.restore(record, list(PLACE_RING), list(PLACE_QUEUE));
    };
  }

  #read(bytes: Uint8Array): QueueRecord | StateRefusal {
    const { size } = this.#frames.queue;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length < HEADER_BYTES) return refusal("length", bytes.length, `${HEADER_BYTES + size * 2}`);
    if (view.getUint32(0, true) !== size) return refusal("size", view.getUint32(0, true), `${size}, as the port's`);
    if (bytes.length !== HEADER_BYTES + size * 2) return refusal("length", bytes.length, `${HEADER_BYTES + size * 2}`);
    if (view.getUint32(28, true) !== 0) return refusal("reserved", view.getUint32(28, true), "0");
    const ids = new Uint16Array(size);
    new Uint8Array(ids.buffer).set(bytes.subarray(HEADER_BYTES));
    return {
      size,
      ringTail: view.getUint32(4, true),
      ringRefused: view.getBigUint64(8, true),
      nextUsed: view.getUint32(16, true),
      usedWrap: view.getUint32(20, true),
      taken: view.getUint32(24, true),
      refused: view.getBigUint64(32, true),
      doorbells: view.getBigUint64(40, true),
      ids,
    };
  }

  #misfit({ size, nextUsed, usedWrap, taken, ids }: QueueRecord): StateRefusal | undefined {
    const { incoming, port } = this.#frames;
    if (nextUsed >= size) return refusal("nextUsed", nextUsed, `below ${size}`);
    if (usedWrap > 1) return refusal("usedWrap", usedWrap, "0 or 1");
    const twice = new Uint8Array(size);
    for (let i = 0; i < size; i++) {
      const id = ids[i] as number;
      if (id >= size || twice[id] === 1) return refusal(`ids[${i}]`, id, `below ${size}, and each once`);
      twice[id] = 1;
    }
    const [ring, queued] = [incoming.count(PLACE_RING), incoming.count(PLACE_QUEUE)];
    if (ring > size) return refusal("ring", ring, `at most ${size} frames`);
    if (taken > queued) return refusal("taken", taken, `at most ${queued}, the frames in the queue`);
    let descriptors = 0;
    const most = port.scatterGather ? size : 1;
    for (let i = 0; i < queued; i++) {
      const needed = incoming.descriptors(incoming.first(PLACE_QUEUE) + i);
      if (needed > most) return refusal(`queue[${i}].descriptors`, needed, `at most ${most}`);
      descriptors += needed;
    }
    return descriptors > size ? refusal("descriptors", descriptors, `at most ${size}`) : undefined;
  }
}

function refusal(field: string, value: unknown, bound: string): StateRefusal {
  return { section: NAME, field, value, bound };
}
