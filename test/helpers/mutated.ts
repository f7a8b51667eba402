/** Bytes that somebody hostile made of sound ones. */
import type { Random } from "./property.js";

/** Values that mean something in some field, or are the edge of one. */
const TELLING = [0, 1, 2, 3, 4, 6, 7, 0x20, 0x22, 0x2c, 0x30, 0x39, 0x5b, 0x7b, 0x7f, 0x80, 0xfe, 0xff];

/** One to three changes: bits, bytes and words that are others, what is cut off, put in, taken out, doubled, or swapped. */
export function mutatedBytes(bytes: Uint8Array, random: Random): Uint8Array {
  let changed: Uint8Array = bytes;
  for (let i = random.between(1, 3); i > 0; i--) changed = change(changed, random);
  return changed;
}

function change(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(Math.max(1, bytes.length));
  const length = random.between(1, 8);
  const insert = (more: Uint8Array) => Uint8Array.of(...bytes.subarray(0, at), ...more, ...bytes.subarray(at));
  switch (random.below(12)) {
    case 0:
    case 1:
      return bytes.map((byte, i) => (i === at ? byte ^ (1 << random.below(8)) : byte));
    case 2:
    case 3:
      return bytes.map((byte, i) => (i === at ? random.pick(TELLING) : byte));
    case 4:
    case 5: {
      const value = random.pick([0, 1, 2 ** 31, 2 ** 32 - 1, bytes.length, random.below(2 ** 24)]);
      return bytes.map((byte, i) => (i >> 2 === at >> 2 ? (value >>> (8 * (i & 3))) & 0xff : byte));
    }
    case 6:
    case 7:
      return digitChanged(bytes, at, random);
    case 8:
      return bytes.slice(0, at);
    case 9:
      return insert(random.bytes(length));
    case 10:
      return insert(bytes.slice(at, at + length));
    default:
      return Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + length));
  }
}

/** Where text has numbers, the next digit from there on is another. */
function digitChanged(bytes: Uint8Array, from: number, random: Random): Uint8Array {
  const at = bytes.findIndex((byte, i) => i >= from && byte >= 0x30 && byte <= 0x39);
  return bytes.map((byte, i) => (i === at ? 0x30 + random.below(10) : byte));
}
