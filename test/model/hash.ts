/** The flow hash from what is written about it: the upper half of MurmurHash3_x64_128's h1 of a flow's key. */
import { FLAG_FRAGMENT, FLAG_IPV4, FLAG_IPV6, FLAG_TCP, FLAG_UDP } from "../../assembly/layout.js";
import { murmur3 } from "./murmur.js";
import type { Parsed } from "./parse.js";

/** The 32-bit hash of a parsed frame of which here bytes are at hand. */
export function flowHash(frame: Uint8Array, parsed: Parsed, here = frame.length): number {
  const key = flowKey(frame, parsed, here);
  return key ? Number(murmur3(key, 0n).h1 >> 32n) : 0;
}

/** 16 bytes, or 48 for IPv6; undefined for less than an Ethernet header. */
function flowKey(frame: Uint8Array, { flags, l3, l4, payload }: Parsed, here: number): Uint8Array | undefined {
  const protocol = flags & FLAG_TCP ? 6 : flags & FLAG_UDP ? 17 : 0;
  const hasPorts = protocol > 0 && (flags & FLAG_FRAGMENT) === 0 && payload > 0;
  const ports = hasPorts ? [...frame.subarray(l4, l4 + 4)] : [0, 0, 0, 0];
  if (l4 > 0 && flags & FLAG_IPV4) {
    return padded(16, [...frame.subarray(l3 + 12, l3 + 20), ...ports, frame[l3 + 9] as number]);
  }
  if (l4 > 0 && flags & FLAG_IPV6) {
    return padded(48, [...frame.subarray(l3 + 8, l3 + 40), ...ports, hasPorts ? protocol : 0]);
  }
  return here < 14 ? undefined : padded(16, [...frame.subarray(0, 14)]);
}

function padded(length: number, bytes: readonly number[]): Uint8Array {
  const key = new Uint8Array(length);
  key.set(bytes);
  return key;
}
