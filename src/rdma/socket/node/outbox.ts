/** The one write that a socket has under way: chunks that its stream takes as it has room. Writable sees to it that there is only one. */
import type { StreamEnd } from "../../agent/stream.js";

export type Done = (error?: Error | null) => void;

/** Chunks of one write that are no more than this together go as one: a copy costs less than a message more. */
const MERGE_MAX_BYTES = 16_384;

export class Outbox {
  #chunks: Uint8Array[] = [];
  #done: Done | undefined;

  put(chunks: Uint8Array[], bytes: number, done: Done): void {
    this.#chunks = chunks.length > 1 && bytes <= MERGE_MAX_BYTES ? [Buffer.concat(chunks, bytes)] : chunks;
    this.#done = done;
  }

  /** Offers the stream what is left; returns how many bytes it took. What is taken to its last byte is reported done. */
  flush(stream: StreamEnd): number {
    let takenBytes = 0;
    while (this.#chunks.length > 0) {
      const chunk = this.#chunks[0] as Uint8Array;
      const tookBytes = chunk.length === 0 ? 0 : stream.write(chunk);
      takenBytes += tookBytes;
      if (tookBytes < chunk.length) {
        this.#chunks[0] = chunk.subarray(tookBytes);
        return takenBytes;
      }
      this.#chunks.shift();
    }
    this.#finish(null);
    return takenBytes;
  }

  /** What is left goes nowhere. */
  fail(error: Error): void {
    this.#chunks = [];
    this.#finish(error);
  }

  #finish(error: Error | null): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(error);
  }
}
