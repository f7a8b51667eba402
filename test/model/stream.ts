/** Sub-frames as assembly/path/stream.ts draws them, by a DataView: the oracle for packing and unpacking. */
import * as layout from "../../assembly/layout.js";

export interface StreamMessage {
  readonly stream: number;
  readonly sequence: number;
  /** 8 MORE, 4 FIN, 2 RST, 1 URGENT. */
  readonly flags: number;
  readonly data: Uint8Array;
}

const EXCLUSIVE = [8, 4, 2];

function areContradictory(flags: number): boolean {
  return EXCLUSIVE.filter((flag) => (flags & flag) !== 0).length > 1;
}

/** What keeps a message out of any aggregate. */
export function messageFault({ flags, data }: StreamMessage): number {
  if (flags > 15 || areContradictory(flags)) return layout.FAULT_FLAGS;
  if (flags & 2) return data.length > 0 ? layout.FAULT_RESET_DATA : layout.FAULT_NONE;
  if (data.length === 0 && !(flags & 4)) return layout.FAULT_EMPTY;
  if (data.length > 4095 && flags & 4) return layout.FAULT_LONG_FIN;
  return layout.FAULT_NONE;
}

/** As many from the front as fit into so many bytes; why it ended early, if not for want of room. */
export function packMessages(messages: readonly StreamMessage[], room: number) {
  const out: number[] = [];
  let count = 0;
  for (const message of messages) {
    const { stream, sequence, flags, data } = message;
    const fault = messageFault(message);
    if (fault !== layout.FAULT_NONE) return { bytes: Uint8Array.from(out), count, fault };
    if (out.length + 6 + data.length > room) break;
    const word = (flags << 12) | (data.length > 4095 ? 0 : data.length);
    out.push(stream >> 8, stream & 255, sequence >> 8, sequence & 255, word >> 8, word & 255, ...data);
    count++;
    if (data.length > 4095) break;
  }
  return { bytes: Uint8Array.from(out), count, fault: layout.FAULT_NONE };
}

export interface Unpacked {
  readonly fault: number;
  readonly messages: readonly (StreamMessage & { readonly at: number })[];
}

/** The messages of an aggregate with their places; none when anything is wrong with any of them. */
export function unpackMessages(bytes: Uint8Array, max: number): Unpacked {
  const refuse = (fault: number): Unpacked => ({ fault, messages: [] });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const messages = [];
  for (let at = 0; at < bytes.length; ) {
    if (messages.length === max) return refuse(layout.FAULT_TOO_MANY);
    if (bytes.length - at < 6) return refuse(layout.FAULT_TRUNCATED);
    const [stream, sequence, word] = [view.getUint16(at), view.getUint16(at + 2), view.getUint16(at + 4)];
    const flags = word >> 12;
    const said = word % 4096;
    at += 6;
    const left = bytes.length - at;
    if (areContradictory(flags)) return refuse(layout.FAULT_FLAGS);
    if (flags & 2 && said > 0) return refuse(layout.FAULT_RESET_DATA);
    if (said > left) return refuse(layout.FAULT_LENGTH);
    const isRest = said === 0 && !(flags & 6);
    if (isRest && left < 4096) return refuse(layout.FAULT_SHORT_REST);
    const length = isRest ? left : said;
    messages.push({ stream, sequence, flags, at, data: bytes.subarray(at, at + length) });
    at += length;
  }
  return { fault: layout.FAULT_NONE, messages };
}
