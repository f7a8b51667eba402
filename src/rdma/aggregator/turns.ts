/**
 * Streams that take turns, in order. A list of links between themselves, since a stream may leave from anywhere in it, and with tens of
 * thousands that leave one by one a search for each would hold up its agent for minutes.
 */
import type { StreamState } from "./stream-state.js";

export class Turns {
  #first: StreamState | undefined;
  #last: StreamState | undefined;

  get first(): StreamState | undefined {
    return this.#first;
  }

  /** Last in turn. It is in no list. */
  push(state: StreamState): void {
    state.before = this.#last;
    if (this.#last) this.#last.after = state;
    else this.#first = state;
    this.#last = state;
  }

  /** It is in this list. */
  remove(state: StreamState): void {
    const { before, after } = state;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    state.before = undefined;
    state.after = undefined;
  }

  *[Symbol.iterator](): Generator<StreamState> {
    for (let state = this.#first; state; state = state.after) yield state;
  }
}
