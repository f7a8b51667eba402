// Keys by length: types whose size says which, for code that is compiled once for each, and the same by a table's keyBytes.
import { Murmur } from "../hash/murmur";
import { Table } from "./table";

@unmanaged
export class Key16 {
  a: v128;
}

@unmanaged
export class Key32 {
  a: v128;
  b: v128;
}

@unmanaged
export class Key48 {
  a: v128;
  b: v128;
  c: v128;
}

/** K is one of the three; what is not for its size is gone when it is compiled. */
export class Key {
  @inline
  static hash<K>(key: usize, seed: u64): u64 {
    if (offsetof<K>() == 16) return Murmur.of16(key, seed);
    if (offsetof<K>() == 32) return Murmur.of32(key, seed);
    return Murmur.of48(key, seed);
  }

  @inline
  static equal<K>(a: usize, b: usize): bool {
    let same = i8x16.eq(v128.load(a), v128.load(b));
    if (offsetof<K>() >= 32) same = v128.and(same, i8x16.eq(v128.load(a, 16), v128.load(b, 16)));
    if (offsetof<K>() >= 48) same = v128.and(same, i8x16.eq(v128.load(a, 32), v128.load(b, 32)));
    return i8x16.bitmask(same) == 0xffff;
  }

  /** Where a bucket of such keys has the one of a way (table.ts draws it). */
  @inline
  static at<K>(bucket: usize, way: u32): usize {
    if (offsetof<K>() == 16) return bucket + 16 + ((way as usize) << 4);
    if (offsetof<K>() == 32) return bucket + 32 + ((way as usize) << 5);
    return bucket + 16 + ((way as usize) << 6);
  }
}

export function hashKey(t: Table, key: usize): u64 {
  const keyBytes = t.keyBytes;
  if (keyBytes == 16) return Key.hash<Key16>(key, t.seed);
  if (keyBytes == 32) return Key.hash<Key32>(key, t.seed);
  return Key.hash<Key48>(key, t.seed);
}

export function equalKeys(t: Table, a: usize, b: usize): bool {
  const keyBytes = t.keyBytes;
  if (keyBytes == 16) return Key.equal<Key16>(a, b);
  if (keyBytes == 32) return Key.equal<Key32>(a, b);
  return Key.equal<Key48>(a, b);
}

export function copyKey(t: Table, to: usize, from: usize): void {
  const keyBytes = t.keyBytes as usize;
  for (let at: usize = 0; at < keyBytes; at += 16) v128.store(to + at, v128.load(from + at));
}
