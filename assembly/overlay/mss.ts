// TCP MSS clamping: a connection whose ends ask for segments that the path does not hold is told a size that it does, in the SYN
// itself, so that no packet has to be too big before the ends find out. The option says how much payload a segment may have that
// has neither IP nor TCP options (RFC 9293 section 3.7.1, RFC 6691): the path's MTU less both fixed headers. A SYN without the
// option means 536 bytes (over IPv6 1220) and gets none.

import { load16be } from "../be";
import { update16 } from "../checksum";
import { FLAG_IPV4, FLAG_TCP } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { IPV4_BYTES } from "../wire/ipv4";
import { IPV6_BYTES } from "../wire/ipv6";
import {
  TCP_BYTES,
  TCP_CHECKSUM,
  TCP_FLAGS,
  TCP_OPTION_END,
  TCP_OPTION_MSS,
  TCP_OPTION_MSS_BYTES,
  TCP_OPTION_NOP,
  TCP_SYN,
} from "../wire/transport";

/** A class because asc inlines on demand only decorated methods. */
export class Mss {
  /** Lowers the MSS of a parsed frame, if it is a SYN with one that IP packets of mtuBytes do not hold; 1 when it did, else 0. */
  @inline
  static clamp(m: usize, mtuBytes: u32): u32 {
    const mbuf = changetype<Mbuf>(m);
    if ((mbuf.flags & FLAG_TCP) == 0 || mbuf.payload == 0) return 0;
    if (((load<u8>((mbuf.data + mbuf.l4) as usize, TCP_FLAGS) as u32) & TCP_SYN) == 0) return 0;
    return clampSyn(mbuf, mtuBytes);
  }
}

/** Clamps n parsed frames whose addresses stand in list (u32); returns how many were changed. */
export function clampMssBurst(list: usize, n: u32, mtuBytes: u32): u32 {
  let changed: u32 = 0;
  for (let i: u32 = 0; i < n; i++) changed += Mss.clamp(load<u32>(list + ((i as usize) << 2)) as usize, mtuBytes);
  return changed;
}

/** Options are read as far as they are in the head segment and in order; from the first that makes no sense on they stay. */
function clampSyn(mbuf: Mbuf, mtuBytes: u32): u32 {
  const fixedBytes = TCP_BYTES + ((mbuf.flags & FLAG_IPV4) != 0 ? IPV4_BYTES : IPV6_BYTES);
  if (mtuBytes <= fixedBytes) return 0;
  const tcp = (mbuf.data + mbuf.l4) as usize;
  const end = min(mbuf.payload as u32, mbuf.len) - mbuf.l4;
  let changed: u32 = 0;
  for (let off = TCP_BYTES; off < end; ) {
    const kind = load<u8>(tcp + off) as u32;
    if (kind == TCP_OPTION_END) break;
    if (kind == TCP_OPTION_NOP) {
      off++;
      continue;
    }
    if (off + 2 > end) break;
    const len = load<u8>(tcp + off, 1) as u32;
    if (len < 2 || off + len > end) break;
    if (kind == TCP_OPTION_MSS && len == TCP_OPTION_MSS_BYTES) changed |= lower(tcp, off + 2, mtuBytes - fixedBytes);
    off += len;
  }
  return changed;
}

/** Makes the 16 bits at an offset from the TCP header at most max, and the checksum right again; 1 when they were more. */
function lower(tcp: usize, off: u32, max: u32): u32 {
  const at = tcp + off;
  if (load16be(at) <= max) return 0;
  let before = load<u16>(at) as u32;
  let after = bswap<u16>(max as u16) as u32;
  store<u16>(at, after as u16);
  // At an odd offset the two bytes belong to two words of the checksum, each in the other half.
  if (off & 1) {
    before = bswap<u16>(before as u16) as u32;
    after = bswap<u16>(after as u16) as u32;
  }
  const check = load<u16>(tcp, TCP_CHECKSUM) as u32;
  store<u16>(tcp, update16(check, before, after) as u16, TCP_CHECKSUM);
  return 1;
}
