/** The ledger of an engine's pool in linear memory (assembly/mbuf/ledger.ts), and its peers' keys (assembly/mbuf/peer.ts). */
import {
  LEDGER_BYTES,
  LEDGER_DUE,
  LEDGER_ENTRIES,
  LEDGER_ENTRY_BYTES,
  LEDGER_EPOCH,
  LEDGER_HEALTHS,
  LEDGER_KEY,
  LEDGER_MBUFS,
  LEDGER_MONITOR,
  LEDGER_NOW,
  LEDGER_PEERS,
  LEDGER_STRANGERS,
  PEER_KEY_BYTES,
  PEER_PARTITION,
  POOL_LEDGER,
  POOL_RECORDS,
  STRANGERS_MAX,
  TABLE_BYTES,
} from "../../../assembly/layout.js";
import type { Arena } from "../../memory.js";
import { randomSeed } from "../../seed.js";
import { tableBytes } from "../../table/shape.js";
import type { Kernels } from "../../wasm.js";
import { type LimitCapacity, peerTable } from "./sizes.js";

/** A peer that sent frames to a partition and has no record: its address, 16 bytes, and the partition's record. */
export interface Stranger {
  readonly address: Uint8Array;
  readonly partition: number;
}

/** Whose mbufs are counted: so many, of the pool at that address. */
export interface LedgerHome {
  readonly kernels: Kernels;
  readonly arena: Arena;
  readonly pool: number;
  readonly mbufs: number;
}

export class LedgerRecord {
  readonly ptr: number;
  readonly #kernels: Kernels;
  readonly #arena: Arena;
  readonly #table: number;
  readonly #key: number;
  readonly #strangers: number;
  readonly #healths: number;

  /** Takes what planLedger planned behind the accounts, and makes the pool keep it; due is the ring of owners that are due. */
  constructor({ kernels, arena, pool, mbufs }: LedgerHome, capacity: LimitCapacity, due: number) {
    this.#kernels = kernels;
    this.#arena = arena;
    this.ptr = arena.take(LEDGER_BYTES);
    this.#set(LEDGER_ENTRIES, arena.take(mbufs * LEDGER_ENTRY_BYTES));
    this.#table = arena.take(TABLE_BYTES);
    const { keyBytes, capacity: peers, buckets } = peerTable(capacity.peers);
    const bytes = arena.take(tableBytes(peerTable(capacity.peers)));
    kernels.tableInit(this.#table, bytes, buckets, keyBytes, peers, randomSeed());
    this.#key = arena.take(PEER_KEY_BYTES);
    this.#strangers = arena.take(STRANGERS_MAX * PEER_KEY_BYTES);
    this.#set(LEDGER_MBUFS, arena.u32[(pool + POOL_RECORDS) >> 2] as number);
    this.#set(LEDGER_DUE, due);
    this.#set(LEDGER_PEERS, this.#table);
    this.#set(LEDGER_KEY, this.#key);
    this.#set(LEDGER_STRANGERS, this.#strangers);
    this.#healths = arena.take((capacity.partitions + capacity.peers) * 4);
    this.#set(LEDGER_HEALTHS, this.#healths);
    arena.u32[(pool + POOL_LEDGER) >> 2] = this.ptr;
  }

  /** The time of what is charged and given back from now on. */
  setNow(nowMs: number): void {
    this.#set(LEDGER_NOW, Math.round(nowMs * 1000));
  }

  /** Follows connections with that monitor, where partitions ask for it. */
  setMonitor(ptr: number): void {
    this.#set(LEDGER_MONITOR, ptr);
  }

  /** What an owner's connections show is counted in the health record at that address; 0 for none. */
  setHealth(owner: number, address: number): void {
    this.#arena.u32[(this.#healths >> 2) + owner] = address;
  }

  /** Frames of the peer for that partition's record are charged to the peer's. False when the table has no room. */
  insertPeer(stranger: Stranger, record: number): boolean {
    this.#writeKey(stranger);
    return this.#kernels.tableInsert(this.#table, this.#key, record) === 0;
  }

  removePeer(stranger: Stranger): void {
    this.#writeKey(stranger);
    this.#kernels.tableRemove(this.#table, this.#key);
    // Endpoints of an overlay may remember its record (assembly/overlay/peer.ts).
    this.#arena.u32[(this.ptr + LEDGER_EPOCH) >> 2] = (this.#arena.u32[(this.ptr + LEDGER_EPOCH) >> 2] as number) + 1;
  }

  /** Peers without a record that were seen since the last call. */
  takeStrangers(): Stranger[] {
    return Array.from({ length: this.#kernels.ledgerTakeStrangers(this.ptr) }, (_, i) => {
      const key = this.#strangers + i * PEER_KEY_BYTES;
      const partition = this.#arena.u32[(key + PEER_PARTITION) >> 2] as number;
      return { address: this.#arena.u8.slice(key, key + PEER_PARTITION), partition };
    });
  }

  /** Behind the address the key is the partition's record, as 64 bits, and zeros. */
  #writeKey({ address, partition }: Stranger): void {
    const { u8, u32 } = this.#arena;
    u8.fill(0, this.#key, this.#key + PEER_KEY_BYTES);
    u8.set(address, this.#key);
    u32[(this.#key + PEER_PARTITION) >> 2] = partition;
  }

  #set(offset: number, value: number): void {
    this.#arena.u32[(this.ptr + offset) >> 2] = value;
  }
}
