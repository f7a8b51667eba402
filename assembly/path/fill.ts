// Fills in checksums: what an adapter does for a host that left them to it. The IPv4 header's, and the transport's when
// all it covers is here. A UDP checksum that computes to 0 is written as 0xffff; an absent one (0 over IPv4) stays absent.
import { complement, sumBytes, udpWire } from "../checksum";
import { FLAG_IPV4, FLAG_UDP, OK } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { IPV4_CHECKSUM } from "../wire/ipv4";
import { parse } from "./parse";
import { checksumField, hasTransport, isWhole, pseudoSum, transportSum } from "./transport";

/** Parses n frames (list: u32 addresses) and fills in their checksums; each frame's cause is left in its mbuf. */
export function fillBurst(list: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const m = load<u32>(list + ((i as usize) << 2)) as usize;
    const cause = parse(m);
    changetype<Mbuf>(m).cause = cause as u16;
    if (cause == OK) fill(m);
  }
}

function fill(m: usize): void {
  const mbuf = changetype<Mbuf>(m);
  const isIpv4 = (mbuf.flags & FLAG_IPV4) != 0;
  if (isIpv4 && mbuf.l4 != 0) {
    const ip = (mbuf.data + mbuf.l3) as usize;
    store<u16>(ip, 0, IPV4_CHECKSUM);
    store<u16>(ip, complement(sumBytes(ip, mbuf.l4 - mbuf.l3, 0)) as u16, IPV4_CHECKSUM);
  }
  if (!hasTransport(m) || !isWhole(m)) return;
  const field = checksumField(m);
  const isUdp = (mbuf.flags & FLAG_UDP) != 0;
  if (isUdp && isIpv4 && load<u16>(field) == 0) return;
  store<u16>(field, 0);
  const check = complement(transportSum(m, pseudoSum(m)));
  store<u16>(field, (isUdp ? udpWire(check) : check) as u16);
}
