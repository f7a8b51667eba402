// Whole bursts, for tools that work on frames without ports: each frame's cause is left in its mbuf.
import { CARRIES_FRAME, DROP_UNKNOWN_VNI, ENCAP_INFINIBAND, GQP_BYTES, OK } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { parse } from "../path/parse";
import { Found } from "./found";
import { Gqp } from "./gqp";

/** Any VNI will do. */
const ANY_VNI: i32 = -1;

/** Parses and encapsulates n frames with consecutive PSNs; one that is refused takes none. Returns the next PSN. */
export function gqpEncapBurst(
  list: usize,
  n: u32,
  tunnel: usize,
  destQpn: u32,
  sourceQpn: u32,
  psn: u32,
  crc32Table: usize,
  crc16Table: usize,
  bufBytes: u32,
): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const m = load<u32>(list + ((i as usize) << 2)) as usize;
    let cause = parse(m);
    if (cause == OK) cause = Gqp.encap(m, tunnel, destQpn, sourceQpn, psn, crc32Table, crc16Table, bufBytes);
    if (cause == OK) psn++;
    changetype<Mbuf>(m).cause = cause as u16;
  }
  return psn & 0xffffff;
}

/**
 * Opens n packets of one form (ENCAP_ROCEV2 or ENCAP_INFINIBAND), of the network vni or (-1) of any, and strips those that carry
 * frames. Control messages stay whole. founds has a record for each, written where the cause is OK.
 */
export function gqpDecapBurst(
  list: usize,
  n: u32,
  kind: u32,
  vni: i32,
  founds: usize,
  crc32Table: usize,
  crc16Table: usize,
): void {
  for (let i: u32 = 0; i < n; i++) {
    const m = load<u32>(list + ((i as usize) << 2)) as usize;
    const found = founds + (i as usize) * GQP_BYTES;
    let cause = open(m, kind, found, crc32Table, crc16Table);
    if (cause == OK && changetype<Found>(found).carries == CARRIES_FRAME) {
      if (vni == ANY_VNI || changetype<Found>(found).qkey == (vni as u32)) Gqp.strip(m);
      else cause = DROP_UNKNOWN_VNI;
    }
    changetype<Mbuf>(m).cause = cause as u16;
  }
}

function open(m: usize, kind: u32, found: usize, crc32Table: usize, crc16Table: usize): u32 {
  if (kind == ENCAP_INFINIBAND) return Gqp.openIb(m, found, crc32Table, crc16Table);
  const cause = parse(m);
  return cause == OK ? Gqp.open(m, found, crc32Table) : cause;
}
