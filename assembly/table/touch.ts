// What a burst's lookup in a large table touches before it looks: Wasm has no prefetch, so a touch is a load whose value decides
// nothing, and a pass of them has nothing else in it, so that as many as a core can have under way are.
import { TABLE_BURST, TABLE_HASHES, TABLE_PENDING } from "../layout";
import { Key } from "./key";
import { Place, Table } from "./table";

/** The first line of each first bucket. */
export function touchFirst<K>(table: usize, n: u32): void {
  const t = changetype<Table>(table);
  const buckets = t.buckets as usize;
  const mask = t.mask;
  const end = table + ((n as usize) << 3);
  let seen: u32 = 0;
  for (let at = table; at < end; at += 8) {
    seen ^= load<u32>(Place.bucket<K>(buckets, load<u64>(at, TABLE_HASHES) as u32, mask));
  }
  t.touched = seen;
}

/** Of long keys, once the first lines are here: the candidate's line or, where there is none, the second bucket's first. */
export function touchNext<K>(table: usize, n: u32): void {
  const t = changetype<Table>(table);
  const buckets = t.buckets as usize;
  const mask = t.mask;
  const end = table + ((n as usize) << 3);
  let seen: u32 = 0;
  for (let at = table; at < end; at += 8) {
    const hash = load<u64>(at, TABLE_HASHES);
    const bucket = Place.bucket<K>(buckets, hash as u32, mask);
    const ways = Place.ways(bucket, Place.tag(hash));
    // A branch, not a select: guessed right mostly, it does not wait for the first line.
    const line =
      ways != 0 ? Key.at<K>(bucket, ctz(ways)) : Place.bucket<K>(buckets, Place.other(hash as u32, hash, mask), mask);
    seen ^= load<u32>(line);
  }
  t.touched = seen;
}

/** The first line of the second bucket of each pending key, and of long keys the candidate's. */
export function touchSecond<K>(table: usize, n: u32): void {
  const t = changetype<Table>(table);
  const buckets = t.buckets as usize;
  const mask = t.mask;
  const end = table + ((n as usize) << 2);
  let seen: u32 = 0;
  for (let at = table; at < end; at += 4) {
    const i = (load<u32>(at, TABLE_PENDING) & (TABLE_BURST - 1)) as usize;
    const hash = load<u64>(table + (i << 3), TABLE_HASHES);
    const bucket = Place.bucket<K>(buckets, Place.other(hash as u32, hash, mask), mask);
    if (offsetof<K>() == 16) seen ^= load<u32>(bucket);
    // Without a candidate, whichever line is the last slot's.
    else seen ^= load<u32>(Key.at<K>(bucket, ctz(Place.ways(bucket, Place.tag(hash)) | 4)));
  }
  t.touched = seen;
}
