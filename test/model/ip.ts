/**
 * An IP header for hashes, the slow way: addresses, and the protocol and bytes behind it (RFC 791, RFC 8200, RFC 4302, RFC 6946). A
 * fragment carries no protocol; nor does what lies behind too many extension headers, or one that is not here.
 */
export interface Followed {
  readonly version: 4 | 6;
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
  readonly protocol: number | undefined;
  readonly l4: Uint8Array | undefined;
}

const EXTENSIONS = new Set([0, 43, 44, 51, 60, 135, 139, 140]);

/** Undefined for what is no IP, or no sound header. */
export function toFollow(type: number, bytes: Uint8Array): Followed | undefined {
  if (type === 0x0800) return ipv4(bytes);
  return type === 0x86dd ? ipv6(bytes) : undefined;
}

function ipv4(bytes: Uint8Array): Followed | undefined {
  const headerBytes = ((bytes[0] ?? 0) % 16) * 4;
  if (bytes.length < 20 || headerBytes < 20) return undefined;
  const [src, dst] = [bytes.slice(12, 16), bytes.slice(16, 20)];
  // Reserved and "don't fragment" do not make a fragment.
  const isFragment = (bytes[6] as number) % 64 !== 0 || bytes[7] !== 0;
  if (isFragment) return { version: 4, src, dst, protocol: undefined, l4: undefined };
  return { version: 4, src, dst, protocol: bytes[9] as number, l4: bytes.subarray(headerBytes) };
}

function ipv6(bytes: Uint8Array): Followed | undefined {
  if (bytes.length < 40) return undefined;
  const found = { version: 6 as const, src: bytes.slice(8, 24), dst: bytes.slice(24, 40) };
  let protocol = bytes[6] as number;
  let off = 40;
  for (let walked = 0; EXTENSIONS.has(protocol); walked++) {
    const [next = 0, units = 0, high = 0, low = 0] = bytes.subarray(off);
    const isPart = protocol === 44 && (((high * 256 + low) % 8) % 2) + Math.floor((high * 256 + low) / 8) !== 0;
    if (walked === 8 || off + 8 > bytes.length || isPart) return { ...found, protocol: undefined, l4: undefined };
    off += protocol === 44 ? 8 : protocol === 51 ? units * 4 + 8 : units * 8 + 8;
    protocol = next;
  }
  return { ...found, protocol, l4: bytes.subarray(off) };
}

/** Both ports, when it is TCP or UDP and they are here. */
export function portsOf({ protocol, l4 }: Followed): Uint8Array | undefined {
  return l4 && l4.length >= 4 && (protocol === 6 || protocol === 17) ? l4.slice(0, 4) : undefined;
}
