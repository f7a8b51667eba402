/** RDMA packets in a capture, RoCEv2 and native InfiniBand: are their CRCs right? */
import { ROCEV2_PORT } from "../gqp/numbers.js";
import {
  type BurstFrame,
  type CapturePacket,
  decodeErf,
  ERF_TYPE_INFINIBAND,
  FLAG_CUT,
  FLAG_FRAGMENT,
  FLAG_IPV4,
  FLAG_QINQ,
  FLAG_UDP,
  FLAG_VLAN,
  LINKTYPE_ERF,
  type Toolkit,
  type Verdict,
} from "../index.js";

const ETHERNET_BYTES = 14;
const VLAN_BYTES = 4;
const UDP_BYTES = 8;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const ICRC_BYTES = 4;
/** Base transport header. */
const BTH_BYTES = 12;
/** Local route header. */
const LRH_BYTES = 8;
const VCRC_BYTES = 2;
/** Link next headers (IBTA volume 1, 7.7) from here on have a base transport header, and an ICRC; the others are raw packets. */
const LNH_TRANSPORT = 2;

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

/** What is wrong or right with a native InfiniBand packet. */
export interface InfinibandVerdicts {
  /** A drop cause, when its length contradicts its header. */
  readonly cause: string | undefined;
  /** Undefined for raw packets, which have none. */
  readonly icrc: Verdict | undefined;
  readonly vcrc: Verdict | undefined;
}

/** The verdicts on a packet of link type ERF that holds an InfiniBand packet; undefined for any other. */
export function infinibandVerdicts(toolkit: Toolkit, packet: CapturePacket): InfinibandVerdicts | undefined {
  const record = packet.linkType === LINKTYPE_ERF ? decodeErf(packet.data) : undefined;
  if (record?.type !== ERF_TYPE_INFINIBAND) return undefined;
  const { data, originalLength } = record;
  if (data.length < LRH_BYTES) {
    const isCut = originalLength >= LRH_BYTES;
    return { cause: isCut ? undefined : "ib-truncated", icrc: undefined, vcrc: isCut ? "unchecked" : undefined };
  }
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const length = (view.getUint16(4) & 0x7ff) * 4;
  const hasIcrc = (view.getUint8(1) & 3) >= LNH_TRANSPORT;
  if (length + VCRC_BYTES !== originalLength || length < LRH_BYTES + (hasIcrc ? BTH_BYTES + ICRC_BYTES : 0)) {
    return { cause: "ib-truncated", icrc: undefined, vcrc: undefined };
  }
  if (data.length < originalLength) {
    return { cause: undefined, icrc: hasIcrc ? "unchecked" : undefined, vcrc: "unchecked" };
  }
  const covered = data.subarray(0, length);
  const isIcrcRight = hasIcrc && toolkit.icrcIb(covered) === view.getUint32(length - ICRC_BYTES, true);
  const isVcrcRight = toolkit.crc16(covered) === view.getUint16(length, true);
  return {
    cause: undefined,
    icrc: hasIcrc ? (isIcrcRight ? "good" : "bad") : undefined,
    vcrc: isVcrcRight ? "good" : "bad",
  };
}
