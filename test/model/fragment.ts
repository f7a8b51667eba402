/**
 * IPv4 fragmentation by RFC 791 section 3.2, as its example procedure goes: cut one fragment off the front, correct both headers,
 * and go on with the rest as a datagram of its own. And what undoes it: RFC 791's reassembly, on a map of bytes.
 */
import { internetChecksum } from "./checksum.js";

/** Fragments of an IP datagram for an MTU, in order; a datagram that fits is its only one. */
export function fragments(datagram: Uint8Array, mtu: number): Uint8Array[] {
  if (datagram.length <= mtu) return [datagram];
  const headerBytes = ((datagram[0] as number) % 16) * 4;
  const blocks = Math.floor((mtu - headerBytes) / 8);
  const [field, cut] = [fieldOf(datagram), headerBytes + blocks * 8];
  const first = withHeader(datagram.subarray(0, headerBytes), datagram.subarray(headerBytes, cut), field | 0x2000);
  const restHeader = [...datagram.subarray(0, 20), ...copiedOptions(datagram.subarray(20, headerBytes))];
  const rest = withHeader(Uint8Array.from(restHeader), datagram.subarray(cut), field + blocks);
  return [first, ...fragments(rest, mtu)];
}

/** The datagram that fragments come from, in any order; undefined while bytes are missing. */
export function reassemble(pieces: readonly Uint8Array[]): Uint8Array | undefined {
  const data = new Map<number, number>();
  let end: number | undefined;
  let header: Uint8Array | undefined;
  for (const piece of pieces) {
    const headerBytes = ((piece[0] as number) % 16) * 4;
    const at = (fieldOf(piece) % 8192) * 8;
    for (const [i, byte] of piece.subarray(headerBytes).entries()) {
      if (data.has(at + i)) throw new Error(`byte ${at + i} came twice`);
      data.set(at + i, byte);
    }
    if (at === 0) header = piece.subarray(0, headerBytes);
    if ((fieldOf(piece) & 0x2000) === 0) end = at + piece.length - headerBytes;
  }
  if (header === undefined || end === undefined || data.size !== end) return undefined;
  const payload = Uint8Array.from({ length: end }, (_, i) => data.get(i) as number);
  return withHeader(header, payload, fieldOf(header) & 0x8000);
}

function fieldOf(datagram: Uint8Array): number {
  return (datagram[6] as number) * 256 + (datagram[7] as number);
}

/** Header and payload put together: header length, total length, flags with offset, and checksum are made right. */
function withHeader(header: Uint8Array, payload: Uint8Array, field: number): Uint8Array {
  const whole = Uint8Array.from([...header, ...payload]);
  const view = new DataView(whole.buffer);
  view.setUint8(0, 0x40 + header.length / 4);
  view.setUint16(2, whole.length);
  view.setUint16(6, field);
  view.setUint16(10, 0);
  view.setUint16(10, internetChecksum(whole.subarray(0, header.length)));
  return whole;
}

/** The options with the copied flag, padded to whole words. */
function copiedOptions(options: Uint8Array): number[] {
  const copied: number[] = [];
  for (let rest = [...options]; rest.length > 0 && rest[0] !== 0; ) {
    const length = rest[0] === 1 ? 1 : (rest[1] as number);
    if ((rest[0] as number) >= 128) copied.push(...rest.slice(0, length));
    rest = rest.slice(length);
  }
  while (copied.length % 4 !== 0) copied.push(0);
  return copied;
}
