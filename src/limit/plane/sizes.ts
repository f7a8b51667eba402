/** How many owners of mbufs an engine can tell apart, and the memory for it. */
import {
  LEDGER_BYTES,
  LEDGER_ENTRY_BYTES,
  LIMIT_BYTES,
  PEER_KEY_BYTES,
  RING_BYTES,
  STRANGERS_MAX,
  TABLE_BYTES,
} from "../../../assembly/layout.js";
import { checkInteger } from "../../check.js";
import type { MemoryPlan } from "../../memory.js";
import { tableBytes, tableShape } from "../../table/shape.js";

export interface LimitSizes {
  /** Partitions and interfaces whose mbufs are counted, 1 to 65536; 64 by default. */
  readonly partitions?: number;
  /** Peers of all partitions that have a limit of their own at a time, 1 to 1048576; 1024 by default. */
  readonly peers?: number;
}

export type LimitCapacity = Required<LimitSizes>;

/** Throws ConfigError. */
export function limitCapacity(sizes: LimitSizes): LimitCapacity {
  return {
    partitions: checkInteger("limits.partitions", sizes.partitions ?? 64, 1, 65_536),
    peers: checkInteger("limits.peers", sizes.peers ?? 1024, 1, 2 ** 20),
  };
}

/** Plans the accounts of so many owners: what LimitLedger takes. */
export function planAccounts(plan: MemoryPlan, owners: number): void {
  plan.add(owners * LIMIT_BYTES).add(RING_BYTES);
  plan.add(dueSlots(owners) * 4);
}

/** Plans the ledger of an engine with so many mbufs: what makeLedgerRecord takes. */
export function planLedger(plan: MemoryPlan, { partitions, peers }: LimitCapacity, mbufs: number): void {
  planAccounts(plan, partitions + peers);
  plan.add(LEDGER_BYTES).add(mbufs * LEDGER_ENTRY_BYTES);
  plan.add(TABLE_BYTES).add(tableBytes(peerTable(peers)));
  plan.add(PEER_KEY_BYTES).add(STRANGERS_MAX * PEER_KEY_BYTES);
  plan.add((partitions + peers) * 4);
}

export function peerTable(peers: number) {
  return tableShape(PEER_KEY_BYTES, peers);
}

/** Slots of the ring of owners whose window is due: a power of two, one at least for each. One that finds no room is due a frame later. */
export function dueSlots(owners: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(2, owners)));
}
