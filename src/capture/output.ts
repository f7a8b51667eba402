/**
 * Where written records gather: a buffer that goes to the sink whenever it is full.
 *
 * Each chunk is a new, zeroed buffer which is never touched again once the sink has it. So a sink may keep chunks, and
 * padding needs no writing. A sink that works asynchronously is called for one chunk at a time, in order.
 */
import { checkInteger } from "../check.js";
import { RinglaneError } from "../errors.js";

/** Takes a chunk of the file, which is the sink's from then on. A promise delays the next chunk until it is done. */
export type CaptureSink = (chunk: Uint8Array) => void | Promise<void>;

export interface OutputOptions {
  readonly sink: CaptureSink;
  /** Size of the chunks handed to the sink in bytes, 64 to 2^26, by default 65536; a longer record makes a longer chunk. */
  readonly chunkBytes?: number | undefined;
}

const DEFAULT_CHUNK_BYTES = 65_536;

export class OutputBuffer {
  bytes: Uint8Array;
  view: DataView;
  readonly #sink: CaptureSink;
  readonly #chunkBytes: number;
  #used = 0;
  #closed = false;
  /** Ends when the sink has taken all it was given. Never rejects: a failure waits in `#failure`. */
  #busy: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: OutputOptions) {
    this.#sink = options.sink;
    this.#chunkBytes = checkInteger("chunkBytes", options.chunkBytes ?? DEFAULT_CHUNK_BYTES, 64, 1 << 26);
    this.bytes = new Uint8Array(this.#chunkBytes);
    this.view = new DataView(this.bytes.buffer);
  }

  /** A promise as long as an asynchronous sink is behind. It never rejects. */
  get busy(): Promise<void> | undefined {
    return this.#busy;
  }

  /**
   * Takes `count` zeroed bytes and returns the index in `bytes` and `view` (which it may replace) where they begin.
   *
   * @throws what the sink failed with, or RinglaneError with code CAPTURE_CLOSED
   */
  reserve(count: number): number {
    this.#check();
    if (this.#used + count > this.bytes.length) {
      this.#emit();
      if (count > this.bytes.length) this.#renew(count);
    }
    const at = this.#used;
    this.#used += count;
    return at;
  }

  /** Hands over what has gathered; ends when the sink has taken it. */
  async flush(): Promise<void> {
    this.#check();
    this.#emit();
    await this.#busy;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Flushes; nothing can be reserved any more. */
  async close(): Promise<void> {
    const flushed = this.flush();
    this.#closed = true;
    await flushed;
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#closed) throw new RinglaneError("CAPTURE_CLOSED", "this capture writer is closed");
  }

  #emit(): void {
    if (this.#used === 0) return;
    const chunk = this.bytes.subarray(0, this.#used);
    this.#renew(this.#chunkBytes);
    if (this.#busy === undefined) this.#deliver(chunk);
    else this.#follow(this.#busy.then(() => (this.#failure === undefined ? this.#sink(chunk) : undefined)));
  }

  #deliver(chunk: Uint8Array): void {
    try {
      const taken = this.#sink(chunk);
      if (taken !== undefined) this.#follow(taken);
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  #follow(taken: Promise<void>): void {
    const busy = Promise.resolve(taken)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .then(() => {
        if (this.#busy === busy) this.#busy = undefined;
      });
    this.#busy = busy;
  }

  #renew(length: number): void {
    this.bytes = new Uint8Array(length);
    this.view = new DataView(this.bytes.buffer);
    this.#used = 0;
  }
}
