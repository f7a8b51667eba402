/**
 * A cursor over bytes that arrive in chunks of any size.
 *
 * The unread bytes are a contiguous window `bytes[pos, end)` and the chunks waiting behind it. As long as records lie
 * inside one chunk the window is that chunk and nothing is copied. A record that spans chunks is gathered into a buffer
 * of its own, which grows by doubling up to the length asked for: work stays linear in the input even for chunks of
 * one byte, and a record that claims to be long takes memory only as its bytes arrive.
 */
import { CaptureError } from "../errors.js";

/** Records up to this many bytes are gathered into a buffer of their final size at once. */
const GATHER_BYTES = 65_536;

export class ChunkCursor {
  /** The window; readers look at `pos` and beyond, no further than the last successful `has` promised. */
  bytes: Uint8Array = new Uint8Array(0);
  /** The same bytes, at the same indices. */
  view: DataView = new DataView(this.bytes.buffer);
  pos = 0;
  #end = 0;
  /** Offset of bytes[0] in the stream. */
  #windowOffset = 0;
  /** Whether the window is our own buffer, not the caller's chunk. */
  #gathered = false;
  readonly #waiting: Uint8Array[] = [];

  /** Offset of the next unread byte in the stream. */
  get offset(): number {
    return this.#windowOffset + this.pos;
  }

  /** Unread bytes in the window: all there are, once `has` has returned false. */
  get unread(): number {
    return this.#end - this.pos;
  }

  /** Adds a chunk, without copying it. Its owner may overwrite it once `has` has returned false. */
  push(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#waiting.push(chunk);
  }

  /**
   * Whether `count` unread bytes are there; if so they are contiguous from `pos` on. May replace `bytes`, `view` and
   * `pos`, so read these after the call.
   */
  has(count: number): boolean {
    return this.#end - this.pos >= count || this.#gather(count);
  }

  /** Moves past `count` bytes, which the last `has` must have promised. */
  advance(count: number): void {
    this.pos += count;
  }

  /** A plain view of the window's bytes from index `start`. */
  span(start: number, length: number): Uint8Array {
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, length);
  }

  /** The error for a record which starts at the cursor and cannot be read. */
  damage(reason: string): CaptureError {
    return new CaptureError(this.offset, reason);
  }

  #gather(count: number): boolean {
    while (this.unread < count) {
      const chunk = this.#waiting.shift();
      if (chunk === undefined) {
        if (this.unread > 0 && !this.#gathered) this.#enlarge(count, 0);
        return false;
      }
      if (this.unread === 0) {
        this.#open(chunk, false);
        continue;
      }
      const taken = Math.min(count - this.unread, chunk.length);
      if (!this.#gathered || this.bytes.length - this.#end < taken) this.#enlarge(count, taken);
      this.bytes.set(chunk.subarray(0, taken), this.#end);
      this.#end += taken;
      if (taken < chunk.length) this.#waiting.unshift(chunk.subarray(taken));
    }
    return true;
  }

  /** Moves the unread bytes into a new buffer with room for `more`, and for `count` in all if that is little. */
  #enlarge(count: number, more: number): void {
    const { unread } = this;
    const tail = this.bytes.subarray(this.pos, this.#end);
    this.#open(new Uint8Array(Math.min(count, Math.max(unread + more, 2 * unread, GATHER_BYTES))), true);
    this.bytes.set(tail);
    this.#end = unread;
  }

  #open(bytes: Uint8Array, gathered: boolean): void {
    this.#windowOffset = this.offset;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.pos = 0;
    this.#end = bytes.length;
    this.#gathered = gathered;
  }
}
