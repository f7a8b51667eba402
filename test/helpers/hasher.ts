/** Hashers for tests of kernels: a record in the bed's arena, made as an engine makes it. */
import { HASH_BYTES, TOEPLITZ_ROW_BYTES, TOEPLITZ_ROWS } from "../../assembly/layout.js";
import { FlowHasher } from "../../src/hash/hasher.js";
import { type HashOptions, hashPlanOf } from "../../src/hash/options.js";
import type { Bed } from "./bed.js";

/** Bytes of a bed's spare room that a hasher takes. */
export const HASHER_BYTES = HASH_BYTES + 64 + TOEPLITZ_ROWS * TOEPLITZ_ROW_BYTES;

/** The address of a hasher's record. */
export function hasherOn({ kernels, arena }: Bed, options: HashOptions): number {
  return new FlowHasher({ kernels, arena }, hashPlanOf(options)).ptr;
}
