/** What can happen to a block on its way, by chance or on purpose. */
import { type BlockSection, type DecodedBlock, decodeBlock, encodeBlock } from "../../../src/migrate/state/block.js";
import type { Random } from "../../helpers/property.js";
import { crc32c } from "../move/crc32c.js";

const HEADER_BYTES = 56;
const ROW_BYTES = 48;

/** A block made from sound ones: nothing of it need make sense, or only one section does not. */
export function damaged(random: Random, blocks: readonly Uint8Array[]): Uint8Array {
  return random.below(2) === 0 ? broken(random, blocks) : forged(random, blocks);
}

/** One to three kinds of damage anywhere; the digests are made right again in two of three. */
function broken(random: Random, blocks: readonly Uint8Array[]): Uint8Array {
  let bytes = new Uint8Array(random.pick(blocks));
  for (let times = 1 + random.below(3); times > 0; times--) bytes = random.pick(KINDS)(bytes, random, blocks);
  return random.below(3) === 0 ? bytes : repaired(bytes);
}

/** A block in which all is sound but what one section says, by chance from another block; and that may be, too. */
function forged(random: Random, blocks: readonly Uint8Array[]): Uint8Array {
  const block = sound(random.pick(blocks));
  const sections = [...block.sections];
  const i = random.below(2) === 0 ? 0 : random.below(sections.length);
  const other = (sound(random.pick(blocks)).sections[i] as BlockSection).bytes;
  let bytes = new Uint8Array(random.below(4) === 0 ? other : (sections[i] as BlockSection).bytes);
  for (let times = random.below(3); times > 0; times--) bytes = random.pick(CONTENT_KINDS)(bytes, random, [other]);
  sections[i] = { ...(sections[i] as BlockSection), bytes };
  return encodeBlock(block.format, sections, crc32c);
}

function sound(block: Uint8Array): DecodedBlock {
  const decoded = decodeBlock(block, crc32c);
  if (typeof decoded === "string") throw new Error(decoded);
  return decoded;
}

type Damage = (
  bytes: Uint8Array<ArrayBuffer>,
  random: Random,
  blocks: readonly Uint8Array[],
) => Uint8Array<ArrayBuffer>;

const VALUES = [0, 1, 2, 7, 8, 16, 63, 64, 65, 255, 1000, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 8, 2 ** 32 - 1];

const CONTENT_KINDS: readonly Damage[] = [
  flipAhead,
  flipAhead,
  overwriteAhead,
  overwriteAhead,
  truncate,
  extend,
  cutOut,
  splice,
  swapWords,
];
const KINDS: readonly Damage[] = [...CONTENT_KINDS, flip, overwrite, swapRows, forgeRow];

function flip(bytes: Uint8Array<ArrayBuffer>, random: Random) {
  return flipAt(bytes, random.below(bytes.length), random);
}

/** Where the header, the table and the records are. */
function flipAhead(bytes: Uint8Array<ArrayBuffer>, random: Random) {
  return flipAt(bytes, random.below(Math.min(bytes.length, 900)), random);
}

function flipAt(bytes: Uint8Array<ArrayBuffer>, at: number, random: Random) {
  const byte = bytes[at];
  if (byte !== undefined) bytes[at] = byte ^ (1 << random.below(8));
  return bytes;
}

function overwrite(bytes: Uint8Array<ArrayBuffer>, random: Random) {
  return setWord(bytes, random.below(Math.max(1, bytes.length >> 2)) * 4, random);
}

function overwriteAhead(bytes: Uint8Array<ArrayBuffer>, random: Random) {
  return setWord(bytes, random.below(Math.max(1, Math.min(bytes.length >> 2, 220))) * 4, random);
}

function setWord(bytes: Uint8Array<ArrayBuffer>, at: number, random: Random) {
  if (at + 4 > bytes.length) return bytes;
  const view = new DataView(bytes.buffer);
  const by = random.pick([-8, -4, -1, 1, 4, 8]);
  const value = random.below(2) === 0 ? random.pick(VALUES) : view.getUint32(at, true) + by;
  view.setUint32(at, value, true);
  return bytes;
}

function truncate(bytes: Uint8Array<ArrayBuffer>, random: Random) {
  return bytes.slice(0, random.below(bytes.length + 1));
}

function extend(bytes: Uint8Array<ArrayBuffer>, random: Random) {
  const longer = new Uint8Array(bytes.length + random.pick([1, 7, 8, 64]));
  longer.set(bytes);
  return longer;
}

function cutOut(bytes: Uint8Array<ArrayBuffer>, random: Random) {
  const from = random.below(bytes.length + 1);
  const to = Math.min(bytes.length, from + random.pick([1, 4, 8, 24, 48]));
  const shorter = new Uint8Array(bytes.length - (to - from));
  shorter.set(bytes.subarray(0, from));
  shorter.set(bytes.subarray(to), from);
  return shorter;
}

/** The front of one and the rest of another. */
function splice(bytes: Uint8Array<ArrayBuffer>, random: Random, blocks: readonly Uint8Array[]) {
  const other = random.pick(blocks);
  const at = random.below(Math.min(bytes.length, other.length) + 1);
  const spliced = new Uint8Array(other);
  spliced.set(bytes.subarray(0, at));
  return spliced;
}

function swapRows(bytes: Uint8Array<ArrayBuffer>, random: Random) {
  return swap(bytes, HEADER_BYTES + random.below(5) * ROW_BYTES, HEADER_BYTES + random.below(5) * ROW_BYTES, ROW_BYTES);
}

/** Records of frames, say. */
function swapWords(bytes: Uint8Array<ArrayBuffer>, random: Random) {
  const unit = random.pick([2, 4, 8, 24]);
  const places = Math.max(1, Math.floor(bytes.length / unit));
  return swap(bytes, random.below(places) * unit, random.below(places) * unit, unit);
}

function swap(bytes: Uint8Array<ArrayBuffer>, a: number, b: number, lenBytes: number) {
  if (Math.max(a, b) + lenBytes > bytes.length) return bytes;
  const [first, second] = [bytes.slice(a, a + lenBytes), bytes.slice(b, b + lenBytes)];
  bytes.set(first, b);
  bytes.set(second, a);
  return bytes;
}

/** A row that points to somewhere else, or at another section. */
function forgeRow(bytes: Uint8Array<ArrayBuffer>, random: Random) {
  const row = HEADER_BYTES + random.below(5) * ROW_BYTES;
  return setWord(bytes, row + random.pick([24, 32, 36, 40, 44]), random);
}

/** Length and digests as they would be if the bytes were meant to be so; no more than can be told from a table that may be nonsense. */
export function repaired(bytes: Uint8Array<ArrayBuffer>): Uint8Array {
  if (bytes.length < HEADER_BYTES) return bytes;
  const view = new DataView(bytes.buffer);
  const count = view.getUint32(12, true);
  const tableEnd = HEADER_BYTES + count * ROW_BYTES;
  if (tableEnd > bytes.length) return bytes;
  view.setUint32(48, bytes.length, true);
  for (let row = HEADER_BYTES; row < tableEnd; row += ROW_BYTES) {
    const [from, length] = [view.getUint32(row + 32, true), view.getUint32(row + 40, true)];
    if (from + length <= bytes.length) view.setUint32(row + 28, crc32c(bytes.subarray(from, from + length)), true);
  }
  view.setUint32(8, crc32c(bytes.subarray(12, tableEnd)), true);
  return bytes;
}
