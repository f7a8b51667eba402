/** Frames in a section that came from elsewhere: looked at whole before any of them is believed. */
import {
  FRAME_RECORD_BYTES,
  FRAME_RECORD_LEN,
  FRAME_RECORD_PLACE,
  FRAME_RECORD_SEGMENTS,
  FRAME_RECORD_WIRE_LEN,
  SEGMENTS_MAX,
  SNAPSHOT_WIRE_BYTES_MAX,
} from "../../../../assembly/layout.js";
import type { StateMemory } from "../memory.js";
import type { StateRefusal } from "../part.js";
import { Job } from "./job.js";
import { type FrameNumbers, type IncomingFrames, numbersOf } from "./numbering.js";
import { dataOffset, type FramesShape, lensOffset, readRecord, readShape, recordOffset } from "./section.js";

/** Why the frames in a section cannot be taken. */
export const FRAMES = "frames";

export class CheckedFrames implements IncomingFrames {
  readonly section: Uint8Array;
  readonly shape: FramesShape;
  /** Mbufs that they need here. */
  readonly mbufs: number;
  readonly #numbers: FrameNumbers;
  readonly #view: DataView;
  /** By number, where a frame's bytes and its segments' lengths begin in the section; made when somebody asks. */
  #starts: { readonly data: Uint32Array; readonly lens: Uint32Array } | undefined;

  /** @internal Made by checkFrames. */
  constructor(section: Uint8Array, shape: FramesShape, mbufs: number, numbers: FrameNumbers) {
    this.section = section;
    this.shape = shape;
    this.mbufs = mbufs;
    this.#numbers = numbers;
    this.#view = new DataView(section.buffer, section.byteOffset, section.length);
  }

  get total(): number {
    return this.#numbers.total;
  }

  first(place: number): number {
    return this.#numbers.first(place);
  }

  count(place: number): number {
    return this.#numbers.count(place);
  }

  lenBytes(number: number): number {
    return this.#view.getUint32(recordOffset(number) + FRAME_RECORD_LEN, true);
  }

  wireBytes(number: number): number {
    return this.#view.getUint32(recordOffset(number) + FRAME_RECORD_WIRE_LEN, true);
  }

  bytes(number: number): Uint8Array {
    const start = this.#startsOf().data[number] as number;
    return this.section.subarray(start, start + this.lenBytes(number));
  }

  /** Segments that hold bytes, at least one: a descriptor each, where frames keep the segments that they had. */
  descriptors(number: number): number {
    if (this.shape.lens === 0) return 1;
    const segments = this.#view.getUint16(recordOffset(number) + FRAME_RECORD_SEGMENTS, true);
    if (segments <= 1) return 1;
    const start = this.#startsOf().lens[number] as number;
    let filled = 0;
    for (let i = 0; i < segments; i++) if (this.#view.getUint32(start + i * 4, true) > 0) filled++;
    return Math.max(1, filled);
  }

  #startsOf(): { readonly data: Uint32Array; readonly lens: Uint32Array } {
    if (this.#starts) return this.#starts;
    const { count } = this.shape;
    const view = this.#view;
    const starts = { data: new Uint32Array(count), lens: new Uint32Array(count) };
    let [data, lens] = [dataOffset(this.shape), lensOffset(this.shape)];
    for (let i = 0; i < count; i++) {
      starts.data[i] = data;
      starts.lens[i] = lens;
      data += view.getUint32(recordOffset(i) + FRAME_RECORD_LEN, true);
      const segments = view.getUint16(recordOffset(i) + FRAME_RECORD_SEGMENTS, true);
      if (segments > 1) lens += segments * 4;
    }
    this.#starts = starts;
    return starts;
  }
}

/** The frames of a section in the engine's memory, of these places, or why they are not taken. Nothing is written but the job. */
export function checkFrames(
  memory: StateMemory,
  section: Uint8Array,
  places: readonly number[],
  isPortable: boolean,
): CheckedFrames | StateRefusal {
  const shape = readShape(section);
  if (!shape) return refusal("length", section.length, "what its header says, its padding zero");
  const job = new Job(memory, isPortable);
  job.start(section.byteOffset, shape);
  const sound = memory.owner.kernels.snapshotCheck(memory.job, shape.count);
  if (sound < shape.count) return whyNot(section, sound, memory.owner.pool.shape.bufBytes, isPortable);
  if (job.lensLeft !== 0)
    return refusal("lens", shape.lens, `${shape.lens - job.lensLeft}, as many as chains have segments`);
  if (job.bytes !== BigInt(shape.dataBytes))
    return refusal("bytes", shape.dataBytes, `${job.bytes}, the sum of all lengths`);
  const counts = new Map(places.map((place) => [place, 0]));
  for (let i = 0; i < shape.count; ) {
    const place = placeAt(section, i);
    const end = placeEnd(section, i, shape.count);
    if (!counts.has(place)) return refusal(`[${i}].place`, place, `one of ${places.join(", ")}`);
    counts.set(place, end - i);
    i = end;
  }
  return new CheckedFrames(section, shape, job.mbufs, numbersOf(counts));
}

function placeAt(section: Uint8Array, number: number): number {
  return section[recordOffset(number) + FRAME_RECORD_PLACE] as number;
}

/** The first number behind from whose place is another; places ascend. */
function placeEnd(section: Uint8Array, from: number, count: number): number {
  const place = placeAt(section, from);
  let [low, high] = [from + 1, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (placeAt(section, middle) === place) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The same questions as snapshotCheck's, of the frame for which it answered no. */
function whyNot(section: Uint8Array, number: number, bufBytes: number, isPortable: boolean): StateRefusal {
  const { lenBytes, wireBytes, segments, place } = readRecord(section, number);
  const field = (name: string) => `[${number}].${name}`;
  const before = number > 0 ? placeAt(section, number - 1) : 0;
  const reserved = section.subarray(
    recordOffset(number) + FRAME_RECORD_PLACE + 1,
    recordOffset(number) + FRAME_RECORD_BYTES,
  );
  if (reserved.some((byte) => byte !== 0)) return refusal(field("reserved"), [...reserved].join(), "zeros");
  if (place < before) return refusal(field("place"), place, `at least ${before}, that of the frame before it`);
  if (wireBytes < lenBytes || wireBytes > SNAPSHOT_WIRE_BYTES_MAX) {
    return refusal(field("wireLen"), wireBytes, `from ${lenBytes}, its length, to ${SNAPSHOT_WIRE_BYTES_MAX}`);
  }
  if (isPortable) {
    if (segments !== 0) return refusal(field("segments"), segments, "0 in a portable block");
    return refusal(field("len"), lenBytes, `what ${SEGMENTS_MAX} buffers hold`);
  }
  if (segments === 1) return refusal(field("len"), lenBytes, `at most ${bufBytes}, a buffer`);
  return refusal(field("segments"), segments, `1 to ${SEGMENTS_MAX}, of up to ${bufBytes} bytes, ${lenBytes} together`);
}

function refusal(field: string, value: unknown, bound: string): StateRefusal {
  return { section: FRAMES, field, value, bound };
}
