/**
 * What a client says to `ringlane rdma serve` in its request, and what it is told when it is accepted: private data, big-endian.
 *
 *   request   │ "rlrd" │ version 1 │ what 1 │ 0 2 │ size 4 │          what: 0 ping, 1 send, 2 write, 3 read
 *   answer    │ "rlrd" │ version 1 │ 0 3    │ va 8 │ rkey 4 │ length 4 │
 */
export const PERF_OPERATIONS = ["send", "write", "read"] as const;
export type PerfOperation = (typeof PERF_OPERATIONS)[number];
/** "ping": every SEND comes back. */
export type What = "ping" | PerfOperation;

export interface Wish {
  readonly what: What;
  /** Of a message. */
  readonly sizeBytes: number;
}

/** The server's region for WRITEs and READs. */
export interface Offer {
  readonly va: bigint;
  readonly rkey: number;
  readonly lengthBytes: number;
}

export const SIZE_BYTES_MAX = 2 ** 20;

const MAGIC = 0x726c7264;
const VERSION = 1;
const WHATS: readonly What[] = ["ping", ...PERF_OPERATIONS];

export function encodeWish({ what, sizeBytes }: Wish): Uint8Array {
  const view = headed(12);
  view.setUint8(5, WHATS.indexOf(what));
  view.setUint32(8, sizeBytes);
  return new Uint8Array(view.buffer);
}

/** Undefined for what no client of ours sends. */
export function decodeWish(bytes: Uint8Array): Wish | undefined {
  const view = checked(bytes, 12);
  const what = view && WHATS[view.getUint8(5)];
  const sizeBytes = view?.getUint32(8) ?? 0;
  return what && sizeBytes >= 1 && sizeBytes <= SIZE_BYTES_MAX ? { what, sizeBytes } : undefined;
}

export function encodeOffer({ va, rkey, lengthBytes }: Offer): Uint8Array {
  const view = headed(24);
  view.setBigUint64(8, va);
  view.setUint32(16, rkey);
  view.setUint32(20, lengthBytes);
  return new Uint8Array(view.buffer);
}

/** Undefined for what no server of ours answers. */
export function decodeOffer(bytes: Uint8Array): Offer | undefined {
  const view = checked(bytes, 24);
  return view && { va: view.getBigUint64(8), rkey: view.getUint32(16), lengthBytes: view.getUint32(20) };
}

function headed(bytes: number): DataView {
  const view = new DataView(new ArrayBuffer(bytes));
  view.setUint32(0, MAGIC);
  view.setUint8(4, VERSION);
  return view;
}

function checked(bytes: Uint8Array, length: number): DataView | undefined {
  if (bytes.length < length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(0) === MAGIC && view.getUint8(4) === VERSION ? view : undefined;
}
