// The ledger: for every mbuf of a pool, whom it is charged to and since when. So whoever frees an mbuf, its owner gets it back, and
// the sum of what owners hold is the number of mbufs that have one, always.
//
//   entries: for each mbuf, in the order of the pool's records   │ owner's record u32 │ charged at u32, µs │
//
// A chain is charged whole or not at all. A frame that passes from one owner to the next (from its uplink to its guest) is first
// charged to the next, then given back by the one before: it is never nobody's. Copies that share a buffer stay with its first owner.
import {
  LEDGER_BYTES,
  LEDGER_DUE,
  LEDGER_ENTRIES,
  LEDGER_EPOCH,
  LEDGER_HEALTHS,
  LEDGER_KEY,
  LEDGER_MBUFS,
  LEDGER_MONITOR,
  LEDGER_NOW,
  LEDGER_PEERS,
  LEDGER_SEEN,
  LEDGER_STRANGER_COUNT,
  LEDGER_STRANGERS,
} from "../layout";
import { Account, Limit } from "./limit";
import { Mbuf } from "./mbuf";

@unmanaged
export class Ledger {
  entries: u32;
  /** The pool's first mbuf. */
  mbufs: u32;
  /** The time, in microseconds modulo 2^32, as the control plane last said. */
  now: u32;
  /** Ring of owners whose window is due. */
  due: u32;
  /** Table of peers (peer.ts), 0 without any. */
  peers: u32;
  strangers: u32;
  strangerCount: u32;
  /** Scratch for a peer's key. */
  key: u32;
  /** Peers that were looked at since the last look at strangers, a bit each by their address's hash. */
  seen: u64;
  /** How often a peer has lost its record: whoever remembers one looks it up again after that. */
  epoch: u32;
  /** Follows connections of partitions that say so (health/watch.ts), 0 without. */
  monitor: u32;
  healths: u32;
  unused0: u32;
  unused1: u64;
}

if (offsetof<Ledger>() != LEDGER_BYTES) ERROR("Ledger: size");
if (offsetof<Ledger>("entries") != LEDGER_ENTRIES) ERROR("Ledger: entries");
if (offsetof<Ledger>("mbufs") != LEDGER_MBUFS) ERROR("Ledger: mbufs");
if (offsetof<Ledger>("now") != LEDGER_NOW) ERROR("Ledger: now");
if (offsetof<Ledger>("due") != LEDGER_DUE) ERROR("Ledger: due");
if (offsetof<Ledger>("peers") != LEDGER_PEERS) ERROR("Ledger: peers");
if (offsetof<Ledger>("strangers") != LEDGER_STRANGERS) ERROR("Ledger: strangers");
if (offsetof<Ledger>("strangerCount") != LEDGER_STRANGER_COUNT) ERROR("Ledger: strangerCount");
if (offsetof<Ledger>("key") != LEDGER_KEY) ERROR("Ledger: key");
if (offsetof<Ledger>("seen") != LEDGER_SEEN) ERROR("Ledger: seen");
if (offsetof<Ledger>("epoch") != LEDGER_EPOCH) ERROR("Ledger: epoch");
if (offsetof<Ledger>("monitor") != LEDGER_MONITOR) ERROR("Ledger: monitor");
if (offsetof<Ledger>("healths") != LEDGER_HEALTHS) ERROR("Ledger: healths");

/** A class because asc inlines on demand only decorated methods. */
export class Charge {
  /** Where an mbuf's entry is: 8 bytes for each record of 64. */
  @inline
  static entryOf(l: Ledger, m: usize): usize {
    return (l.entries as usize) + ((m - (l.mbufs as usize)) >> 3);
  }

  /** Charges a whole chain to an owner's record, unless it is already; false, counted, and the chain as it was, when that may hold no more. */
  @inline
  static chain(ledger: usize, record: usize, m: usize): bool {
    const l = changetype<Ledger>(ledger);
    const mbuf = changetype<Mbuf>(m);
    const at = Charge.entryOf(l, m);
    const before = load<u64>(at);
    if ((before as u32) == (record as u32)) return true;
    const segments = mbuf.segments as u32;
    if (!Account.charge(l.due as usize, record, segments, mbuf.pktLen)) return false;
    const entry = (record as u64) | ((l.now as u64) << 32);
    store<u64>(at, entry);
    if (before != 0) giveBack(ledger, before);
    if (segments > 1) chargeRest(ledger, mbuf.next as usize, entry);
    return true;
  }

  /** Takes an mbuf's entry out, to be given back: 0 for one that nobody was charged for. */
  @inline
  static take(ledger: usize, m: usize): u64 {
    const at = Charge.entryOf(changetype<Ledger>(ledger), m);
    const entry = load<u64>(at);
    if (entry != 0) store<u64>(at, 0);
    return entry;
  }

  /** Gives so many mbufs with the same entry back. */
  @inline
  static giveBack(ledger: usize, entry: u64, mbufs: u32): void {
    const l = changetype<Ledger>(ledger);
    Account.release(l.due as usize, entry as u32 as usize, mbufs, l.now - ((entry >> 32) as u32));
  }
}

/** An mbuf that nobody refers to any more: whom it was charged to gets it back. Not inlined, so that those who free stay short. */
export function release(ledger: usize, m: usize): void {
  const entry = Charge.take(ledger, m);
  if (entry != 0) Charge.giveBack(ledger, entry, 1);
}

/** Charges a fresh chain to whom another mbuf is charged to; false, and the chain as it was, when that may hold no more. */
export function chargeLike(ledger: usize, m: usize, copy: usize): bool {
  if (ledger == 0) return true;
  const record = load<u32>(Charge.entryOf(changetype<Ledger>(ledger), m));
  return record == 0 || Charge.chain(ledger, record, copy);
}

/** The segments behind a chain's head, which the charge of the whole has counted. */
function chargeRest(ledger: usize, m: usize, entry: u64): void {
  for (; m != 0; m = changetype<Mbuf>(m).next as usize) {
    const at = Charge.entryOf(changetype<Ledger>(ledger), m);
    const before = load<u64>(at);
    store<u64>(at, entry);
    if (before != 0) giveBack(ledger, before);
  }
}

/** Not inlined: seldom needed where a frame is charged. */
function giveBack(ledger: usize, entry: u64): void {
  Charge.giveBack(ledger, entry, 1);
}

/**
 * Charges frames (list: u32 addresses) to an owner's record, and leaves those that it may hold in the list's front, in order; the rest follow.
 * Returns how many it may hold.
 */
export function chargeBurst(ledger: usize, record: usize, list: usize, n: u32): u32 {
  const l = changetype<Ledger>(ledger);
  const r = changetype<Limit>(record);
  const entry = (record as u64) | ((l.now as u64) << 32);
  // 1. As long as all is usual: fresh frames of one mbuf, and no mark near.
  const inUse = r.inUse;
  const room = r.mark > inUse ? min(r.mark - inUse, n) : 0;
  let taken: u32 = 0;
  let bytes: u64 = 0;
  for (; taken < room; taken++) {
    const m = load<u32>(list + ((taken as usize) << 2)) as usize;
    const mbuf = changetype<Mbuf>(m);
    const at = Charge.entryOf(l, m);
    if (mbuf.segments != 1 || load<u64>(at) != 0) break;
    store<u64>(at, entry);
    bytes += mbuf.pktLen;
  }
  r.inUse = inUse + taken;
  r.bytes += bytes;
  // 2. One by one.
  for (let i = taken; i < n; i++) {
    const at = list + ((i as usize) << 2);
    const m = load<u32>(at);
    if (!Charge.chain(ledger, record, m as usize)) continue;
    const to = list + ((taken as usize) << 2);
    store<u32>(at, load<u32>(to));
    store<u32>(to, m);
    taken++;
  }
  return taken;
}
