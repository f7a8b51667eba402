/**
 * The frame that a hash looks at, the slow way: the outer one, as Linux and Open vSwitch see it with its first tag put aside, or the
 * innermost one. Written from IEEE 802.1Q, RFC 7348, RFC 8926, RFC 2784 and RFC 2890.
 */
import { toFollow } from "./ip.js";

/** A frame taken apart: its addresses, the tag that counts, and what it carries. */
export interface Seen {
  readonly dst: Uint8Array;
  readonly src: Uint8Array;
  /** Tag control information of the tag; undefined without one. */
  readonly tag: number | undefined;
  readonly type: number;
  readonly payload: Uint8Array;
}

const MOST_TUNNELS = 4;
const MOST_TAGS = 4;
const BRIDGED = 0x6558;

/** Undefined for less than an Ethernet header. */
export function seen(frame: Uint8Array, headers: "outer" | "inner" = "outer"): Seen | undefined {
  if (frame.length < 14) return undefined;
  if (headers === "outer") return untagged(frame, [0x8100, 0x88a8], 1);
  let found = untagged(frame, [0x8100, 0x88a8, 0x9100], MOST_TAGS);
  for (let tunnels = 0; tunnels < MOST_TUNNELS; tunnels++) {
    const inside = carried(found);
    if (!inside) break;
    const isFrame = inside.type === BRIDGED;
    if (isFrame && inside.payload.length < 14) break;
    if (!isFrame && (inside.payload.length === 0 || ![0x0800, 0x86dd].includes(inside.type))) break;
    found = isFrame ? untagged(inside.payload, [0x8100, 0x88a8, 0x9100], MOST_TAGS) : { ...found, ...inside };
  }
  return found;
}

function untagged(frame: Uint8Array, tagTypes: readonly number[], most: number): Seen {
  const at = (off: number) => (frame[off] as number) * 256 + (frame[off + 1] as number);
  let off = 12;
  let tag: number | undefined;
  for (let tags = 0; tags < most && tagTypes.includes(at(off)) && off + 6 <= frame.length; tags++) {
    tag = at(off + 2);
    off += 4;
  }
  return { dst: frame.slice(0, 6), src: frame.slice(6, 12), tag, type: at(off), payload: frame.subarray(off + 2) };
}

/** What a tunnel's datagram carries, and of which type; 0x6558 is a frame. */
function carried({ type, payload }: Seen): { type: number; payload: Uint8Array } | undefined {
  const { protocol, l4 } = toFollow(type, payload) ?? {};
  if (!l4) return undefined;
  const word = (off: number) => (l4[off] as number) * 256 + (l4[off + 1] as number);
  if (protocol === 47 && l4.length >= 4) {
    const [first = 0, second = 0] = l4;
    if (second % 8 !== 0 || (first & 0x40) !== 0) return undefined;
    // Checksum, key, sequence number.
    const fields = [0x80, 0x20, 0x10].filter((bit) => (first & bit) !== 0).length;
    return { type: word(2), payload: l4.subarray(4 + fields * 4) };
  }
  if (protocol !== 17 || l4.length < 16) return undefined;
  if (word(2) === 4789)
    return ((l4[8] as number) & 0x08) === 0 ? undefined : { type: BRIDGED, payload: l4.subarray(16) };
  if (word(2) !== 6081 || (l4[8] as number) >= 64) return undefined;
  return { type: word(10), payload: l4.subarray(16 + (l4[8] as number) * 4) };
}
