// Taking an aggregate apart. It comes from a peer that may be hostile: no stream gets a byte of it before all of it was found
// sound, so that what is bad in one stream's sub-frame cannot pass for another's message.
//
// One pass does both: a record is written as soon as its sub-header was checked, and counts only once the count is returned.
// Each sub-header is loaded once: a peer that can still write to the transfer's memory changes no length that was checked.
import { load16be } from "../be";
import {
  FAULT_FLAGS,
  FAULT_LENGTH,
  FAULT_RESET_DATA,
  FAULT_SHORT_REST,
  FAULT_TOO_MANY,
  FAULT_TRUNCATED,
  STREAM_F_FIN,
  STREAM_F_RST,
  SUB_HEADER_BYTES,
  SUB_LENGTH_MAX,
} from "../layout";
import { areFlagsSound, Message } from "./stream";

/**
 * The messages in an aggregate of lenBytes, at most max of them, as records from out on, whose bytes stay where they are. Returns how many, or
 * minus the fault (FAULT_) of the first sub-frame that is bad: then the records mean nothing.
 */
export function streamUnpackBurst(from: usize, lenBytes: u32, out: usize, max: u32): i32 {
  if (!ASC_NO_ASSERT) assert((from as u64) + lenBytes <= (memory.size() as u64) << 16, "an aggregate beyond memory");
  const end = from + lenBytes;
  let at = from;
  let count: u32 = 0;
  while (at != end) {
    if (count == max) return -FAULT_TOO_MANY;
    if (end - at < (SUB_HEADER_BYTES as usize)) return -FAULT_TRUNCATED;
    const names = load<u32>(at);
    const word = load16be(at + 4);
    at += SUB_HEADER_BYTES;
    const left = (end - at) as u32;
    const flags = word >> 12;
    let len = word & SUB_LENGTH_MAX;
    if (!areFlagsSound(flags)) return -FAULT_FLAGS;
    if (len != 0) {
      if ((flags & STREAM_F_RST) != 0) return -FAULT_RESET_DATA;
      if (len > left) return -FAULT_LENGTH;
    } else if ((flags & (STREAM_F_FIN | STREAM_F_RST)) == 0) {
      if (left <= (SUB_LENGTH_MAX as u32)) return -FAULT_SHORT_REST;
      len = left;
    }
    const m = changetype<Message>(out + (count as usize) * offsetof<Message>());
    m.ptr = at as u32;
    m.len = len;
    m.setWireNames(names);
    m.flags = flags;
    at += len;
    if (!ASC_NO_ASSERT) assert(at <= end, "a message beyond its aggregate");
    count++;
  }
  return count as i32;
}
