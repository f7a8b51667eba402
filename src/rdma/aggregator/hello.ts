/**
 * What two ends tell each other before the first transfer: in the private data of the communication manager's REQ and REP, so before the
 * connection that transfers go by is there. A REP without it comes from a peer that knows no aggregates. Big endian:
 *
 *   0           4         5    6               8            16            24         28       32              36           38   40
 *   │ "RLAG" 32 │ version │ 0  │ messagesMax 16│ session 64 │ of peer 64  │ received │ window │ transferBytes │ streamsMax │ 0  │ tenant 32 │
 */

export interface Hello {
  /** Drawn by each end when the session begins, never 0. */
  readonly session: bigint;
  /** The session of the peer that this end knows of; 0: none. */
  readonly peerSession: bigint;
  /** Transfers of the peer that arrived in this session, modulo 2^32. */
  readonly received: number;
  /** Bytes of a stream that may be sent before the first credit. */
  readonly windowBytes: number;
  /** The longest transfer taken. */
  readonly transferBytes: number;
  /** Messages of an aggregate at most. */
  readonly messagesMax: number;
  readonly streamsMax: number;
  /** Whose streams they are: a session has those of one. */
  readonly tenant: number;
}

export const HELLO_BYTES = 44;
const MAGIC = 0x524c4147;
const VERSION = 1;

export function encodeHello(hello: Hello): Uint8Array {
  const view = new DataView(new ArrayBuffer(HELLO_BYTES));
  view.setUint32(0, MAGIC);
  view.setUint8(4, VERSION);
  view.setUint16(6, hello.messagesMax);
  view.setBigUint64(8, hello.session);
  view.setBigUint64(16, hello.peerSession);
  view.setUint32(24, hello.received);
  view.setUint32(28, hello.windowBytes);
  view.setUint32(32, hello.transferBytes);
  view.setUint16(36, hello.streamsMax);
  view.setUint32(40, hello.tenant);
  return new Uint8Array(view.buffer);
}

/** Undefined for a peer that knows no aggregates, or none that this end knows. What follows is not looked at: private data is padded. */
export function decodeHello(bytes: Uint8Array): Hello | undefined {
  if (bytes.length < HELLO_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, HELLO_BYTES);
  if (view.getUint32(0) !== MAGIC || view.getUint8(4) !== VERSION) return undefined;
  const hello = {
    messagesMax: view.getUint16(6),
    session: view.getBigUint64(8),
    peerSession: view.getBigUint64(16),
    received: view.getUint32(24),
    windowBytes: view.getUint32(28),
    transferBytes: view.getUint32(32),
    streamsMax: view.getUint16(36),
    tenant: view.getUint32(40),
  };
  const isUsable = hello.session !== 0n && hello.messagesMax > 0 && hello.windowBytes > 0 && hello.streamsMax > 0;
  return isUsable && hello.windowBytes < 2 ** 31 && hello.transferBytes >= 64 ? hello : undefined;
}

const TERMS = ["session", "windowBytes", "transferBytes", "messagesMax", "streamsMax"] as const;

/** What stays as it is while the session lasts. */
export type PeerTerms = Pick<Hello, (typeof TERMS)[number]>;

/** A peer that comes back has the limits it had: what is under way was made for those, and would never arrive at others. */
export function isSamePeer(now: PeerTerms, before: PeerTerms): boolean {
  return TERMS.every((field) => now[field] === before[field]);
}
