/**
 * *Moved*: what a host says that got packets for a queue pair which is not there any more. Unreliable datagrams have no negative
 * acknowledgement, so it is a UD SEND of its own, to the control queue pair of the host that sent them. The payload, big-endian:
 *
 *    0   │ magic "RLMV" 4                      │ version 1 │ hint 1 │ 0 2                 │
 *    8   │ 0 1 │ global queue-pair number 3    │ generation 4                             │
 *   16   │ 0 1 │ VNI 3                         │ MAC address of the endpoint 6 …          │
 *   24   │ … MAC │ 0 2                         │ 0 1 │ source queue pair 3                │
 *   32   │ 0 1 │ first rejected PSN 3          │ 0 4                                      │
 *   40   │ rejected 8: bit i (the lowest is bit 0) is set when first + i (mod 2^24) was rejected; bit 0 is, if any
 *   48   │ address of the new host 16: IPv4 in the first four bytes, then zeros; all zeros when it is not known
 *   64
 *
 * hint is 0 (not known), 4 or 6. The source queue pair is that of the packets that were rejected: whose stream to resend. Frames in other
 * encapsulations have no queue pairs: then it is 0, the endpoint's number may be 0 (not known), and nothing is said to be rejected.
 */
import { checkInteger } from "../check.js";
import { ConfigError } from "../errors.js";
import { ipText, macText, parseIp, parseMac } from "../overlay/address.js";
import { GQPN_FIRST, GQPN_LAST, GQPN_MAX } from "./numbers.js";

export interface Moved {
  /** The queue pair that is not there; 2 to 0xfffffd, 0 when not known. */
  readonly gqpn: number;
  /** The endpoint's generation, as far as the sender of this knows: 32 bits. */
  readonly generation: number;
  readonly vni: number;
  /** Of the endpoint; lower case. */
  readonly mac: string;
  /** Underlay address of the host where it is now, in canonical text; undefined when not known. */
  readonly hint: string | undefined;
  /** 0 when nothing was rejected. */
  readonly sourceQpn: number;
  /** Undefined when all were sent on, or cannot be told apart. */
  readonly rejected: RejectedPsns | undefined;
}

/** PSNs that were rejected: the first, and of the 64 from it on a bit each, its own the lowest. */
export interface RejectedPsns {
  readonly first: number;
  readonly bitmap: bigint;
}

/** Why a payload is no sound message. */
export type MovedFault =
  | "length"
  | "magic"
  | "version"
  | "reserved"
  | "gqpn"
  | "mac"
  | "source-qpn"
  | "rejected"
  | "hint";

export const MOVED_BYTES = 64;
const MAGIC = 0x524c4d56;
const VERSION = 1;
const WINDOW = 64;
const PSNS = 2 ** 24;
/** Bytes that must be zero. */
const RESERVED: readonly number[] = [6, 7, 8, 16, 26, 27, 28, 32, 36, 37, 38, 39];

/** The message's 64 bytes. Throws ConfigError for what no message can say. */
export function encodeMoved(moved: Moved): Uint8Array {
  const bytes = new Uint8Array(MOVED_BYTES);
  const view = new DataView(bytes.buffer);
  const hint = moved.hint === undefined ? new Uint8Array() : parseIp("hint", moved.hint);
  view.setUint32(0, MAGIC);
  view.setUint8(4, VERSION);
  view.setUint8(5, hint.length === 0 ? 0 : hint.length === 4 ? 4 : 6);
  view.setUint32(8, checkQpn("gqpn", moved.gqpn));
  view.setUint32(12, checkInteger("generation", moved.generation, 0, 0xffffffff));
  view.setUint32(16, checkInteger("vni", moved.vni, 0, 0xffffff));
  const mac = parseMac("mac", moved.mac);
  if (!isStation(mac)) throw new ConfigError("mac", moved.mac, "one station's address");
  bytes.set(mac, 20);
  view.setUint32(28, checkQpn("sourceQpn", moved.sourceQpn));
  const { first, bitmap } = moved.rejected ?? { first: 0, bitmap: 0n };
  view.setUint32(32, checkInteger("rejected.first", first, 0, PSNS - 1));
  if ((moved.rejected && (bitmap & 1n) === 0n) || BigInt.asUintN(WINDOW, bitmap) !== bitmap) {
    throw new ConfigError("rejected.bitmap", bitmap, "64 bits, of which the lowest is set");
  }
  view.setBigUint64(40, bitmap);
  if (hint.length > 0 && hint.every((byte) => byte === 0))
    throw new ConfigError("hint", moved.hint, "a host's address");
  bytes.set(hint, 48);
  return bytes;
}

/** What a control message's payload says, or why it is no sound *moved*. Never throws. */
export function decodeMoved(payload: Uint8Array): Moved | MovedFault {
  if (payload.length !== MOVED_BYTES) return "length";
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  if (view.getUint32(0) !== MAGIC) return "magic";
  if (view.getUint8(4) !== VERSION) return "version";
  if (RESERVED.some((at) => payload[at] !== 0)) return "reserved";
  const gqpn = view.getUint32(8);
  if (!isQpn(gqpn)) return "gqpn";
  const mac = payload.subarray(20, 26);
  if (!isStation(mac)) return "mac";
  const sourceQpn = view.getUint32(28);
  if (!isQpn(sourceQpn)) return "source-qpn";
  const bitmap = view.getBigUint64(40);
  const first = view.getUint32(32);
  if (bitmap === 0n ? first !== 0 : (bitmap & 1n) === 0n) return "rejected";
  const hint = decodeHint(view.getUint8(5), payload.subarray(48, 64));
  if (hint === undefined) return "hint";
  return {
    gqpn,
    generation: view.getUint32(12),
    vni: view.getUint32(16),
    mac: macText(mac),
    hint: hint.address,
    sourceQpn,
    rejected: bitmap === 0n ? undefined : { first, bitmap },
  };
}

/** One more rejected PSN; undefined when it is not among the 64 from the first on: then another message is due. */
export function addRejected(rejected: RejectedPsns | undefined, psn: number): RejectedPsns | undefined {
  checkInteger("psn", psn, 0, GQPN_MAX);
  if (rejected === undefined) return { first: psn, bitmap: 1n };
  const distance = (psn - rejected.first + PSNS) % PSNS;
  return distance < WINDOW ? { ...rejected, bitmap: rejected.bitmap | (1n << BigInt(distance)) } : undefined;
}

/** The PSNs one by one, in the order in which they were sent. */
export function rejectedPsns({ first, bitmap }: RejectedPsns): number[] {
  const psns: number[] = [];
  for (let i = 0; i < WINDOW; i++) if ((bitmap >> BigInt(i)) & 1n) psns.push((first + i) % PSNS);
  return psns;
}

function decodeHint(version: number, bytes: Uint8Array): { address: string | undefined } | undefined {
  const length = { 0: 0, 4: 4, 6: 16 }[version];
  if (length === undefined || bytes.subarray(length).some((byte) => byte !== 0)) return undefined;
  if (length === 0) return { address: undefined };
  const address = bytes.subarray(0, length);
  return address.every((byte) => byte === 0) ? undefined : { address: ipText(address) };
}

/** One station's address: no group, and not all zeros. */
export function isStation(mac: Uint8Array): boolean {
  return ((mac[0] as number) & 1) === 0 && mac.some((byte) => byte !== 0);
}

export function isQpn(qpn: number): boolean {
  return qpn === 0 || (qpn >= GQPN_FIRST && qpn <= GQPN_LAST);
}

function checkQpn(argument: string, qpn: number): number {
  if (!isQpn(qpn)) throw new ConfigError(argument, qpn, `0, or ${GQPN_FIRST} to ${GQPN_LAST}`);
  return qpn;
}
