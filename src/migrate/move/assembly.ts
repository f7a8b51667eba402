/**
 * The target's copy of the state, put together from chunks that come in order. A round replaces a section as a whole, when its last chunk
 * has come; what is not in the manifest at the end is left out. Nothing is allocated beyond what was reserved.
 */
import { type Chunk, type DigestFunction, digestOf, type Manifest, type Section, sectionKey } from "./section.js";

/** Why a state is not taken. */
export type StateFault = "chunk-digest" | "chunk-order" | "too-long" | "foreign-adapter" | "missing" | "state-digest";

/** A section of which not all has come. */
interface Unfinished {
  readonly section: Section;
  readonly filledBytes: number;
}

export class StateAssembly {
  readonly #adapters: ReadonlySet<string>;
  readonly #maxBytes: number;
  readonly #digest: DigestFunction;
  readonly #whole = new Map<string, Section>();
  #unfinished: Unfinished | undefined;
  #wholeBytes = 0;

  constructor(adapters: readonly string[], maxBytes: number, digest: DigestFunction) {
    this.#adapters = new Set(adapters);
    this.#maxBytes = maxBytes;
    this.#digest = digest;
  }

  /** Bytes of whole sections. */
  get lenBytes(): number {
    return this.#wholeBytes;
  }

  /** Whole sections, in the order in which they came first. */
  sections(): readonly Section[] {
    return [...this.#whole.values()];
  }

  /** Takes the next chunk; what is wrong with it, if anything. */
  add(chunk: Chunk): StateFault | undefined {
    const { adapter, name, dirty, offsetBytes, totalBytes, bytes } = chunk;
    if (!this.#adapters.has(adapter)) return "foreign-adapter";
    if (this.#digest(bytes) !== chunk.digest) return "chunk-digest";
    const key = sectionKey(chunk);
    const othersBytes = this.#wholeBytes - (this.#whole.get(key)?.bytes.length ?? 0);
    if (!Number.isSafeInteger(totalBytes) || totalBytes < 0) return "chunk-order";
    if (othersBytes + totalBytes > this.#maxBytes) return "too-long";
    if (offsetBytes === 0) {
      this.#unfinished = { section: { adapter, name, dirty, bytes: new Uint8Array(totalBytes) }, filledBytes: 0 };
    }
    const unfinished = this.#unfinished;
    if (!unfinished || sectionKey(unfinished.section) !== key || unfinished.section.bytes.length !== totalBytes) {
      return "chunk-order";
    }
    const filledBytes = unfinished.filledBytes + bytes.length;
    if (unfinished.filledBytes !== offsetBytes || filledBytes > totalBytes) return "chunk-order";
    unfinished.section.bytes.set(bytes, offsetBytes);
    this.#unfinished = { ...unfinished, filledBytes };
    if (filledBytes === totalBytes) {
      this.#whole.set(key, unfinished.section);
      this.#wholeBytes = othersBytes + totalBytes;
      this.#unfinished = undefined;
    }
    return undefined;
  }

  /** The sections of the manifest in its order, or why they are not the state that was sent. */
  finish(manifest: Manifest): readonly Section[] | StateFault {
    const sections: Section[] = [];
    for (const entry of manifest.sections) {
      const section = this.#whole.get(sectionKey(entry));
      if (section?.bytes.length !== entry.lenBytes) return "missing";
      sections.push(section);
    }
    return digestOf(sections, this.#digest) === manifest.digest ? sections : "state-digest";
  }
}
