/** A ledger over a test bed's pool, with owners that have limits. */
import { LIMIT_F_PEERS, LIMIT_FLAGS, PORT_OWNER } from "../../assembly/layout.js";
import { Accounts } from "../../src/limit/plane/accounts.js";
import { LedgerRecord } from "../../src/limit/plane/ledger-record.js";
import { limitCapacity, planLedger } from "../../src/limit/plane/sizes.js";
import { MemoryPlan } from "../../src/memory.js";
import type { Bed } from "./bed.js";

const CAPACITY = limitCapacity({ partitions: 8, peers: 64 });

/** What a bed needs to spare for makeLedger. */
export function ledgerBytes(mbufs: number): number {
  const plan = new MemoryPlan();
  planLedger(plan, CAPACITY, mbufs);
  return plan.bytes;
}

export function makeLedger(bed: Bed) {
  const accounts = new Accounts(bed.kernels, bed.arena, CAPACITY.partitions + CAPACITY.peers);
  const home = { kernels: bed.kernels, arena: bed.arena, pool: bed.pool, mbufs: bed.mbufs };
  const record = new LedgerRecord(home, CAPACITY, accounts.dueRing);
  return {
    accounts,
    record,
    /** An owner that may hold so many mbufs. */
    open: (limit: number) => accounts.open(limit, limit, 2 ** 31),
    own: (port: number, of: number) => bed.poke32(port + PORT_OWNER, accounts.record(of)),
    withPeers: (of: number) => bed.poke32(accounts.record(of) + LIMIT_FLAGS, LIMIT_F_PEERS),
  };
}
