/**
 * Global queue-pair numbers, handed out in blocks: disjoint, and at rest for a while after they came back, so that a packet on its way to
 * a number's former owner finds nobody rather than a stranger. 0 and 1 are management queue pairs, 0xffffff is multicast (IBTA volume
 * 1, 3.5.10), 0xfffffe is ours. A plain value: it can be written out and read back.
 */
import { GQPN_FIRST, GQPN_LAST } from "./numbers.js";

/** A run of numbers that is taken: by a host, or at rest until freeMs. */
interface Extent {
  readonly first: number;
  readonly size: number;
  readonly host?: string;
  readonly freeMs?: number;
}

/** What an allocator knows, as JSON. */
export interface AllocatorState {
  readonly next: number;
  readonly taken: readonly Extent[];
}

export class BlockAllocator {
  readonly #first: number;
  readonly #last: number;
  /** In the numbers' order. */
  #taken: Extent[];
  /** Where the search for the next block begins: old numbers come back late. */
  #next: number;

  /** Numbers from first to last, and what was taken of them before. */
  constructor(first = GQPN_FIRST, last = GQPN_LAST, state: AllocatorState = { next: first, taken: [] }) {
    this.#first = first;
    this.#last = last;
    this.#next = state.next;
    this.#taken = [...state.taken];
  }

  get state(): AllocatorState {
    return { next: this.#next, taken: this.#taken };
  }

  /** The first of size numbers in a row, now the host's; undefined when there are none. */
  allocate(host: string, size: number, nowMs: number): number | undefined {
    if (this.#taken.some(({ freeMs }) => freeMs !== undefined && freeMs <= nowMs)) {
      this.#taken = this.#taken.filter(({ freeMs }) => freeMs === undefined || freeMs > nowMs);
    }
    const first = this.#gap(this.#next, size) ?? this.#gap(this.#first, size);
    if (first === undefined) return undefined;
    this.#taken.splice(this.#position(first), 0, { first, size, host });
    this.#next = first + size;
    return first;
  }

  /** True when the block was the host's; from freeMs on it can be somebody else's. */
  release(host: string, first: number, size: number, freeMs: number): boolean {
    if (!this.owns(host, first, size)) return false;
    this.#taken[this.#position(first)] = { first, size, freeMs };
    return true;
  }

  /** True when the block is the host's. */
  owns(host: string, first: number, size: number): boolean {
    const extent = this.#taken[this.#position(first)];
    return extent?.first === first && extent.size === size && extent.host === host;
  }

  /** Where size numbers are free, at from or above. */
  #gap(from: number, size: number): number | undefined {
    let start = from;
    const position = this.#position(from);
    const before = this.#taken[position - 1];
    if (before !== undefined) start = Math.max(start, before.first + before.size);
    for (let i = position; i < this.#taken.length; i++) {
      const extent = this.#taken[i] as Extent;
      if (extent.first - start >= size) return start;
      start = extent.first + extent.size;
    }
    return this.#last - start + 1 >= size ? start : undefined;
  }

  /** How many extents begin below first. */
  #position(first: number): number {
    let low = 0;
    let high = this.#taken.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#taken[middle] as Extent).first < first) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
