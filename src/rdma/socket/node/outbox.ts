/** The one write that a socket has under way: chunks that its stream takes as it has room. Writable sees to it that there is only one. */
import type { StreamEnd } from "../../agent/stream.js";

export type Done = (error?: Error | null) => void;

/** Chunks of one write that are no more than this together go as one: a copy costs less than a message of its own for each. */
const MERGE_MAX_BYTES = 16_384;

export class Outbox {
  #chunks: Uint8Array[] = [];
  #next = 0;
  #done: Done | undefined;

  put(chunks: Uint8Array[], done: Done): void {
    this.#chunks = chunks.length === 1 ? chunks : merged(chunks);
    this.#next = 0;
    this.#done = done;
  }

  /** Offers the stream what is left; returns how many bytes it took. What is taken to its last byte is reported done. */
  flush(stream: StreamEnd): number {
    let takenBytes = 0;
    while (this.#next < this.#chunks.length) {
      const chunk = this.#chunks[this.#next] as Uint8Array;
      const tookBytes = chunk.length === 0 ? 0 : stream.write(chunk);
      takenBytes += tookBytes;
      if (tookBytes < chunk.length) {
        this.#chunks[this.#next] = chunk.subarray(tookBytes);
        return takenBytes;
      }
      this.#next++;
    }
    this.#chunks = [];
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

/** The same bytes in the same order, in fewer chunks. */
function merged(chunks: readonly Uint8Array[]): Uint8Array[] {
  const fewer: Uint8Array[] = [];
  let run: Uint8Array[] = [];
  let runBytes = 0;
  for (const chunk of chunks) {
    if (runBytes + chunk.length > MERGE_MAX_BYTES && run.length > 0) {
      fewer.push(joined(run, runBytes));
      run = [];
      runBytes = 0;
    }
    run.push(chunk);
    runBytes += chunk.length;
  }
  fewer.push(joined(run, runBytes));
  return fewer;
}

/** A chunk that is alone, however large, is not copied. */
function joined(run: readonly Uint8Array[], bytes: number): Uint8Array {
  const [first] = run;
  return run.length === 1 && first ? first : Buffer.concat(run, bytes);
}
