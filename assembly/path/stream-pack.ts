// Packing messages into an aggregate: one burst or several, until the transfer is to go.
import { store16be } from "../be";
import { Copy } from "../copy";
import {
  FAULT_EMPTY,
  FAULT_FLAGS,
  FAULT_LONG_FIN,
  FAULT_NONE,
  FAULT_RESET_DATA,
  STREAM_F_FIN,
  STREAM_F_RST,
  SUB_HEADER_BYTES,
  SUB_LENGTH_MAX,
} from "../layout";
import { Aggregate, areFlagsSound, Message } from "./stream";

/** Starts an aggregate, empty, in roomBytes at data. */
export function streamOpen(aggregate: usize, data: usize, roomBytes: u32): void {
  if (!ASC_NO_ASSERT) assert((data as u64) + roomBytes <= (memory.size() as u64) << 16, "an aggregate beyond memory");
  const a = changetype<Aggregate>(aggregate);
  a.data = data as u32;
  a.room = roomBytes;
  a.end = 0;
  a.fault = FAULT_NONE;
}

/**
 * Packs n messages (records) behind what the aggregate holds, as many as fit, and moves aggregate.end. Returns how many from the
 * front: the next one needs more room, or cannot be packed at all, which aggregate.fault says then. The bytes are copied; those
 * behind aggregate.end stay as they were.
 */
export function streamPackBurst(aggregate: usize, messages: usize, n: u32): u32 {
  const a = changetype<Aggregate>(aggregate);
  // In locals, since a field is loaded again after every store.
  const data = a.data as usize;
  let room = a.room;
  let end = a.end;
  let fault: u32 = FAULT_NONE;
  let packed: u32 = 0;
  if (!ASC_NO_ASSERT) assert(end <= room, "an aggregate over its room");
  while (packed < n) {
    const m = changetype<Message>(messages + (packed as usize) * offsetof<Message>());
    const len = m.len;
    const flags = m.flags;
    let said = len;
    if (!isOrdinary(flags, len)) {
      fault = faultOf(flags, len);
      if (fault != FAULT_NONE) break;
      if (len > (SUB_LENGTH_MAX as u32)) said = 0;
    }
    // In 64 bits: len is the caller's word.
    if ((end as u64) + (len as u64) + (SUB_HEADER_BYTES as u64) > (room as u64)) break;
    if (!ASC_NO_ASSERT) assert((m.ptr as u64) + len <= (memory.size() as u64) << 16, "a message beyond memory");
    const to = data + end;
    store<u32>(to, m.wireNames());
    store16be(to + 4, (flags << 12) | said);
    Copy.bytes(to + SUB_HEADER_BYTES, m.ptr as usize, len);
    end += SUB_HEADER_BYTES + len;
    packed++;
    if (said != len) {
      room = end;
      break;
    }
  }
  a.room = room;
  a.end = end;
  a.fault = fault;
  return packed;
}

/** Flags of a message with bytes: MORE, FIN or neither, and URGENT with any. */
const BYTES_FLAGS: u32 = 0b0000_0011_0011_0011;

/** A message whose bytes a sub-header can count: nearly every one, known by three compares. */
function isOrdinary(flags: u32, len: u32): bool {
  return len - 1 < (SUB_LENGTH_MAX as u32) && flags <= 9 && ((BYTES_FLAGS >> flags) & 1) != 0;
}

/** What keeps a message from ever being packed. */
function faultOf(flags: u32, len: u32): u32 {
  if (flags > 0xf || !areFlagsSound(flags)) return FAULT_FLAGS;
  if ((flags & STREAM_F_RST) != 0) return len == 0 ? FAULT_NONE : FAULT_RESET_DATA;
  if (len == 0) return (flags & STREAM_F_FIN) != 0 ? FAULT_NONE : FAULT_EMPTY;
  // Length 0 with FIN says "no bytes": a long message's FIN is a sub-frame of its own, in the next transfer.
  return len > (SUB_LENGTH_MAX as u32) && (flags & STREAM_F_FIN) != 0 ? FAULT_LONG_FIN : FAULT_NONE;
}
