/** A hash of the catalogue, ready for frames: its record and its table in the engine's memory. Made by Engine.hasher. */
import {
  HASH_BASIS,
  HASH_BYTES,
  HASH_FLAGS,
  HASH_KIND,
  HASH_TABLE,
  TOEPLITZ_ROW_BYTES,
  TOEPLITZ_ROWS,
} from "../../assembly/layout.js";
import type { FrameOwner } from "../buffer/frame.js";
import type { MemoryPlan } from "../memory.js";
import { describeHash, type HashOptions, type HashPlan, TOEPLITZ_KEY_BYTES } from "./options.js";

export function planHasher(plan: MemoryPlan): void {
  plan
    .add(HASH_BYTES)
    .add(TOEPLITZ_KEY_BYTES)
    .add(TOEPLITZ_ROWS * TOEPLITZ_ROW_BYTES);
}

/** What a hasher needs of its engine. */
type HasherOwner = Pick<FrameOwner, "kernels" | "arena">;

export class FlowHasher {
  /** What it hashes by: what was asked for, defaults filled in. */
  readonly options: HashOptions;
  /** @internal Address of the record, for kernels. */
  readonly ptr: number;
  readonly #owner: HasherOwner;

  /** @internal Made by Engine.hasher. */
  constructor(owner: HasherOwner, { options, kind, flags, basis, key }: HashPlan) {
    const { arena, kernels } = owner;
    const { u8, u32 } = arena;
    this.#owner = owner;
    this.options = options;
    this.ptr = arena.take(HASH_BYTES);
    const keyCopy = arena.take(TOEPLITZ_KEY_BYTES);
    const table = arena.take(TOEPLITZ_ROWS * TOEPLITZ_ROW_BYTES);
    if (key) {
      u8.set(key, keyCopy);
      kernels.toeplitzInit(table, keyCopy, TOEPLITZ_KEY_BYTES, TOEPLITZ_ROWS);
    }
    for (const [field, value] of [
      [HASH_KIND, kind],
      [HASH_FLAGS, flags],
      [HASH_BASIS, basis],
      [HASH_TABLE, table],
    ] as const) {
      u32[(this.ptr + field) >> 2] = value;
    }
  }

  /** Which fields of a frame go in, in one line. */
  describe(): string {
    return describeHash(this.options);
  }

  /** @internal True when the hasher is one of this engine's. */
  belongsTo(owner: HasherOwner): boolean {
    return this.#owner === owner;
  }
}
