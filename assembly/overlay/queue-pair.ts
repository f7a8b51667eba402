// Global queue pairs as an encapsulation of the overlay: frames to an endpoint carry its GQPN and consecutive packet sequence numbers,
// wherever it is. resend.ts sends again what a host has rejected.
import { Found } from "../gqp/found";
import { Gqp } from "../gqp/gqp";
import {
  CARRIES_CONTROL,
  DROP_TOO_BIG,
  ENCAP_ROCEV2,
  ENCAP_SHIFT,
  FLAG_FRAGMENT,
  FLAG_UDP,
  FLAG_VLAN,
  OK,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { linearize, Pool } from "../mbuf/pool";
import { makeSendable } from "../path/port";
import { Single } from "../path/single";
import { Tunnel } from "../path/tunnel";
import { VLAN_BYTES } from "../wire/ethernet";
import { bthDestQpn, bthPsn, dethSourceQpn, OVERLAY_BYTES, ROCEV2_PORT, UD_BYTES } from "../wire/ib";
import { udpDestination } from "../wire/transport";
import { refuse } from "./deliver";
import { Uplinks } from "./depart";
import { Endpoint } from "./endpoint";
import { Vnic } from "./network";
import { NETWORK_CONTROL } from "./open";
import { OUT_DROPPED, OUT_WAITS } from "./outcome";
import { Overlay } from "./overlay";
import { keep } from "./resend";

const PSN_MASK: u32 = 0xffffff;
/** Frames to many go to the multicast queue pair (IBTA volume 1, 3.5.3). */
const MULTICAST_QPN: u32 = 0xffffff;

/** True for a parsed frame that is a RoCEv2 datagram. */
export function isQueuePairs(mbuf: Mbuf): bool {
  if ((mbuf.flags & (FLAG_UDP | FLAG_FRAGMENT)) != FLAG_UDP || mbuf.payload == 0) return false;
  return udpDestination((mbuf.data + mbuf.l4) as usize) == ROCEV2_PORT;
}

/** Opens a RoCEv2 datagram as path/outer.ts opens the others; a control message has NETWORK_CONTROL in its hash. */
export function openQueuePair(o: Overlay, m: usize): u32 {
  const cause = Gqp.open(m, o.gqp as usize, o.crc32 as usize);
  if (cause != OK) return cause;
  const mbuf = changetype<Mbuf>(m);
  const found = changetype<Found>(o.gqp as usize);
  mbuf.flags |= (ENCAP_ROCEV2 as u32) << ENCAP_SHIFT;
  mbuf.l4Len = found.offset + found.length - (mbuf.l4 as u32);
  if (found.carries == CARRIES_CONTROL) mbuf.hash = NETWORK_CONTROL;
  return OK;
}

/** True unless an opened frame came for another queue pair than the endpoint's. */
export function isItsQueuePair(mbuf: Mbuf, endpoint: usize): bool {
  if (mbuf.flags >> ENCAP_SHIFT != (ENCAP_ROCEV2 as u32)) return true;
  return bthDestQpn(bthOf(mbuf)) == changetype<Endpoint>(endpoint).gqpn;
}

/** The packet sequence number of an opened RoCEv2 datagram, and its source's GQPN. */
export function psnOf(mbuf: Mbuf): u32 {
  return bthPsn(bthOf(mbuf));
}

export function sourceOf(mbuf: Mbuf): u32 {
  return dethSourceQpn(bthOf(mbuf));
}

/** Sends a vnic's frame that fits to an endpoint's queue pair, 0 for many, by a path. */
export function departByQueuePair(o: Overlay, vnic: usize, endpoint: usize, path: usize, m: usize): u32 {
  const v = changetype<Vnic>(vnic);
  const ingress = v.port as usize;
  // 1. Is there room?
  const number = changetype<Tunnel>(path).uplink;
  let bucket: usize = 0;
  if (o.group != 0) {
    bucket = Uplinks.choose(o, v, m);
    if (bucket == OUT_WAITS || bucket == OUT_DROPPED) return bucket as u32;
  } else if (Single.mustWait(o.uplinkAt(number), m)) {
    return OUT_WAITS;
  }
  // 2. Headers and CRCs around it.
  if (changetype<Mbuf>(m).segments != 1) linearize(o.pool as usize, m);
  const e = changetype<Endpoint>(endpoint);
  const source = changetype<Endpoint>(v.endpoint as usize).gqpn;
  const destination = endpoint == 0 ? MULTICAST_QPN : e.gqpn;
  let cause = wrap(o, path, m, destination, source, endpoint == 0 ? 0 : e.psn);
  if (cause == OK && o.group == 0) cause = makeSendable(o.uplinkAt(number), ingress, m);
  if (cause != OK) return refuse(m, ingress, cause);
  if (endpoint != 0) {
    e.psn = (e.psn + 1) & PSN_MASK;
    keep(o, e, m);
  }
  // 3. Out.
  if (o.group != 0) return Uplinks.leave(o, v, bucket, m);
  Single.post(o.uplinkAt(number), m);
  return number;
}

/** Puts queue pair headers around a parsed frame. */
export function wrap(o: Overlay, path: usize, m: usize, destination: u32, source: u32, psn: u32): u32 {
  // What floods and what is sent on have not been measured before. A tag that is carried does not count, here as elsewhere.
  const mbuf = changetype<Mbuf>(m);
  const tag: u32 = (mbuf.flags & FLAG_VLAN) != 0 ? VLAN_BYTES : 0;
  if (mbuf.wireLen - tag > changetype<Tunnel>(path).frameBytesMax) return DROP_TOO_BIG;
  const bufBytes = changetype<Pool>(o.pool as usize).bufBytes;
  return Gqp.encap(m, path, destination, source, psn, o.crc32 as usize, o.crc16 as usize, bufBytes);
}

function bthOf(mbuf: Mbuf): usize {
  return ((mbuf.data + mbuf.payload) as usize) - OVERLAY_BYTES - UD_BYTES;
}
