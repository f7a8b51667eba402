/** Memory regions: bytes of the engine's memory that keys open to a protection domain's queue pairs, and to their peers. */
import {
  ACCESS_LOCAL_WRITE,
  ACCESS_REMOTE_ATOMIC,
  ACCESS_REMOTE_READ,
  ACCESS_REMOTE_WRITE,
  REGION_ACCESS,
  REGION_BASE,
  REGION_BYTES,
  REGION_KEY,
  REGION_LENGTH,
  REGION_PD,
  REGION_VA,
} from "../../../assembly/layout.js";
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";
import type { EndpointRecord } from "./endpoint-record.js";
import type { RegionMemory } from "./memory.js";

const ACCESS = {
  "local-write": ACCESS_LOCAL_WRITE,
  "remote-write": ACCESS_REMOTE_WRITE,
  "remote-read": ACCESS_REMOTE_READ,
  "remote-atomic": ACCESS_REMOTE_ATOMIC,
} as const;

export type Access = keyof typeof ACCESS;

export interface RegionOptions {
  /** What may be done with it beside being read from here; nothing by default. */
  readonly access?: readonly Access[];
  /** The address that its first byte has for peers; its place in the engine's memory by default. */
  readonly va?: bigint;
  /** Its key, 32 bits, the upper 24 of which must lead to a free place; the next one by default. */
  readonly key?: number;
}

/** The bits of access words. Throws ConfigError. */
export function accessBits(words: readonly Access[]): number {
  let bits = 0;
  for (const [i, word] of words.entries()) {
    const bit = Object.hasOwn(ACCESS, word) ? ACCESS[word] : undefined;
    if (bit === undefined) throw new ConfigError(`access[${i}]`, word, `one of ${Object.keys(ACCESS).join(", ")}`);
    bits |= bit;
  }
  return bits;
}

export class MemoryRegion {
  /** The bytes, for this side to read and write. */
  readonly bytes: Uint8Array;
  /** Opens the region to work requests, and to peers: one and the same here. */
  readonly lkey: number;
  readonly rkey: number;
  /** The address of the first byte, for peers. */
  readonly va: bigint;
  /** @internal Its place in the engine's memory. */
  readonly address: number;
  /** @internal */
  readonly pd: number;
  readonly #close: () => void;

  /** @internal Made by RegionTable. */
  constructor(bytes: Uint8Array, key: number, va: bigint, address: number, pd: number, close: () => void) {
    this.bytes = bytes;
    this.lkey = key;
    this.rkey = key;
    this.va = va;
    this.address = address;
    this.pd = pd;
    this.#close = close;
  }

  /** Its keys open nothing any more, and its bytes may become another region's. Requests that name it fail. */
  deregister(): void {
    this.#close();
  }
}

/** A region as the table has it. */
export interface RegionRecord {
  readonly key: number;
  readonly pd: number;
  readonly address: number;
  readonly length: number;
  readonly va: bigint;
  /** ACCESS_ bits of assembly/layout.ts. */
  readonly access: number;
}

/** The endpoint's table of regions. */
export class RegionTable {
  /** The regions there are, by key. */
  readonly regions = new Map<number, MemoryRegion>();
  readonly #endpoint: EndpointRecord;
  readonly #memory: RegionMemory;
  /** How often each place was used: a key's low 8 bits, so that a key of a region that is gone opens nothing. */
  readonly #uses: Uint8Array;
  readonly #free: number[];

  constructor(endpoint: EndpointRecord, memory: RegionMemory) {
    this.#endpoint = endpoint;
    this.#memory = memory;
    const places = endpoint.limits.regions;
    this.#uses = new Uint8Array(places);
    this.#free = Array.from({ length: places }, (_, i) => places - 1 - i);
  }

  /** How often each place was used, modulo 255, in the order of the places. */
  get uses(): Uint8Array {
    return this.#uses.slice();
  }

  /** As a table of as many places was: regions whose memory is taken, and how often each place was used. */
  adopt(regions: readonly RegionRecord[], uses: Uint8Array): void {
    this.#uses.set(uses);
    for (const region of regions) this.#open(this.placeOf(region.key), region);
    const taken = new Set([...this.regions.keys()].map((key) => this.placeOf(key)));
    this.#free.splice(0, this.#free.length, ...this.#free.filter((place) => !taken.has(place)));
  }

  /** Where a region of that key stands. */
  placeOf(key: number): number {
    return (key >>> 8) & (this.#endpoint.limits.regions - 1);
  }

  /** ACCESS_ bits of assembly/layout.ts. */
  accessOf(region: MemoryRegion): number {
    const ptr = this.#endpoint.regions + this.placeOf(region.lkey) * REGION_BYTES;
    return this.#endpoint.owner.arena.u32[(ptr + REGION_ACCESS) >> 2] as number;
  }

  /** A region of so many bytes, which are zero. Throws ConfigError when there is no place or no memory for it. */
  register(pd: number, length: number, options: RegionOptions): MemoryRegion {
    const { arena } = this.#endpoint.owner;
    const { memoryBytes, regions } = this.#endpoint.limits;
    checkInteger("bytes", length, 1, memoryBytes);
    const access = accessBits(options.access ?? []);
    if (options.key !== undefined) checkInteger("key", options.key, 1, 2 ** 32 - 1);
    const place = options.key === undefined ? this.#free.at(-1) : this.placeOf(options.key);
    if (place === undefined || !this.#free.includes(place)) {
      throw new ConfigError("regions", options.key ?? regions + 1, `a free one of ${regions} (rdma.regions)`);
    }
    const address = this.#memory.take(length);
    this.#free.splice(this.#free.indexOf(place), 1);
    const key = options.key ?? this.#keyOf(place);
    const va = BigInt.asUintN(64, options.va ?? BigInt(address));
    arena.u8.fill(0, address, address + length);
    return this.#open(place, { key, pd, address, length, va, access });
  }

  #open(place: number, { key, pd, address, length, va, access }: RegionRecord): MemoryRegion {
    const { arena } = this.#endpoint.owner;
    const ptr = this.#endpoint.regions + place * REGION_BYTES;
    const word = (field: number, value: number) => {
      arena.u32[(ptr + field) >> 2] = value;
    };
    word(REGION_PD, pd);
    word(REGION_BASE, address);
    word(REGION_LENGTH, length);
    word(REGION_ACCESS, access);
    arena.u64[(ptr + REGION_VA) >> 3] = va;
    word(REGION_KEY, key);
    let isOpen = true;
    const region = new MemoryRegion(arena.u8.subarray(address, address + length), key, va, address, pd, () => {
      if (!isOpen) return;
      isOpen = false;
      word(REGION_KEY, 0);
      this.regions.delete(key);
      this.#free.push(place);
      this.#memory.give(address, length);
    });
    this.regions.set(key, region);
    return region;
  }

  /** Key 0 opens nothing, so no region has it. */
  #keyOf(place: number): number {
    const uses = ((this.#uses[place] as number) % 255) + 1;
    this.#uses[place] = uses;
    return ((place << 8) | uses) >>> 0;
  }
}
