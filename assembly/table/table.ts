// A hash table of keys of 16, 32 or 48 bytes, compared whole, with u32 values. A key has two buckets, both from its hash, and
// is in one of their six slots or nowhere (cuckoo hashing, R. Pagh and F. F. Rodler 2004, over buckets, M. Dietzfelbinger and
// C. Weidling 2007): a lookup looks at two buckets at the most, whatever the table has been through, and a removal clears a
// tag and leaves nothing behind that would have to be cleaned up.
//
// A bucket is one, two or three cache lines, 64 bytes for every 16 of a key, and no key crosses a line:
//
//   all lengths    0 │ tags 3 × u8, away │ values 3 × u32 │
//   of 16 bytes   16 │ key 0 │ key 1 │ key 2 │
//   of 32 bytes   16 │ unused 16 │ key 0 │ key 1 │ key 2 │
//   of 48 bytes   16 │ key 0 │ unused 16 │ key 1 │ unused 16 │ key 2 │
//
// A tag is 0x80 with seven bits of the hash; 0 is an empty slot. Inserts prefer the first bucket and its first slot, so
// that most hits need one line. Hash bits: 0-22 the first bucket, 28-50 how the second differs, 56-62 the tag.
//
// Whoever knows keys that collide in all of these can fill six slots and have the seventh refused (hash/murmur.ts says what
// seeds cannot prevent); nothing gets slower by it.
import {
  TABLE_BUCKET_BYTES,
  TABLE_BUCKETS,
  TABLE_BYTES,
  TABLE_CAPACITY,
  TABLE_ENTRIES,
  TABLE_HASHES,
  TABLE_KEY_BYTES,
  TABLE_KEY_FIRST,
  TABLE_KEY_STRIDE,
  TABLE_LARGE,
  TABLE_MASK,
  TABLE_MOVES,
  TABLE_REFUSED,
  TABLE_SEED,
  TABLE_TOUCHED,
  TABLE_WAYS,
} from "../layout";

/** Where in a bucket it says which of its ways hold entries that are there as in their second, as bits 0 to 2. */
export const AWAY: usize = 3;

/** Where in a bucket its values are. */
export const VALUES: usize = 4;

/** More bytes of buckets than this, and a burst touches its buckets before it looks at any: a core's own cache holds no more. */
const LARGE_BYTES: u32 = 1 << 20;

@unmanaged
export class Table {
  buckets: u32;
  /** Buckets less one. */
  mask: u32;
  bucketBytes: u32;
  keyBytes: u32;
  /** Where in a bucket its keys are: keyFirst + way * keyStride. */
  keyFirst: u32;
  keyStride: u32;
  /** Entries that it may hold. */
  capacity: u32;
  entries: u32;
  seed: u64;
  /** Entries that inserts have moved to their other bucket. */
  moves: u64;
  /** Inserts that found no room. */
  refused: u64;
  /** 1 when its buckets are more than LARGE_BYTES. */
  large: u32;
  /** What the touching loads of a burst came to: kept, so that no compiler leaves them out. */
  touched: u32;
}

if (offsetof<Table>() != TABLE_HASHES) ERROR("Table: size");
if (offsetof<Table>("buckets") != TABLE_BUCKETS) ERROR("Table: buckets");
if (offsetof<Table>("mask") != TABLE_MASK) ERROR("Table: mask");
if (offsetof<Table>("bucketBytes") != TABLE_BUCKET_BYTES) ERROR("Table: bucketBytes");
if (offsetof<Table>("keyBytes") != TABLE_KEY_BYTES) ERROR("Table: keyBytes");
if (offsetof<Table>("keyFirst") != TABLE_KEY_FIRST) ERROR("Table: keyFirst");
if (offsetof<Table>("keyStride") != TABLE_KEY_STRIDE) ERROR("Table: keyStride");
if (offsetof<Table>("capacity") != TABLE_CAPACITY) ERROR("Table: capacity");
if (offsetof<Table>("entries") != TABLE_ENTRIES) ERROR("Table: entries");
if (offsetof<Table>("seed") != TABLE_SEED) ERROR("Table: seed");
if (offsetof<Table>("moves") != TABLE_MOVES) ERROR("Table: moves");
if (offsetof<Table>("refused") != TABLE_REFUSED) ERROR("Table: refused");
if (offsetof<Table>("large") != TABLE_LARGE) ERROR("Table: large");
if (offsetof<Table>("touched") != TABLE_TOUCHED) ERROR("Table: touched");

/**
 * Makes an empty table over bucketCount buckets of 4 * keyBytes bytes, on a cache line. bucketCount is a power of two from 2 to
 * 2^23; keyBytes is 16, 32 or 48; capacity, at most 7/8 of the slots, is what src/table/shape.ts made the buckets for.
 */
export function tableInit(
  table: usize,
  buckets: usize,
  bucketCount: u32,
  keyBytes: u32,
  capacity: u32,
  seed: u64,
): void {
  assert(keyBytes == 16 || keyBytes == 32 || keyBytes == 48, "key size");
  assert(bucketCount >= 2 && bucketCount <= 1 << 23 && popcnt(bucketCount) == 1, "bucket count");
  assert(capacity > 0 && capacity * 8 <= bucketCount * TABLE_WAYS * 7, "capacity");
  assert((buckets & 63) == 0, "buckets off a cache line");
  memory.fill(table, 0, TABLE_BYTES);
  const t = changetype<Table>(table);
  t.buckets = buckets as u32;
  t.mask = bucketCount - 1;
  t.bucketBytes = keyBytes << 2;
  t.keyBytes = keyBytes;
  t.keyFirst = keyBytes == 32 ? 32 : 16;
  t.keyStride = keyBytes == 48 ? 64 : keyBytes;
  t.capacity = capacity;
  t.seed = seed;
  t.large = u32(bucketCount * (keyBytes << 2) > LARGE_BYTES);
  for (let i: u32 = 0; i < bucketCount; i++) store<u32>(buckets + (i as usize) * (keyBytes << 2), 0);
}

/** What a hash says, inlined. */
export class Place {
  @inline
  static tag(hash: u64): u32 {
    return ((hash >> 56) as u32) | 0x80;
  }

  /** The key's other bucket, from either: never the same one, since the lowest bit always differs. */
  @inline
  static other(bucket: u32, hash: u64, mask: u32): u32 {
    return bucket ^ ((((hash >> 28) as u32) | 1) & mask);
  }

  /** Where the bucket of keys K is that a number's low bits name. */
  @inline
  static bucket<K>(buckets: usize, number: u32, mask: u32): usize {
    return buckets + ((number & mask) as usize) * (offsetof<K>() << 2);
  }

  /** The slots of a bucket whose tags match, as bits 0 to 2. */
  @inline
  static ways(bucket: usize, tag: u32): u32 {
    return i8x16.bitmask(i8x16.eq(v128.load(bucket), i8x16.splat(tag as i8))) & 7;
  }
}

/** A slot is numbered 4 * bucket + way. */
export function slotBucket(t: Table, slot: u32): usize {
  return (t.buckets as usize) + ((slot >> 2) as usize) * t.bucketBytes;
}

export function slotKey(t: Table, slot: u32): usize {
  return slotBucket(t, slot) + t.keyFirst + (slot & 3) * t.keyStride;
}

/** The first empty slot of a bucket, or the number that names none: TABLE_WAYS above the bucket's. */
export function emptySlot(t: Table, bucket: u32): u32 {
  const ways = Place.ways(slotBucket(t, bucket << 2), 0);
  return (bucket << 2) + (ways == 0 ? TABLE_WAYS : ctz(ways));
}
