// Which checksums of a frame are right: the outer ones, and the inner ones when a tunnel (decap.ts) carries a frame.
//
// Right means that the sum with the field in it folds to 0xffff, so 0xffff and 0x0000 in the field are one value (RFC 1624
// section 3 on the two zeros). A field that holds only the pseudo-header's sum is what a host records that leaves the rest
// to its adapter: offloaded, not wrong.
import { complement, fold } from "../checksum";
import {
  FLAG_FRAGMENT,
  FLAG_ICMP,
  FLAG_IPV4,
  FLAG_UDP,
  OK,
  REPORT_BYTES,
  REPORT_CAUSE,
  REPORT_HAS_INNER,
  REPORT_INNER_FLAGS,
  REPORT_INNER_L3,
  REPORT_OUTER_FLAGS,
  REPORT_OUTER_L3,
  VERDICT_ABSENT,
  VERDICT_BAD,
  VERDICT_GOOD,
  VERDICT_NONE,
  VERDICT_OFFLOADED,
  VERDICT_UNCHECKED,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { GENEVE_PORT } from "../wire/geneve";
import { GPE_PORT } from "../wire/gpe";
import { ipv4ChecksumHolds } from "../wire/ipv4";
import { udpDestination } from "../wire/transport";
import { VXLAN_PORT } from "../wire/vxlan";
import { findEncap } from "./decap";
import { stripAny } from "./outer";
import { parse } from "./parse";
import { checksumField, hasTransport, isWhole, pseudoSum, transportSum } from "./transport";

/** Registered (IANA); it may leave out the UDP checksum over IPv6, too. */
const ROCEV2_PORT: u32 = 4791;

/**
 * Judges n frames (list: u32 addresses) into reports, REPORT_BYTES each: drop cause, verdicts and flags, outer and inner.
 * Frames in tunnels are stripped on the way, so list holds inner frames afterwards.
 */
export function verifyBurst(list: usize, n: u32, reports: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    verify(load<u32>(list + ((i as usize) << 2)) as usize, reports + (i as usize) * REPORT_BYTES);
  }
}

function verify(m: usize, report: usize): void {
  const mbuf = changetype<Mbuf>(m);
  memory.fill(report, 0, REPORT_BYTES);
  let cause = parse(m);
  store<u32>(report, mbuf.flags, REPORT_OUTER_FLAGS);
  if (cause == OK) {
    judge(m, report + REPORT_OUTER_L3);
    if (findEncap(m, VXLAN_PORT) == OK) {
      stripAny(m);
      cause = parse(m);
      store<u8>(report, 1, REPORT_HAS_INNER);
      store<u32>(report, mbuf.flags, REPORT_INNER_FLAGS);
      if (cause == OK) judge(m, report + REPORT_INNER_L3);
    }
  }
  store<u16>(report, cause as u16, REPORT_CAUSE);
}

/** Writes the L3 and the L4 verdict of a parsed frame, a byte each. */
function judge(m: usize, verdicts: usize): void {
  const mbuf = changetype<Mbuf>(m);
  let l3 = VERDICT_NONE as u32;
  if ((mbuf.flags & FLAG_IPV4) != 0) {
    const ip = (mbuf.data + mbuf.l3) as usize;
    if (mbuf.l4 == 0) l3 = VERDICT_UNCHECKED;
    else l3 = ipv4ChecksumHolds(ip, mbuf.l4 - mbuf.l3) ? VERDICT_GOOD : VERDICT_BAD;
  }
  store<u8>(verdicts, l3 as u8);
  store<u8>(verdicts, judgeTransport(m) as u8, 1);
}

function judgeTransport(m: usize): u32 {
  if (!hasTransport(m)) return VERDICT_NONE;
  const mbuf = changetype<Mbuf>(m);
  const isUdp = (mbuf.flags & FLAG_UDP) != 0;
  if (isUdp && mbuf.payload != 0 && (mbuf.flags & FLAG_FRAGMENT) == 0 && load<u16>(checksumField(m)) == 0) {
    return judgeAbsentUdp(mbuf.flags, (mbuf.data + mbuf.l4) as usize);
  }
  if (!isWhole(m)) return VERDICT_UNCHECKED;
  const pseudo = pseudoSum(m);
  if (complement(transportSum(m, pseudo)) == 0) return VERDICT_GOOD;
  const isLeftToAdapter = (mbuf.flags & FLAG_ICMP) == 0 && (load<u16>(checksumField(m)) as u32) == fold(pseudo);
  return isLeftToAdapter ? VERDICT_OFFLOADED : VERDICT_BAD;
}

/**
 * UDP checksum 0: absent over IPv4 (RFC 768); over IPv6 allowed only to protocols that carry checks of their own: tunnels
 * (RFC 6935 section 5) and RoCEv2, whose ICRC covers the same bytes (IBTA annex A17).
 */
function judgeAbsentUdp(flags: u32, udp: usize): u32 {
  if ((flags & FLAG_IPV4) != 0) return VERDICT_ABSENT;
  const port = udpDestination(udp);
  const mayOmit = port == VXLAN_PORT || port == GPE_PORT || port == GENEVE_PORT || port == ROCEV2_PORT;
  return mayOmit ? VERDICT_ABSENT : VERDICT_BAD;
}
