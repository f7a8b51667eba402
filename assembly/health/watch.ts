// Health while traffic runs: of a partition that asks for it, what its guest sends and what it is given are observed where they are charged,
// which is where both directions of its connections pass. Whoever does not ask pays a compare.
import { LIMIT_F_HEALTH, LIMIT_FLAGS, LIMIT_OWNER, OK } from "../layout";
import { Ledger } from "../mbuf/ledger";
import { parse } from "../path/parse";
import { Health } from "./observe";

/** A class because asc inlines on demand only decorated methods. */
export class Watch {
  /** True for a partition that asks for it. */
  @inline
  static isOn(partition: usize): bool {
    return (load<u32>(partition, LIMIT_FLAGS) & LIMIT_F_HEALTH) != 0;
  }

  /** n frames (list: u32 addresses), which nobody has parsed yet, that a partition's guest has sent by its port-th port. */
  @inline
  static sent(ledger: usize, partition: usize, port: u32, list: usize, n: u32): void {
    if (!Watch.isOn(partition)) return;
    for (const end = list + ((n as usize) << 2); list < end; list += 4) {
      const m = load<u32>(list) as usize;
      if (parse(m) == OK) observe(ledger, 0, port, m);
    }
  }

  /** A parsed frame that a partition's guest is given there, charged to owner. */
  @inline
  static given(ledger: usize, partition: usize, owner: usize, port: u32, m: usize): void {
    if (Watch.isOn(partition)) observe(ledger, healthOf(ledger, owner), port, m);
  }
}

/** Ports tell connections with the same addresses apart: each is in a network of its own, with a number that no tool's burst has. */
const PORT_NETWORK: u32 = 0x80000000;

function observe(ledger: usize, peer: usize, port: u32, m: usize): void {
  Health.observe(changetype<Ledger>(ledger).monitor as usize, m, peer, PORT_NETWORK | port);
}

/** The health record of an owner; 0 for one that is not measured. */
function healthOf(ledger: usize, owner: usize): usize {
  const healths = changetype<Ledger>(ledger).healths as usize;
  return load<u32>(healths + ((load<u32>(owner, LIMIT_OWNER) as usize) << 2)) as usize;
}
