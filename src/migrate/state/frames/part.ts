/** The section `frames`, as native and as portable blocks have it. */
import type { StatePart, StateRefusal } from "../part.js";
import type { AdapterFrames, FrameRange } from "./adapter-frames.js";
import { PLACE_HELD_SENT, PLACE_QUEUE, PLACE_RING } from "./holder.js";
import { FRAMES } from "./incoming.js";

abstract class FrameSection implements StatePart {
  readonly name = FRAMES;
  readonly version = 1;
  protected readonly frames: AdapterFrames;

  constructor(frames: AdapterFrames) {
    this.frames = frames;
  }

  /** By way of the region that blocks are in: what was there is gone. */
  extract(nowMs: number): Uint8Array {
    const { memory } = this.frames;
    memory.nextTurn();
    const lenBytes = this.extractAt(memory.region, memory.stateBytes, nowMs);
    return memory.bytes(lenBytes ?? 0).slice();
  }

  abstract extractAt(at: number, roomBytes: number, nowMs: number): number | undefined;
  abstract prepare(bytes: Uint8Array): (() => void) | StateRefusal;
}

/** All frames of the adapter, each in the segments and in the place that it has. Who puts them into their places are the other parts. */
export class FramesPart extends FrameSection {
  extractAt(at: number, roomBytes: number): number | undefined {
    return this.frames.write(at, roomBytes, this.frames.collect(), false);
  }

  prepare(bytes: Uint8Array): (() => void) | StateRefusal {
    return this.frames.check(bytes, false) ?? (() => this.frames.take());
  }
}

/**
 * What any engine can take: what the guest has sent, held frames before those of the ring, and what is for it, in order. Frames that came by an
 * uplink and wait are left out. They go into the ring and queue of a port that is empty.
 */
export class PortableFramesPart extends FrameSection {
  extractAt(at: number, roomBytes: number): number | undefined {
    return this.frames.write(at, roomBytes, portableOrder(this.frames.collect()), true);
  }

  prepare(bytes: Uint8Array): (() => void) | StateRefusal {
    const why = this.frames.check(bytes, true) ?? this.#roomless();
    return why ?? (() => this.#apply());
  }

  #roomless(): StateRefusal | undefined {
    const { incoming, queue, port } = this.frames;
    if (!queue.isEmpty) return refusal("port", port.name, "an empty one, with all that was completed reaped");
    if (incoming.count(PLACE_RING) > queue.size) {
      return refusal("ring", incoming.count(PLACE_RING), `at most ${queue.size} frames, the slots of the ring`);
    }
    const most = port.scatterGather ? queue.size : 1;
    let descriptors = 0;
    for (let i = 0; i < incoming.count(PLACE_QUEUE); i++) {
      const needed = this.frames.buffersFor(incoming.lenBytes(incoming.first(PLACE_QUEUE) + i));
      if (needed > most)
        return refusal(`[${incoming.first(PLACE_QUEUE) + i}].len`, needed, `at most ${most} descriptors`);
      descriptors += needed;
    }
    return descriptors > queue.size
      ? refusal("queue", descriptors, `at most ${queue.size} descriptors, those of the queue`)
      : undefined;
  }

  #apply(): void {
    const { frames } = this;
    const { list } = frames.memory;
    const ring = { list, count: frames.incoming.count(PLACE_RING) };
    const queue = { list: list + ring.count * 4, count: frames.incoming.count(PLACE_QUEUE) };
    frames.take();
    frames.queue.append(ring, queue);
  }
}

/** Held frames of the guest first: it sent them before those in the ring. */
function portableOrder(ranges: readonly FrameRange[]): FrameRange[] {
  const of = (place: number) => ranges.filter((range) => range.place === place);
  const sent = [...of(PLACE_HELD_SENT), ...of(PLACE_RING)].map((range) => ({ ...range, place: PLACE_RING }));
  return [...sent, ...of(PLACE_QUEUE)];
}

function refusal(field: string, value: unknown, bound: string): StateRefusal {
  return { section: FRAMES, field, value, bound };
}
