/** Sections that somebody has changed: bits, words, lengths, and whole records moved, doubled or left out. */
import type { Random } from "../../helpers/property.js";

const WORDS = [
  0, 1, 2, 4, 7, 15, 16, 63, 64, 255, 256, 4096, 65_535, 65_536, 0xffffff, 0x7fffffff, 0x80000000, 0xffffffff,
];

/** head: bytes at the front that are changed more often than what follows them. */
export function mutated(section: Uint8Array, head: number, random: Random): Uint8Array<ArrayBuffer> {
  let bytes = Uint8Array.from(section);
  for (let times = random.pick([1, 1, 1, 2, 3, 8]); times > 0; times--) bytes = once(bytes, head, random);
  return bytes;
}

function once(bytes: Uint8Array<ArrayBuffer>, head: number, random: Random): Uint8Array<ArrayBuffer> {
  if (bytes.length < 16) return bytes;
  const view = new DataView(bytes.buffer);
  const reach = random.below(20) === 0 ? bytes.length : Math.min(head, bytes.length);
  const at = random.below(reach >> 2) * 4;
  const word = view.getUint32(at, true);
  switch (random.below(9)) {
    case 0:
      bytes[random.below(reach)] = random.below(256);
      return bytes;
    case 1:
      view.setUint32(at, (word ^ (1 << random.below(32))) >>> 0, true);
      return bytes;
    case 2:
      view.setUint32(at, random.pick(WORDS), true);
      return bytes;
    case 3:
      view.setUint32(at, word + random.pick([1, -1, 8, -8, 64, -64]), true);
      return bytes;
    case 4:
      // What stands elsewhere: a key, a number, a PSN of another.
      view.setUint32(at, view.getUint32(random.below(reach >> 2) * 4, true), true);
      return bytes;
    case 5:
      return bytes.slice(0, random.below(bytes.length));
    case 6:
      return joined(bytes, random.bytes(random.pick([1, 8, 80])));
    case 7: {
      const from = random.below(reach >> 2) * 4;
      bytes.copyWithin(at, from, from + random.pick([4, 16, 32, 60, 64, 140]));
      return bytes;
    }
    default: {
      const length = random.pick([4, 8, 16, 32]);
      return joined(bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + length)));
    }
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
