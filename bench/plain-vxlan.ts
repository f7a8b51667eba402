/**
 * VXLAN encapsulation in plain JavaScript, written as well as we know how: the baseline of bench/encap.ts. It does what the
 * data plane does to a frame: parse and check down to the ports, hash the flow, put the prepared header in front, patch
 * lengths, entropy port and IPv4 checksum. The hash is of 32 bits, since 64-bit products would need BigInt.
 */

/** The header as the data plane made it for one frame, to be patched for others. */
export interface PlainTunnel {
  /** Ethernet 14, IPv4 20, UDP 8, VXLAN 8. */
  readonly header: Uint8Array;
  readonly headerView: DataView;
  /** Sum of the IPv4 header's words without total length and checksum. */
  readonly ipSum: number;
}

export const HEADER_BYTES = 50;
const IP = 14;
const UDP = IP + 20;
const ETHERTYPE_IPV4 = 0x0800;
const PROTOCOL_UDP = 17;

export function plainTunnel(header: Uint8Array): PlainTunnel {
  const headerView = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
  let ipSum = 0;
  for (let off = IP; off < UDP; off += 2) if (off !== IP + 2 && off !== IP + 10) ipSum += headerView.getUint16(off);
  return { header, headerView, ipSum };
}

/** In place: the frame lies in view at frameOff, with headroom in front. Returns where the outer frame starts. */
export function encapInPlace(tunnel: PlainTunnel, view: DataView, frameOff: number, frameBytes: number): number {
  const hash = flowHash(view, frameOff, frameBytes);
  const outerOff = frameOff - HEADER_BYTES;
  // Words by DataView: TypedArray.set costs more than 13 stores.
  for (let off = 0; off < 48; off += 4) view.setUint32(outerOff + off, tunnel.headerView.getUint32(off));
  view.setUint16(outerOff + 48, tunnel.headerView.getUint16(48));
  patch(tunnel, view, outerOff, frameBytes, hash);
  return outerOff;
}

/** By joining: a patched copy of the header, then a new buffer for both, as a stack without headroom has to. */
export function encapByConcat(tunnel: PlainTunnel, frame: Buffer, view: DataView): Buffer {
  const hash = flowHash(view, 0, frame.length);
  const header = Buffer.from(tunnel.header);
  patch(tunnel, new DataView(header.buffer, header.byteOffset, HEADER_BYTES), 0, frame.length, hash);
  return Buffer.concat([header, frame]);
}

function patch(tunnel: PlainTunnel, view: DataView, outerOff: number, frameBytes: number, hash: number): void {
  const ipLength = frameBytes + HEADER_BYTES - IP;
  let sum = tunnel.ipSum + ipLength;
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(outerOff + IP + 2, ipLength);
  view.setUint16(outerOff + IP + 10, sum ^ 0xffff);
  view.setUint16(outerOff + UDP, 49152 + (hash >>> 18));
  view.setUint16(outerOff + UDP + 4, ipLength - 20);
}

/** A hash of the 5-tuple; throws for a frame that is no whole UDP datagram in IPv4, which no measured frame is. */
function flowHash(view: DataView, off: number, frameBytes: number): number {
  const ip = off + IP;
  if (view.getUint16(off + 12) !== ETHERTYPE_IPV4 || view.getUint8(ip) !== 0x45) throw new Error("not IPv4");
  if ((view.getUint16(ip + 6) & 0x3fff) !== 0) throw new Error("a fragment");
  const totalLength = view.getUint16(ip + 2);
  const udpLength = view.getUint16(off + UDP + 4);
  if (totalLength > frameBytes - IP || udpLength > totalLength - 20 || udpLength < 8) throw new Error("cut");
  const protocol = view.getUint8(ip + 9);
  if (protocol !== PROTOCOL_UDP) throw new Error("not UDP");
  return mix(view.getUint32(ip + 12) ^ mix(view.getUint32(ip + 16) ^ mix(view.getUint32(off + UDP) ^ protocol)));
}

/** MurmurHash3's 32-bit finalizer. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
