/**
 * Linear memory, planned once. The plan sizes every region before the engine exists. The memory starts as the control heap,
 * which the data plane's allocator takes for its own, grows once by the arena, and is then at its maximum: it cannot grow
 * again, so the views made here stay valid for the engine's life. Nothing else makes views.
 *
 *   │ static data · control heap (as-bind's arguments) │ arena: records, buffers, rings, queues, tables │
 */
import { ConfigError } from "./errors.js";

const PAGE_BYTES = 65_536;
const CONTROL_PAGES = 4;
/** 1 GiB in all: what an engine may take of a browser tab. */
const ARENA_PAGES_MAX = 2 ** 14 - CONTROL_PAGES;
const ALIGN_BYTES = 64;

/** Adds up regions before any of them exists. */
export class MemoryPlan {
  #bytes = 0;

  /** Plans a region. */
  add(bytes: number): this {
    this.#bytes += align(bytes);
    return this;
  }

  /** All that was planned. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A memory that has the control heap and can grow by the plan, once; ConfigError when that is over 1 GiB. */
  createMemory(): WebAssembly.Memory {
    const maximum = CONTROL_PAGES + this.#arenaPages;
    if (this.#arenaPages > ARENA_PAGES_MAX) {
      const bound = `such that the engine needs at most ${ARENA_PAGES_MAX * PAGE_BYTES} bytes`;
      throw new ConfigError("mbufs", `${this.#bytes} bytes in all`, bound);
    }
    return new WebAssembly.Memory({ initial: CONTROL_PAGES, maximum });
  }

  /** The arena, once the data plane has taken the control heap. */
  createArena(memory: WebAssembly.Memory): Arena {
    const start = memory.grow(this.#arenaPages) * PAGE_BYTES;
    return new Arena(memory, start);
  }

  get #arenaPages(): number {
    return Math.ceil(this.#bytes / PAGE_BYTES);
  }
}

/** The arena at run time: hands out planned regions in order, and holds the views. */
export class Arena {
  u8: Uint8Array;
  u16: Uint16Array;
  u32: Uint32Array;
  u64: BigUint64Array;
  #next: number;

  /** Over all memory from start on, which is zero. */
  constructor(memory: WebAssembly.Memory, start: number) {
    this.u8 = new Uint8Array(memory.buffer);
    this.u16 = new Uint16Array(memory.buffer);
    this.u32 = new Uint32Array(memory.buffer);
    this.u64 = new BigUint64Array(memory.buffer);
    this.#next = start;
  }

  /** The address of a zeroed region on a cache line. That the plan has room for it is the caller's promise. */
  take(bytes: number): number {
    const region = this.#next;
    const missing = region + bytes - this.u8.length;
    if (missing > 0) throw new Error(`the memory plan is ${missing} bytes short`);
    this.#next += align(bytes);
    return region;
  }

  /** Lets go of the memory; views that were handed out keep it until they go, too. */
  release(): void {
    this.u8 = new Uint8Array(0);
    this.u16 = new Uint16Array(0);
    this.u32 = new Uint32Array(0);
    this.u64 = new BigUint64Array(0);
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGN_BYTES) * ALIGN_BYTES;
}
