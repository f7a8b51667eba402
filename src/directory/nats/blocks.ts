/**
 * Blocks of global queue-pair numbers. The number space is kept in 256 parts, each an allocator of its own under a key of its own, so
 * that ten thousand hosts that start at once do not all write the same entry. Which part a host tries first follows from its name.
 */
import { type AllocatorState, BlockAllocator } from "../../gqp/allocator.js";
import { GQPN_FIRST, GQPN_LAST } from "../../gqp/numbers.js";
import type { Block } from "../directory.js";
import { BlockInUse, BlocksExhausted } from "../errors.js";
import type { Bucket } from "./bucket.js";
import type { Endpoints } from "./endpoints.js";
import { blocksKey, numbersOf } from "./keys.js";

const PARTS = 256;
const PART_BITS = 16;

export class Blocks {
  readonly #bucket: Bucket;
  readonly #endpoints: Endpoints;
  readonly #quarantineMs: number;
  readonly #now: () => number;

  constructor(bucket: Bucket, endpoints: Endpoints, quarantineMs: number, now: () => number) {
    this.#bucket = bucket;
    this.#endpoints = endpoints;
    this.#quarantineMs = quarantineMs;
    this.#now = now;
  }

  async allocate(host: string, size: number): Promise<Block> {
    const start = partOf(host);
    for (let i = 0; i < PARTS; i++) {
      const part = (start + i) % PARTS;
      let first: number | undefined;
      await this.#bucket.exchange<AllocatorState>(blocksKey(part), (state) => {
        const allocator = allocatorOf(part, state);
        first = allocator.allocate(host, size, this.#now());
        return first === undefined ? undefined : allocator.state;
      });
      if (first !== undefined) return { first, size };
    }
    throw new BlocksExhausted(size);
  }

  async release(host: string, block: Block): Promise<void> {
    const { first, size } = block;
    const part = first >> PART_BITS;
    let isOwner = false;
    const entry = await this.#bucket.get(blocksKey(part));
    isOwner = allocatorOf(part, entry?.value as AllocatorState | undefined).owns(host, first, size);
    if (isOwner && (await this.#isPublished(block))) throw new BlockInUse(host, block, "some of them are published");
    await this.#bucket.exchange<AllocatorState>(blocksKey(part), (state) => {
      const allocator = allocatorOf(part, state);
      isOwner = allocator.release(host, first, size, this.#now() + this.#quarantineMs);
      return isOwner ? allocator.state : undefined;
    });
    if (!isOwner) throw new BlockInUse(host, block, "they are not its own");
  }

  async #isPublished({ first, size }: Block): Promise<boolean> {
    const last = first + size - 1;
    for (let high = first >> 8; high <= last >> 8; high++) {
      for (const entry of await this.#bucket.list(numbersOf(high))) {
        const gqpn = (high << 8) | Number(entry.key.split(".")[2]);
        if (gqpn >= first && gqpn <= last && (await this.#endpoints.isPublished(entry))) return true;
      }
    }
    return false;
  }
}

function allocatorOf(part: number, state: AllocatorState | undefined): BlockAllocator {
  const first = part << PART_BITS;
  const last = first + 2 ** PART_BITS - 1;
  return new BlockAllocator(Math.max(first, GQPN_FIRST), Math.min(last, GQPN_LAST), state);
}

/** Spreads names over the parts: FNV-1a, as its authors publish it. */
function partOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % PARTS;
}
