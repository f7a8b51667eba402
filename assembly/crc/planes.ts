// A message's last 16 bytes are reached by folding: every earlier plane of 16 bytes is carried onto the bytes that follow.
//
// A byte b that is 16 k bytes before another place becomes, there, the register after b and 16 k - 1 zero bytes: four bytes.
// As all 16 lanes of a plane are equally far from the lanes of the last plane, one table serves them all: two swizzles (a
// nibble each) for each of the four bytes. The four results belong 0 to 3 lanes further on, which is done once for all
// planes. What then hangs over the end is a part of the register, which is the next bytes of the message.
import { CRC_FOLD, CRC_SLICE, CRC_WINDOW } from "../layout";
import { FOLD_STEP_BYTES } from "./table";

/**
 * The register after the plane `first` and n more at p, starting from zero; n at most CRC_FOLD_PLANES. The bits set at `ones`,
 * if that is not 0, are taken as ones; it runs along with p.
 */
export function foldPlanes(table: usize, first: v128, p: usize, n: u32, ones: usize): u32 {
  const nibble = i8x16.splat(15);
  let plane = first;
  let r0 = i64x2.splat(0);
  let r1 = r0;
  let r2 = r0;
  let r3 = r0;
  let step = table + n * FOLD_STEP_BYTES;
  while (step != table) {
    const low = v128.and(plane, nibble);
    const high = v128.and(i16x8.shr_u(plane, 4), nibble);
    r0 = v128.xor(r0, v128.swizzle(v128.load(step, CRC_FOLD), low));
    r1 = v128.xor(r1, v128.swizzle(v128.load(step, CRC_FOLD + 32), low));
    r2 = v128.xor(r2, v128.swizzle(v128.load(step, CRC_FOLD + 64), low));
    r3 = v128.xor(r3, v128.swizzle(v128.load(step, CRC_FOLD + 96), low));
    r0 = v128.xor(r0, v128.swizzle(v128.load(step, CRC_FOLD + 16), high));
    r1 = v128.xor(r1, v128.swizzle(v128.load(step, CRC_FOLD + 48), high));
    r2 = v128.xor(r2, v128.swizzle(v128.load(step, CRC_FOLD + 80), high));
    r3 = v128.xor(r3, v128.swizzle(v128.load(step, CRC_FOLD + 112), high));
    plane = v128.load(p);
    if (ones != 0) {
      plane = v128.or(plane, v128.load(ones));
      ones += 16;
    }
    p += 16;
    step -= FOLD_STEP_BYTES;
  }
  const none = i64x2.splat(0);
  const due1 = v128.shuffle<u8>(none, r1, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
  const due2 = v128.shuffle<u8>(none, r2, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
  const due3 = v128.shuffle<u8>(none, r3, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28);
  const over1 = v128.shuffle<u8>(r1, none, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
  const over2 = v128.shuffle<u8>(r2, none, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
  const over3 = v128.shuffle<u8>(r3, none, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28);
  const over = v128.xor(v128.xor(over1, over2), over3);
  plane = v128.xor(v128.xor(plane, r0), v128.xor(v128.xor(due1, due2), due3));
  return slicePlane(table, plane) ^ i32x4.extract_lane(over, 0);
}

/** The register after 16 bytes, starting from zero (slicing, M. Kounavis and F. Berry, 2005): sixteen look-ups in sixteen tables. */
function slicePlane(table: usize, plane: v128): u32 {
  // By way of memory: a byte that is loaded needs no shift and no mask.
  v128.store(table, plane, CRC_WINDOW);
  // Byte i has 15 - i bytes behind it.
  const a =
    load<u32>(entry(table, load<u8>(table, CRC_WINDOW)), CRC_SLICE + (15 << 10)) ^
    load<u32>(entry(table, load<u8>(table, CRC_WINDOW + 1)), CRC_SLICE + (14 << 10)) ^
    load<u32>(entry(table, load<u8>(table, CRC_WINDOW + 2)), CRC_SLICE + (13 << 10)) ^
    load<u32>(entry(table, load<u8>(table, CRC_WINDOW + 3)), CRC_SLICE + (12 << 10));
  const b =
    load<u32>(entry(table, load<u8>(table, CRC_WINDOW + 4)), CRC_SLICE + (11 << 10)) ^
    load<u32>(entry(table, load<u8>(table, CRC_WINDOW + 5)), CRC_SLICE + (10 << 10)) ^
    load<u32>(entry(table, load<u8>(table, CRC_WINDOW + 6)), CRC_SLICE + (9 << 10)) ^
    load<u32>(entry(table, load<u8>(table, CRC_WINDOW + 7)), CRC_SLICE + (8 << 10));
  const c =
    load<u32>(entry(table, load<u8>(table, CRC_WINDOW + 8)), CRC_SLICE + (7 << 10)) ^
    load<u32>(entry(table, load<u8>(table, CRC_WINDOW + 9)), CRC_SLICE + (6 << 10)) ^
    load<u32>(entry(table, load<u8>(table, CRC_WINDOW + 10)), CRC_SLICE + (5 << 10)) ^
    load<u32>(entry(table, load<u8>(table, CRC_WINDOW + 11)), CRC_SLICE + (4 << 10));
  const d =
    load<u32>(entry(table, load<u8>(table, CRC_WINDOW + 12)), CRC_SLICE + (3 << 10)) ^
    load<u32>(entry(table, load<u8>(table, CRC_WINDOW + 13)), CRC_SLICE + (2 << 10)) ^
    load<u32>(entry(table, load<u8>(table, CRC_WINDOW + 14)), CRC_SLICE + (1 << 10)) ^
    load<u32>(entry(table, load<u8>(table, CRC_WINDOW + 15)), CRC_SLICE);
  return a ^ b ^ (c ^ d);
}

/** Where the first slice has a byte's entry. */
function entry(table: usize, byte: u8): usize {
  return table + ((byte as usize) << 2);
}

/** The register after n bytes, one by one: for what is less than a plane. Ones as above. */
export function sliceBytes(table: usize, register: u32, p: usize, n: u32, ones: usize): u32 {
  const end = p + n;
  while (p < end) {
    let byte = load<u8>(p) as u32;
    if (ones != 0) {
      byte |= load<u8>(ones);
      ones++;
    }
    register = (register >> 8) ^ load<u32>(table + (((register ^ byte) & 0xff) << 2), CRC_SLICE);
    p++;
  }
  return register;
}
