// One lookup: both buckets of a key, its tag in each, and every candidate compared whole.
import { TABLE_END, TABLE_MISS } from "../layout";
import { equalKeys, hashKey } from "./key";
import { Place, slotBucket, slotKey, Table, VALUES } from "./table";

/** The value of a key, or TABLE_MISS. */
export function tableLookup(table: usize, key: usize): u32 {
  const t = changetype<Table>(table);
  const slot = find(t, key, hashKey(t, key));
  return slot == TABLE_END ? TABLE_MISS : slotValue(t, slot);
}

/** The slot that holds a key of that hash, or TABLE_END. */
export function find(t: Table, key: usize, hash: u64): u32 {
  const bucket = (hash as u32) & t.mask;
  const slot = findIn(t, bucket, key, hash);
  return slot != TABLE_END ? slot : findIn(t, Place.other(bucket, hash, t.mask), key, hash);
}

function findIn(t: Table, bucket: u32, key: usize, hash: u64): u32 {
  for (let ways = Place.ways(slotBucket(t, bucket << 2), Place.tag(hash)); ways != 0; ways &= ways - 1) {
    const slot = (bucket << 2) + ctz(ways);
    if (equalKeys(t, slotKey(t, slot), key)) return slot;
  }
  return TABLE_END;
}

export function slotValue(t: Table, slot: u32): u32 {
  return load<u32>(slotBucket(t, slot) + (((slot & 3) as usize) << 2), VALUES);
}

/** Sets the value of an entry, from its slot; TABLE_MISS is none. */
export function setSlotValue(t: Table, slot: u32, value: u32): void {
  store<u32>(slotBucket(t, slot) + (((slot & 3) as usize) << 2), value, VALUES);
}
