// Whose the frame is that a guest is given: with a policy for peers, the sender's, by its address. Its endpoint is known by then, and
// remembers the record, so that the table of peers is asked only when something has changed.

import { Watch } from "../health/watch";
import { DROP_MBUF_LIMIT, FLAG_IPV4, LIMIT_F_PEERS, LIMIT_FLAGS, LIMIT_PARTITION_SHIFT, OK } from "../layout";
import { Charge, Ledger } from "../mbuf/ledger";
import { Mbuf } from "../mbuf/mbuf";
import { ownerOf } from "../mbuf/peer";
import { Pool } from "../mbuf/pool";
import { Port } from "../path/port";
import { IPV4_SRC } from "../wire/ipv4";
import { Endpoint } from "./endpoint";

/** A class because asc inlines on demand only decorated methods. */
export class Guest {
  /** Charges a parsed frame from an endpoint (0: not known) to whose it is at that port. OK, or the cause for a drop, and nothing has changed. */
  @inline
  static charge(port: usize, from: usize, m: usize): u32 {
    const p = changetype<Port>(port);
    const partition = p.owner as usize;
    if (partition == 0) return OK;
    const ledger = changetype<Pool>(p.pool as usize).ledger as usize;
    const flags = load<u32>(partition, LIMIT_FLAGS);
    const owner = (flags & LIMIT_F_PEERS) == 0 ? partition : peerOf(ledger, partition, flags, from, m);
    if (!Charge.chain(ledger, owner, m)) return DROP_MBUF_LIMIT;
    Watch.given(ledger, partition, owner, p.index, m);
    return OK;
  }
}

function peerOf(ledger: usize, partition: usize, flags: u32, from: usize, m: usize): usize {
  if (from == 0 || !isItsOwn(changetype<Endpoint>(from), changetype<Mbuf>(m))) return ownerOf(ledger, partition, m);
  const e = changetype<Endpoint>(from);
  const epoch = changetype<Ledger>(ledger).epoch;
  const known = e.peer as usize;
  if (known != 0 && e.peerEpoch == epoch) {
    if ((load<u32>(known, LIMIT_FLAGS) ^ flags) >> LIMIT_PARTITION_SHIFT == 0) return known;
  }
  const owner = ownerOf(ledger, partition, m);
  // The partition itself is no peer's record for long.
  e.peer = owner == partition ? 0 : (owner as u32);
  e.peerEpoch = epoch;
  return owner;
}

/** True for IPv4 from the endpoint's first address: a router, and a waypoint, send from others, too. */
function isItsOwn(e: Endpoint, mbuf: Mbuf): bool {
  if ((mbuf.flags & FLAG_IPV4) == 0) return false;
  return load<u32>((mbuf.data + mbuf.l3) as usize, IPV4_SRC) == e.ip4;
}
