/**
 * A packet of a move in datagrams that a path takes. Each is the payload of a datagram to a host's control queue pair, beside *moved*
 * (gqp/moved.ts), and tells itself apart by its magic. Big-endian:
 *
 *    0   │ magic "RLMG" 4 │ version 1 │ 0 1 │ piece 2 │
 *    8   │ packet 4: numbers a host's packets to another │ pieces 2 │ length of this piece 2 │
 *   16   │ the piece
 *
 * A packet of which a piece is lost is lost, and sent again as a whole under another number.
 */
import { checkInteger } from "../../check.js";

export const PIECE_HEADER_BYTES = 16;
const MAGIC = 0x524c4d47;
const VERSION = 1;
const PIECES_MAX = 0xffff;

/** Datagrams of at most lenBytesMax. Throws ConfigError for a packet that takes more than 65,535 of them. */
export function splitPacket(packet: Uint8Array, number: number, lenBytesMax: number): Uint8Array[] {
  const room = lenBytesMax - PIECE_HEADER_BYTES;
  const pieces = checkInteger("pieces", Math.max(1, Math.ceil(packet.length / room)), 1, PIECES_MAX);
  return Array.from({ length: pieces }, (_, piece) => {
    const part = packet.subarray(piece * room, (piece + 1) * room);
    const datagram = new Uint8Array(PIECE_HEADER_BYTES + part.length);
    const view = new DataView(datagram.buffer);
    view.setUint32(0, MAGIC);
    view.setUint8(4, VERSION);
    view.setUint16(6, piece);
    view.setUint32(8, number);
    view.setUint16(12, pieces);
    view.setUint16(14, part.length);
    datagram.set(part, PIECE_HEADER_BYTES);
    return datagram;
  });
}

export function isPiece(payload: Uint8Array): boolean {
  return payload.length >= PIECE_HEADER_BYTES && view(payload).getUint32(0) === MAGIC;
}

interface Unfinished {
  readonly pieces: number;
  readonly parts: Map<number, Uint8Array>;
  lenBytes: number;
}

/** What may be kept of one host's packets of which not all has come: so many packets, and pieces and bytes of all of them together. */
export interface PieceBounds {
  readonly packets: number;
  readonly pieces: number;
  readonly bytes: number;
}

/** Packets of one host that are put together. Beyond the bounds the oldest is given up. */
export class PieceAssembly {
  readonly #unfinished = new Map<number, Unfinished>();
  readonly #bounds: PieceBounds;
  #pieces = 0;
  #lenBytes = 0;

  constructor(bounds: PieceBounds) {
    this.#bounds = bounds;
  }

  /** Bytes that are kept. */
  get lenBytes(): number {
    return this.#lenBytes;
  }

  /** Takes a datagram's payload; the packet that it completes, if it does. What is no sound piece is nothing. */
  take(payload: Uint8Array): Uint8Array | undefined {
    const header = view(payload);
    const [piece, number, pieces, length] = [
      header.getUint16(6),
      header.getUint32(8),
      header.getUint16(12),
      header.getUint16(14),
    ];
    const isSound = header.getUint8(4) === VERSION && header.getUint8(5) === 0 && piece < pieces;
    // Datagrams are padded to whole words.
    if (!isSound || length > payload.length - PIECE_HEADER_BYTES || pieces > this.#bounds.pieces) return undefined;
    const part = payload.slice(PIECE_HEADER_BYTES, PIECE_HEADER_BYTES + length);
    if (pieces === 1) return part;
    const unfinished = this.#unfinished.get(number) ?? this.#begin(number, pieces);
    if (unfinished.pieces !== pieces || unfinished.parts.has(piece)) return undefined;
    unfinished.parts.set(piece, part);
    unfinished.lenBytes += length;
    this.#pieces++;
    this.#lenBytes += length;
    if (unfinished.parts.size === pieces) {
      this.#giveUp(number);
      return joined(unfinished);
    }
    while (this.#pieces > this.#bounds.pieces || this.#lenBytes > this.#bounds.bytes) this.#giveUpOldest();
    return undefined;
  }

  #begin(number: number, pieces: number): Unfinished {
    const unfinished = { pieces, parts: new Map<number, Uint8Array>(), lenBytes: 0 };
    if (this.#unfinished.size >= this.#bounds.packets) this.#giveUpOldest();
    this.#unfinished.set(number, unfinished);
    return unfinished;
  }

  #giveUpOldest(): void {
    const [oldest] = this.#unfinished.keys();
    if (oldest !== undefined) this.#giveUp(oldest);
  }

  #giveUp(number: number): void {
    const { parts, lenBytes } = this.#unfinished.get(number) as Unfinished;
    this.#unfinished.delete(number);
    this.#pieces -= parts.size;
    this.#lenBytes -= lenBytes;
  }
}

function view(payload: Uint8Array): DataView {
  return new DataView(payload.buffer, payload.byteOffset, payload.length);
}

function joined({ parts, pieces, lenBytes }: Unfinished): Uint8Array {
  const whole = new Uint8Array(lenBytes);
  let at = 0;
  for (let piece = 0; piece < pieces; piece++) {
    const part = parts.get(piece) as Uint8Array;
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
