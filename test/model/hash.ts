/** The flow hash in BigInt, from what is written about it: two words, each spread its own way, through fmix64. */
import { FLAG_FRAGMENT, FLAG_IPV4, FLAG_IPV6, FLAG_TCP, FLAG_UDP } from "../../assembly/layout.js";
import { fmix64 } from "./murmur.js";
import type { Parsed } from "./parse.js";

const MASK = (1n << 64n) - 1n;
/** 2^64 over the golden ratio, odd. */
const GOLDEN = 0x9e3779b97f4a7c15n;

/** The 32-bit hash of a parsed frame. */
export function flowHash(frame: Uint8Array, parsed: Parsed, here = frame.length): number {
  const word = (at: number, bytes: number) => {
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(frame[at + i] as number);
    return value;
  };
  const { flags, l3, l4 } = parsed;
  let seed = 0n;
  let addresses = 0n;
  if (l4 > 0 && flags & FLAG_IPV4) {
    seed = word(l3 + 9, 1);
    addresses = word(l3 + 12, 8);
  } else if (l4 > 0 && flags & FLAG_IPV6) {
    seed = fmix64(word(l3 + 8, 8) ^ fmix64(word(l3 + 16, 8)));
    addresses = fmix64(word(l3 + 24, 8)) ^ word(l3 + 32, 8);
  } else if (here >= 14) {
    seed = word(12, 2);
    addresses = word(0, 8) ^ (word(8, 4) << 32n);
  }
  const isWhole = (flags & FLAG_FRAGMENT) === 0 && parsed.payload > 0;
  for (const flag of [FLAG_TCP, FLAG_UDP]) {
    if (isWhole && flags & flag) seed ^= (word(l4, 4) << 32n) | BigInt(flag);
  }
  const turned = (seed << 32n) | (seed >> 32n);
  return Number(fmix64(((addresses * GOLDEN) ^ turned) & MASK) >> 32n);
}
