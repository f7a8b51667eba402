/**
 * Open vSwitch's SLB hash: MurmurHash3_x86_32 (A. Appleby, public domain) of eight bytes, which are the VLAN id over the source MAC
 * address as one 64-bit number in little-endian order. By BigInt, so that nothing is lost on the way.
 */
import { seen } from "./inner.js";

const MASK = 0xffffffffn;
const rotated = (x: bigint, n: bigint) => ((x << n) | (x >> (32n - n))) & MASK;

export function slbOf(mac: Uint8Array, vlan: number, basis = 0): number {
  const number = [...mac].reduce((all, byte) => all * 256n + BigInt(byte), BigInt(vlan) & 0xffffn);
  let hash = BigInt(basis);
  for (const word of [number & MASK, number >> 32n]) {
    const mixed = (rotated((word * 0xcc9e2d51n) & MASK, 15n) * 0x1b873593n) & MASK;
    hash = (rotated(hash ^ mixed, 13n) * 5n + 0xe6546b64n) & MASK;
  }
  hash ^= 8n;
  hash = ((hash ^ (hash >> 16n)) * 0x85ebca6bn) & MASK;
  hash = ((hash ^ (hash >> 13n)) * 0xc2b2ae35n) & MASK;
  return Number(hash ^ (hash >> 16n));
}

export function slb(frame: Uint8Array, basis = 0, headers: "outer" | "inner" = "outer"): number {
  const found = seen(frame, headers);
  return found ? slbOf(found.src, (found.tag ?? 0) % 4096, basis) : 0;
}
