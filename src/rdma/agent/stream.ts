/**
 * Streams of bytes between two agents, without I/O: what sockets stand on. A stream's user hands in a handler; the agent calls it
 * only from its own `poll`, never from inside a call of the user.
 */

/** Why a stream ended early, as a socket's error code. */
export type StreamErrorCode =
  /** The peer broke the stream off, restarted, or sent what no peer may send. */
  | "ECONNRESET"
  /** Nobody listens there, or its listener had no room. */
  | "ECONNREFUSED"
  /** The peer cannot be reached, or the connection was lost and did not come back. */
  | "ETIMEDOUT";

export interface StreamHandler {
  /** The peer took a stream that this end opened: once, before everything else. */
  onOpen(): void;
  /** Bytes of the peer, in order; the handler's to keep. */
  onData(bytes: Uint8Array): void;
  /** The peer sends no more; this end still may. */
  onEnd(): void;
  /** There is room again, after a write that took less than it was given. */
  onWritable(): void;
  /** The last call; undefined: both directions came to their end in order. */
  onClose(error: StreamErrorCode | undefined): void;
}

/** One end of a stream. Every call on a stream that was closed does nothing. */
export interface StreamEnd {
  /** This end's place. */
  readonly local: StreamAddress;
  readonly isClosed: boolean;
  /** Takes bytes, which are copied. Returns how many: fewer when the room ends, and then onWritable follows. 0 after end or reset. */
  write(bytes: Uint8Array): number;
  /** This end sends no more after what was written. */
  end(): void;
  /** Breaks the stream off in both directions; what was not yet sent is dropped. onClose follows, without an error. */
  reset(): void;
  /** So many of the delivered bytes were used: the peer may send as many more. Nothing else makes room for it. */
  consumed(bytes: number): void;
}

/** Where a stream goes, or came from. */
export interface StreamAddress {
  /** IPv4 or IPv6. */
  readonly address: string;
  readonly port: number;
}

export interface StreamAgent {
  /** This end's. */
  readonly address: string;
  /** Opens a stream; onOpen or onClose tells what came of it. Throws ConfigError for a bad address or port. */
  connect(to: StreamAddress, handler: StreamHandler): StreamEnd;
  /** Takes streams to a port: accept gets each with where it came from, and gives its handler. Throws ConfigError when somebody does already. */
  listen(port: number, accept: (stream: StreamEnd, from: StreamAddress) => StreamHandler): void;
  /** Takes no more; streams that there are stay. */
  unlisten(port: number): void;
}
