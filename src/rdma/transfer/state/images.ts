/**
 * What the two ends of a connection's transfers are made of, where a device's state is taken in: records by their offset in the device's
 * memory, slots by their region's key. Slots' bytes are the device's; nothing is staged between two calls of an agent's poll.
 */
import { TRANSFER_F_WHOLE } from "../../../../assembly/layout.js";
import type { SectionReader } from "../../../migrate/state/bytes/section-reader.js";
import type { SectionWriter } from "../../../migrate/state/bytes/section-writer.js";

/** A transfer without an acknowledgement, as its record has it. */
export interface TransferImage {
  readonly length: number;
  readonly messages: number;
  /** TRANSFER_F_ of assembly/layout.ts. */
  readonly flags: number;
  readonly imm: number;
}

export interface SenderImage {
  readonly lkey: number;
  /** Offsets: its record, those of its transfers, those of what is staged, and the bytes of that. */
  readonly record: number;
  readonly transfers: number;
  readonly stagedRecords: number;
  readonly stagedBytes: number;
  /** Transfers since it was made. */
  readonly sent: number;
  readonly acked: number;
  readonly messagesSent: number;
  readonly messagesAcked: number;
  /** Of the first failed completion; 0: none. */
  readonly status: number;
  /** From acked on, to sent. */
  readonly unacknowledged: readonly TransferImage[];
}

export interface ReceiverImage {
  readonly lkey: number;
  /** Offsets: its record, and those of messages. */
  readonly record: number;
  readonly messages: number;
  /** Transfers, modulo 2^32. */
  readonly taken: number;
  readonly released: number;
  readonly status: number;
}

const STATUS_MAX = 0xff;

/** lkey, offsets and status 32 each, counts 64 as doubles, then 16 bytes for each transfer. */
export function writeSender(out: SectionWriter, image: SenderImage): void {
  for (const word of [image.lkey, image.record, image.transfers, image.stagedRecords, image.stagedBytes, image.status])
    out.u32(word);
  for (const count of [image.sent, image.acked, image.messagesSent, image.messagesAcked]) out.f64(count);
  for (const { length, messages, flags, imm } of image.unacknowledged) {
    out.u32(length);
    out.u32(messages);
    out.u32(flags);
    out.u32(imm);
  }
}

/** Of at most so many slots of so many bytes. */
export function readSender(from: SectionReader, slots: number, slotBytes: number, messagesMax: number): SenderImage {
  const lkey = from.u32("sender.lkey");
  const record = from.u32("sender.record");
  const transfers = from.u32("sender.transfers");
  const stagedRecords = from.u32("sender.stagedRecords");
  const stagedBytes = from.u32("sender.stagedBytes");
  const status = from.u32("sender.status", STATUS_MAX);
  const sent = from.count("sender.sent");
  const acked = from.within("sender.acked", from.count("sender.acked"), Math.max(0, sent - slots), sent);
  const messagesSent = from.count("sender.messagesSent");
  const messagesAcked = from.count("sender.messagesAcked", messagesSent);
  const unacknowledged = Array.from({ length: sent - acked }, () => {
    const length = from.u32("sender.transfer.length", slotBytes);
    const messages = from.u32("sender.transfer.messages", messagesMax);
    const flags = from.u32("sender.transfer.flags", TRANSFER_F_WHOLE);
    from.check(flags === 0 || flags === TRANSFER_F_WHOLE, "sender.transfer.flags", flags, `0 or ${TRANSFER_F_WHOLE}`);
    return { length, messages, flags, imm: from.u32("sender.transfer.imm") };
  });
  return {
    ...{ lkey, record, transfers, stagedRecords, stagedBytes, status },
    ...{ sent, acked, messagesSent, messagesAcked, unacknowledged },
  };
}

/** 32 bits each. */
export function writeReceiver(out: SectionWriter, image: ReceiverImage): void {
  for (const word of [image.lkey, image.record, image.messages, image.taken, image.released, image.status])
    out.u32(word);
}

export function readReceiver(from: SectionReader, slots: number): ReceiverImage {
  const lkey = from.u32("receiver.lkey");
  const record = from.u32("receiver.record");
  const messages = from.u32("receiver.messages");
  const taken = from.u32("receiver.taken");
  const released = from.u32("receiver.released");
  from.within("receiver.released", (taken - released) >>> 0, 0, slots);
  return { lkey, record, messages, taken, released, status: from.u32("receiver.status", STATUS_MAX) };
}
