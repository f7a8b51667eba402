/** Transfers as their two ends see them. */
import type { AggregateFault } from "../aggregate/faults.js";

/** A transfer as it was sent. */
export interface SentTransfer {
  readonly bytes: Uint8Array;
  /** Of a whole one; undefined for an aggregate. */
  readonly imm: number | undefined;
  /** Messages in an aggregate. */
  readonly messages: number;
}

/** A transfer that arrived. Bytes are views, valid until the next call that takes or releases. */
export type ReceivedTransfer =
  | { readonly kind: "aggregate"; readonly count: number }
  | { readonly kind: "whole"; readonly imm: number; readonly bytes: Uint8Array }
  /** An aggregate that is not sound: nothing of it is delivered. */
  | { readonly kind: "bad"; readonly fault: AggregateFault };

/** A message of an aggregate. */
export interface ReceivedMessage {
  readonly stream: number;
  readonly sequence: number;
  /** STREAM_F_ of assembly/layout.ts. */
  readonly flags: number;
  readonly bytes: Uint8Array;
}
