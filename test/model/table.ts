/**
 * The table as its users see it, a Map by the key's hex; where its keys may be, from the description in assembly/table/table.ts
 * and the model of the hash; and whether a set of keys fits at all.
 */
import { TABLE_MISS, TABLE_WAYS } from "../../assembly/layout.js";
import { murmur3 } from "./murmur.js";

export class ModelTable {
  readonly entries = new Map<string, { readonly key: Uint8Array; readonly value: number }>();

  has(key: Uint8Array): boolean {
    return this.entries.has(name(key));
  }

  lookup(key: Uint8Array): number {
    return this.entries.get(name(key))?.value ?? TABLE_MISS;
  }

  set(key: Uint8Array, value: number): void {
    this.entries.set(name(key), { key: key.slice(), value });
  }

  remove(key: Uint8Array): number {
    const value = this.lookup(key);
    this.entries.delete(name(key));
    return value;
  }
}

/** A key's two buckets and its tag. */
export function place(key: Uint8Array, seed: bigint, buckets: number) {
  const hash = murmur3(key, seed).h1;
  const mask = BigInt(buckets - 1);
  const first = hash & mask;
  const second = first ^ (((hash >> 28n) | 1n) & mask);
  return { first: Number(first), second: Number(second), tag: Number((hash >> 56n) | 0x80n) };
}

/** Whether every key can have a slot in one of its two buckets: a matching, by augmenting paths. */
export function fits(keys: Iterable<Uint8Array>, seed: bigint, buckets: number): boolean {
  const held: (readonly [number, number])[][] = Array.from({ length: buckets }, () => []);
  const settle = (choices: readonly [number, number], seen: Set<number>): boolean => {
    for (const bucket of choices) {
      if (seen.has(bucket)) continue;
      seen.add(bucket);
      const there = held[bucket] as (readonly [number, number])[];
      if (there.length < TABLE_WAYS) {
        there.push(choices);
        return true;
      }
      const moved = there.findIndex((other) => settle(other, seen));
      if (moved >= 0) {
        there[moved] = choices;
        return true;
      }
    }
    return false;
  };
  for (const key of keys) {
    const { first, second } = place(key, seed, buckets);
    if (!settle([first, second], new Set())) return false;
  }
  return true;
}

function name(key: Uint8Array): string {
  return Buffer.from(key).toString("hex");
}
