// The census: every mbuf is in exactly one place. A round visits each place that can hold mbufs (pool, rings, queues, the
// host's own handles); each visit marks the mbuf with the round's number, so that one met twice is seen as a double and
// one never met is missing from the sum. With several owners an mbuf may be met once by each.
import { Mbuf } from "./mbuf";
import { Pool } from "./pool";

/** Starts a round; the counts of the places visited from here on add up to pool.count when nothing is lost. */
export function censusBegin(pool: usize): void {
  const p = changetype<Pool>(pool);
  p.censusDoubles = 0;
  p.censusRound = (p.censusRound + 1) & 0xff;
  if (p.censusRound != 0) return;
  // The round's number fits a byte and came round: no mbuf may still carry it from 256 rounds ago.
  for (let i: u32 = 0; i < p.count; i++) changetype<Mbuf>(mbufAt(p, i)).censusRound = 0;
  p.censusRound = 1;
}

/** Marks the free mbufs; returns how many. */
export function censusPool(pool: usize): u32 {
  const p = changetype<Pool>(pool);
  let fresh: u32 = 0;
  for (let i: u32 = 0; i < p.freeCount; i++) {
    fresh += visit(p, load<u32>((p.freeStack as usize) + ((i as usize) << 2)) as usize);
  }
  return fresh;
}

/** Marks every segment of a chain; returns how many had not been met in this round. */
export function censusChain(pool: usize, m: usize): u32 {
  const p = changetype<Pool>(pool);
  let fresh: u32 = 0;
  while (m != 0) {
    fresh += visit(p, m);
    m = changetype<Mbuf>(m).next as usize;
  }
  return fresh;
}

/** censusChain for n chains whose addresses stand in list (u32). */
export function censusList(pool: usize, list: usize, n: u32): u32 {
  let fresh: u32 = 0;
  for (let i: u32 = 0; i < n; i++) fresh += censusChain(pool, load<u32>(list + ((i as usize) << 2)) as usize);
  return fresh;
}

/** How many mbufs were met more often in this round than they have owners. */
export function censusDoubles(pool: usize): u32 {
  return changetype<Pool>(pool).censusDoubles;
}

function visit(p: Pool, m: usize): u32 {
  const mbuf = changetype<Mbuf>(m);
  if (mbuf.censusRound != (p.censusRound as u8)) {
    mbuf.censusRound = p.censusRound as u8;
    mbuf.censusSeen = 1;
    return 1;
  }
  mbuf.censusSeen += 1;
  if ((mbuf.censusSeen as u32) > (mbuf.refCount as u32)) p.censusDoubles += 1;
  return 0;
}

function mbufAt(p: Pool, index: u32): usize {
  return (p.records as usize) + (index as usize) * offsetof<Mbuf>();
}
