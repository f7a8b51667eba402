/** A vnic's frames in flight as plain lists: the receive ring, and the transmit queue with its buffer ids. */
import { Writer } from "./state-block.js";

export interface ModelFrame {
  readonly timestampNs: bigint;
  readonly wireBytes: number;
  /** By buffer. */
  readonly segments: readonly Uint8Array[];
}

interface Queued {
  readonly id: number;
  readonly frame: ModelFrame;
}

export class ModelVnic {
  readonly size: number;
  ring: ModelFrame[] = [];
  ringTail = 0;
  ringRefused = 0;
  posted: Queued[] = [];
  taken: Queued[] = [];
  nextUsed = 0;
  usedWrap = 1;
  refused = 0;
  doorbells = 0;
  freeIds: number[];

  constructor(size: number) {
    this.size = size;
    this.freeIds = Array.from({ length: size }, (_, id) => id);
  }

  arrive(frame: ModelFrame): boolean {
    if (this.ring.length === this.size) {
      this.ringRefused++;
      return false;
    }
    this.ring.push(frame);
    return true;
  }

  /** The data plane takes frames out of the ring. */
  consume(n: number): ModelFrame[] {
    const frames = this.ring.splice(0, n);
    this.ringTail = (this.ringTail + frames.length) % 2 ** 32;
    return frames;
  }

  get freeDescriptors(): number {
    return this.size - sum([...this.posted, ...this.taken].map(({ frame }) => descriptorsOf(frame)));
  }

  post(frame: ModelFrame): void {
    this.posted.push({ id: this.freeIds.shift() as number, frame });
    this.doorbells++;
  }

  take(): Queued[] {
    const frames = this.posted.splice(0);
    this.taken.push(...frames);
    return frames;
  }

  /** Of the taken frames those with these ids, in this order; they are reaped at once. */
  complete(ids: readonly number[]): void {
    for (const id of ids) {
      const [done] = this.taken.splice(
        this.taken.findIndex((queued) => queued.id === id),
        1,
      ) as [Queued];
      this.nextUsed += descriptorsOf(done.frame);
      if (this.nextUsed >= this.size) {
        this.nextUsed -= this.size;
        this.usedWrap ^= 1;
      }
      this.freeIds.unshift(id);
    }
  }

  /** All frames by place: ring, then queue with the taken ones first. */
  frames(): { readonly place: number; readonly frame: ModelFrame }[] {
    return [
      ...this.ring.map((frame) => ({ place: 0, frame })),
      ...[...this.taken, ...this.posted].map(({ frame }) => ({ place: 1, frame })),
    ];
  }

  queues(): Uint8Array {
    const ids = [...this.taken, ...this.posted].map(({ id }) => id);
    const bytes = new Writer().uint(4, this.size).uint(4, this.ringTail).uint(8, this.ringRefused);
    bytes.uint(4, this.nextUsed).uint(4, this.usedWrap).uint(4, this.taken.length).uint(4, 0);
    bytes.uint(8, this.refused).uint(8, this.doorbells);
    for (const id of [...ids, ...this.freeIds]) bytes.uint(2, id);
    return bytes.done();
  }
}

/** The section `frames` of these. */
export function framesSection(frames: readonly { readonly place: number; readonly frame: ModelFrame }[]): Uint8Array {
  const chains = frames.map(({ frame }) => frame.segments).filter((segments) => segments.length > 1);
  const lens = chains.flatMap((segments) => segments.map(({ length }) => length));
  const section = new Writer().uint(4, frames.length).uint(4, lens.length);
  section.uint(4, sum(frames.map(({ frame }) => lengthOf(frame)))).uint(4, 0);
  for (const { place, frame } of frames) {
    section.uint(8, frame.timestampNs).uint(4, lengthOf(frame)).uint(4, frame.wireBytes);
    section.uint(2, frame.segments.length).uint(1, place).uint(5, 0);
  }
  for (const len of lens) section.uint(4, len);
  section.align();
  for (const { frame } of frames) for (const segment of frame.segments) section.bytes(segment);
  return section.done();
}

/** The same in a portable block. */
export function portableFramesSection(
  frames: readonly { readonly place: number; readonly frame: ModelFrame }[],
): Uint8Array {
  const section = new Writer().uint(4, frames.length).uint(4, 0);
  section.uint(4, sum(frames.map(({ frame }) => lengthOf(frame)))).uint(4, 0);
  for (const { place, frame } of frames) {
    section.uint(8, frame.timestampNs).uint(4, lengthOf(frame)).uint(4, frame.wireBytes);
    section.uint(2, 0).uint(1, place).uint(5, 0);
  }
  for (const { frame } of frames) for (const segment of frame.segments) section.bytes(segment);
  return section.done();
}

export function lengthOf({ segments }: ModelFrame): number {
  return sum(segments.map(({ length }) => length));
}

/** A descriptor for each segment with bytes, one at least. */
export function descriptorsOf({ segments }: ModelFrame): number {
  return Math.max(1, segments.filter(({ length }) => length > 0).length);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
