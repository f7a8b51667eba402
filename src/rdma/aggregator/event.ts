/** What a session has to tell about its streams, in order, by their ids: no two of an end ever have the same. */
import type { StreamErrorCode } from "../agent/stream.js";

export type StreamEvent =
  /** The peer opens a stream to a port: accept it or refuse it. */
  | { readonly type: "incoming"; readonly stream: number; readonly port: number; readonly fromPort: number }
  /** The peer has taken a stream that this end opened. */
  | { readonly type: "open"; readonly stream: number }
  /** Bytes, which nobody else holds. */
  | { readonly type: "data"; readonly stream: number; readonly bytes: Uint8Array }
  | { readonly type: "end"; readonly stream: number }
  | { readonly type: "writable"; readonly stream: number }
  /** The last of a stream. */
  | { readonly type: "close"; readonly stream: number; readonly error: StreamErrorCode | undefined };
