// The lookup of a burst. A lookup in a large table waits for memory, about once a key; what makes a burst fast is that its
// keys wait together. So it goes in passes over up to 64 keys, none of which needs what an earlier key's load brought:
// hash all; touch the first bucket of each (Wasm has no prefetch: a load whose value decides nothing) and, of long keys, the
// line of the slot whose tag matches; look in the first buckets; and the same again for those not found, in their second.
import { TABLE_BURST, TABLE_HASHES, TABLE_MISS, TABLE_PENDING } from "../layout";
import { Key, Key16, Key32, Key48 } from "./key";
import { Place, Table, VALUES } from "./table";

/** A pending key's entry: its place in the burst, and above it the candidates in its first bucket that are not compared yet. */
const PENDING_WAYS: u32 = 8;

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
  const seed = t.seed;
  const large = t.large;
  const hashes = table + TABLE_HASHES;
  const even = n & ~1;
  for (let i: u32 = 0; i < even; i += 2) {
    const list = ptrs + ((i as usize) << 2);
    const a = Key.hash<K>(load<u32>(list) as usize, seed);
    const b = Key.hash<K>(load<u32>(list, 4) as usize, seed);
    store<u64>(hashes + ((i as usize) << 3), a);
    store<u64>(hashes + ((i as usize) << 3), b, 8);
  }
  if (even != n)
    store<u64>(hashes + ((even as usize) << 3), Key.hash<K>(load<u32>(ptrs + ((even as usize) << 2)) as usize, seed));
  if (large != 0) touchFirst<K>(table, n);
  const missing = lookupFirst<K>(table, ptrs, out, n);
  if (missing == 0) return n;
  if (large != 0) touchSecond<K>(table, missing);
  return n - missing + lookupSecond<K>(table, ptrs, out, missing);
}

/** Compares the first candidate of each first bucket; what is not that is pending, with the candidates left. Returns how many are. */
function lookupFirst<K>(table: usize, ptrs: usize, out: usize, n: u32): u32 {
  const t = changetype<Table>(table);
  const buckets = t.buckets as usize;
  const mask = t.mask;
  const hashes = table + TABLE_HASHES;
  let pending = table + TABLE_PENDING;
  for (let i: u32 = 0; i < n; i++) {
    const hash = load<u64>(hashes + ((i as usize) << 3));
    const bucket = buckets + (((hash as u32) & mask) as usize) * bucketBytes<K>();
    const ways = Place.ways(bucket, Place.tag(hash));
    if (ways != 0) {
      const way = ctz(ways);
      if (Key.equal<K>(Key.at<K>(bucket, way), load<u32>(ptrs + ((i as usize) << 2)) as usize)) {
        store<u32>(out + ((i as usize) << 2), load<u32>(bucket + ((way as usize) << 2), VALUES));
        continue;
      }
    }
    store<u32>(pending, i | ((ways & (ways - 1)) << PENDING_WAYS));
    pending += 4;
  }
  return ((pending - table - TABLE_PENDING) >> 2) as u32;
}

/** Looks for the pending keys at the rest of their candidates; returns how many were there. */
function lookupSecond<K>(table: usize, ptrs: usize, out: usize, n: u32): u32 {
  const t = changetype<Table>(table);
  const buckets = t.buckets as usize;
  const mask = t.mask;
  const pending = table + TABLE_PENDING;
  let hits: u32 = 0;
  for (let p: u32 = 0; p < n; p++) {
    const entry = load<u32>(pending + ((p as usize) << 2));
    const i = (entry & (TABLE_BURST - 1)) as usize;
    const hash = load<u64>(table + (i << 3), TABLE_HASHES);
    const first = (hash as u32) & mask;
    const key = load<u32>(ptrs + (i << 2)) as usize;
    const second = buckets + (Place.other(first, hash, mask) as usize) * bucketBytes<K>();
    let value = candidates<K>(second, Place.ways(second, Place.tag(hash)), key);
    if (entry >= 1 << PENDING_WAYS && value == TABLE_MISS) {
      value = candidates<K>(buckets + (first as usize) * bucketBytes<K>(), entry >> PENDING_WAYS, key);
    }
    store<u32>(out + (i << 2), value);
    hits += u32(value != TABLE_MISS);
  }
  return hits;
}

/** The value of a key that is in one of these ways of a bucket, or TABLE_MISS. */
function candidates<K>(bucket: usize, ways: u32, key: usize): u32 {
  for (; ways != 0; ways &= ways - 1) {
    const way = ctz(ways);
    if (Key.equal<K>(Key.at<K>(bucket, way), key)) return load<u32>(bucket + ((way as usize) << 2), VALUES);
  }
  return TABLE_MISS;
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
    const i = (load<u32>(table + ((p as usize) << 2), TABLE_PENDING) & (TABLE_BURST - 1)) as usize;
    const hash = load<u64>(table + (i << 3), TABLE_HASHES);
    seen ^= load<u32>(buckets + (Place.other((hash as u32) & mask, hash, mask) as usize) * bucketBytes<K>());
  }
  t.touched = seen;
}

function bucketBytes<K>(): usize {
  return offsetof<K>() << 2;
}
