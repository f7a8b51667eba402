/**
 * The way to another host for packets of moves: datagrams to its control queue pair, over the uplink by which it was heard last, or each in
 * turn while nothing is heard. What finds no room on an uplink waits.
 */
import type { HostRecord } from "../../directory/records.js";
import { controlPacket } from "../../gqp/control-packet.js";
import type { MovePacket } from "../../migrate/move/message.js";
import { decodeMovePacket, encodeMovePacket } from "../../migrate/wire/codec.js";
import type { MovingFrame } from "../../migrate/wire/frame.js";
import { PIECE_HEADER_BYTES, PieceAssembly, type PieceBounds, splitPacket } from "../../migrate/wire/pieces.js";
import type { HostMoveOptions } from "./options.js";

export interface LinkHome {
  readonly now: () => number;
  readonly record: HostRecord;
  /** Uplinks that lead to the peer, by their places; those that are up, if some are. */
  uplinks(): readonly number[];
  readonly options: HostMoveOptions;
  /** Posts to an uplink, by its place; false when there is no room now. */
  post(uplink: number, frame: Uint8Array): boolean;
}

/** IPv6 40, UDP 8, BTH 12, DETH 8, ICRC 4. */
const HEADER_BYTES = 72;
/** The largest payload of a datagram (IBTA volume 1, 9.8.3: one MTU). */
const PAYLOAD_BYTES_MAX = 4096;
/** What `seal` may add. */
const SEAL_BYTES_MAX = 64;
/** Fields of a chunk beside its bytes: move, adapter and section by their longest usual names. */
const CHUNK_FIELD_BYTES = 192;
/** Packets of a host that the directory knows, of which not all has come. */
export const PEER_BOUNDS: PieceBounds = { packets: 64, pieces: 2 ** 16, bytes: 2 ** 26 };
/** Of any other: it may ask for room, no more. */
export const STRANGER_BOUNDS: PieceBounds = { packets: 4, pieces: 64, bytes: 2 ** 17 };
/** Datagrams that wait for room on an uplink: what is more is sent again later, by the channel. */
const WAITING_MAX = 1024;
const NUMBERS_PER_MS = 1000;
/** Nothing was heard for so long: another uplink may be better. */
const SILENT_MS = 50;

export class MoveLink {
  readonly peer: HostRecord;
  readonly #home: LinkHome;
  readonly #assembly: PieceAssembly;
  readonly #payloadBytes: number;
  #waiting: Uint8Array[] = [];
  #packets: number;
  #uplink = -1;
  #heardMs = Number.NEGATIVE_INFINITY;

  constructor(home: LinkHome, peer: HostRecord, bounds: PieceBounds) {
    this.#home = home;
    this.#assembly = new PieceAssembly(bounds);
    // A host that has lost its memory goes on with other numbers, lest pieces of two packets are put together.
    this.#packets = Math.floor(home.now() * NUMBERS_PER_MS) >>> 0;
    this.peer = peer;
    const mtuBytes = Math.min(home.record.mtuBytes, peer.mtuBytes);
    this.#payloadBytes = Math.min((mtuBytes - HEADER_BYTES) & ~3, PAYLOAD_BYTES_MAX);
  }

  /** Bytes of a section that one datagram brings. */
  get chunkBytes(): number {
    return Math.max(256, this.#payloadBytes - PIECE_HEADER_BYTES - SEAL_BYTES_MAX - CHUNK_FIELD_BYTES);
  }

  send(packet: MovePacket<MovingFrame>): void {
    const { options, record } = this.#home;
    if (this.#waiting.length >= WAITING_MAX) return;
    const bytes = encodeMovePacket(packet);
    const sealed = options.seal?.(bytes, this.peer.address) ?? bytes;
    this.#packets = (this.#packets + 1) >>> 0;
    const number = this.#packets;
    for (const payload of splitPacket(sealed, number, this.#payloadBytes)) {
      const ends = { local: record.address, remote: this.peer.address };
      this.#waiting.push(controlPacket(payload, { ...ends, psn: number & 0xffffff }));
    }
    this.pump();
  }

  /** Something has found no room yet. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Posts what waits, as far as there is room. */
  pump(): void {
    const { now, post } = this.#home;
    if (this.#waiting.length === 0) return;
    const uplinks = this.#home.uplinks();
    const place = uplinks.indexOf(this.#uplink);
    const isSilent = now() >= this.#heardMs + SILENT_MS;
    if (isSilent || place < 0) this.#uplink = uplinks[(place + 1) % uplinks.length] as number;
    const left = this.#waiting.findIndex((frame) => !post(this.#uplink, frame));
    this.#waiting = left < 0 ? [] : this.#waiting.slice(left);
  }

  /** Takes a datagram's payload that has come by an uplink; the packet that it completes, if it is one of this peer's. */
  take(payload: Uint8Array, uplink: number): MovePacket<MovingFrame> | undefined {
    const sealed = this.#assembly.take(payload);
    const { open } = this.#home.options;
    const bytes = sealed && open ? open(sealed, this.peer.address) : sealed;
    const packet = bytes && decodeMovePacket(bytes);
    if (packet && uplink >= 0) {
      this.#uplink = uplink;
      this.#heardMs = this.#home.now();
    }
    return packet;
  }
}
