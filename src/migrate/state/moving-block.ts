/** An adapter's block on the move: its pages, round by round, and the block that pages make again. */

import type { Section } from "../move/section.js";
import { decodeBlock } from "./block.js";
import type { StateMemory } from "./memory.js";
import { DirtyPages, joinPages } from "./pages.js";
import type { StateRefusal } from "./part.js";
import type { PartitionState } from "./partition-state.js";

export class MovingBlock {
  readonly #adapter: string;
  readonly #state: PartitionState;
  readonly #pages: DirtyPages;
  readonly #digest: (bytes: Uint8Array) => number;
  #differing: readonly string[] = [];

  /** adapter is its name in the move. */
  constructor(adapter: string, state: PartitionState, memory: StateMemory) {
    this.#adapter = adapter;
    this.#state = state;
    this.#digest = memory.digest;
    this.#pages = new DirtyPages(adapter, memory.digest);
  }

  /** All pages, with the round in which each was last seen to change. Throws ConfigError where the engine's migration.stateBytes are too few. */
  read(round: number, nowMs: number): Section[] {
    const sections = this.#pages.sections(this.#state.extract(nowMs), round);
    if (typeof sections === "string") throw new Error(`a block of our own: ${sections}`);
    return [...sections];
  }

  /** Writes the block into the adapter, which holds nothing: why it is not taken, in words, or undefined. */
  insert(sections: readonly Section[], nowMs: number): string | undefined {
    const block = joinPages(this.#adapter, sections);
    const prepared = this.#state.prepare(block, nowMs);
    if (typeof prepared !== "function") return typeof prepared === "string" ? prepared : refusalText(prepared);
    prepared();
    this.#differing = this.#readBack(block, nowMs);
    return undefined;
  }

  /** Sections of the last block that was inserted which the adapter itself now says otherwise; none is what is to be. */
  get differing(): readonly string[] {
    return this.#differing;
  }

  #readBack(block: Uint8Array, nowMs: number): string[] {
    const [written, read] = [block, this.#state.extract(nowMs)].map((one) => decodeBlock(one, this.#digest));
    if (typeof written !== "object" || typeof read !== "object") return ["block"];
    const same = new Map(read.sections.map(({ name, bytes }) => [name, bytes]));
    return written.sections.filter(({ name, bytes }) => !isSame(bytes, same.get(name))).map(({ name }) => name);
  }
}

function isSame(a: Uint8Array, b: Uint8Array | undefined): boolean {
  if (a.length !== b?.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function refusalText({ section, field, value, bound }: StateRefusal): string {
  return `${section === "" ? "" : `${section}: `}${field} is ${JSON.stringify(value)}, ${bound} needed`;
}
