/**
 * What goes over a session's connection: a SEND for each transfer. One without an immediate is an aggregate (docs/rdma-aggregate.md);
 * the others say in it what they are.
 *
 *   kind 4 │ sequence 12 │ stream 16      1: control records      2: bytes of one stream, and nothing besides
 *
 * The sequence is the lower bits of the stream's: what is missing in front of such bytes shows by it, as it does in aggregates.
 */
import type { AggregateMessage } from "../aggregate/codec.js";

/** A message too large for others beside it, or of a stream that is alone. Counts as one of its stream's sequence numbers. */
export interface Whole {
  readonly kind: "whole";
  readonly stream: number;
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

export type Transfer =
  | { readonly kind: "aggregate"; readonly messages: readonly AggregateMessage[] }
  | Whole
  | { readonly kind: "control"; readonly bytes: Uint8Array };

const KIND_CONTROL = 1;
const KIND_WHOLE = 2;
/** Of the sequence, what an immediate has room for. */
export const SEQUENCE_MASK = 0xfff;

/** The immediate that a transfer other than an aggregate goes with. */
export function immOf(transfer: Exclude<Transfer, { kind: "aggregate" }>): number {
  if (transfer.kind === "control") return KIND_CONTROL << 28;
  return (KIND_WHOLE << 28) | ((transfer.sequence & SEQUENCE_MASK) << 16) | transfer.stream;
}

/** What came with an immediate, its sequence as far as it says, or undefined for one that no peer sends. */
export function transferOf(imm: number, bytes: Uint8Array): Exclude<Transfer, { kind: "aggregate" }> | undefined {
  if (imm === KIND_CONTROL << 28) return { kind: "control", bytes };
  if (imm >>> 28 !== KIND_WHOLE) return undefined;
  return { kind: "whole", stream: imm & 0xffff, sequence: (imm >>> 16) & SEQUENCE_MASK, bytes };
}
