/**
 * Transfers in a snapshot, by kind:
 *
 *   aggregate  │ 0 8 │ messages 16 │ then of each: stream 16 │ sequence 16 │ length 12, flags 4 │ bytes
 *   whole      │ 1 8 │ stream 16 │ sequence 16 │ length 32 │ bytes
 *   control    │ 2 8 │ length 32 │ records as they go (control.ts)
 */
import { STREAM_F_FIN, STREAM_F_MORE, STREAM_F_RST, SUB_HEADER_BYTES } from "../../../../assembly/layout.js";
import type { SectionReader } from "../../../migrate/state/bytes/section-reader.js";
import type { SectionWriter } from "../../../migrate/state/bytes/section-writer.js";
import { type AggregateMessage, flagsOf, messageOf } from "../../aggregate/codec.js";
import { CONTROL_BYTES, type Control, decodeControls } from "../control.js";
import type { SessionRole } from "../streams.js";
import type { Transfer } from "../transfer.js";

/** What two ends agreed on for transfers one way, and who sends them. */
export interface TransferBounds {
  readonly role: SessionRole;
  readonly transferBytes: number;
  readonly aggregateBytes: number;
  readonly messagesMax: number;
}

const AGGREGATE = 0;
const WHOLE = 1;
const CONTROL = 2;
const LENGTH_MASK = 0xfff;
/** Which records an end sends. */
const CONTROLS: { readonly [role in SessionRole]: readonly Control["type"][] } = {
  opener: ["open", "credit"],
  taker: ["accept", "refuse", "credit", "closed"],
};

export function writeTransfer(out: SectionWriter, transfer: Transfer): void {
  if (transfer.kind === "aggregate") {
    out.u8(AGGREGATE);
    out.u16(transfer.messages.length);
    for (const message of transfer.messages) {
      out.u16(message.stream);
      out.u16(message.sequence);
      out.u16(message.data.length | (flagsOf(message) << 12));
      out.bytes(message.data);
    }
    return;
  }
  out.u8(transfer.kind === "whole" ? WHOLE : CONTROL);
  if (transfer.kind === "whole") {
    out.u16(transfer.stream);
    out.u16(transfer.sequence);
  }
  out.u32(transfer.bytes.length);
  out.bytes(transfer.bytes);
}

export function readTransfer(from: SectionReader, bounds: TransferBounds): Transfer {
  const kind = from.u8("kind", CONTROL);
  if (kind === AGGREGATE) return { kind: "aggregate", messages: readMessages(from, bounds) };
  if (kind === CONTROL) {
    const length = from.u32("length", bounds.transferBytes);
    const bytes = from.bytes("bytes", length);
    readControls(from, bytes, bounds.role);
    return { kind: "control", bytes };
  }
  const stream = from.u16("stream");
  const sequence = from.u16("sequence");
  return { kind: "whole", stream, sequence, bytes: from.bytes("bytes", from.u32("length", bounds.transferBytes, 1)) };
}

/** Control records, each of which this end may send. */
export function readControls(from: SectionReader, bytes: Uint8Array, role: SessionRole): Control[] {
  const { controls } = decodeControls(bytes);
  const isWhole = controls.length * CONTROL_BYTES === bytes.length;
  from.check(isWhole, "controls", bytes.length, `${CONTROL_BYTES} bytes for each of ${controls.length} sound records`);
  for (const { type } of controls)
    from.check(CONTROLS[role].includes(type), "control", type, CONTROLS[role].join(", "));
  return controls;
}

function readMessages(from: SectionReader, { aggregateBytes, messagesMax }: TransferBounds): AggregateMessage[] {
  let room = aggregateBytes;
  return Array.from({ length: from.u16("messages", messagesMax, 1) }, () => {
    const stream = from.u16("stream");
    const sequence = from.u16("sequence");
    const word = from.u16("length");
    const length = word & LENGTH_MASK;
    const flags = word >>> 12;
    room -= SUB_HEADER_BYTES + from.within("length", length, 0, room - SUB_HEADER_BYTES);
    const ends = flags & (STREAM_F_FIN | STREAM_F_RST);
    const ofThree = flags & (STREAM_F_MORE | STREAM_F_FIN | STREAM_F_RST);
    from.check((ofThree & (ofThree - 1)) === 0, "flags", flags, "of MORE, FIN and RST one at most");
    const isSound = length === 0 ? ends !== 0 : (flags & STREAM_F_RST) === 0;
    from.check(isSound, "length", length, "none with RST, and none only with an end");
    return messageOf({ stream, sequence, flags, bytes: from.bytes("bytes", length) });
  });
}
