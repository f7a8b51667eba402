/**
 * Who is promised which room. One such object stands in front of a pool's adapters: what it has promised is not to be had again until it
 * is released or its time is over, so two moves cannot win the same room. Inventories say what adapters have free without regard to
 * promises; a move that is done is released when the inventory shows its VM in its new place.
 */
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";
import type { Inventory, InventoryAdapter } from "../inventory/inventory.js";
import { minus, NO_ROOM, plus, type Room } from "../inventory/room.js";
import type { RoomOf } from "./assign.js";
import type { MigrationCandidate } from "./candidate.js";
import { vmOf } from "./discover.js";
import type { PlacementMiss, RoomLease } from "./lease.js";
import { missesNow } from "./recheck.js";

export interface ReservationOptions {
  /** How long a promise holds that is not renewed: 30 s by default. */
  readonly ttlMs?: number;
}

export interface ReserveRequest {
  /** Unique to the move, such as its number. */
  readonly id: string;
  readonly vm: string;
  /** As discoverTargets found it, however long ago. */
  readonly candidate: MigrationCandidate;
}

export type ReserveAnswer =
  | { readonly lease: RoomLease; readonly misses?: undefined }
  /** Nothing was promised. */
  | { readonly lease?: undefined; readonly misses: readonly PlacementMiss[] };

export interface Recheck {
  /** True when the state can be inserted now. */
  readonly isGood: boolean;
  readonly isExpired: boolean;
  readonly misses: readonly PlacementMiss[];
}

const TTL_MS = 30_000;
const TTL_MAX_MS = 86_400_000;

export class Reservations {
  readonly #ttlMs: number;
  readonly #leases = new Map<string, RoomLease>();
  /** A clock that goes back does not bring back what is over. */
  #nowMs = 0;

  /** Throws ConfigError for a ttlMs outside 1 to 86,400,000. */
  constructor({ ttlMs = TTL_MS }: ReservationOptions = {}) {
    this.#ttlMs = checkInteger("ttlMs", ttlMs, 1, TTL_MAX_MS);
  }

  /** Leases that hold, in the order in which they were first given. */
  leases(nowMs: number): RoomLease[] {
    this.#expire(nowMs);
    return [...this.#leases.values()];
  }

  /** Room less what is promised, but for the lease of that id: for discoverTargets. */
  roomOf(nowMs: number, exceptId?: string): RoomOf {
    const leases = this.leases(nowMs).filter(({ id }) => id !== exceptId);
    return (adapter) => leases.reduce((room, lease) => minus(room, leasedOf(lease, adapter)), adapter.free);
  }

  /**
   * Promises the candidate's room on all its adapters, or on none. Asked again with the same id it is renewed as it stands. Throws ConfigError for
   * a VM that the inventory does not have, a candidate that was refused or is not for this VM, and an id that another move has.
   */
  reserve(inventory: Inventory, { id, vm, candidate }: ReserveRequest, nowMs: number): ReserveAnswer {
    const { vnics } = vmOf(inventory, vm);
    const { host, verdict, placements } = candidate;
    if (verdict === "refused") throw new ConfigError("candidate", verdict, "native or convertible");
    const names = vnics.map(({ name }) => name);
    if (names.join() !== placements.map(({ vnic }) => vnic).join()) {
      throw new ConfigError("candidate", placements, `one for all vnics of ${vm}: ${names.join(", ")}`);
    }
    this.#expire(nowMs);
    const held = this.#leases.get(id);
    if (held && placeText(held) !== placeText({ vm, host, placements })) {
      throw new ConfigError("id", id, `another one: it is that of ${held.vm} to ${held.host}`);
    }
    const renewed = this.renew(id, nowMs);
    if (renewed) return { lease: renewed };
    const misses = missesNow(inventory, { vm, host, placements }, this.roomOf(nowMs));
    if (misses.length > 0) return { misses };
    const leased = placements.map(({ vnic, adapter, route }, i) => {
      return { vnic, adapter, route, room: vnics[i]?.room as Room };
    });
    const lease = { id, vm, host, placements: leased, expiresMs: this.#nowMs + this.#ttlMs };
    this.#leases.set(id, lease);
    return { lease };
  }

  /** The lease with its time begun anew; undefined when it is over: then its room may be gone, and it has to be reserved again. */
  renew(id: string, nowMs: number): RoomLease | undefined {
    this.#expire(nowMs);
    const lease = this.#leases.get(id);
    if (!lease) return undefined;
    const renewed = { ...lease, expiresMs: this.#nowMs + this.#ttlMs };
    this.#leases.set(id, renewed);
    return renewed;
  }

  /** Gives the room back. False when it was given back before, or its time was over. */
  release(id: string, nowMs: number): boolean {
    this.#expire(nowMs);
    return this.#leases.delete(id);
  }

  /**
   * Before state is inserted: whether the lease still holds, and firmware, versions and room, as adapters report them now, are still what the
   * move was promised on.
   */
  recheck({ id }: Pick<RoomLease, "id">, inventory: Inventory, nowMs: number): Recheck {
    this.#expire(nowMs);
    const lease = this.#leases.get(id);
    if (!lease) return { isGood: false, isExpired: true, misses: [] };
    const misses = missesNow(inventory, lease, this.roomOf(nowMs, id));
    return { isGood: misses.length === 0, isExpired: false, misses };
  }

  #expire(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    for (const [id, { expiresMs }] of this.#leases) if (expiresMs <= this.#nowMs) this.#leases.delete(id);
  }
}

/** What a lease has of an adapter. */
function leasedOf({ host, placements }: RoomLease, adapter: InventoryAdapter): Room {
  const own = placements.filter((one) => host === adapter.host && one.adapter === adapter.name);
  return own.reduce((sum, { room }) => plus(sum, room), NO_ROOM);
}

function placeText({ vm, host, placements }: Parameters<typeof missesNow>[1]): string {
  return JSON.stringify([vm, host, ...placements.map(({ vnic, adapter, route }) => [vnic, adapter, route])]);
}
