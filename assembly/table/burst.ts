// The lookup of a burst. A lookup in a large table waits for memory, about once a key; what makes a burst fast is that its
// keys wait together. So it goes in passes over up to 64 keys, none of which needs what an earlier key's load brought:
// hash all; touch the first bucket of each (Wasm has no prefetch: a load whose value decides nothing) and, of long keys, the
// line of the slot whose tag matches; look in the first buckets; and the same again for those not found, in their second.
import { TABLE_BURST, TABLE_HASHES, TABLE_MISS, TABLE_PENDING } from "../layout";
import { Key, Key16, Key32, Key48 } from "./key";
import { Place, Table, VALUES } from "./table";

/**
 * Looks n keys up, at the addresses in ptrs; out takes the value of each, or TABLE_MISS. Returns how many were found.
 */
export function tableLookupBurst(table: usize, ptrs: usize, out: usize, n: u32): u32 {
  const keyBytes = changetype<Table>(table).keyBytes;
  let hits: u32 = 0;
  while (n != 0) {
    const run = min<u32>(n, TABLE_BURST);
    if (keyBytes == 16) hits += lookupRun<Key16>(table, ptrs, out, run);
    else if (keyBytes == 32) hits += lookupRun<Key32>(table, ptrs, out, run);
    else hits += lookupRun<Key48>(table, ptrs, out, run);
    ptrs += (run as usize) << 2;
    out += (run as usize) << 2;
    n -= run;
  }
  return hits;
}

function lookupRun<K>(table: usize, ptrs: usize, out: usize, n: u32): u32 {
  const t = changetype<Table>(table);
  const buckets = t.buckets as usize;
  const mask = t.mask;
  const seed = t.seed;
  const large = t.large;
  const hashes = table + TABLE_HASHES;
  const pending = table + TABLE_PENDING;
  for (let i: u32 = 0; i < n; i++) {
    store<u64>(hashes + ((i as usize) << 3), Key.hash<K>(load<u32>(ptrs + ((i as usize) << 2)) as usize, seed));
  }
  if (large != 0) touchFirst<K>(table, n);

  let missing: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const hash = load<u64>(hashes + ((i as usize) << 3));
    const bucket = buckets + (((hash as u32) & mask) as usize) * bucketBytes<K>();
    const key = load<u32>(ptrs + ((i as usize) << 2)) as usize;
    let ways = Place.ways(bucket, Place.tag(hash));
    while (ways != 0) {
      const way = ctz(ways);
      if (Key.equal<K>(Key.at<K>(bucket, way), key)) {
        store<u32>(out + ((i as usize) << 2), load<u32>(bucket + ((way as usize) << 2), VALUES));
        break;
      }
      ways &= ways - 1;
    }
    if (ways == 0) {
      store<u32>(pending + ((missing as usize) << 2), i);
      missing++;
    }
  }
  if (missing == 0) return n;
  if (large != 0) touchSecond<K>(table, missing);
  return n - missing + lookupSecond<K>(table, ptrs, out, missing);
}

/** Looks for the pending keys in their second buckets; returns how many were there. */
function lookupSecond<K>(table: usize, ptrs: usize, out: usize, n: u32): u32 {
  const t = changetype<Table>(table);
  const buckets = t.buckets as usize;
  const mask = t.mask;
  const pending = table + TABLE_PENDING;
  let hits: u32 = 0;
  for (let p: u32 = 0; p < n; p++) {
    const i = load<u32>(pending + ((p as usize) << 2)) as usize;
    const hash = load<u64>(table + (i << 3), TABLE_HASHES);
    const bucket = buckets + (Place.other((hash as u32) & mask, hash, mask) as usize) * bucketBytes<K>();
    const key = load<u32>(ptrs + (i << 2)) as usize;
    let value: u32 = TABLE_MISS;
    for (let ways = Place.ways(bucket, Place.tag(hash)); ways != 0; ways &= ways - 1) {
      const way = ctz(ways);
      if (Key.equal<K>(Key.at<K>(bucket, way), key)) {
        value = load<u32>(bucket + ((way as usize) << 2), VALUES);
        hits++;
        break;
      }
    }
    store<u32>(out + (i << 2), value);
  }
  return hits;
}

function touchFirst<K>(table: usize, n: u32): void {
  const t = changetype<Table>(table);
  const buckets = t.buckets as usize;
  const mask = t.mask;
  let seen: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const hash = load<u64>(table + ((i as usize) << 3), TABLE_HASHES);
    seen ^= load<u32>(buckets + (((hash as u32) & mask) as usize) * bucketBytes<K>());
  }
  if (offsetof<K>() > 16) {
    for (let i: u32 = 0; i < n; i++) {
      const hash = load<u64>(table + ((i as usize) << 3), TABLE_HASHES);
      const bucket = buckets + (((hash as u32) & mask) as usize) * bucketBytes<K>();
      // No match gives way 2 or so: any line of the bucket will do.
      seen ^= load<u32>(Key.at<K>(bucket, ctz(Place.ways(bucket, Place.tag(hash)) | 4)));
    }
  }
  t.touched = seen;
}

function touchSecond<K>(table: usize, n: u32): void {
  const t = changetype<Table>(table);
  const buckets = t.buckets as usize;
  const mask = t.mask;
  let seen: u32 = 0;
  for (let p: u32 = 0; p < n; p++) {
    const i = load<u32>(table + ((p as usize) << 2), TABLE_PENDING) as usize;
    const hash = load<u64>(table + (i << 3), TABLE_HASHES);
    seen ^= load<u32>(buckets + (Place.other((hash as u32) & mask, hash, mask) as usize) * bucketBytes<K>());
  }
  t.touched = seen;
}

function bucketBytes<K>(): usize {
  return offsetof<K>() << 2;
}
