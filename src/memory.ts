/**
 * Linear memory, planned once. The plan sizes every region before the engine exists; the memory's maximum is its initial
 * size, so it cannot grow, and the views made here stay valid for the engine's life. Nothing else makes views.
 *
 *   │ static data, runtime │ arena: records, buffers, rings, queues, tables │ control heap (as-bind arguments) │
 */
import { ConfigError } from "./errors.js";

const PAGE_BYTES = 65_536;
/** Static data and the runtime's own book-keeping: measured under 8 KiB, given two pages. */
const STATIC_BYTES = 2 * PAGE_BYTES;
const CONTROL_HEAP_BYTES = 256 * 1024;
/** The largest block of AssemblyScript's allocator is 1 GiB less a header. */
const ARENA_BYTES_MAX = 2 ** 30 - PAGE_BYTES;
const ALIGN_BYTES = 64;

/** Adds up regions before any of them exists. */
export class MemoryPlan {
  #bytes = 0;

  /** Plans count regions of the given size. */
  add(bytes: number, count = 1): this {
    this.#bytes += align(bytes) * count;
    return this;
  }

  get arenaBytes(): number {
    return this.#bytes;
  }

  /** A memory that holds the plan and can never grow; ConfigError when the plan is over 1 GiB. */
  createMemory(): WebAssembly.Memory {
    if (this.#bytes > ARENA_BYTES_MAX) {
      throw new ConfigError(
        "mbufs",
        `${this.#bytes} bytes in all`,
        `such that the engine needs at most ${ARENA_BYTES_MAX}`,
      );
    }
    const pages = Math.ceil((STATIC_BYTES + this.#bytes + ALIGN_BYTES + CONTROL_HEAP_BYTES) / PAGE_BYTES);
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  }
}

/** The arena at run time: hands out planned regions in order, and holds the views. */
export class Arena {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly u64: BigUint64Array;
  readonly #end: number;
  #next: number;

  constructor(memory: WebAssembly.Memory, start: number, bytes: number) {
    this.u8 = new Uint8Array(memory.buffer);
    this.u16 = new Uint16Array(memory.buffer);
    this.u32 = new Uint32Array(memory.buffer);
    this.u64 = new BigUint64Array(memory.buffer);
    this.#next = start;
    this.#end = start + bytes;
  }

  /** The address of a zeroed region on a cache line. That the plan has room for it is the caller's promise. */
  take(bytes: number): number {
    const region = this.#next;
    if (region + bytes > this.#end) throw new Error(`the memory plan is ${region + bytes - this.#end} bytes short`);
    this.#next += align(bytes);
    return region;
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGN_BYTES) * ALIGN_BYTES;
}
