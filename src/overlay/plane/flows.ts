/** What the data plane remembers of flows and fragments (assembly/overlay/flow.ts), read and written by the control plane. */
import * as layout from "../../../assembly/layout.js";
import type { FrameOwner } from "../../buffer/frame.js";
import type { OverlayRecord } from "./record.js";

/** Ticks in a value count to 2^15 and wrap. */
const TICK_MASK = 0x7fff;
const ACTION_BITS = 2;
/** Of a row, behind the addresses. */
const ROW_REST_BYTES = 12;
/** Slots that are looked at in one call. */
const WALK_STEPS = 65_536;
/** Words of addresses that each can look for. */
export const OWN_WORDS_MAX = (layout.SCRATCH_KEY_PTRS - layout.SCRATCH_KEYS) / 4;

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

  /**
   * Calls take with entries of a network and kind that have one of the own addresses at an end (all where there are none), some at a time: rows
   * of both addresses, ports or identification, what the kind's word says, and value, which are there until take returns.
   */
  each(
    version: IpVersion,
    network: number,
    kind: number,
    own: Uint32Array,
    take: (words: Uint32Array, rows: number) => void,
  ): void {
    const { kernels, arena } = this.#owner;
    const { ptr, scratch } = this.#record;
    const out = scratch + layout.SCRATCH_FOUND;
    const rowBytes = addressBytes(version) + ROW_REST_BYTES;
    const most = Math.floor((layout.SCRATCH_BYTES - layout.SCRATCH_FOUND - 4) / rowBytes);
    arena.u32.set(own, scratch >> 2);
    const count = own.length / (addressBytes(version) / 8);
    const what = (network << 16) | kind;
    for (let slot = 0; slot !== layout.TABLE_END; ) {
      const is6 = version === 6;
      slot = kernels.overlayFlowsOf(ptr, is6, slot, WALK_STEPS, what, scratch, count, out, most) >>> 0;
      const rows = this.#get(out);
      take(arena.u32.subarray((out + 4) >> 2, (out + 4 + rows * rowBytes) >> 2), rows);
    }
  }

  /** What an entry's value says now. */
  read(value: number): FlowValue {
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
