/**
 * What goes over a session's connection: a SEND for each transfer. One without an immediate is an aggregate (docs/rdma-aggregate.md);
 * the others say in it what they are.
 *
 *   kind 8 │ 0 8 │ stream 16      1: control records      2: bytes of one stream, and nothing besides
 */
import type { AggregateMessage } from "../aggregate/codec.js";

export type Transfer =
  | { readonly kind: "aggregate"; readonly messages: readonly AggregateMessage[] }
  /** A message too large for others beside it, or of a stream that is alone. Counts as one of its stream's sequence numbers. */
  | { readonly kind: "whole"; readonly stream: number; readonly bytes: Uint8Array }
  | { readonly kind: "control"; readonly bytes: Uint8Array };

const KIND_CONTROL = 1;
const KIND_WHOLE = 2;

/** The immediate that a transfer other than an aggregate goes with. */
export function immOf(transfer: Exclude<Transfer, { kind: "aggregate" }>): number {
  return transfer.kind === "control" ? KIND_CONTROL << 24 : (KIND_WHOLE << 24) | transfer.stream;
}

/** What came with an immediate, or undefined for one that no peer sends. */
export function transferOf(imm: number, bytes: Uint8Array): Exclude<Transfer, { kind: "aggregate" }> | undefined {
  if (imm === KIND_CONTROL << 24) return { kind: "control", bytes };
  if (imm >>> 16 === KIND_WHOLE << 8) return { kind: "whole", stream: imm & 0xffff, bytes };
  return undefined;
}
