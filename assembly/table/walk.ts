// A walk over a table, for control code that dumps or ages it, slot by slot. Removing any entry during a walk is safe, the one
// just seen too: no other moves, and each of the rest is seen once. An insert may move entries, so those may be seen twice or
// not at all by a walk that it falls into; what is neither inserted nor moved is still seen once.
import {
  STATS_BYTES,
  STATS_ENTRIES,
  STATS_FILL,
  STATS_LONGEST,
  STATS_SECOND,
  STATS_SLOTS,
  TABLE_END,
  TABLE_WAYS,
} from "../layout";
import { hashKey } from "./key";
import { slotValue } from "./lookup";
import { Place, slotBucket, slotKey, Table } from "./table";

/** The first slot with an entry from that slot on, or TABLE_END. A walk starts at 0 and goes on at the slot behind. */
export function tableNext(table: usize, slot: u32): u32 {
  return tableNextBefore(table, slot, (changetype<Table>(table).mask + 1) << 2);
}

/** The same, but only before the end: the first slot of a bucket, or behind the last. */
export function tableNextBefore(table: usize, slot: u32, end: u32): u32 {
  const t = changetype<Table>(table);
  // The entries of a bucket before the slot do not count.
  let behind: u32 = 7 << (slot & 3);
  for (; slot < end; slot = (slot | 3) + 1) {
    const ways = occupied(t, slot) & behind;
    if (ways != 0) return (slot & ~3) + ctz(ways);
    behind = 7;
  }
  return TABLE_END;
}

/** Where the key of an entry is, from its slot. */
export function tableKey(table: usize, slot: u32): usize {
  return slotKey(changetype<Table>(table), slot);
}

/** The value of an entry, from its slot. */
export function tableValue(table: usize, slot: u32): u32 {
  return slotValue(changetype<Table>(table), slot);
}

/**
 * Counts a table, every bucket of it: entries, those that are in their second bucket, the longest probe (2 buckets when there are
 * such), slots, and how many buckets hold 0 to 3 entries. The mean probe of a hit is 1 + second / entries.
 */
export function tableStats(table: usize, out: usize): void {
  const t = changetype<Table>(table);
  const mask = t.mask;
  memory.fill(out, 0, STATS_BYTES);
  let entries: u32 = 0;
  let second: u32 = 0;
  for (let bucket: u32 = 0; bucket <= mask; bucket++) {
    let ways = occupied(t, bucket << 2);
    const count = popcnt(ways);
    const fill = out + ((count as usize) << 2);
    store<u32>(fill, load<u32>(fill, STATS_FILL) + 1, STATS_FILL);
    entries += count;
    for (; ways != 0; ways &= ways - 1) {
      const hash = hashKey(t, slotKey(t, (bucket << 2) + ctz(ways)));
      second += u32(((hash as u32) & mask) != bucket);
    }
  }
  store<u32>(out, entries, STATS_ENTRIES);
  store<u32>(out, second, STATS_SECOND);
  store<u32>(out, second != 0 ? 2 : min<u32>(entries, 1), STATS_LONGEST);
  store<u32>(out, (mask + 1) * TABLE_WAYS, STATS_SLOTS);
}

/** The slots of a bucket that hold entries, as bits 0 to 2. */
function occupied(t: Table, slot: u32): u32 {
  return Place.ways(slotBucket(t, slot), 0) ^ 7;
}
