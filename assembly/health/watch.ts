// Health while traffic runs: of a partition that asks for it, what its guest sends and what it is given are observed where they are charged,
// which is where both directions of its connections pass. Frames are parsed there once more: on arrival nobody has yet, and behind a
// tunnel's headers not everybody does. Whoever does not ask pays a compare.
import { LIMIT_F_HEALTH, LIMIT_FLAGS, LIMIT_OWNER, OK } from "../layout";
import { Ledger } from "../mbuf/ledger";
import { parse } from "../path/parse";
import { Health } from "./observe";

/** A class because asc inlines on demand only decorated methods. */
export class Watch {
  /** n frames (list: u32 addresses) that a partition's guest has sent by its port-th port. */
  @inline
  static sent(ledger: usize, partition: usize, port: u32, list: usize, n: u32): void {
    if ((load<u32>(partition, LIMIT_FLAGS) & LIMIT_F_HEALTH) == 0) return;
    for (const end = list + ((n as usize) << 2); list < end; list += 4)
      watch(ledger, 0, port, load<u32>(list) as usize);
  }

  /** A frame that a partition's guest is given there, charged to owner. */
  @inline
  static given(ledger: usize, partition: usize, owner: usize, port: u32, m: usize): void {
    if ((load<u32>(partition, LIMIT_FLAGS) & LIMIT_F_HEALTH) != 0) watch(ledger, owner, port, m);
  }
}

/** Ports tell connections with the same addresses apart: each is in a network of its own, with a number that no tool's burst has. */
const PORT_NETWORK: u32 = 0x80000000;

function watch(ledger: usize, owner: usize, port: u32, m: usize): void {
  const l = changetype<Ledger>(ledger);
  if (parse(m) != OK) return;
  const number: usize = owner == 0 ? (0 as usize) : (load<u32>(owner, LIMIT_OWNER) as usize);
  const peer: u32 = owner == 0 ? 0 : load<u32>((l.healths as usize) + (number << 2));
  Health.observe(l.monitor as usize, m, peer as usize, PORT_NETWORK | port);
}
