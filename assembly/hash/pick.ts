// Picks a member for each frame as Linux bonding does: the hash modulo the number of members.
import { hashBurst } from "./burst";

/** For each of n parsed frames the member, 0 to members - 1 (from 1 member on), that it goes by, into out (u32); see hashBurst. */
export function pickBurst(config: usize, list: usize, members: u32, out: usize, n: u32): void {
  if (n == 0) return;
  hashBurst(config, list, out, n);
  // hash / members by a multiplication: with 2^(l-1) < members <= 2^l the reciprocal has 33 bits, of which the uppermost is added apart
  // (Granlund and Montgomery, PLDI 1994, figure 4.1); the quotient is exact for every hash and every number of members.
  const bits = 32 - clz<u32>(members - 1);
  const reciprocal =
    ((((1 as u64) << 32) * (((1 as u64) << (bits as u64)) - (members as u64))) / (members as u64) + 1) & 0xffffffff;
  const first: u32 = min<u32>(bits, 1);
  const then = bits - first;
  const end = out + ((n as usize) << 2);
  // Tested at its end: V8 moves no division out of a loop that might run not once.
  do {
    const hash = load<u32>(out);
    const high = ((reciprocal * (hash as u64)) >> 32) as u32;
    const quotient = (high + ((hash - high) >> first)) >> then;
    store<u32>(out, hash - quotient * members);
    out += 4;
  } while (out < end);
}
