// The register of a message of any length. It is read as planes of 16 bytes that end where the message ends; the first one is
// filled up with zeros in front, which a register of zero does not notice. So no byte is left over.
//
// Few planes are folded straight onto the last one (planes.ts). Of many, all but the last eight are first taken out by a sparse
// multiple of the polynomial (multiple.ts): w[n] = m[n] ^ what w[n-2] to w[n-8] give it, in registers and by xor and shuffle only.
import { CRC_FOLD_PLANES, CRC_POLYNOMIAL, CRC_WINDOW } from "../layout";
import { Multiple } from "./multiple";
import { foldPlanes, sliceBytes } from "./planes";

/** The CRC carried on over len more bytes: a register that starts and ends inverted, so 0 is the CRC of none. */
export function crcUpdate<M extends Multiple>(table: usize, inverted: u32, crc: u32, p: usize, len: u32): u32 {
  return crcFold<M>(table, crc ^ inverted, p, len, 0) ^ inverted;
}

/** CRCs of n messages (ptrs, lens: u32 each) into out (u32 each). */
export function crcBurst<M extends Multiple>(
  table: usize,
  inverted: u32,
  ptrs: usize,
  lens: usize,
  out: usize,
  n: u32,
): void {
  const end = out + ((n as usize) << 2);
  while (out < end) {
    store<u32>(out, crcUpdate<M>(table, inverted, 0, load<u32>(ptrs) as usize, load<u32>(lens)));
    ptrs += 4;
    lens += 4;
    out += 4;
  }
}

/** Planes after the first in which bits may be taken as ones; with the first, they reach to byte 68 at least. */
const MASKED_PLANES: u32 = 4;

/**
 * The register after len bytes at p. M is the polynomial's multiple. The bits set at `ones`, if that is not 0, are taken as ones
 * in the first 68 bytes.
 */
export function crcFold<M extends Multiple>(table: usize, register: u32, p: usize, len: u32, ones: usize): u32 {
  if (!ASC_NO_ASSERT) assert(load<u32>(table, CRC_POLYNOMIAL) == changetype<M>(0).polynomial());
  if (len < 16) return sliceBytes(table, register, p, len, ones);
  // Bytes in the first plane. The register's four have to fit.
  let some = ((len - 1) & 15) + 1;
  if (some < 4) {
    register = sliceBytes(table, register, p, some, ones);
    if (ones != 0) ones += some;
    p += some;
    len -= some;
    some = 16;
  }
  let plane = v128.load(p);
  if (ones != 0) {
    plane = v128.or(plane, v128.load(ones));
    ones += some;
  }
  plane = v128.xor(plane, i32x4.replace_lane(i64x2.splat(0), 0, register));
  const lanes = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const first = v128.swizzle(plane, i8x16.add(lanes, i8x16.splat((some - 16) as i8)));
  const planes = (len - 1) >> 4;
  if (planes <= (CRC_FOLD_PLANES as u32)) return foldPlanes(table, first, p + some, planes, ones);
  return foldMany<M>(table, first, p + some, planes, ones);
}

function foldMany<M extends Multiple>(table: usize, first: v128, p: usize, planes: u32, ones: usize): u32 {
  const multiple = changetype<M>(0);
  const none = i64x2.splat(0);
  let a = none;
  let b = none;
  let c = none;
  let d = none;
  let e = none;
  let f = none;
  let g = none;
  let h = first;
  // One plane at a time, until the rest is whole blocks of eight planes.
  const blocks = (planes - MASKED_PLANES) & ~7;
  let end = p + ((planes - blocks) << 4);
  while (p < end) {
    let m = v128.load(p);
    if (ones != 0) {
      m = v128.or(m, v128.load(ones));
      ones += 16;
    }
    const w = multiple.step(m, g, f, d, c, b, a);
    a = b;
    b = c;
    c = d;
    d = e;
    e = f;
    f = g;
    g = h;
    h = w;
    p += 16;
  }
  end = p + ((blocks - 8) << 4);
  // Tested at its foot: V8 would work out in every round what the lines after the loop have in common with its head.
  if (p < end) {
    do {
      a = multiple.step(v128.load(p), g, f, d, c, b, a);
      b = multiple.step(v128.load(p, 16), h, g, e, d, c, b);
      c = multiple.step(v128.load(p, 32), a, h, f, e, d, c);
      d = multiple.step(v128.load(p, 48), b, a, g, f, e, d);
      e = multiple.step(v128.load(p, 64), c, b, h, g, f, e);
      f = multiple.step(v128.load(p, 80), d, c, a, h, g, f);
      g = multiple.step(v128.load(p, 96), e, d, b, a, h, g);
      h = multiple.step(v128.load(p, 112), f, e, c, b, a, h);
      p += 128;
    } while (p < end);
  }
  // The last eight planes get what is due to them and pass nothing on.
  const last = multiple.step(v128.load(p), g, f, d, c, b, a);
  v128.store(table, multiple.step(v128.load(p, 16), h, g, e, d, c, b), CRC_WINDOW);
  v128.store(table, multiple.step(v128.load(p, 32), none, h, f, e, d, c), CRC_WINDOW + 16);
  v128.store(table, multiple.step(v128.load(p, 48), none, none, g, f, e, d), CRC_WINDOW + 32);
  v128.store(table, multiple.step(v128.load(p, 64), none, none, h, g, f, e), CRC_WINDOW + 48);
  v128.store(table, multiple.step(v128.load(p, 80), none, none, none, h, g, f), CRC_WINDOW + 64);
  v128.store(table, multiple.step(v128.load(p, 96), none, none, none, none, h, g), CRC_WINDOW + 80);
  v128.store(table, multiple.step(v128.load(p, 112), none, none, none, none, none, h), CRC_WINDOW + 96);
  return foldPlanes(table, last, table + CRC_WINDOW, 7, 0);
}
