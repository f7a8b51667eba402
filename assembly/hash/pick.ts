// Picks a member for each frame as Linux bonding does: the hash modulo the number of members. The division is a multiplication (Granlund and
// Montgomery, PLDI 1994), exact for every hash and every number of members.
import { HASH_F_SHIFT } from "../layout";
import { hashBurst } from "./burst";
import { HashConfig } from "./config";

/** For each of n parsed frames the member, 0 to members - 1 (from 1 member on), that it goes by, into out (u32); see hashBurst. */
export function pickBurst(config: usize, list: usize, members: u32, out: usize, n: u32): void {
  if (n == 0) return;
  hashBurst(config, list, out, n);
  if ((changetype<HashConfig>(config).flags & HASH_F_SHIFT) != 0) remainders31(members, out, n);
  else remainders32(members, out, n);
}

/**
 * Of hashes below 2^31, as those of a fold that shifts are. With 2^(l-1) < members <= 2^l and a reciprocal of 31 + l bits, rounded up, the
 * quotient is exact (theorem 4.2), and the product fits 64 bits.
 */
function remainders31(members: u32, out: usize, n: u32): void {
  const shift = (63 - clz<u32>(members - 1)) as u64;
  const reciprocal = ((1 as u64) << shift) / (members as u64) + 1;
  const end = out + ((n as usize) << 2);
  // Tested at its end: V8 moves no division out of a loop that might run not once.
  do {
    const hash = load<u32>(out);
    store<u32>(out, hash - ((((hash as u64) * reciprocal) >> shift) as u32) * members);
    out += 4;
  } while (out < end);
}

/** Of any hashes: the reciprocal has 33 bits, of which the uppermost is added apart (figure 4.1). */
function remainders32(members: u32, out: usize, n: u32): void {
  const bits = 32 - clz<u32>(members - 1);
  const reciprocal = ((((1 as u64) << (bits as u64)) - (members as u64)) << 32) / (members as u64) + 1;
  const first = min<u32>(bits, 1);
  const then = bits - first;
  const end = out + ((n as usize) << 2);
  do {
    const hash = load<u32>(out);
    const high = ((reciprocal * (hash as u64)) >> 32) as u32;
    const quotient = (high + ((hash - high) >> first)) >> then;
    store<u32>(out, hash - quotient * members);
    out += 4;
  } while (out < end);
}
