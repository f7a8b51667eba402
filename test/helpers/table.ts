/** A table of the data plane for tests: keys as bytes, and every output area UNTOUCHED around what a kernel writes. */
import * as layout from "../../assembly/layout.js";
import type { Arena } from "../../src/memory.js";
import { type TableShape, tableBytes, tableShape } from "../../src/table/shape.js";
import type { Kernels } from "../../src/wasm.js";
import { UNTOUCHED } from "./bed.js";
import { type Build, testKernels } from "./engines.js";

/** Most keys of one lookup here: more than one crossing's. */
const KEYS_MAX = 300;
const GUARD_BYTES = 64;

export class TestTable {
  readonly kernels: Kernels;
  readonly arena: Arena;
  readonly shape: TableShape;
  readonly seed: bigint;
  readonly ptr: number;
  readonly buckets: number;
  readonly #key: number;
  readonly #keys: number;
  readonly #ptrs: number;
  readonly #out: number;

  constructor(kernels: Kernels, arena: Arena, shape: TableShape, seed: bigint) {
    this.kernels = kernels;
    this.arena = arena;
    this.shape = shape;
    this.seed = seed;
    this.ptr = arena.take(layout.TABLE_BYTES);
    this.buckets = arena.take(tableBytes(shape) + GUARD_BYTES);
    this.#key = arena.take(48);
    this.#keys = arena.take(KEYS_MAX * 49);
    this.#ptrs = arena.take(KEYS_MAX * 4);
    this.#out = arena.take(KEYS_MAX * 4 + GUARD_BYTES);
    arena.u8.fill(UNTOUCHED, this.ptr, this.ptr + layout.TABLE_BYTES);
    arena.u8.fill(UNTOUCHED, this.buckets, this.buckets + tableBytes(shape) + GUARD_BYTES);
    this.clear();
  }

  clear(): void {
    const { keyBytes, capacity, buckets } = this.shape;
    this.kernels.tableInit(this.ptr, this.buckets, buckets, keyBytes, capacity, this.seed);
  }

  insert(key: Uint8Array, value: number): number {
    return this.kernels.tableInsert(this.ptr, this.#put(key), value);
  }

  remove(key: Uint8Array): number {
    return this.kernels.tableRemove(this.ptr, this.#put(key)) >>> 0;
  }

  lookup(key: Uint8Array): number {
    return this.kernels.tableLookup(this.ptr, this.#put(key)) >>> 0;
  }

  /** The burst's lookup, of keys at any alignment, and the hits it counted. */
  lookupBurst(keys: readonly Uint8Array[]): { values: number[]; hits: number } {
    const { u8, u32 } = this.arena;
    keys.forEach((key, i) => {
      const at = this.#keys + i * (this.shape.keyBytes + 1);
      u8.set(key, at);
      u32[(this.#ptrs >> 2) + i] = at;
    });
    u8.fill(UNTOUCHED, this.#out, this.#out + KEYS_MAX * 4 + GUARD_BYTES);
    const hits = this.kernels.tableLookupBurst(this.ptr, this.#ptrs, this.#out, keys.length);
    const end = this.#out + keys.length * 4;
    if (!u8.subarray(end, end + GUARD_BYTES).every((byte) => byte === UNTOUCHED)) throw new Error("wrote beyond out");
    return { values: [...u32.subarray(this.#out >> 2, end >> 2)], hits };
  }

  /** Every entry by a walk: its slot, its key, its value. */
  *walk(): Generator<{ slot: number; key: Uint8Array; value: number }> {
    for (let from = 0; ; ) {
      const slot = this.kernels.tableNext(this.ptr, from) >>> 0;
      if (slot === layout.TABLE_END) return;
      const at = this.kernels.tableKey(this.ptr, slot);
      const key = this.arena.u8.slice(at, at + this.shape.keyBytes);
      yield { slot, key, value: this.kernels.tableValue(this.ptr, slot) >>> 0 };
      from = slot + 1;
    }
  }

  stats() {
    const { u8, u32 } = this.arena;
    u8.fill(UNTOUCHED, this.#out, this.#out + layout.STATS_BYTES + GUARD_BYTES);
    this.kernels.tableStats(this.ptr, this.#out);
    const end = this.#out + layout.STATS_BYTES;
    if (!u8.subarray(end, end + GUARD_BYTES).every((byte) => byte === UNTOUCHED)) throw new Error("wrote beyond out");
    const at = (offset: number) => u32[(this.#out + offset) >> 2] as number;
    return {
      entries: at(layout.STATS_ENTRIES),
      second: at(layout.STATS_SECOND),
      longest: at(layout.STATS_LONGEST),
      slots: at(layout.STATS_SLOTS),
      fill: [0, 1, 2, 3].map((count) => at(layout.STATS_FILL + count * 4)),
    };
  }

  field(offset: number): number {
    return this.arena.u32[(this.ptr + offset) >> 2] as number;
  }

  field64(offset: number): bigint {
    return this.arena.u64[(this.ptr + offset) >> 3] as bigint;
  }

  /** A copy of the buckets' bytes. */
  image(): Uint8Array {
    return this.arena.u8.slice(this.buckets, this.buckets + tableBytes(this.shape));
  }

  /** Whether the bytes behind the buckets are as they were. */
  get isGuarded(): boolean {
    const end = this.buckets + tableBytes(this.shape);
    return this.arena.u8.subarray(end, end + GUARD_BYTES).every((byte) => byte === UNTOUCHED);
  }

  #put(key: Uint8Array): number {
    this.arena.u8.set(key, this.#key);
    return this.#key;
  }
}

export async function makeTable(build: Build, keyBytes: number, capacity: number, seed = 0x5eedn): Promise<TestTable> {
  const shape = tableShape(keyBytes, capacity);
  const { kernels, arena } = await testKernels(tableBytes(shape) + layout.TABLE_BYTES + KEYS_MAX * 64, build);
  return new TestTable(kernels, arena, shape, seed);
}
