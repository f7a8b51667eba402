/**
 * How many buckets a table of the data plane has, and so what it takes of memory (assembly/table/table.ts draws it): the least
 * power of two whose slots are at most 7/8 full at capacity, since beyond about 95 in 100 two choices of three slots run out.
 * A capacity that is a power of two fills two thirds.
 *
 * In the 1 GiB that an engine may take: 2^24 entries of 16-byte keys (512 MiB), 11,010,048 of 32 (512 MiB) or 48 bytes (768 MiB).
 */
import { TABLE_CAPACITY_MAX, TABLE_WAYS } from "../../assembly/layout.js";
import { checkInteger } from "../check.js";
import { ConfigError } from "../errors.js";

export interface TableShape {
  readonly keyBytes: number;
  readonly capacity: number;
  readonly buckets: number;
}

const KEY_BYTES: readonly number[] = [16, 32, 48];
const FILL_MAX = 7 / 8;

export function tableShape(keyBytes: number, capacity: number): TableShape {
  if (!KEY_BYTES.includes(keyBytes)) throw new ConfigError("keyBytes", keyBytes, `one of ${KEY_BYTES.join(", ")}`);
  checkInteger("capacity", capacity, 1, TABLE_CAPACITY_MAX);
  let buckets = 2;
  while (buckets * TABLE_WAYS * FILL_MAX < capacity) buckets *= 2;
  return { keyBytes, capacity, buckets };
}

/** Bytes of a table's buckets: 64 for every 16 of a key. Its record, TABLE_BYTES, comes on top. */
export function tableBytes({ keyBytes, buckets }: TableShape): number {
  return buckets * keyBytes * 4;
}
