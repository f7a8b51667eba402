/** Room that is promised: to one only, for a time, and checked again before it is used. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ConfigError,
  defineInventory,
  discoverTargets,
  type Inventory,
  type MigrationCandidate,
  Reservations,
  type ReserveRequest,
  type Room,
} from "../../../src/index.js";
import { type AdapterIn, target, vnic, worldOf } from "../../helpers/inventory.js";
import { holds } from "../../helpers/property.js";

const KINDS = ["queuePairs", "mbufs", "functions"] as const;
const TTL = 1000;

/** Two VMs of 20 queue pairs, and room for one of them. */
function pool(differs: Partial<AdapterIn> = {}): Inventory {
  const world = worldOf({ eth0: vnic({ queuePairs: 20 }) }, { there: target(differs) });
  return defineInventory({
    ...world,
    vms: { ...world.vms, other: { host: "home", vnics: { eth0: vnic({ queuePairs: 20 }) } } },
  });
}

function request(inventory: Inventory, id: string, vm = "vm"): ReserveRequest {
  return { id, vm, candidate: discoverTargets(inventory, vm)[0] as MigrationCandidate };
}

describe("a reservation", () => {
  it("is won by one of two that saw the same room", () => {
    const inventory = pool();
    const reservations = new Reservations({ ttlMs: TTL });
    const [first, second] = [request(inventory, "1"), request(inventory, "2", "other")];
    const { lease } = reservations.reserve(inventory, first, 0);
    expect(lease).toMatchObject({ id: "1", vm: "vm", host: "there", expiresMs: TTL });
    const { misses } = reservations.reserve(inventory, second, 1);
    expect(misses).toMatchObject([
      { vnic: "eth0", adapter: "nic", field: { field: "queuePairs", needs: 20, has: 12 } },
    ]);
    const [left] = discoverTargets(inventory, "other", { roomOf: reservations.roomOf(1) });
    expect(left?.verdict).toBe("refused");
    expect([reservations.release("1", 2), reservations.release("1", 2)]).toEqual([true, false]);
    expect(reservations.reserve(inventory, second, 3).lease?.id).toBe("2");
  });

  it("is renewed by asking again, and over when nobody did", () => {
    const inventory = pool();
    const reservations = new Reservations({ ttlMs: TTL });
    const asked = request(inventory, "1");
    reservations.reserve(inventory, asked, 0);
    expect(reservations.reserve(inventory, asked, 600).lease?.expiresMs).toBe(1600);
    expect(reservations.renew("1", 700)?.expiresMs).toBe(1700);
    expect(reservations.leases(1699)).toHaveLength(1);
    expect(reservations.renew("1", 1700)).toBeUndefined();
    // A clock that goes back revives nothing.
    expect(reservations.leases(0)).toEqual([]);
    expect(reservations.reserve(inventory, request(inventory, "2", "other"), 0).lease?.expiresMs).toBe(2700);
  });

  it("is refused for what it cannot mean", () => {
    const inventory = pool();
    const reservations = new Reservations();
    const asked = request(inventory, "1");
    reservations.reserve(inventory, asked, 0);
    const leases = reservations.leases(0);
    const refuses = (change: Partial<ReserveRequest>, error: ConfigError) => {
      expect(() => reservations.reserve(inventory, { ...asked, ...change }, 9)).toThrow(error);
    };
    refuses({ vm: "other" }, new ConfigError("id", "1", "another one: it is that of vm to there"));
    refuses({ vm: "none" }, new ConfigError("vm", "none", "one of vm, other"));
    const refused = { ...asked.candidate, verdict: "refused" as const };
    refuses({ candidate: refused }, new ConfigError("candidate", "refused", "native or convertible"));
    refuses(
      { candidate: { ...asked.candidate, placements: [] } },
      new ConfigError("candidate", [], "one for all vnics of vm: eth0"),
    );
    expect(() => new Reservations({ ttlMs: 0 })).toThrow(
      new ConfigError("ttlMs", 0, "a whole number from 1 to 86400000"),
    );
    expect(reservations.leases(9)).toEqual(leases);
  });
});

describe("before insertion", () => {
  const leased = () => {
    const inventory = pool();
    const reservations = new Reservations({ ttlMs: TTL });
    const { lease } = reservations.reserve(inventory, request(inventory, "1"), 0);
    if (!lease) throw new Error("there is room");
    const fieldsOf = (now: Inventory) => reservations.recheck(lease, now, 1).misses.map(({ field }) => field?.field);
    return { inventory, reservations, lease, fieldsOf };
  };

  it("all is well as long as nothing changed, its own promise included", () => {
    const { inventory, reservations, lease } = leased();
    expect(reservations.recheck(lease, inventory, 999)).toEqual({ isGood: true, isExpired: false, misses: [] });
    expect(reservations.recheck(lease, inventory, 1000)).toEqual({ isGood: false, isExpired: true, misses: [] });
  });

  it("firmware, versions and room are held against what adapters say now", () => {
    const { fieldsOf } = leased();
    expect(fieldsOf(pool({ firmware: "22.40" }))).toEqual(["firmware"]);
    expect(fieldsOf(pool({ firmware: "22.50" }))).toEqual([]);
    expect(fieldsOf(pool({ state: { cx: { reads: "1-3" } } }))).toEqual(["version"]);
    expect(fieldsOf(pool({ queuePairs: { total: 64, free: 19 } }))).toEqual(["queuePairs"]);
    expect(fieldsOf(pool({ queuePairs: { total: 64, free: 20 } }))).toEqual([]);
  });

  it("an adapter or a VM may be gone", () => {
    const { fieldsOf, reservations, lease } = leased();
    const gone = defineInventory(worldOf({ eth0: vnic() }, { elsewhere: target() }));
    expect(fieldsOf(gone)).toEqual([undefined]);
    expect(reservations.recheck(lease, gone, 1).isGood).toBe(false);
    expect(fieldsOf(defineInventory(worldOf({ eth1: vnic() }, { there: target() })))).toEqual([undefined]);
  });

  it("others' promises count, and two vnics on one adapter count together", () => {
    const two = { a: vnic({ queuePairs: 12 }), b: vnic({ queuePairs: 12 }) };
    const world = (free: number) =>
      defineInventory({ ...worldOf(two, { there: target({ queuePairs: { total: 64, free } }) }) });
    const reservations = new Reservations();
    const { lease } = reservations.reserve(world(24), request(world(24), "1"), 0);
    expect(lease?.placements.map(({ room }) => room.queuePairs)).toEqual([12, 12]);
    if (!lease) return;
    expect(reservations.recheck(lease, world(24), 1).isGood).toBe(true);
    const { misses } = reservations.recheck(lease, world(23), 1);
    expect(misses).toMatchObject([{ vnic: "b", field: { field: "queuePairs", needs: 12, has: 11 } }]);
  });
});

interface Act {
  readonly kind: "reserve" | "renew" | "release" | "wait";
  readonly vm: number;
  readonly pick: number;
  readonly ms: number;
}

const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.record({
    kind: fc.constantFrom("reserve", "reserve", "reserve", "renew", "release", "wait"),
    vm: fc.nat(5),
    pick: fc.nat(),
    ms: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 3 * TTL })),
  }),
  { maxLength: 40 },
);

const capacity = fc.integer({ min: 8, max: 48 }).map((free) => ({ total: 64, free }));
const adapter = fc.record({ queuePairs: capacity, mbufs: capacity }).map(target);
const needs = fc.record({ queuePairs: fc.nat(16), mbufs: fc.nat(16), functions: fc.nat(2) });
const vnics = fc.oneof(
  needs.map((a) => ({ a: vnic(a) })),
  fc.tuple(needs, needs).map(([a, b]) => ({ a: vnic(a), b: vnic(b) })),
);
/** A few alike adapters, whose room alone is short, and six VMs that want it. */
const tightPools = fc
  .record({
    targets: fc.dictionary(fc.constantFrom("one", "two"), fc.record({ x: adapter, y: adapter }), { minKeys: 1 }),
    vms: fc.array(vnics, { minLength: 6, maxLength: 6 }),
  })
  .map(({ targets, vms }) => {
    const all = vms.map((vnics, i) => [`vm${i}`, { host: "home", vnics }] as const);
    return { ...worldOf({}, targets), vms: Object.fromEntries(all) };
  });

it("never promises more than there is, and refuses only what there is no room for", () => {
  let [granted, refused, expired] = [0, 0, 0];
  holds(
    fc.property(tightPools, acts, (definition, all) => {
      const inventory = defineInventory(definition);
      const reservations = new Reservations({ ttlMs: TTL });
      const found = Array.from({ length: 6 }, (_, i) => {
        return discoverTargets(inventory, `vm${i}`).filter(({ verdict }) => verdict !== "refused");
      });
      /** When each is over, by a model of its own. */
      const expiry = new Map<string, number>();
      let now = 0;
      const live = (id: string) => (expiry.get(id) ?? 0) > now;
      for (const { kind, vm, pick, ms } of all) {
        const id = `move ${vm}`;
        const candidate = found[vm]?.[pick % Math.max(1, found[vm].length)];
        if (kind === "wait") {
          now += ms;
          for (const end of expiry.values()) if (end <= now && end > now - ms) expired++;
        } else if (kind === "release") {
          expect(reservations.release(id, now)).toBe(live(id));
          expiry.delete(id);
        } else if (kind === "renew") {
          expect(reservations.renew(id, now) !== undefined).toBe(live(id));
          if (live(id)) expiry.set(id, now + TTL);
        } else if (candidate && !live(id)) {
          const before = reservations.leases(now);
          const roomOf = reservations.roomOf(now);
          const { lease, misses } = reservations.reserve(inventory, { id, vm: `vm${vm}`, candidate }, now);
          const fits = isRoom(inventory, candidate, `vm${vm}`, roomOf);
          expect(lease !== undefined).toBe(fits);
          if (lease) granted++;
          else refused++;
          if (lease) expiry.set(id, now + TTL);
          else expect([misses?.length !== 0, reservations.leases(now)]).toEqual([true, before]);
        }
        const leases = reservations.leases(now);
        expect(leases.map(({ id }) => id).sort()).toEqual([...expiry.keys()].filter(live).sort());
        for (const { host, placements, ...lease } of leases) {
          expect(reservations.recheck({ ...lease }, inventory, now).isGood).toBe(true);
          for (const { adapter } of placements) expect(isWithin(inventory, leases, host, adapter)).toBe(true);
        }
      }
    }),
    1000,
  );
  expect(Math.min(granted, refused, expired)).toBeGreaterThan(50);
});

function isWithin(
  inventory: Inventory,
  leases: ReturnType<Reservations["leases"]>,
  host: string,
  adapter: string,
): boolean {
  const own = leases.filter((lease) => lease.host === host).flatMap(({ placements }) => placements);
  const rooms = own.filter((one) => one.adapter === adapter).map(({ room }) => room);
  const free = inventory.hosts.get(host)?.adapters.get(adapter)?.free as Room;
  return KINDS.every((kind) => rooms.reduce((sum, room) => sum + room[kind], 0) <= free[kind]);
}

function isRoom(
  inventory: Inventory,
  { host, placements }: MigrationCandidate,
  vm: string,
  roomOf: ReturnType<Reservations["roomOf"]>,
): boolean {
  const vnics = inventory.vms.get(vm)?.vnics ?? [];
  return placements.every(({ adapter: name }) => {
    const adapter = inventory.hosts.get(host)?.adapters.get(name);
    if (!adapter) return false;
    const all = vnics.filter((_, i) => placements[i]?.adapter === name).map(({ room }) => room);
    return KINDS.every((kind) => all.reduce((sum, room) => sum + room[kind], 0) <= roomOf(adapter)[kind]);
  });
}
