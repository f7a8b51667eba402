/**
 * The ring into which the data plane puts owners whose window is due (assembly/mbuf/limit.ts), once each. They stay until their windows have
 * begun anew; one that was due, looked at and is due again may be there twice.
 */
import { RING_BYTES, RING_HEAD, RING_TAIL } from "../../../assembly/layout.js";
import type { Arena } from "../../memory.js";
import type { Kernels } from "../../wasm.js";
import { dueSlots } from "./sizes.js";

export class DueRing {
  readonly ptr: number;
  readonly #arena: Arena;
  readonly #slots: number;
  readonly #mask: number;

  /** For so many owners. */
  constructor(kernels: Kernels, arena: Arena, owners: number) {
    this.#arena = arena;
    this.#mask = dueSlots(owners) - 1;
    this.ptr = arena.take(RING_BYTES);
    this.#slots = arena.take(dueSlots(owners) * 4);
    kernels.ringInit(this.ptr, this.#slots, dueSlots(owners));
  }

  /** Owners in the ring that are still due, in the order in which they became so. */
  owners(isDue: (owner: number) => boolean): number[] {
    this.skip(isDue);
    const owners = new Set<number>();
    for (let at = this.#cursor(RING_TAIL); at !== this.#cursor(RING_HEAD); at = (at + 1) >>> 0) {
      if (isDue(this.#owner(at))) owners.add(this.#owner(at));
    }
    return [...owners];
  }

  /** Lets the ring forget owners at its end that are not due any more. */
  skip(isDue: (owner: number) => boolean): void {
    let tail = this.#cursor(RING_TAIL);
    while (tail !== this.#cursor(RING_HEAD) && !isDue(this.#owner(tail))) tail = (tail + 1) >>> 0;
    this.#arena.u32[(this.ptr + RING_TAIL) >> 2] = tail;
  }

  #cursor(which: number): number {
    return this.#arena.u32[(this.ptr + which) >> 2] as number;
  }

  #owner(cursor: number): number {
    return this.#arena.u32[(this.#slots >> 2) + (cursor & this.#mask)] as number;
  }
}
