/**
 * The packets of a move (move/message.ts) as bytes. Big-endian; a text is UTF-8 behind its length (2), bytes are behind theirs (4).
 *
 *   move text │ acknowledged 4 │ kind 1 │ and with a message: its number 4 │ body
 *
 * kind is 0 for an acknowledgment alone, 255 for *unknown move*, else a message's:
 *
 *    1 reserve   │ host text │ generation 4 │ state's bytes 8 │ adapters 2 │ each a text
 *    2 reserved  │
 *    3 refused   │ reason text
 *    4 chunk     │ adapter text │ section text │ round 4 │ offset 8 │ section's bytes 8 │ digest 4 │ bytes
 *    5 complete  │ digest 4 │ sections 4 │ each adapter text, section text, bytes 8
 *    6 failed    │ reason text
 *    7 live      │ host text │ generation 4 │ start 1 (0 state, 1 blank, 2 kept)
 *    8 done      │
 *    9 kept      │ as live
 *   10 released  │
 *   11 frame     │ sender text │ adapter text │ flags 1 (bit 0: sent by the VM) │ length on the wire 4 │ timestamp 8, ns │ bytes
 *   12 flushed   │
 *   13 probe     │
 *   14 void      │
 */
import type { MoveMessage, MovePacket } from "../move/message.js";
import { type Ownership, STARTS } from "../move/ownership.js";
import { ByteReader, ByteWriter, Unreadable } from "./bytes.js";
import type { MovingFrame } from "./frame.js";

type Message = MoveMessage<MovingFrame>;
type Kind = Message["type"];

const ACK_ONLY = 0;
const UNKNOWN_MOVE = 255;
const FRAME_SENT = 0x1;
const ETHERNET_BYTES = 14;
/** What a hostile peer may have us list; a VM has fewer adapters, and a state fewer sections. */
const ADAPTERS_MAX = 256;
const SECTIONS_MAX = 2 ** 20;

type Codec<K extends Kind> = {
  readonly code: number;
  write(writer: ByteWriter, message: Extract<Message, { readonly type: K }>): void;
  read(reader: ByteReader): Extract<Message, { readonly type: K }>;
};

/** A message without fields. */
function bare<K extends "reserved" | "done" | "released" | "flushed" | "probe" | "void">(type: K, code: number) {
  return { code, write: () => undefined, read: () => ({ type }) as Extract<Message, { readonly type: K }> };
}

const CODECS: { readonly [K in Kind]: Codec<K> } = {
  reserve: {
    code: 1,
    write(writer, { host, generation, adapters, stateBytes }) {
      writer.text(host).u32(generation).u64(BigInt(stateBytes)).u16(adapters.length);
      for (const adapter of adapters) writer.text(adapter);
    },
    read: (reader) => ({
      type: "reserve",
      host: reader.text(),
      generation: reader.u32(),
      stateBytes: size(reader),
      adapters: Array.from({ length: bounded(reader.u16(), ADAPTERS_MAX) }, () => reader.text()),
    }),
  },
  reserved: bare("reserved", 2),
  refused: {
    code: 3,
    write: (writer, { reason }) => writer.text(reason),
    read: (reader) => ({ type: "refused", reason: reader.text() }),
  },
  chunk: {
    code: 4,
    write(writer, { chunk }) {
      const { adapter, name, dirty, offsetBytes, totalBytes, digest, bytes } = chunk;
      writer
        .text(adapter)
        .text(name)
        .u32(dirty)
        .u64(BigInt(offsetBytes))
        .u64(BigInt(totalBytes))
        .u32(digest)
        .bytes(bytes);
    },
    read(reader) {
      const place = { adapter: reader.text(), name: reader.text(), dirty: reader.u32() };
      const sizes = { offsetBytes: size(reader), totalBytes: size(reader) };
      return { type: "chunk", chunk: { ...place, ...sizes, digest: reader.u32(), bytes: reader.bytes() } };
    },
  },
  complete: {
    code: 5,
    write(writer, { manifest }) {
      writer.u32(manifest.digest).u32(manifest.sections.length);
      for (const { adapter, name, lenBytes } of manifest.sections)
        writer.text(adapter).text(name).u64(BigInt(lenBytes));
    },
    read(reader) {
      const digest = reader.u32();
      const sections = Array.from({ length: bounded(reader.u32(), SECTIONS_MAX) }, () => ({
        ...{ adapter: reader.text(), name: reader.text(), lenBytes: size(reader) },
      }));
      return { type: "complete", manifest: { digest, sections } };
    },
  },
  failed: {
    code: 6,
    write: (writer, { reason }) => writer.text(reason),
    read: (reader) => ({ type: "failed", reason: reader.text() }),
  },
  live: {
    code: 7,
    write: (writer, { owner }) => writeOwner(writer, owner),
    read: (r) => ({ type: "live", owner: readOwner(r) }),
  },
  done: bare("done", 8),
  kept: {
    code: 9,
    write: (writer, { owner }) => writeOwner(writer, owner),
    read: (r) => ({ type: "kept", owner: readOwner(r) }),
  },
  released: bare("released", 10),
  frame: {
    code: 11,
    write(writer, { sender, frame }) {
      const { adapter, isSent, originalLength, timestampNs, data } = frame;
      writer
        .text(sender)
        .text(adapter)
        .u8(isSent ? FRAME_SENT : 0)
        .u32(originalLength)
        .u64(timestampNs)
        .bytes(data);
    },
    read(reader) {
      const [sender, adapter] = [reader.text(), reader.text()];
      const isSent = (bounded(reader.u8(), FRAME_SENT) & FRAME_SENT) !== 0;
      const [originalLength, timestampNs, data] = [reader.u32(), reader.u64(), reader.bytes()];
      if (data.length < ETHERNET_BYTES) throw new Unreadable("a frame without an Ethernet header");
      if (originalLength < data.length) throw new Unreadable("a frame that is longer than on the wire");
      return { type: "frame", sender, frame: { adapter, data, originalLength, timestampNs, isSent } };
    },
  },
  flushed: bare("flushed", 12),
  probe: bare("probe", 13),
  void: bare("void", 14),
};

const BY_CODE = new Map(Object.values(CODECS).map((codec) => [codec.code, codec as Codec<Kind>]));

export function encodeMovePacket({ move, ack, message, isUnknown }: MovePacket<MovingFrame>): Uint8Array {
  const writer = new ByteWriter().text(move).u32(ack);
  if (isUnknown) writer.u8(UNKNOWN_MOVE);
  else if (!message) writer.u8(ACK_ONLY);
  else {
    const codec = CODECS[message.body.type] as Codec<Kind>;
    writer.u8(codec.code).u32(message.number);
    codec.write(writer, message.body);
  }
  return writer.done();
}

/** The packet, or undefined for bytes that are none: cut, with bytes left over, or with a kind or a value that there is not. */
export function decodeMovePacket(bytes: Uint8Array): MovePacket<MovingFrame> | undefined {
  try {
    const reader = new ByteReader(bytes);
    const packet = readPacket(reader);
    reader.end();
    return packet;
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

function readPacket(reader: ByteReader): MovePacket<MovingFrame> {
  const [move, ack, kind] = [reader.text(), reader.u32(), reader.u8()];
  if (kind === ACK_ONLY) return { move, ack };
  if (kind === UNKNOWN_MOVE) return { move, ack, isUnknown: true };
  const codec = BY_CODE.get(kind);
  if (!codec) throw new Unreadable("a kind of message that there is not");
  return { move, ack, message: { number: reader.u32(), body: codec.read(reader) } };
}

function writeOwner(writer: ByteWriter, { host, generation, start }: Ownership): void {
  writer.text(host).u32(generation).u8(STARTS.indexOf(start));
}

function readOwner(reader: ByteReader): Ownership {
  const [host, generation, start] = [reader.text(), reader.u32(), STARTS[reader.u8()]];
  if (start === undefined) throw new Unreadable("a start that there is not");
  return { host, generation, start };
}

function size(reader: ByteReader): number {
  const value = reader.u64();
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Unreadable("a size that cannot be");
  return Number(value);
}

function bounded(value: number, most: number): number {
  if (value > most) throw new Unreadable(`a count of ${value}, at most ${most}`);
  return value;
}
