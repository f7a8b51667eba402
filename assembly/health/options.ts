// Options of a TCP header (RFC 9293 section 3.1). They are read in order, as far as they are in the head segment, and to the first that
// makes no sense; where that is, the segment counts without those behind.
import { TCP_BYTES, TCP_OPTION_END, TCP_OPTION_NOP, TCP_OPTION_TIMESTAMPS } from "../wire/transport";

/** Two no-operations, then timestamps of ten bytes, in memory order: how nearly all write them (RFC 7323 appendix A). */
const USUAL_TIMESTAMPS: u32 = 0x0a080101;
const USUAL_END: u32 = TCP_BYTES + 12;

/** Offset in the header of the first option of a kind and length, or 0. The header's bytes before end are here. */
export function optionAt(tcp: usize, end: u32, kind: u32, bytes: u32): u32 {
  if (kind == TCP_OPTION_TIMESTAMPS && end >= USUAL_END) {
    if (load<u32>(tcp, TCP_BYTES as usize) == USUAL_TIMESTAMPS) return TCP_BYTES + 2;
  }
  for (let off = TCP_BYTES; off < end; ) {
    const found = load<u8>(tcp + off) as u32;
    if (found == TCP_OPTION_END) return 0;
    if (found == TCP_OPTION_NOP) {
      off++;
      continue;
    }
    if (off + 2 > end) return 0;
    const len = load<u8>(tcp + off, 1) as u32;
    if (len < 2 || off + len > end) return 0;
    if (found == kind && len == bytes) return off;
    off += len;
  }
  return 0;
}
