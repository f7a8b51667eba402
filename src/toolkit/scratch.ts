/**
 * Bytes where kernels can read them. What lies in the toolkit's memory already is read where it is; anything else is copied
 * into a scratch region first, a piece at a time when it is longer.
 */
import { ConfigError } from "../errors.js";
import type { Arena, MemoryPlan } from "../memory.js";

/** Most bytes that are copied in at once; even, so that a checksum's pieces begin on even bytes. */
const SCRATCH_BYTES = 2 ** 17;

export function planScratch(plan: MemoryPlan): void {
  plan.add(SCRATCH_BYTES);
}

export class Scratch {
  readonly #arena: Arena;
  readonly #checkOpen: () => void;
  readonly #region: number;

  /** checkOpen throws when the toolkit is closed. */
  constructor(arena: Arena, checkOpen: () => void) {
    this.#arena = arena;
    this.#checkOpen = checkOpen;
    this.#region = arena.take(SCRATCH_BYTES);
  }

  /** The address of all of data; ConfigError when it would have to be copied and is longer than the scratch region. */
  whole(argument: string, data: Uint8Array): number {
    if (this.#isInside(data)) return data.byteOffset;
    if (data.length > SCRATCH_BYTES) {
      const bound = `at most ${SCRATCH_BYTES} bytes, or lie in memory that the toolkit gave`;
      throw new ConfigError(`${argument}.length`, data.length, bound);
    }
    this.#arena.u8.set(data, this.#region);
    return this.#region;
  }

  /** Hands data to work, in pieces: address and length, in order. All pieces but the last are even. */
  pieces(data: Uint8Array, work: (ptr: number, len: number) => void): void {
    if (this.#isInside(data)) {
      work(data.byteOffset, data.length);
      return;
    }
    for (let off = 0; off < data.length; off += SCRATCH_BYTES) {
      const piece = data.subarray(off, off + SCRATCH_BYTES);
      this.#arena.u8.set(piece, this.#region);
      work(this.#region, piece.length);
    }
  }

  #isInside(data: Uint8Array): boolean {
    this.#checkOpen();
    return data.buffer === this.#arena.u8.buffer;
  }
}
