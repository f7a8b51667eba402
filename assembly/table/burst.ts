// The lookup of a burst. A lookup in a large table waits for memory, about once a key; what makes a burst fast is that its keys
// wait together. So it goes in passes over up to 64 keys, in none of which a key waits for the one before: hash all; touch
// what the next pass reads, where the table is larger than the caches near the core (touch.ts); compare each key with its
// first candidate, nearly always the right one; and look on for the rest, mostly in their second buckets.
import { murmur3Burst } from "../hash/murmur";
import { TABLE_BURST, TABLE_HASHES, TABLE_MISS, TABLE_PENDING } from "../layout";
import { Key, Key16, Key32, Key48 } from "./key";
import { Place, Table, VALUES } from "./table";
import { touchFirst, touchNext, touchSecond } from "./touch";

/** A pending key's entry: its place in the burst, and above it the candidates in its first bucket that are not compared yet. */
const PENDING_WAYS: u32 = 8;

/** Looks n keys up, at the addresses in ptrs; out takes the value of each, or TABLE_MISS. Returns how many were found. */
export function tableLookupBurst(table: usize, ptrs: usize, out: usize, n: u32): u32 {
  const t = changetype<Table>(table);
  const keyBytes = t.keyBytes;
  let hits: u32 = 0;
  while (n != 0) {
    const run = min<u32>(n, TABLE_BURST);
    murmur3Burst(ptrs, keyBytes, t.seed, table + TABLE_HASHES, run);
    if (keyBytes == 16) hits += lookupRun<Key16>(table, ptrs, out, run);
    else if (keyBytes == 32) hits += lookupRun<Key32>(table, ptrs, out, run);
    else hits += lookupRun<Key48>(table, ptrs, out, run);
    ptrs += (run as usize) << 2;
    out += (run as usize) << 2;
    n -= run;
  }
  return hits;
}

/** Looks n hashed keys up; returns how many were found. */
function lookupRun<K>(table: usize, ptrs: usize, out: usize, n: u32): u32 {
  const large = changetype<Table>(table).large;
  if (large != 0) {
    touchFirst<K>(table, n);
    if (offsetof<K>() > 16) touchNext<K>(table, n);
  }
  const missing = lookupFirst<K>(table, ptrs, out, n);
  if (missing == 0) return n;
  if (large != 0) touchSecond<K>(table, missing);
  return n - missing + lookupRest<K>(table, ptrs, out, missing);
}

/** Compares each key with its first candidate; the others are pending. Returns how many are. */
function lookupFirst<K>(table: usize, ptrs: usize, out: usize, n: u32): u32 {
  const t = changetype<Table>(table);
  const buckets = t.buckets as usize;
  const mask = t.mask;
  const hashes = table + TABLE_HASHES;
  let pending = table + TABLE_PENDING;
  for (let i: u32 = 0; i < n; i++) {
    const hash = load<u64>(hashes + ((i as usize) << 3));
    const bucket = Place.bucket<K>(buckets, hash as u32, mask);
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

/** Looks on for the n pending keys; returns how many were there. */
function lookupRest<K>(table: usize, ptrs: usize, out: usize, n: u32): u32 {
  const t = changetype<Table>(table);
  const buckets = t.buckets as usize;
  const mask = t.mask;
  const end = table + ((n as usize) << 2);
  let hits: u32 = 0;
  for (let at = table; at < end; at += 4) {
    const pending = load<u32>(at, TABLE_PENDING);
    const i = (pending & (TABLE_BURST - 1)) as usize;
    const hash = load<u64>(table + (i << 3), TABLE_HASHES);
    const key = load<u32>(ptrs + (i << 2)) as usize;
    const second = Place.bucket<K>(buckets, Place.other(hash as u32, hash, mask), mask);
    let value = candidates<K>(second, Place.ways(second, Place.tag(hash)), key);
    const waysLeft = pending >> PENDING_WAYS;
    if (waysLeft != 0) {
      if (value == TABLE_MISS) value = candidates<K>(Place.bucket<K>(buckets, hash as u32, mask), waysLeft, key);
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
