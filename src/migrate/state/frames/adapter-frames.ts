/**
 * An adapter's frames in flight: in its port's receive ring, in its transmit queue, and with its holders. All parts of its state that speak
 * of frames share this one, since a frame has one number and is freed once. Numbers of frames that were extracted are known once the section
 * `frames` has been, their mbufs elsewhere once it was taken in: it stands before the others.
 */
import { LIMIT_IN_USE, LIMIT_LIMIT, POOL_LEDGER, PORT_OWNER } from "../../../../assembly/layout.js";
import type { Arrival } from "../../../buffer/pool.js";
import type { Port } from "../../../buffer/port.js";
import { ConfigError } from "../../../errors.js";
import type { StateMemory } from "../memory.js";
import type { StateRefusal } from "../part.js";
import { type FrameHolder, PLACE_HELD_SENT, PLACE_MAX, PLACE_QUEUE, PLACE_RING } from "./holder.js";
import { type CheckedFrames, checkFrames } from "./incoming.js";
import { Job } from "./job.js";
import { type FrameNumbers, numbersOf } from "./numbering.js";
import { QueueState } from "./queue-state.js";
import { dataOffset, type FramesShape, writeShape } from "./section.js";

/** A frame that the adapter has let go of: its bytes, and where it was. */
export interface SurrenderedFrame extends Arrival {
  readonly place: number;
}

/** Frames of one place, as a section is to have them: where their addresses are, how many, and as what place they are written. */
export interface FrameRange {
  readonly list: number;
  readonly count: number;
  readonly place: number;
}

export class AdapterFrames {
  readonly memory: StateMemory;
  readonly port: Port;
  /** Places that frames of this adapter can be in, ascending. */
  readonly places: readonly number[];
  readonly #holders: readonly FrameHolder[];
  readonly #queue: QueueState;
  #extracted: FrameNumbers = numbersOf(new Map());
  #incoming: CheckedFrames | undefined;
  #mbufs = new Uint32Array(0);

  /** Throws ConfigError for holders whose places are not ascending. */
  constructor(memory: StateMemory, port: Port, holders: readonly FrameHolder[] = []) {
    let least = PLACE_HELD_SENT;
    for (const [i, { place }] of holders.entries()) {
      if (!Number.isInteger(place) || place < least || place > PLACE_MAX) {
        throw new ConfigError(`holders[${i}].place`, place, `a whole number from ${least} to ${PLACE_MAX}`);
      }
      least = place + 1;
    }
    this.memory = memory;
    this.port = port;
    this.places = [PLACE_RING, PLACE_QUEUE, ...holders.map(({ place }) => place)];
    this.#holders = holders;
    this.#queue = new QueueState(memory, port);
  }

  /** Of what was extracted last. */
  get extracted(): FrameNumbers {
    return this.#extracted;
  }

  /** Of what is to be taken in: from when `frames` was prepared until it was applied. Throws ConfigError before. */
  get incoming(): CheckedFrames {
    if (!this.#incoming) throw new ConfigError("frames.incoming", undefined, "asked for once frames are prepared");
    return this.#incoming;
  }

  /** @internal Ring and queue. */
  get queue(): QueueState {
    return this.#queue;
  }

  /** The mbuf of a frame that was taken in. Throws ConfigError for a number that no frame has. */
  mbufOf(number: number): number {
    const m = this.#mbufs[number];
    if (m === undefined) throw new ConfigError("number", number, `below ${this.#mbufs.length}, the frames taken in`);
    return m;
  }

  /** Mbufs for a frame of so many bytes that keeps no segments. */
  buffersFor(lenBytes: number): number {
    const { bufBytes, headroomBytes } = this.memory.owner.pool.shape;
    return Math.max(1, Math.ceil(lenBytes / (bufBytes - headroomBytes)));
  }

  /** @internal Writes all frames' addresses to the memory's list, by place. What drivers have completed is reaped before. */
  collect(): FrameRange[] {
    const { arena } = this.memory.owner;
    let list = this.memory.list;
    const ranges: FrameRange[] = [];
    const add = (place: number, count: number) => {
      ranges.push({ list, count, place });
      list += count * 4;
    };
    add(PLACE_RING, this.#queue.listRing(list));
    add(PLACE_QUEUE, this.#queue.listQueue(list));
    for (const holder of this.#holders) {
      const mbufs = holder.mbufs();
      arena.u32.set(mbufs, list >> 2);
      add(holder.place, mbufs.length);
    }
    return ranges;
  }

  /** @internal Writes a section of these frames at an address; its length, undefined when that is over roomBytes. */
  write(at: number, roomBytes: number, ranges: readonly FrameRange[], isPortable: boolean): number | undefined {
    const { kernels } = this.memory.owner;
    const job = new Job(this.memory, isPortable);
    for (const { list, count } of ranges) kernels.snapshotMeasure(this.memory.job, list, count);
    const count = ranges.reduce((sum, range) => sum + range.count, 0);
    const shape = { count, lens: job.lensLeft, dataBytes: Number(job.bytes) };
    const lenBytes = dataOffset(shape) + shape.dataBytes;
    if (lenBytes > roomBytes) return undefined;
    this.#writeHeader(at, shape);
    job.start(at, shape);
    for (const { list, count, place } of ranges) kernels.snapshotGather(this.memory.job, list, count, place);
    const counts = new Map<number, number>();
    for (const range of ranges) counts.set(range.place, (counts.get(range.place) ?? 0) + range.count);
    this.#extracted = numbersOf(counts);
    return lenBytes;
  }

  /** @internal Looks at a section, and remembers it as incoming; or why it is not taken. */
  check(section: Uint8Array, isPortable: boolean): StateRefusal | undefined {
    this.#incoming = undefined;
    const inside = section.buffer === this.memory.owner.arena.u8.buffer;
    const here = inside ? section : this.memory.load(section);
    if (!here)
      return { section: "frames", field: "length", value: section.length, bound: `at most ${this.memory.stateBytes}` };
    const checked = checkFrames(this.memory, here, isPortable ? [PLACE_RING, PLACE_QUEUE] : this.places, isPortable);
    if ("field" in checked) return checked;
    const room = this.#room();
    if (checked.mbufs > room.mbufs) {
      return { section: "frames", field: "mbufs", value: checked.mbufs, bound: `at most ${room.mbufs}, ${room.why}` };
    }
    this.#incoming = checked;
    return undefined;
  }

  /** @internal Takes what was checked into fresh mbufs, charged to the port's owner; their addresses are in the memory's list, by number. */
  take(): void {
    const { arena, kernels, pool } = this.memory.owner;
    const { list, job } = this.memory;
    const { section, shape } = this.incoming;
    new Job(this.memory, false).start(section.byteOffset, shape);
    kernels.snapshotScatter(job, pool.ptr, list, shape.count, this.port.index);
    const owner = this.#owner;
    if (owner !== 0) kernels.chargeBurst(arena.u32[(pool.ptr + POOL_LEDGER) >> 2] as number, owner, list, shape.count);
    this.#mbufs = arena.u32.slice(list >> 2, (list >> 2) + shape.count);
  }

  /** Gives all frames back to the pool: the port is empty, and holders hold nothing. */
  drop(): void {
    const { kernels, pool } = this.memory.owner;
    const ranges = this.collect();
    this.#queue.clear();
    this.port.disown();
    for (const holder of this.#holders) holder.letGo();
    for (const { list, count } of ranges) kernels.freeBurst(pool.ptr, list, count);
  }

  /** Gives all frames back to the pool, as drop does, and says what they were, by number. */
  surrender(): SurrenderedFrame[] {
    const { arena, pool } = this.memory.owner;
    const frames: SurrenderedFrame[] = [];
    for (const { list, count, place } of this.collect()) {
      for (const m of arena.u32.subarray(list >> 2, (list >> 2) + count)) {
        frames.push({
          data: joined(pool.spans(m)),
          originalLength: pool.wireLen(m),
          timestampNs: pool.timestampNs(m),
          place,
        });
      }
    }
    this.drop();
    return frames;
  }

  #writeHeader(at: number, shape: FramesShape): void {
    const head = this.memory.owner.arena.u8.subarray(at, at + dataOffset(shape));
    writeShape(head, shape);
    // Behind the segments' lengths, up to where the bytes begin.
    head.fill(0, Math.max(16, head.length - 8));
  }

  #room(): { mbufs: number; why: string } {
    const { arena, pool } = this.memory.owner;
    const free = { mbufs: pool.free, why: "free in the pool" };
    const owner = this.#owner;
    if (owner === 0) return free;
    const field = (offset: number) => arena.u32[(owner + offset) >> 2] as number;
    const left = Math.max(0, field(LIMIT_LIMIT) - field(LIMIT_IN_USE));
    return left < pool.free ? { mbufs: left, why: "what the port's owner may still hold" } : free;
  }

  /** The record that the port's frames are charged to; 0 for none. */
  get #owner(): number {
    return this.memory.owner.arena.u32[(this.port.record.ptr + PORT_OWNER) >> 2] as number;
  }
}

function joined(spans: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(spans.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const span of spans) {
    bytes.set(span, at);
    at += span.length;
  }
  return bytes;
}
