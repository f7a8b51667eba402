/**
 * Parse, the slow way: a cursor walks the frame header by header and stops by an exception. Written from IEEE 802.1Q,
 * RFC 826, 791, 8200, 9293, 768, 792 and 4443. Flags and causes are the only numbers shared with the engine.
 *
 * `here` is how many bytes can be read (the first segment), `wire` how long the frame was on the wire. A header that is
 * not here lies in a later segment, or was cut off by a capture (then parsing just ends), or is missing: the frame's fault.
 */
import * as layout from "../../assembly/layout.js";

export interface Parsed {
  flags: number;
  l3: number;
  l4: number;
  payload: number;
  /** Bytes of the transport segment, by the length fields. */
  l4Len: number;
  cause: number;
}

/** Ends the walk: a drop cause, or nothing more to find. */
class Stop {
  readonly cause: number;
  constructor(cause: number) {
    this.cause = cause;
  }
}

const TAG_TYPES = [0x8100, 0x88a8, 0x9100];
/** RFC 8200 section 4, RFC 4302, RFC 6275, RFC 7401, RFC 5533. */
const EXTENSION_HEADERS = [0, 43, 44, 51, 60, 135, 139, 140];

export function parse(frame: Uint8Array, wire = frame.length, here = frame.length): Parsed {
  const found: Parsed = { flags: 0, l3: 0, l4: 0, payload: 0, l4Len: 0, cause: layout.OK };
  try {
    new Walk(frame, wire, here, found).ethernet();
  } catch (stop) {
    if (!(stop instanceof Stop)) throw stop;
    found.cause = stop.cause;
  }
  return found;
}

class Walk {
  readonly view: DataView;
  readonly frame: Uint8Array;
  readonly wire: number;
  readonly here: number;
  readonly found: Parsed;

  constructor(frame: Uint8Array, wire: number, here: number, found: Parsed) {
    this.view = new DataView(frame.buffer, frame.byteOffset, here);
    this.frame = frame;
    this.wire = wire;
    this.here = here;
    this.found = found;
  }

  /** The header up to byte end must be here. */
  need(end: number, cause: number): void {
    if (end <= this.here) return;
    if (end <= this.frame.length) throw new Stop(layout.DROP_HEADERS_SPLIT);
    if (end > this.wire) throw new Stop(cause);
    this.found.flags |= layout.FLAG_CUT;
    throw new Stop(layout.OK);
  }

  ethernet(): void {
    this.need(14, layout.DROP_ETHERNET_TRUNCATED);
    const dst = this.frame.subarray(0, 6);
    if (dst.every((byte) => byte === 0xff)) this.found.flags |= layout.FLAG_BROADCAST;
    else if ((this.view.getUint8(0) & 1) === 1) this.found.flags |= layout.FLAG_MULTICAST;
    let typeAt = 12;
    for (const flag of [layout.FLAG_VLAN, layout.FLAG_QINQ]) {
      if (!TAG_TYPES.includes(this.view.getUint16(typeAt))) break;
      this.need(typeAt + 6, layout.DROP_VLAN_TRUNCATED);
      this.found.flags |= flag;
      typeAt += 4;
    }
    const l3 = typeAt + 2;
    this.found.l3 = l3;
    const type = this.view.getUint16(typeAt);
    if (type === 0x0800) this.ipv4(l3);
    if (type === 0x86dd) this.ipv6(l3);
    if (type === 0x0806) {
      this.found.flags |= layout.FLAG_ARP;
      this.need(l3 + 28, layout.DROP_ARP_TRUNCATED);
    }
  }

  ipv4(l3: number): void {
    this.found.flags |= layout.FLAG_IPV4;
    this.need(l3 + 20, layout.DROP_IPV4_TRUNCATED);
    const first = this.view.getUint8(l3);
    if (first >> 4 !== 4) throw new Stop(layout.DROP_IPV4_VERSION);
    const headerBytes = (first % 16) * 4;
    if (headerBytes < 20) throw new Stop(layout.DROP_IPV4_HEADER_LENGTH);
    const total = this.lengthOrSegmented(this.view.getUint16(l3 + 2), this.wire - l3);
    if (total < headerBytes || l3 + total > this.wire) throw new Stop(layout.DROP_IPV4_TOTAL_LENGTH);
    this.need(l3 + headerBytes, layout.DROP_IPV4_TRUNCATED);
    this.found.l4 = l3 + headerBytes;
    this.found.l4Len = total - headerBytes;
    const fragment = this.view.getUint16(l3 + 6);
    const offset = fragment & 0x1fff;
    const more = (fragment & 0x2000) !== 0;
    if (offset > 0 || more) this.found.flags |= layout.FLAG_FRAGMENT;
    if (offset > 0) this.found.flags |= layout.FLAG_LATER_FRAGMENT;
    else this.transport(this.view.getUint8(l3 + 9), 4);
  }

  ipv6(l3: number): void {
    this.found.flags |= layout.FLAG_IPV6;
    this.need(l3 + 40, layout.DROP_IPV6_TRUNCATED);
    if (this.view.getUint8(l3) >> 4 !== 6) throw new Stop(layout.DROP_IPV6_VERSION);
    const length = this.lengthOrSegmented(this.view.getUint16(l3 + 4), this.wire - l3 - 40);
    const end = l3 + 40 + length;
    if (end > this.wire) throw new Stop(layout.DROP_IPV6_PAYLOAD_LENGTH);
    let kind = this.view.getUint8(l3 + 6);
    let at = l3 + 40;
    for (let headers = 1; EXTENSION_HEADERS.includes(kind); headers++) {
      if (headers > 8 || at + 8 > end) throw new Stop(layout.DROP_IPV6_EXTENSION);
      this.need(at + 8, layout.DROP_IPV6_TRUNCATED);
      const bytes = this.extensionLength(kind, at);
      if (at + bytes > end) throw new Stop(layout.DROP_IPV6_EXTENSION);
      const isLater = this.extension(kind, at);
      kind = this.view.getUint8(at);
      at += bytes;
      if (isLater) {
        this.need(at, layout.DROP_IPV6_TRUNCATED);
        this.found.l4 = at;
        this.found.l4Len = end - at;
        return;
      }
    }
    this.need(at, layout.DROP_IPV6_TRUNCATED);
    this.found.l4 = at;
    this.found.l4Len = end - at;
    this.transport(kind, 6);
  }

  extensionLength(kind: number, at: number): number {
    const field = this.view.getUint8(at + 1);
    if (kind === 44) return 8;
    return kind === 51 ? 4 * field + 8 : 8 * field + 8;
  }

  /** Notes what an extension header says; true for a fragment header after which no transport header comes. */
  extension(kind: number, at: number): boolean {
    if (kind === 43 && this.view.getUint8(at + 3) > 0) this.found.flags |= layout.FLAG_ROUTED;
    if (kind !== 44) return false;
    const field = this.view.getUint16(at + 2);
    const offset = field >> 3;
    if (offset > 0 || field % 2 === 1) this.found.flags |= layout.FLAG_FRAGMENT;
    if (offset > 0) this.found.flags |= layout.FLAG_LATER_FRAGMENT;
    return offset > 0;
  }

  transport(protocol: number, version: 4 | 6): void {
    const { found } = this;
    if (protocol === 6) {
      found.flags |= layout.FLAG_TCP;
      this.fixed(20, layout.DROP_TCP_TRUNCATED);
      const headerBytes = (this.view.getUint8(found.l4 + 12) >> 4) * 4;
      const isFragment = (found.flags & layout.FLAG_FRAGMENT) !== 0;
      if (headerBytes < 20 || (headerBytes > found.l4Len && !isFragment)) throw new Stop(layout.DROP_TCP_DATA_OFFSET);
      // Options that go on in the next fragment: the payload is not known, what is behind the fixed header counts.
      found.payload = found.l4 + (headerBytes > found.l4Len ? 20 : headerBytes);
    } else if (protocol === 17) {
      found.flags |= layout.FLAG_UDP;
      this.fixed(8, layout.DROP_UDP_TRUNCATED);
      const length = this.lengthOrSegmented(this.view.getUint16(found.l4 + 4), found.l4Len);
      const isFragment = (found.flags & layout.FLAG_FRAGMENT) !== 0;
      if (length < 8 || (length > found.l4Len && !isFragment)) throw new Stop(layout.DROP_UDP_LENGTH);
    } else if (protocol === 1 && version === 4) {
      found.flags |= layout.FLAG_ICMP;
      this.fixed(8, layout.DROP_ICMP_TRUNCATED);
    } else if (protocol === 58 && version === 6) {
      found.flags |= layout.FLAG_ICMPV6;
      this.fixed(4, layout.DROP_ICMP_TRUNCATED);
    }
  }

  /** A transport header's fixed part must be in the datagram, and here; a first fragment may end before (RFC 791). */
  fixed(bytes: number, cause: number): void {
    const isFragment = (this.found.flags & layout.FLAG_FRAGMENT) !== 0;
    if (this.found.l4Len < bytes) throw new Stop(isFragment ? layout.OK : cause);
    this.need(this.found.l4 + bytes, cause);
    this.found.payload = this.found.l4 + bytes;
  }

  /** 0 in a length field is what a segmentation-offloaded datagram over 65535 bytes carries: it is as long as can be. */
  lengthOrSegmented(field: number, most: number): number {
    return field === 0 && most > 65535 ? most : field;
  }
}
