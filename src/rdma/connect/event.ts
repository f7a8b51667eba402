/**
 * What a connection's owner is told. Each connection, asked for from here or from there, ends with one *rejected* or one *disconnected*,
 * and then with *closed*.
 */
import type { CmEnd, CmReason, PathMtuBytes } from "../cm/index.js";

/** "requested": an end asked for it. "queue-pair-error": the queue pair failed, for example because the peer does not answer any more. */
export type DisconnectReason = CmReason | "requested" | "queue-pair-error";

export type ConnectionEvent =
  /** A peer asks for a connection to a port that is listened to: accept or reject. Private data has 56 bytes. */
  | {
      readonly type: "requested";
      readonly id: number;
      readonly port: number;
      readonly remote: string;
      readonly remotePort: number;
      /** In bytes; the requester's choice. */
      readonly pathMtu: PathMtuBytes;
      readonly privateData: Uint8Array;
    }
  /** The queue pair is in RTS. Private data is the accepting end's, 196 bytes; at that end itself it is without meaning. */
  | { readonly type: "established"; readonly id: number; readonly privateData: Uint8Array }
  /** There will be no connection. "timeout": there was no answer. Private data is the rejecting end's, 148 bytes. */
  | {
      readonly type: "rejected";
      readonly id: number;
      readonly by: CmEnd;
      readonly reason: CmReason;
      readonly privateData: Uint8Array;
    }
  /** There is no connection any more; the queue pair is in ERROR. It may come without *established*, when both fall together. */
  | { readonly type: "disconnected"; readonly id: number; readonly by: CmEnd; readonly reason: DisconnectReason }
  /** No packet of the connection is under way any more: the queue pair, or another of its number, may be connected again. */
  | { readonly type: "closed"; readonly id: number };
