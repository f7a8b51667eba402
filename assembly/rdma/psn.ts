// Packet sequence numbers: 24 bits, compared as serial numbers, half the space either way (IBTA volume 1, 9.7.2).

const BITS_24: u32 = 0xffffff;

export function psnAdd(psn: u32, n: u32): u32 {
  return (psn + n) & BITS_24;
}

/** How far a is ahead of b: negative when it is behind. */
export function psnDiff(a: u32, b: u32): i32 {
  return (((a - b) << 8) as i32) >> 8;
}

/** PSNs from b up to, not including, a, where a is not behind. */
export function psnSpan(a: u32, b: u32): u32 {
  return (a - b) & BITS_24;
}
