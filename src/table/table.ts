/**
 * A hash table in linear memory, for keys of 16, 32 or 48 bytes (a VNI and a MAC address, a tenant and an IPv6 five-tuple)
 * and 32-bit values. Every key has two places, so no lookup takes longer than another, however long the table has lived.
 *
 *   const flows = await createFlowTable({ keyBytes: 48, capacity: 1_000_000 });
 *   flows.set(key, 7);
 *   flows.getBurst(keys); // many at once: their cache misses overlap
 */
import {
  BURST_MAX,
  STATS_BYTES,
  STATS_ENTRIES,
  STATS_LONGEST,
  STATS_SECOND,
  STATS_SLOTS,
  TABLE_BYTES,
  TABLE_END,
  TABLE_ENTRIES,
  TABLE_FULL,
  TABLE_MISS,
} from "../../assembly/layout.js";
import { checkInteger } from "../check.js";
import { ConfigError } from "../errors.js";
import { type Arena, MemoryPlan } from "../memory.js";
import { randomSeed } from "../seed.js";
import { checkHost, defaultSource, type Instance, instantiate, type WasmSource } from "../wasm.js";
import { type TableShape, tableBytes, tableShape } from "./shape.js";

export interface FlowTableOptions {
  /** 16, 32 or 48. */
  readonly keyBytes: number;
  /** Most entries, 1 to 16777216; more than 11010048 fit with 16-byte keys only. */
  readonly capacity: number;
  /** 64 bits under which keys are hashed; random by default, so that nobody can choose keys that meet. */
  readonly seed?: bigint;
  /** The compiled data plane, as in EngineOptions. */
  readonly wasm?: WasmSource;
  readonly debug?: boolean;
}

export interface FlowTableStats {
  readonly entries: number;
  /** Places for entries, used or not. */
  readonly slots: number;
  /** Entries that stand in their second bucket. */
  readonly inSecondBucket: number;
  /** Buckets looked at for an entry: the mean over all, and the most, which is never more than 2. */
  readonly meanProbe: number;
  readonly longestProbe: number;
}

/** What getBurst gives for a key that is not there; no value can be it. */
export const NOT_FOUND = TABLE_MISS;

/** Makes an empty table in memory of its own. Rejects with ConfigError for a bad option. */
export async function createFlowTable(options: FlowTableOptions): Promise<FlowTable> {
  const shape = tableShape(options.keyBytes, options.capacity);
  const plan = new MemoryPlan().add(TABLE_BYTES).add(tableBytes(shape)).add(STATS_BYTES);
  plan.add(BURST_MAX * shape.keyBytes);
  for (let i = 0; i < 2; i++) plan.add(BURST_MAX * 4);
  checkHost();
  const memory = plan.createMemory();
  const instance = await instantiate(options.wasm ?? defaultSource(options.debug ?? false), memory);
  instance.kernels.heapInit();
  const seed = options.seed ?? randomSeed();
  return new FlowTable(instance, plan.createArena(memory), shape, BigInt.asUintN(64, seed));
}

export class FlowTable {
  readonly #instance: Instance;
  readonly #arena: Arena;
  readonly #shape: TableShape;
  readonly #table: number;
  readonly #stats: number;
  /** Keys of a burst, their addresses, and the values found. */
  readonly #keys: number;
  readonly #ptrs: number;
  readonly #values: number;

  /** @internal Made by createFlowTable. */
  constructor(instance: Instance, arena: Arena, shape: TableShape, seed: bigint) {
    this.#instance = instance;
    this.#arena = arena;
    this.#shape = shape;
    this.#table = arena.take(TABLE_BYTES);
    const buckets = arena.take(tableBytes(shape));
    this.#stats = arena.take(STATS_BYTES);
    this.#keys = arena.take(BURST_MAX * shape.keyBytes);
    this.#ptrs = arena.take(BURST_MAX * 4);
    this.#values = arena.take(BURST_MAX * 4);
    for (let i = 0; i < BURST_MAX; i++) arena.u32[(this.#ptrs >> 2) + i] = this.#keys + i * shape.keyBytes;
    instance.kernels.tableInit(this.#table, buckets, shape.buckets, shape.keyBytes, shape.capacity, seed);
  }

  get keyBytes(): number {
    return this.#shape.keyBytes;
  }

  get capacity(): number {
    return this.#shape.capacity;
  }

  get size(): number {
    this.#instance.checkOpen();
    return this.#arena.u32[(this.#table + TABLE_ENTRIES) >> 2] as number;
  }

  /** The key's value; undefined when it is not there. */
  get(key: Uint8Array): number | undefined {
    return found(this.#instance.kernels.tableLookup(this.#table, this.#place(key)));
  }

  /** Sets a key's value, 0 to 4294967294. False, and nothing has changed, when the table has no room for the key. */
  set(key: Uint8Array, value: number): boolean {
    checkInteger("value", value, 0, NOT_FOUND - 1);
    return this.#instance.kernels.tableInsert(this.#table, this.#place(key), value) !== TABLE_FULL;
  }

  /** Removes a key; the value that it had, or undefined when it was not there. */
  delete(key: Uint8Array): number | undefined {
    return found(this.#instance.kernels.tableRemove(this.#table, this.#place(key)));
  }

  /** The values of many keys that lie one behind the other; NOT_FOUND for one that is not there. */
  getBurst(keys: Uint8Array): Uint32Array {
    this.#instance.checkOpen();
    const { keyBytes } = this.#shape;
    if (keys.length % keyBytes !== 0)
      throw new ConfigError("keys.length", keys.length, `a multiple of ${keyBytes} bytes`);
    const count = keys.length / keyBytes;
    const values = new Uint32Array(count);
    const { u8, u32 } = this.#arena;
    for (let at = 0; at < count; at += BURST_MAX) {
      const n = Math.min(BURST_MAX, count - at);
      u8.set(keys.subarray(at * keyBytes, (at + n) * keyBytes), this.#keys);
      this.#instance.kernels.tableLookupBurst(this.#table, this.#ptrs, this.#values, n);
      values.set(u32.subarray(this.#values >> 2, (this.#values >> 2) + n), at);
    }
    return values;
  }

  /**
   * Every key, copied, with its value. Entries may be removed on the way; while entries are added, others may move and be
   * seen twice or not at all.
   */
  *entries(): IterableIterator<[key: Uint8Array, value: number]> {
    const { kernels } = this.#instance;
    const table = this.#table;
    for (
      let slot = kernels.tableNext(table, 0) >>> 0;
      slot !== TABLE_END;
      slot = kernels.tableNext(table, slot + 1) >>> 0
    ) {
      const key = kernels.tableKey(table, slot) >>> 0;
      yield [this.#arena.u8.slice(key, key + this.#shape.keyBytes), kernels.tableValue(table, slot) >>> 0];
    }
  }

  /** Counts, by looking at every bucket. */
  stats(): FlowTableStats {
    this.#instance.kernels.tableStats(this.#table, this.#stats);
    const word = (offset: number) => this.#arena.u32[(this.#stats + offset) >> 2] as number;
    const entries = word(STATS_ENTRIES);
    const inSecondBucket = word(STATS_SECOND);
    return {
      entries,
      slots: word(STATS_SLOTS),
      inSecondBucket,
      meanProbe: entries === 0 ? 0 : 1 + inSecondBucket / entries,
      longestProbe: word(STATS_LONGEST),
    };
  }

  /** Releases the memory: later calls throw EngineClosed. */
  close(): void {
    this.#instance.close();
    this.#arena.release();
  }

  #place(key: Uint8Array): number {
    this.#instance.checkOpen();
    const { keyBytes } = this.#shape;
    if (key.length !== keyBytes) throw new ConfigError("key.length", key.length, `${keyBytes} bytes`);
    this.#arena.u8.set(key, this.#keys);
    return this.#keys;
  }
}

function found(value: number): number | undefined {
  return value >>> 0 === TABLE_MISS ? undefined : value >>> 0;
}
