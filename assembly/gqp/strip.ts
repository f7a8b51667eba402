// Stripping by moving both ends of a packet that open.ts accepted. It reads the headers again, so that between opening and stripping
// nothing has to be kept for the packet but its mbuf.
import { FLAG_UDP } from "../layout";
import { adj, Mbuf, trim } from "../mbuf/mbuf";
import { bthPad, ICRC_BYTES, lrhBytes } from "../wire/ib";
import { UDP_BYTES, udpLength } from "../wire/transport";

export function stripDatagram(m: usize): void {
  const mbuf = changetype<Mbuf>(m);
  const l4 = mbuf.l4 as u32;
  const header = mbuf.data + l4;
  const isRoce = (mbuf.flags & FLAG_UDP) != 0;
  const bth = (isRoce ? header + UDP_BYTES : header) as usize;
  const icrc = (isRoce ? l4 + udpLength(header as usize) : lrhBytes(mbuf.data as usize)) - ICRC_BYTES;
  const end = icrc - bthPad(bth);
  if (mbuf.pktLen > end) trim(m, mbuf.pktLen - end);
  mbuf.wireLen = end;
  adj(m, mbuf.payload as u32);
}
