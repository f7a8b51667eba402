/**
 * Linux bonding's hashes, field by field, release by release. Written from what drivers/net/bonding/bond_main.c and
 * net/core/flow_dissector.c do and from Documentation/networking/bonding.rst; what changed when stands at each change. All numbers
 * are those of a little-endian machine.
 */
import { dissected } from "./dissector.js";
import { type Seen, seen } from "./inner.js";

export const BONDING_POLICIES = ["layer2", "layer2+3", "layer3+4", "encap2+3", "encap3+4", "vlan+srcmac"] as const;
export type BondingPolicy = (typeof BONDING_POLICIES)[number];

/** Releases at which a hash changed, oldest first. */
export const RELEASES = ["3.13", "3.17", "4.3", "4.11", "4.14", "4.20", "5.5", "5.12", "5.15", "5.18", "6.0"] as const;

/** True from a release on, and before another. */
export type Release = (from: string, before?: string) => boolean;

export function releaseNamed(name: string): Release {
  const at = (release: string) => {
    const index = (RELEASES as readonly string[]).indexOf(release);
    if (index < 0) throw new Error(`no release ${release}`);
    return index;
  };
  return (from, before) => at(name) >= at(from) && (before === undefined || at(name) < at(before));
}

export function bonding(
  frame: Uint8Array,
  policy: BondingPolicy,
  generation: string,
  headers: "outer" | "inner" = "outer",
): number {
  const release = releaseNamed(generation);
  const found = seen(frame, headers);
  if (!found) return 0;
  const layer2 = layer2Of(found, release);
  switch (policy) {
    case "vlan+srcmac": {
      const half = (from: number) => [...found.src.subarray(from, from + 3)].reduce((all, byte) => all * 256 + byte, 0);
      return half(0) ^ half(3) ^ (found.tag ?? 0);
    }
    case "layer2":
      return layer2;
    case "layer2+3":
    case "layer3+4": {
      const flow = plainFlow(found, release);
      return flow ? fold((policy === "layer3+4" ? flow.upper : layer2) ^ flow.addresses, policy, release) : layer2;
    }
    default: {
      const flow = dissected(found.type, found.payload, release);
      return flow ? fold((policy === "encap3+4" ? flow.upper : layer2) ^ flow.addresses, policy, release) : layer2;
    }
  }
}

/** 3.13: MAC addresses. 3.17: and the EtherType as it stands in memory. 5.15: as a number. */
function layer2Of({ dst, src, type }: Seen, release: Release): number {
  const macs = (dst[5] as number) ^ (src[5] as number);
  const swapped = (type % 256) * 256 + Math.floor(type / 256);
  return macs ^ (release("5.15") ? type : release("3.17") ? swapped : 0);
}

/** 4.14: a bit is discarded. 5.18: under the layer 3+4 policies only. */
function fold(word: number, policy: BondingPolicy, release: Release): number {
  let hash = word >>> 0;
  hash = (hash ^ (hash >>> 16)) >>> 0;
  hash = (hash ^ (hash >>> 8)) >>> 0;
  const isLayer34 = policy === "layer3+4" || policy === "encap3+4";
  return release("4.14", "5.18") || (release("5.18") && isLayer34) ? hash >>> 1 : hash;
}

interface Header {
  readonly addresses: number;
  /** Where the next header starts. */
  readonly next: number;
  /** Nothing in a fragment. */
  readonly protocol: number | undefined;
}

const ICMP_ERRORS = new Map([
  [1, [3, 4, 5, 11, 12]],
  [58, [1, 2, 3, 4]],
]);

/** What the plain policies take in of IP; undefined for what is none, or whose header, quoted ones too, is not here. */
function plainFlow({ type, payload }: Seen, release: Release): { addresses: number; upper: number } | undefined {
  const outer = header(type, payload, 0);
  if (!outer) return undefined;
  const errors = ICMP_ERRORS.get(outer.protocol ?? -1);
  const isWhole = outer.next + 8 <= payload.length;
  // 5.5: an ICMP error goes the way of what it quotes.
  if (release("5.5") && isWhole && errors?.includes(payload[outer.next] as number)) {
    const quoted = header(type, payload, outer.next + 8);
    return (
      quoted && {
        addresses: quoted.addresses,
        upper: transportWord(quoted.protocol, payload, quoted.next, () => false),
      }
    );
  }
  return { addresses: outer.addresses, upper: transportWord(outer.protocol, payload, outer.next, release) };
}

function header(type: number, payload: Uint8Array, at: number): Header | undefined {
  const bytes = payload.subarray(at);
  if (type === 0x0800 && bytes.length >= 20) {
    const isFragment = (bytes[6] as number) % 64 !== 0 || bytes[7] !== 0;
    return {
      addresses: foldedAddresses(bytes.slice(12, 20)),
      next: at + ((bytes[0] as number) % 16) * 4,
      protocol: isFragment ? undefined : bytes[9],
    };
  }
  if (type === 0x86dd && bytes.length >= 40) {
    return { addresses: foldedAddresses(bytes.slice(8, 40)), next: at + 40, protocol: bytes[6] };
  }
  return undefined;
}

/** Where the ports, or the SPI, stand in the header of a protocol that has them. */
const PORTS_AT = new Map([
  [6, 0],
  [17, 0],
  [33, 0],
  [50, 0],
  [51, 4],
  [132, 0],
  [136, 0],
]);
const ICMP_WITH_ID = [0, 8, 13, 14, 128, 129];

/**
 * The word that stands for the upper layer: ports or an SPI in memory order; from 5.5 on, of an ICMP message with an identifier, type, code and
 * identifier, this in memory order, from 5.12 on as a number; an identifier of 0 is 1. 0 for all else.
 */
export function transportWord(protocol: number | undefined, bytes: Uint8Array, at: number, release: Release): number {
  if ((protocol === 1 || protocol === 58) && release("5.5")) {
    const [type = 0, code = 0, , , high = 0, low = 0] = bytes.subarray(at);
    if (at + 8 > bytes.length || !ICMP_WITH_ID.includes(type)) return 0;
    const id = release("5.12") ? high * 256 + low : low * 256 + high;
    return type + code * 2 ** 8 + (id || 1) * 2 ** 16;
  }
  const off = PORTS_AT.get(protocol ?? -1);
  if (off === undefined || at + off + 4 > bytes.length) return 0;
  return word32(bytes.subarray(at + off));
}

/** Four bytes as a little-endian machine loads them. */
export function word32(bytes: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return a + b * 2 ** 8 + c * 2 ** 16 + d * 2 ** 24;
}

/** Source and destination, one behind the other, as the exclusive or of all their words. */
export function foldedAddresses(bytes: Uint8Array): number {
  let all = 0;
  for (let off = 0; off < bytes.length; off += 4) all ^= word32(bytes.subarray(off, off + 4));
  return all >>> 0;
}
