// Whose is an address? From a MAC address and the network it is in to a partition. The control plane writes the configured
// addresses; those that a partition was seen sending from are learned here, bounded and aged.
//
//   key     1 │ network 15 │ MAC address 48, the first byte in the lowest bits        never 0, which is an empty way
//   bucket  │ key 0 … key 3 (u64) │ value 0 … 3 (u32) │ tick last seen 0 … 3 (u32) │  one cache line
//   value   address of the partition's record, which ends in zero bits │ IDENTITY_F_LEARNED
//
// A key is in the bucket that the upper bits of key * multiplier name, or in the one behind it, or nowhere (multiplicative
// hashing, Knuth, The Art of Computer Programming 6.4): half a generic lookup's time, and a removal leaves nothing behind. The
// host chooses a multiplier by which all configured addresses find room; one that finds none is refused.
import {
  IDENTITY_BUCKET_BYTES,
  IDENTITY_BUCKETS,
  IDENTITY_BYTES,
  IDENTITY_ENTRIES,
  IDENTITY_F_LEARNED,
  IDENTITY_LEARNED,
  IDENTITY_MULTIPLIER,
  IDENTITY_SHIFT,
  IDENTITY_TICK,
  PARTITION_LEARNED,
} from "../layout";

const VALUES: usize = 32;
const TICKS: usize = 48;
const MAC_MASK: u64 = 0xffff_ffff_ffff;
const KEY_FLAG: u64 = 0x8000_0000_0000_0000;

@unmanaged
export class Identity {
  /** One more than 2^(64 - shift) of them, so that every bucket has one behind it. */
  buckets: u32;
  shift: u32;
  /** Odd. */
  multiplier: u64;
  entries: u32;
  /** Entries that were learned. */
  learned: u32;
  /** Time as the control plane counts it; a learned entry keeps the tick when it was last seen. */
  tick: u32;
  unused: u32;

  /** The address of a key's value, or 0. */
  @inline
  static find(identity: usize, key: u64): usize {
    const t = changetype<Identity>(identity);
    return Identity.findIn(t.buckets as usize, t.multiplier, t.shift as u64, key);
  }

  /** The same with the record's fields in locals, for loops: a field is loaded again after every store. */
  @inline
  static findIn(buckets: usize, multiplier: u64, shift: u64, key: u64): usize {
    let bucket = Identity.bucketOf(buckets, multiplier, shift, key);
    let ways = Identity.ways(bucket, key);
    if (ways == 0) {
      bucket += IDENTITY_BUCKET_BYTES;
      ways = Identity.ways(bucket, key);
      if (ways == 0) return 0;
    }
    return bucket + VALUES + ((ctz(ways) as usize) << 2);
  }

  /** The first of the two buckets that a key may be in. */
  @inline
  static bucketOf(buckets: usize, multiplier: u64, shift: u64, key: u64): usize {
    return buckets + (((key * multiplier) >> shift) as usize) * IDENTITY_BUCKET_BYTES;
  }

  /** Which ways of a bucket hold the key, as bits 0 to 3. */
  @inline
  static ways(bucket: usize, key: u64): u32 {
    const wanted = i64x2.splat(key as i64);
    const low = i64x2.eq(v128.load(bucket), wanted);
    const high = i64x2.eq(v128.load(bucket, 16), wanted);
    // The lower half of each lane, all in one register.
    return i32x4.bitmask(v128.shuffle<i32>(low, high, 0, 2, 4, 6));
  }

  /** The key of the MAC address at mac, of which eight bytes can be read, in a network. */
  @inline
  static key(mac: usize, net: u32): u64 {
    return (load<u64>(mac) & MAC_MASK) | ((net as u64) << 48) | KEY_FLAG;
  }
}

if (offsetof<Identity>() != IDENTITY_BYTES) ERROR("Identity: size");
if (offsetof<Identity>("buckets") != IDENTITY_BUCKETS) ERROR("Identity: buckets");
if (offsetof<Identity>("shift") != IDENTITY_SHIFT) ERROR("Identity: shift");
if (offsetof<Identity>("multiplier") != IDENTITY_MULTIPLIER) ERROR("Identity: multiplier");
if (offsetof<Identity>("entries") != IDENTITY_ENTRIES) ERROR("Identity: entries");
if (offsetof<Identity>("learned") != IDENTITY_LEARNED) ERROR("Identity: learned");
if (offsetof<Identity>("tick") != IDENTITY_TICK) ERROR("Identity: tick");

/** Makes an empty identity over count buckets, a power of two from 2 on, and one more. */
export function identityInit(identity: usize, buckets: usize, count: u32, multiplier: u64): void {
  assert(popcnt(count) == 1 && count > 1, "bucket count");
  assert((buckets & 63) == 0, "buckets off a cache line");
  const t = changetype<Identity>(identity);
  t.buckets = buckets as u32;
  t.shift = 64 - ctz(count);
  t.multiplier = multiplier | 1;
  t.entries = 0;
  t.learned = 0;
  memory.fill(buckets, 0, ((count as usize) + 1) * IDENTITY_BUCKET_BYTES);
}

/** Sets a key's value; 0, and nothing changed, when neither of its buckets has room. */
export function identityInsert(identity: usize, key: u64, value: u32): u32 {
  const t = changetype<Identity>(identity);
  let at = Identity.find(identity, key);
  if (at == 0) {
    const bucket = Identity.bucketOf(t.buckets as usize, t.multiplier, t.shift as u64, key);
    at = emptyWay(bucket);
    if (at == 0) at = emptyWay(bucket + IDENTITY_BUCKET_BYTES);
    if (at == 0) return 0;
    store<u64>(keyOf(at), key);
    t.entries += 1;
  } else {
    forget(t, load<u32>(at));
  }
  store<u32>(at, value);
  store<u32>(at + (TICKS - VALUES), t.tick);
  if ((value & IDENTITY_F_LEARNED) != 0) {
    t.learned += 1;
    countLearned(value, 1);
  }
  return 1;
}

/** Removes a key; returns the value that it had, or 0. */
export function identityRemove(identity: usize, key: u64): u32 {
  const at = Identity.find(identity, key);
  return at == 0 ? 0 : clear(changetype<Identity>(identity), at);
}

/** A key's value, or 0. */
export function identityLookup(identity: usize, key: u64): u32 {
  const at = Identity.find(identity, key);
  return at == 0 ? 0 : load<u32>(at);
}

/** Removes what was learned and not seen for more than maxAge ticks; returns how many. */
export function identityAge(identity: usize, maxAge: u32): u32 {
  const t = changetype<Identity>(identity);
  if (t.learned == 0) return 0;
  const end = endOf(t);
  let aged: u32 = 0;
  for (let at = firstOf(t); at < end; at = nextOf(at)) {
    if ((load<u32>(at) & IDENTITY_F_LEARNED) == 0) continue;
    if (t.tick - load<u32>(at + (TICKS - VALUES)) <= maxAge) continue;
    clear(t, at);
    aged++;
  }
  return aged;
}

/** Removes what was learned for a partition; returns how many. */
export function identityForget(identity: usize, partition: u32): u32 {
  const t = changetype<Identity>(identity);
  const end = endOf(t);
  let forgotten: u32 = 0;
  for (let at = firstOf(t); at < end; at = nextOf(at)) {
    if (load<u32>(at) != (partition | IDENTITY_F_LEARNED)) continue;
    clear(t, at);
    forgotten++;
  }
  return forgotten;
}

/** The partition whose record the value at that address names; 0 for address 0, which find gives for no entry. */
export function partitionOf(entry: usize): usize {
  return entry == 0 ? 0 : ((load<u32>(entry) & ~IDENTITY_F_LEARNED) as usize);
}

/** Notes that the entry with its value at that address was seen now. */
export function identitySeen(identity: usize, at: usize): void {
  store<u32>(at + (TICKS - VALUES), changetype<Identity>(identity).tick);
}

// A walk over the addresses of all values, of empty ways too.

function firstOf(t: Identity): usize {
  return (t.buckets as usize) + VALUES;
}

function endOf(t: Identity): usize {
  return (t.buckets as usize) + (((1 << (64 - t.shift)) as usize) + 1) * IDENTITY_BUCKET_BYTES;
}

function nextOf(at: usize): usize {
  const next = at + 4;
  return (next & (IDENTITY_BUCKET_BYTES - 1)) == TICKS ? next + IDENTITY_BUCKET_BYTES - (TICKS - VALUES) : next;
}

/** The address of an empty way's value, or 0. */
function emptyWay(bucket: usize): usize {
  const ways = Identity.ways(bucket, 0);
  return ways == 0 ? 0 : bucket + VALUES + ((ctz(ways) as usize) << 2);
}

/** The address of the key whose value is at that address: buckets lie on cache lines, keys are twice as long as values. */
function keyOf(at: usize): usize {
  return at - VALUES + ((at - VALUES) & (IDENTITY_BUCKET_BYTES - 1));
}

/** Empties the way whose value is at that address; returns the value. */
function clear(t: Identity, at: usize): u32 {
  const value = load<u32>(at);
  store<u64>(keyOf(at), 0);
  store<u32>(at, 0);
  t.entries -= 1;
  forget(t, value);
  return value;
}

function forget(t: Identity, value: u32): void {
  if ((value & IDENTITY_F_LEARNED) == 0) return;
  t.learned -= 1;
  countLearned(value, -1);
}

function countLearned(value: u32, by: i32): void {
  const learned = ((value & ~IDENTITY_F_LEARNED) as usize) + PARTITION_LEARNED;
  store<u32>(learned, load<u32>(learned) + by);
}
