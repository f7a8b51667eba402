/** RoCEv2 in a capture: is a packet's ICRC right? */
import {
  type BurstFrame,
  FLAG_CUT,
  FLAG_FRAGMENT,
  FLAG_IPV4,
  FLAG_QINQ,
  FLAG_UDP,
  FLAG_VLAN,
  type Toolkit,
  type Verdict,
} from "../index.js";

/** UDP destination port of RoCEv2 (IANA). */
const ROCEV2_PORT = 4791;
const ETHERNET_BYTES = 14;
const VLAN_BYTES = 4;
const UDP_BYTES = 8;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const ICRC_BYTES = 4;
/** Base transport header. */
const BTH_BYTES = 12;

/** The verdict on a parsed frame's ICRC; undefined for a frame that is not RoCEv2. */
export function icrcVerdict(toolkit: Toolkit, { spans, flags, payloadOffset }: BurstFrame): Verdict | undefined {
  if (!(flags & FLAG_UDP) || payloadOffset === 0) return undefined;
  const head = spans[0] as Uint8Array; // parse reads headers there, and nowhere else
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  if (view.getUint16(payloadOffset - UDP_BYTES + 2) !== ROCEV2_PORT) return undefined;
  const frame = spans.length === 1 ? head : Buffer.concat(spans);
  const l3 = ETHERNET_BYTES + (flags & FLAG_VLAN ? VLAN_BYTES : 0) + (flags & FLAG_QINQ ? VLAN_BYTES : 0);
  const isIpv4 = (flags & FLAG_IPV4) !== 0;
  const ipBytes = isIpv4 ? IPV4_BYTES : IPV6_BYTES;
  const length = isIpv4 ? view.getUint16(l3 + 2) : IPV6_BYTES + view.getUint16(l3 + 4);
  // What the ICRC covers is defined for whole packets with nothing between the IP header and UDP.
  const isPlain = payloadOffset === l3 + ipBytes + UDP_BYTES && (flags & (FLAG_FRAGMENT | FLAG_CUT)) === 0;
  const isWhole = l3 + length <= frame.length && length >= ipBytes + UDP_BYTES + BTH_BYTES + ICRC_BYTES;
  if (!isPlain || !isWhole) return "unchecked";
  const packet = frame.subarray(l3, l3 + length);
  const stored = new DataView(packet.buffer, packet.byteOffset).getUint32(length - ICRC_BYTES, true);
  return toolkit.icrc(packet) === stored ? "good" : "bad";
}
