/**
 * A channel from one engine to another, in another thread as a rule: a ring of bytes in a SharedArrayBuffer with one producer
 * and one consumer. Packed frames (assembly/path/stage.ts) follow one another in it, and may wrap round its end.
 *
 *   0  magic, capacity, claims   64  head, closed   128  tail   192  bells   256 │ capacity bytes │
 *
 * Head and tail count bytes, run free over 2^32 and are published with Atomics once a burst. Each stands on a cache line of
 * its own, since each is written by one core and read by the other.
 */
import { checkPowerOfTwo } from "../../check.js";
import { ConfigError, EngineUnsupported } from "../../errors.js";
import { Bell } from "./bell.js";

/** What createHandover makes: an object that can be posted to a worker, and there attached to an engine's port. */
export interface Handover {
  readonly shared: SharedArrayBuffer;
}

export interface HandoverOptions {
  /** Bytes of packed frames that the channel holds: a power of two from 131072 to 2^30; 1048576 by default. */
  readonly bytes?: number;
}

const HEADER_BYTES = 256;
/** "RLH1"; the digit changes with the layout of these bytes and of what the ring holds. */
const MAGIC = 0x31484c52;
/** Words of the header. */
const WORD_MAGIC = 0;
const WORD_CAPACITY = 1;
const WORD_CLAIMS = 2;
const WORD_HEAD = 16;
const WORD_CLOSED = 17;
const WORD_TAIL = 32;
const WORD_ARRIVED = 48;
const WORD_ROOM = 50;

/** The two ends; each can be attached once at a time. */
export const SENDING = 1;
export const RECEIVING = 2;

/** Makes a channel. Throws EngineUnsupported where there is no SharedArrayBuffer, ConfigError for a bad size. */
export function createHandover({ bytes = 2 ** 20 }: HandoverOptions = {}): Handover {
  // The least that holds the longest frame, so that no frame waits for room that there will never be.
  checkPowerOfTwo("bytes", bytes, 2 ** 17, 2 ** 30);
  if (typeof SharedArrayBuffer !== "function") {
    throw new EngineUnsupported("SharedArrayBuffer (a page must be cross-origin isolated to have it)");
  }
  const shared = new SharedArrayBuffer(HEADER_BYTES + bytes);
  const words = new Int32Array(shared);
  words[WORD_MAGIC] = MAGIC;
  words[WORD_CAPACITY] = bytes;
  return { shared };
}

/** One end's view of a channel. */
export class Channel {
  readonly capacity: number;
  /** Rung when bytes have arrived or the sender has closed; and when there is room again. */
  readonly arrived: Bell;
  readonly room: Bell;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  /** Throws ConfigError for what createHandover has not made, and for an end that somebody has attached already. */
  constructor(handover: Handover, end: typeof SENDING | typeof RECEIVING) {
    const shared = checkHandover(handover);
    this.#words = new Int32Array(shared, 0, HEADER_BYTES / 4);
    this.#bytes = new Uint8Array(shared, HEADER_BYTES);
    this.capacity = this.#bytes.length;
    this.arrived = new Bell(this.#words, WORD_ARRIVED);
    this.room = new Bell(this.#words, WORD_ROOM);
    this.#end = end;
    if ((Atomics.or(this.#words, WORD_CLAIMS, end) & end) !== 0) {
      const name = end === SENDING ? "a sending end" : "a receiving end";
      throw new ConfigError("handover", `a channel that has ${name}`, `a channel without ${name}`);
    }
  }

  /** Bytes that have ever been put in and taken out, modulo 2^32. */
  get head(): number {
    return Atomics.load(this.#words, WORD_HEAD) >>> 0;
  }

  get tail(): number {
    return Atomics.load(this.#words, WORD_TAIL) >>> 0;
  }

  get isClosed(): boolean {
    return Atomics.load(this.#words, WORD_CLOSED) !== 0;
  }

  /** The sending end: publishes what was put in before. */
  publish(head: number): void {
    Atomics.store(this.#words, WORD_HEAD, head | 0);
    this.arrived.ring();
  }

  /** The receiving end: gives the room of what was taken out back. */
  giveBack(tail: number): void {
    Atomics.store(this.#words, WORD_TAIL, tail | 0);
    this.room.ring();
  }

  /** Nothing more will be put in. */
  close(): void {
    Atomics.store(this.#words, WORD_CLOSED, 1);
    this.arrived.ring();
  }

  /** Lets somebody else attach this end. */
  detach(): void {
    Atomics.and(this.#words, WORD_CLAIMS, ~this.#end);
  }

  /** Copies from[start, end) into the ring at a cursor. */
  put(cursor: number, from: Uint8Array, start: number, end: number): void {
    const at = cursor & (this.capacity - 1);
    const split = Math.min(end, start + this.capacity - at);
    this.#bytes.set(from.subarray(start, split), at);
    if (split < end) this.#bytes.set(from.subarray(split, end), 0);
  }

  /** Copies length bytes from the ring at a cursor to an offset. */
  take(cursor: number, to: Uint8Array, offset: number, length: number): void {
    const at = cursor & (this.capacity - 1);
    const first = Math.min(length, this.capacity - at);
    to.set(this.#bytes.subarray(at, at + first), offset);
    if (first < length) to.set(this.#bytes.subarray(0, length - first), offset + first);
  }
}

function checkHandover(handover: Handover): SharedArrayBuffer {
  const shared: unknown = handover?.shared;
  if (typeof SharedArrayBuffer === "function" && shared instanceof SharedArrayBuffer) {
    const capacity = shared.byteLength - HEADER_BYTES;
    const words = new Int32Array(shared, 0, capacity > 0 ? HEADER_BYTES / 4 : 0);
    if (words[WORD_MAGIC] === MAGIC && words[WORD_CAPACITY] === capacity) return shared;
  }
  throw new ConfigError("handover", shared === undefined ? handover : String(shared), "made by createHandover");
}
