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
  const two = v128.xor(r2, v128.shuffle<u8>(none, r3, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30));
  const one = v128.xor(r1, v128.shuffle<u8>(none, two, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30));
  const zero = v128.xor(
    r0,
    v128.shuffle<u8>(none, one, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30),
  );
  const over =
    (i8x16.extract_lane_u(one, 15) as u32) |
    ((i8x16.extract_lane_u(two, 15) as u32) << 8) |
    ((i8x16.extract_lane_u(r3, 15) as u32) << 16);
  return slicePlane(table, v128.xor(plane, zero)) ^ over;
}

/** The register after 16 bytes, starting from zero (slicing, M. Kounavis and F. Berry, 2005): sixteen look-ups in sixteen tables. */
function slicePlane(table: usize, plane: v128): u32 {
  // By way of memory: a byte that is loaded needs no shift and no mask.
  v128.store(table, plane, CRC_WINDOW);
  return (
    Slice.of(table, 0) ^
    Slice.of(table, 1) ^
    Slice.of(table, 2) ^
    Slice.of(table, 3) ^
    Slice.of(table, 4) ^
    Slice.of(table, 5) ^
    Slice.of(table, 6) ^
    Slice.of(table, 7) ^
    Slice.of(table, 8) ^
    Slice.of(table, 9) ^
    Slice.of(table, 10) ^
    Slice.of(table, 11) ^
    Slice.of(table, 12) ^
    Slice.of(table, 13) ^
    Slice.of(table, 14) ^
    Slice.of(table, 15)
  );
}

class Slice {
  /** What byte i of the plane comes to, after the 15 - i bytes behind it. */
  @inline
  static of(table: usize, i: i32): u32 {
    return load<u32>(table + ((load<u8>(table + i, CRC_WINDOW) as usize) << 2) + ((15 - i) << 10), CRC_SLICE);
  }
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
