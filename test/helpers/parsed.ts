/** What the parse kernel found, read from the mbuf's record. */
import * as layout from "../../assembly/layout.js";
import type { Parsed } from "../model/parse.js";
import type { Bed } from "./bed.js";

export function parseFrame(bed: Bed, m: number): Parsed {
  bed.kernels.parseBurst(bed.listOf(m), 1);
  return {
    flags: bed.u32(m + layout.MBUF_FLAGS),
    l3: bed.u16(m + layout.MBUF_L3),
    l4: bed.u16(m + layout.MBUF_L4),
    payload: bed.u16(m + layout.MBUF_PAYLOAD),
    l4Len: bed.u32(m + layout.MBUF_L4_LEN),
    cause: bed.u16(m + layout.MBUF_CAUSE),
  };
}
