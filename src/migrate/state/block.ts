/**
 * The block that an adapter's state is carried in: a header, a table of sections, the sections. Little-endian; sections begin on multiples
 * of 8, one directly behind the other.
 *
 *    0   │ magic "RLSTATE1" 8                                                   │
 *    8   │ CRC-32C 4, of bytes 12 to the table's end  │ sections 4              │
 *   16   │ format's name 24, ASCII, then zeros                                  │
 *   40   │ format's version 4                         │ 0 4                     │
 *   48   │ length of the block 8                                                │
 *   56   │ a row of 48 for each section:                                        │
 *        │   name 24 │ version 4 │ CRC-32C of the section 4 │ offset 8 │ length 8
 *        │ the sections, each filled up with zeros to a multiple of 8           │
 *
 * So there is one block for each content, and no byte of it that nobody looks at: decodeBlock takes none that encodeBlock would not have made.
 */
import { ConfigError } from "../../errors.js";
import type { DigestFunction } from "../move/section.js";

/** What a block's sections are, and in which version of that. */
export interface BlockFormat {
  readonly name: string;
  readonly version: number;
}

export interface BlockSection {
  /** A lower-case letter, then letters, digits and hyphens; up to 24. */
  readonly name: string;
  readonly version: number;
  readonly bytes: Uint8Array;
}

export interface DecodedBlock {
  readonly format: BlockFormat;
  /** In order; their bytes are views of the block. */
  readonly sections: readonly BlockSection[];
}

/** Why bytes are no sound block. */
export type BlockFault =
  | "length"
  | "magic"
  | "digest"
  | "format"
  | "reserved"
  | "section-count"
  | "section-name"
  | "section-twice"
  | "section-place"
  | "section-digest"
  | "padding";

/** A section that lies in a block already. */
export interface PlacedSection {
  readonly name: string;
  readonly version: number;
  readonly offsetBytes: number;
  readonly lenBytes: number;
}

/** A block of many sections is a fault of whoever made it. */
export const SECTIONS_MAX = 64;
const MAGIC = new TextEncoder().encode("RLSTATE1");
const HEADER_BYTES = 56;
const ROW_BYTES = 48;
const NAME_BYTES = 24;
const NAME = /^[a-z][a-z0-9-]*$/;
const DIGEST_FROM = 12;

/** Where the first of so many sections begins. */
export function sectionsOffset(count: number): number {
  return HEADER_BYTES + count * ROW_BYTES;
}

/** The multiple of 8 that is not below. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function isName(name: string): boolean {
  return name.length <= NAME_BYTES && NAME.test(name);
}

/** The block of these sections. Throws ConfigError for a name that cannot be one, a name twice, or more than SECTIONS_MAX. */
export function encodeBlock(
  format: BlockFormat,
  sections: readonly BlockSection[],
  digest: DigestFunction,
): Uint8Array {
  let end = sectionsOffset(sections.length);
  const placed = sections.map(({ name, version, bytes }) => {
    const place = { name, version, offsetBytes: end, lenBytes: bytes.length };
    end = aligned(end + bytes.length);
    return place;
  });
  checkNames(format, placed);
  const block = new Uint8Array(end);
  for (const [i, { bytes }] of sections.entries()) block.set(bytes, (placed[i] as PlacedSection).offsetBytes);
  writeTable(block, format, placed, digest);
  return block;
}

/** Throws ConfigError for what cannot stand in a table. */
export function checkNames(format: BlockFormat, sections: readonly { readonly name: string }[]): void {
  if (!isName(format.name)) throw new ConfigError("format.name", format.name, "a section's or format's name");
  if (sections.length > SECTIONS_MAX)
    throw new ConfigError("sections.length", sections.length, `at most ${SECTIONS_MAX}`);
  for (const [i, { name }] of sections.entries()) {
    if (!isName(name)) throw new ConfigError(`sections[${i}].name`, name, "a section's or format's name");
    if (sections.findIndex((section) => section.name === name) !== i) {
      throw new ConfigError(`sections[${i}].name`, name, "a name that no section before it has");
    }
  }
}

/** Writes header, table and padding of a block whose sections stand in their places, and is as long as they need. */
export function writeTable(
  block: Uint8Array,
  format: BlockFormat,
  sections: readonly PlacedSection[],
  digest: DigestFunction,
): void {
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  const tableEnd = sectionsOffset(sections.length);
  block.fill(0, 0, tableEnd);
  block.set(MAGIC, 0);
  view.setUint32(12, sections.length, true);
  writeName(block, 16, format.name);
  view.setUint32(40, format.version, true);
  view.setUint32(48, block.length, true);
  for (const [i, { name, version, offsetBytes, lenBytes }] of sections.entries()) {
    const row = HEADER_BYTES + i * ROW_BYTES;
    const end = offsetBytes + lenBytes;
    block.fill(0, end, aligned(end));
    writeName(block, row, name);
    view.setUint32(row + 24, version, true);
    view.setUint32(row + 28, digest(block.subarray(offsetBytes, end)), true);
    view.setUint32(row + 32, offsetBytes, true);
    view.setUint32(row + 40, lenBytes, true);
  }
  view.setUint32(8, digest(block.subarray(DIGEST_FROM, tableEnd)), true);
}

/** What a block holds, or why it is no sound one: all of it has been looked at, but for what its sections say. Never throws. */
export function decodeBlock(block: Uint8Array, digest: DigestFunction): DecodedBlock | BlockFault {
  if (block.length < HEADER_BYTES) return "length";
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  if (MAGIC.some((byte, i) => block[i] !== byte)) return "magic";
  if (readLength(view, 48) !== block.length) return "length";
  const count = view.getUint32(12, true);
  const tableEnd = sectionsOffset(count);
  if (count > SECTIONS_MAX || tableEnd > block.length) return "section-count";
  if (digest(block.subarray(DIGEST_FROM, tableEnd)) !== view.getUint32(8, true)) return "digest";
  const name = readName(block, 16);
  if (name === undefined) return "format";
  if (view.getUint32(44, true) !== 0) return "reserved";
  const sections = readSections(block, view, count, digest);
  if (typeof sections === "string") return sections;
  return { format: { name, version: view.getUint32(40, true) }, sections };
}

function readSections(
  block: Uint8Array,
  view: DataView,
  count: number,
  digest: DigestFunction,
): BlockSection[] | BlockFault {
  const sections: BlockSection[] = [];
  const names = new Set<string>();
  let end = sectionsOffset(count);
  for (let i = 0; i < count; i++) {
    const row = HEADER_BYTES + i * ROW_BYTES;
    const name = readName(block, row);
    if (name === undefined) return "section-name";
    if (names.has(name)) return "section-twice";
    names.add(name);
    const lenBytes = readLength(view, row + 40);
    if (readLength(view, row + 32) !== end || lenBytes === undefined || lenBytes > block.length - end) {
      return "section-place";
    }
    const bytes = block.subarray(end, end + lenBytes);
    if (digest(bytes) !== view.getUint32(row + 28, true)) return "section-digest";
    const next = aligned(end + lenBytes);
    if (next > block.length) return "length";
    for (let at = end + lenBytes; at < next; at++) if (block[at] !== 0) return "padding";
    sections.push({ name, version: view.getUint32(row + 24, true), bytes });
    end = next;
  }
  return end === block.length ? sections : "length";
}

/** A u64 that is no more than 2^32 - 1; undefined for any other. */
function readLength(view: DataView, at: number): number | undefined {
  return view.getUint32(at + 4, true) === 0 ? view.getUint32(at, true) : undefined;
}

function writeName(block: Uint8Array, at: number, name: string): void {
  for (let i = 0; i < name.length; i++) block[at + i] = name.charCodeAt(i);
}

/** A name of lower-case ASCII behind which there are only zeros; undefined for anything else. */
function readName(block: Uint8Array, at: number): string | undefined {
  const bytes = block.subarray(at, at + NAME_BYTES);
  const length = bytes.indexOf(0);
  const text = String.fromCharCode(...bytes.subarray(0, length === -1 ? NAME_BYTES : length));
  const isFilled = length === -1 || bytes.subarray(length).every((byte) => byte === 0);
  return isFilled && isName(text) ? text : undefined;
}
