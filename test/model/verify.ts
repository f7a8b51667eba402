/** Checksum verification, the slow way: each field is judged by recomputing what it must be (RFC 1071, 1624 section 3). */

import * as layout from "../../assembly/layout.js";
import { u16At } from "../helpers/bytes.js";
import { onesSum, pseudoHeader } from "./checksum.js";
import { findInside } from "./decapsulation.js";
import { type Parsed, parse } from "./parse.js";

export type Verdict = "good" | "bad" | "absent" | "unchecked" | "offloaded" | undefined;

export interface Layer {
  flags: number;
  l3: Verdict;
  l4: Verdict;
}

export interface Verdicts {
  cause: number;
  outer: Layer;
  inner: Layer | undefined;
}

/** Over IPv6 a UDP checksum may be left out by VXLAN, VXLAN-GPE and Geneve (RFC 6935 section 5), and RoCEv2 (its ICRC). */
const CHECKED_INSIDE = [4789, 4790, 6081, 4791];

export function verify(frame: Uint8Array, wire = frame.length, here = frame.length): Verdicts {
  const parsed = parse(frame, wire, here);
  const outer = judge(frame, parsed);
  const inside = parsed.cause === layout.OK ? insideOf(frame, parsed, here) : undefined;
  if (!inside) return { cause: parsed.cause, outer, inner: undefined };
  const innerParsed = parse(inside.bytes, inside.wire, inside.here);
  return { cause: innerParsed.cause, outer, inner: judge(inside.bytes, innerParsed) };
}

/** The frame in a tunnel, whatever its outer checksums are. */
function insideOf(frame: Uint8Array, parsed: Parsed, here: number) {
  const inside = findInside(frame, parsed, here);
  if (typeof inside === "number") return undefined;
  const { start, end } = inside;
  const bytes = frame.subarray(start, Math.min(end, frame.length));
  return { bytes, wire: end - start, here: Math.min(here - start, bytes.length) };
}

function judge(frame: Uint8Array, parsed: Parsed): Layer {
  if (parsed.cause !== layout.OK) return { flags: parsed.flags, l3: undefined, l4: undefined };
  return { flags: parsed.flags, l3: judgeIpv4(frame, parsed), l4: judgeTransport(frame, parsed) };
}

function judgeIpv4(frame: Uint8Array, { flags, l3, l4 }: Parsed): Verdict {
  if ((flags & layout.FLAG_IPV4) === 0) return undefined;
  if (l4 === 0) return "unchecked";
  return onesSum(frame.subarray(l3, l4)) === 0xffff ? "good" : "bad";
}

function judgeTransport(frame: Uint8Array, { flags, l3, l4, l4Len, payload }: Parsed): Verdict {
  const kinds = [
    { flag: layout.FLAG_TCP, protocol: 6, field: 16 },
    { flag: layout.FLAG_UDP, protocol: 17, field: 6 },
    { flag: layout.FLAG_ICMP, protocol: 1, field: 2 },
    { flag: layout.FLAG_ICMPV6, protocol: 58, field: 2 },
  ];
  const kind = kinds.find(({ flag }) => flags & flag);
  if (!kind) return undefined;
  if (flags & (layout.FLAG_FRAGMENT | layout.FLAG_ROUTED | layout.FLAG_CUT) || payload === 0) return "unchecked";
  let length = l4Len;
  if (kind.protocol === 17) {
    if (u16At(frame, l4 + 6) === 0) {
      const mayBeAbsent = (flags & layout.FLAG_IPV4) !== 0 || CHECKED_INSIDE.includes(u16At(frame, l4 + 2));
      return mayBeAbsent ? "absent" : "bad";
    }
    length = u16At(frame, l4 + 4) || l4Len;
  }
  if (l4 + length > frame.length) return "unchecked";
  const isV4 = (flags & layout.FLAG_IPV4) !== 0;
  const at = isV4 ? l3 + 12 : l3 + 8;
  const size = isV4 ? 4 : 16;
  const src = frame.subarray(at, at + size);
  const dst = frame.subarray(at + size, at + 2 * size);
  const pseudo = kind.protocol === 1 ? 0 : onesSum(pseudoHeader(src, dst, kind.protocol, length));
  if (onesSum(frame.subarray(l4, l4 + length), pseudo) === 0xffff) return "good";
  // Left to an adapter: the field holds the pseudo-header's sum and nothing else.
  return kind.protocol !== 1 && u16At(frame, l4 + kind.field) === pseudo ? "offloaded" : "bad";
}
