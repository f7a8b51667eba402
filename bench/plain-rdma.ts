/**
 * RoCEv2 SENDs of aggregates in plain JavaScript, written as well as we know how: the twin of bench/rdma.ts. It does per message and packet
 * what the endpoint does, on the same bytes: pack into a slot, headers, ICRC, copy to the other side; there all checks, copy into a slot,
 * unpack into records; one acknowledgement a burst. It keeps no more state than a burst without loss needs. Both sides lie in one buffer.
 */
import { crc32Final, crc32Update } from "@foxglove/crc";
import { MESSAGE_BYTES } from "../assembly/layout.js";
import { plainPack, plainUnpack } from "./stream.js";

/** Ethernet 14, IPv4 20, UDP 8, then the BTH. */
const IP = 14;
const UDP = 34;
const BTH = 42;
const PAYLOAD = BTH + 12;
const ICRC_BYTES = 4;
const OP_SEND_ONLY = 4;
const OP_ACKNOWLEDGE = 17;
const BITS_24 = 0xffffff;

export interface PlainShape {
  /** Messages of 64 bytes a transfer, and transfers a burst. */
  readonly messages: number;
  readonly transfers: number;
  readonly icrc: boolean;
  /** The first 42 bytes of a frame of each side, to be patched, and the queue pair at its other end. */
  readonly headers: readonly [Uint8Array, Uint8Array];
  readonly destQpns: readonly [number, number];
  readonly psn: number;
}

/** One direction's messages: records at records, and where the other side leaves its own. */
export class PlainConnection {
  readonly u8: Uint8Array;
  readonly view: DataView;
  readonly records: number;
  readonly out: number;
  readonly #shape: PlainShape;
  readonly #room: number;
  readonly #stride: number;
  readonly #slots: number;
  readonly #wire: number;
  readonly #arrived: number;
  readonly #receives: number;
  readonly #ipSums: readonly number[];
  #psn: number;
  #expectedPsn: number;
  #msn = 0;

  constructor(shape: PlainShape, messageStride: number, data: Uint8Array) {
    this.#shape = shape;
    const { messages, transfers } = shape;
    this.#room = messages * 70;
    this.#stride = (Math.ceil((PAYLOAD + this.#room + 8) / 64) | 1) * 64;
    const burst = transfers * this.#stride;
    const records = messages * transfers * MESSAGE_BYTES;
    this.u8 = new Uint8Array(2 * records + 4 * burst + data.length);
    this.view = new DataView(this.u8.buffer);
    this.records = 0;
    this.out = records;
    [this.#slots, this.#wire, this.#arrived, this.#receives] = [0, 1, 2, 3].map((i) => 2 * records + i * burst) as [
      number,
      number,
      number,
      number,
    ];
    const at = 2 * records + 4 * burst;
    this.u8.set(data, at);
    for (let i = 0; i < messages * transfers; i++) {
      const record = this.records + i * MESSAGE_BYTES;
      this.view.setUint32(record, at + i * messageStride, true);
      this.view.setUint32(record + 4, 64, true);
      this.view.setUint16(record + 8, (i * 77) & 0xffff, true);
    }
    this.#ipSums = shape.headers.map(ipSumOf);
    this.#psn = shape.psn;
    this.#expectedPsn = shape.psn;
  }

  /** A burst there, and its acknowledgement back; returns the messages that arrived, and were acknowledged. */
  step(): number {
    const { transfers } = this.#shape;
    const lengths = this.#send();
    this.u8.copyWithin(this.#arrived, this.#wire, this.#wire + transfers * this.#stride);
    let arrived = 0;
    for (let i = 0; i < transfers; i++) arrived += this.#receive(i, lengths);
    const bytes = this.#acknowledge();
    this.u8.copyWithin(this.#arrived, this.#wire, this.#wire + bytes);
    return this.#settle(bytes) === transfers ? arrived : 0;
  }

  /** The frames of the last burst; after step, the acknowledgement in the place of the first. */
  frame(i: number, bytes: number): Uint8Array {
    return this.u8.slice(this.#wire + i * this.#stride, this.#wire + i * this.#stride + bytes);
  }

  /** For the check before timing: only what is sent first. */
  send(): number {
    const psn = this.#psn;
    const bytes = this.#send();
    this.#psn = psn;
    return bytes;
  }

  #send(): number {
    const { messages, transfers, destQpns } = this.#shape;
    let bytes = 0;
    for (let i = 0; i < transfers; i++) {
      const slot = this.#slots + i * this.#stride;
      const records = this.records + i * messages * MESSAGE_BYTES;
      const length = plainPack(this.view, records, messages, slot, this.#room, this.#copyWords);
      const at = this.#wire + i * this.#stride;
      this.u8.copyWithin(at + PAYLOAD, slot, slot + length);
      bytes = this.#frame(0, at, OP_SEND_ONLY, destQpns[0], 0x80000000 | this.#psn, length);
      this.#psn = (this.#psn + 1) & BITS_24;
    }
    return bytes;
  }

  /** Takes frame i apart; returns its messages, 0 when anything is wrong with it. */
  #receive(i: number, bytes: number): number {
    const at = this.#arrived + i * this.#stride;
    const length = this.#open(at, bytes, this.#shape.destQpns[0], OP_SEND_ONLY);
    if (length < 0 || (this.view.getUint32(at + BTH + 8) & BITS_24) !== this.#expectedPsn) return 0;
    const slot = this.#receives + i * this.#stride;
    this.u8.copyWithin(slot, at + PAYLOAD, at + PAYLOAD + length);
    this.#expectedPsn = (this.#expectedPsn + 1) & BITS_24;
    this.#msn = (this.#msn + 1) & BITS_24;
    return plainUnpack(this.view, slot, length, this.out + i * this.#shape.messages * MESSAGE_BYTES);
  }

  #acknowledge(): number {
    const at = this.#wire;
    this.view.setUint32(at + PAYLOAD, (0x1f << 24) | this.#msn);
    return this.#frame(1, at, OP_ACKNOWLEDGE, this.#shape.destQpns[1], (this.#expectedPsn - 1) & BITS_24, 4);
  }

  /** Returns how many transfers the acknowledgement is for. */
  #settle(bytes: number): number {
    const at = this.#arrived;
    if (this.#open(at, bytes, this.#shape.destQpns[1], OP_ACKNOWLEDGE) !== 4) return 0;
    if (this.view.getUint8(at + PAYLOAD) !== 0x1f) return 0;
    const acked = this.view.getUint32(at + BTH + 8) & BITS_24;
    return ((acked - this.#psn + 1) & BITS_24) === 0 ? this.#shape.transfers : 0;
  }

  /** Headers, pad and ICRC around length bytes; returns the frame's length. */
  #frame(side: 0 | 1, at: number, op: number, qpn: number, psn: number, length: number): number {
    const { view } = this;
    const header = this.#shape.headers[side];
    for (let i = 0; i < BTH; i++) this.u8[at + i] = header[i] as number;
    const padded = (length + 3) & ~3;
    const udpBytes = 8 + 12 + padded + ICRC_BYTES;
    let sum = (this.#ipSums[side] as number) + udpBytes + 20;
    sum = (sum & 0xffff) + (sum >>> 16);
    sum = (sum & 0xffff) + (sum >>> 16);
    view.setUint16(at + IP + 2, udpBytes + 20);
    view.setUint16(at + IP + 10, sum ^ 0xffff);
    view.setUint16(at + UDP + 4, udpBytes);
    view.setUint32(at + BTH, (op << 24) | ((padded - length) << 20) | 0xffff);
    view.setUint32(at + BTH + 4, qpn);
    view.setUint32(at + BTH + 8, psn);
    const end = at + PAYLOAD + padded;
    for (let i = at + PAYLOAD + length; i < end; i++) this.u8[i] = 0;
    view.setUint32(end, this.#shape.icrc ? this.#icrc(at, end) : 0, true);
    return end + ICRC_BYTES - at;
  }

  /** Payload bytes of a frame that is sound and of this operation for this queue pair; -1 otherwise. */
  #open(at: number, bytes: number, qpn: number, op: number): number {
    const { view } = this;
    if (bytes < PAYLOAD + ICRC_BYTES || view.getUint16(at + 12) !== 0x0800 || view.getUint8(at + IP) !== 0x45)
      return -1;
    if ((view.getUint16(at + IP + 6) & 0x3fff) !== 0 || view.getUint8(at + IP + 9) !== 17) return -1;
    const ipBytes = view.getUint16(at + IP + 2);
    const udpBytes = view.getUint16(at + UDP + 4);
    if (ipBytes > bytes - IP || udpBytes > ipBytes - 20 || view.getUint16(at + UDP + 2) !== 4791) return -1;
    let sum = 0;
    for (let i = IP; i < UDP; i += 2) sum += view.getUint16(at + i);
    if ((sum & 0xffff) + (sum >>> 16) !== 0xffff) return -1;
    const word = view.getUint32(at + BTH);
    if ((word & 0x000f7fff) !== 0x7fff || word >>> 24 !== op) return -1;
    if ((view.getUint32(at + BTH + 4) & BITS_24) !== qpn) return -1;
    const end = at + UDP + udpBytes - ICRC_BYTES;
    if (this.#shape.icrc && view.getUint32(end, true) !== this.#icrc(at, end)) return -1;
    return end - at - PAYLOAD - ((word >>> 20) & 3);
  }

  /** Annex A17: from the IP header, with what may change on the way as ones. By @foxglove/crc, the quickest table in JavaScript here. */
  #icrc(at: number, end: number): number {
    const { u8 } = this;
    const ip = at + IP;
    const saved = [u8[ip + 1], u8[ip + 8], u8[ip + 10], u8[ip + 11], u8[ip + 26], u8[ip + 27], u8[ip + 32]] as number[];
    u8[ip + 1] = u8[ip + 8] = u8[ip + 10] = u8[ip + 11] = u8[ip + 26] = u8[ip + 27] = u8[ip + 32] = 0xff;
    const crc = crc32Final(crc32Update(AFTER_LRH, u8.subarray(ip, end)));
    u8[ip + 1] = saved[0] as number;
    u8[ip + 8] = saved[1] as number;
    u8[ip + 10] = saved[2] as number;
    u8[ip + 11] = saved[3] as number;
    u8[ip + 26] = saved[4] as number;
    u8[ip + 27] = saved[5] as number;
    u8[ip + 32] = saved[6] as number;
    return crc;
  }

  /** By words: a call of copyWithin costs more than 16 of them. */
  readonly #copyWords = (to: number, from: number, len: number): void => {
    const { view } = this;
    for (let i = 0; i < len; i += 4) view.setUint32(to + i, view.getUint32(from + i));
  };
}

function ipSumOf(header: Uint8Array): number {
  const view = new DataView(header.buffer, header.byteOffset, BTH);
  let sum = 0;
  for (let i = IP; i < UDP; i += 2) if (i !== IP + 2 && i !== IP + 10) sum += view.getUint16(i);
  return sum;
}

/** The register after the eight bytes of ones that stand for the local route header. */
const AFTER_LRH = 0xdebb20e3;
