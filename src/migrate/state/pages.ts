/**
 * An adapter's block as the move carries it (move/section.ts): in pages, so that a round takes only those along that have changed. A page never
 * reaches over the end of a section of the block, and is named after it, "frames/3"; header and table are the page "/0". Frames' bytes have
 * pages of their own, "frames/bytes/3": a frame more makes the records in front of them longer, and would move all of them.
 */
import { checkInteger } from "../../check.js";
import { type DigestFunction, type Section, sectionKey } from "../move/section.js";
import { type BlockFault, decodeBlock, sectionsOffset } from "./block.js";
import { FRAMES } from "./frames/incoming.js";
import { dataOffset, readShape } from "./frames/section.js";

const PAGE_BYTES = 16_384;

export interface PageOptions {
  /** 1024 to 2^24; 16384 by default. */
  readonly pageBytes?: number;
}

interface KnownPage {
  readonly digest: number;
  readonly section: Section;
}

/** Remembers, of an adapter that is being moved, each page and the round in which it last changed. */
export class DirtyPages {
  readonly #adapter: string;
  readonly #digest: DigestFunction;
  readonly #pageBytes: number;
  #known = new Map<string, KnownPage>();

  /** Throws ConfigError. */
  constructor(adapter: string, digest: DigestFunction, options: PageOptions = {}) {
    this.#adapter = adapter;
    this.#digest = digest;
    this.#pageBytes = checkInteger("pageBytes", options.pageBytes ?? PAGE_BYTES, 1024, 2 ** 24);
  }

  /** The block's pages in order, as of a round; those that changed since the last one are of this round. Or why this is no block. */
  sections(block: Uint8Array, round: number): readonly Section[] | BlockFault {
    const decoded = decodeBlock(block, this.#digest);
    if (typeof decoded === "string") return decoded;
    const { sections } = decoded;
    const known = new Map<string, KnownPage>();
    const add = (name: string, from: number, to: number) => {
      // One page at least, so that a section without bytes is there, too.
      for (let at = from, i = 0; at < to || i === 0; at += this.#pageBytes, i++) {
        const bytes = block.subarray(at, Math.min(at + this.#pageBytes, to));
        const page = this.#page(`${name}/${i}`, bytes, round);
        known.set(sectionKey(page.section), page);
      }
    };
    const starts = sections.map(({ bytes }) => bytes.byteOffset - block.byteOffset);
    add("", 0, sectionsOffset(sections.length));
    for (const [i, { name, bytes }] of sections.entries()) {
      const [from, to] = [starts[i] as number, starts[i + 1] ?? block.length];
      const shape = name === FRAMES ? readShape(bytes) : undefined;
      const cut = shape ? from + dataOffset(shape) : to;
      add(name, from, cut);
      if (cut < to) add(`${name}/bytes`, cut, to);
    }
    this.#known = known;
    return [...known.values()].map(({ section }) => section);
  }

  #page(name: string, bytes: Uint8Array, round: number): KnownPage {
    const adapter = this.#adapter;
    const digest = this.#digest(bytes);
    const before = this.#known.get(sectionKey({ adapter, name }));
    if (before && before.digest === digest && before.section.bytes.length === bytes.length) return before;
    return { digest, section: { adapter, name, bytes: new Uint8Array(bytes), dirty: round } };
  }
}

/** The block whose pages these are: those of the adapter, in their order. What it says nobody has looked at. */
export function joinPages(adapter: string, sections: readonly Section[]): Uint8Array {
  const pages = sections.filter((section) => section.adapter === adapter);
  const block = new Uint8Array(pages.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of pages) {
    block.set(bytes, at);
    at += bytes.length;
  }
  return block;
}
