/** What the data plane remembers of flows and fragments (assembly/overlay/flow.ts), read and written by the control plane. */
import * as layout from "../../../assembly/layout.js";
import type { FrameOwner } from "../../buffer/frame.js";
import type { OverlayRecord } from "./record.js";

/** Ticks in a value count to 2^15 and wrap. */
const TICK_MASK = 0x7fff;
const ACTION_BITS = 2;

export type IpVersion = 4 | 6;

/** What is remembered of a flow, beside its key. */
export interface FlowValue {
  /** ACTION_ALLOW or ACTION_VIA. */
  readonly action: number;
  /** The waypoint's number in the network; 0 for ACTION_ALLOW. */
  readonly waypoint: number;
  /** Ticks since it was seen. */
  readonly age: number;
}

/** Bytes of a key's addresses. */
export function addressBytes(version: IpVersion): number {
  return version === 4 ? 8 : 32;
}

export class FlowTables {
  readonly #owner: FrameOwner;
  readonly #record: OverlayRecord;

  constructor(owner: FrameOwner, record: OverlayRecord) {
    this.#owner = owner;
    this.#record = record;
  }

  /** Where a new key is written for find and set: both addresses, then ports or identification, then its kind (u32 both). */
  get key(): number {
    return this.#record.scratch;
  }

  /** Entries that it has room for. */
  room(version: IpVersion): number {
    const table = this.#table(version);
    return this.#get(table + layout.TABLE_CAPACITY) - this.#get(table + layout.TABLE_ENTRIES);
  }

  /** Entries of all networks. */
  count(version: IpVersion): number {
    return this.#get(this.#table(version) + layout.TABLE_ENTRIES);
  }

  /** Calls visit for each entry, with the addresses of its key and of what is behind its IP addresses there, and its slot. */
  walk(version: IpVersion, visit: (key: number, behind: number, slot: number) => void): void {
    const { kernels } = this.#owner;
    const table = this.#table(version);
    const behind = addressBytes(version);
    let left = this.count(version);
    for (let slot = 0; left > 0; slot++) {
      slot = kernels.tableNext(table, slot) >>> 0;
      if (slot === layout.TABLE_END) return;
      const key = kernels.tableKey(table, slot) >>> 0;
      visit(key, key + behind, slot);
      left--;
    }
  }

  value(version: IpVersion, slot: number): FlowValue {
    const value = this.#owner.kernels.tableValue(this.#table(version), slot) >>> 0;
    const verdict = value & 0xffff;
    return {
      action: verdict & ((1 << ACTION_BITS) - 1),
      waypoint: verdict >> ACTION_BITS,
      age: (this.#tick - (value >>> 16)) & TICK_MASK,
    };
  }

  /** True when the key that was written is there. */
  has(version: IpVersion): boolean {
    return this.#owner.kernels.tableLookup(this.#table(version), this.key) >>> 0 !== layout.TABLE_MISS;
  }

  /** Sets the key that was written. False when the table has no room. */
  set(version: IpVersion, { action, waypoint, age }: FlowValue): boolean {
    const tick = (this.#tick - age) & TICK_MASK;
    const value = ((tick << 16) | (waypoint << ACTION_BITS) | action) >>> 0;
    return this.#owner.kernels.tableInsert(this.#table(version), this.key, value) !== layout.TABLE_FULL;
  }

  #table(version: IpVersion): number {
    return this.#get(this.#record.ptr + (version === 4 ? layout.OVERLAY_FLOWS4 : layout.OVERLAY_FLOWS6));
  }

  get #tick(): number {
    return this.#get(this.#record.ptr + layout.OVERLAY_TICK);
  }

  #get(at: number): number {
    return this.#owner.arena.u32[at >> 2] as number;
  }
}
