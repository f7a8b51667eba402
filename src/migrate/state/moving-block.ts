/** An adapter's block on the move: its pages, round by round, and the block that pages make again. */
import type { Section } from "../move/section.js";
import type { StateMemory } from "./memory.js";
import { DirtyPages, joinPages } from "./pages.js";
import type { StateRefusal } from "./part.js";
import type { PartitionState } from "./partition-state.js";

export class MovingBlock {
  readonly #adapter: string;
  readonly #state: PartitionState;
  readonly #pages: DirtyPages;

  /** adapter is its name in the move. */
  constructor(adapter: string, state: PartitionState, memory: StateMemory) {
    this.#adapter = adapter;
    this.#state = state;
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
    return undefined;
  }
}

function refusalText({ section, field, value, bound }: StateRefusal): string {
  return `${section === "" ? "" : `${section}: `}${field} is ${JSON.stringify(value)}, ${bound} needed`;
}
