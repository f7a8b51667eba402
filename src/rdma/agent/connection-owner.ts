/** Who a connection of the connection manager is for, and what its end means to a stream. */
import type { ConnectionEvent } from "../connect/index.js";
import type { StreamErrorCode } from "./stream.js";

export type ConnectionEnd = Extract<ConnectionEvent, { type: "rejected" | "disconnected" }>;

export interface ConnectionOwner {
  established(connection: number, privateData: Uint8Array, nowMs: number): void;
  ended(connection: number, end: ConnectionEnd, nowMs: number): void;
}

export function errorOf({ type, reason }: ConnectionEnd): StreamErrorCode {
  if (reason === "timeout" || reason === "queue-pair-error") return "ETIMEDOUT";
  return type === "rejected" ? "ECONNREFUSED" : "ECONNRESET";
}
