/** What holds of every inventory: verdicts by a plain twin, a total order, and that answers can be acted on. */
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  defineInventory,
  discoverTargets,
  type FieldVerdict,
  type InventoryDefinition,
  type InventoryHost,
  type InventoryVm,
  MIGRATION_FIELDS,
  type MigrationCandidate,
  type MigrationPlacement,
} from "../../../src/index.js";
import { compareCandidates } from "../../../src/migrate/discover/candidate.js";
import { definitions } from "../../helpers/inventories.js";
import { type AdapterIn, HOME } from "../../helpers/inventory.js";
import { holds } from "../../helpers/property.js";
import { bestOn, verdictOf } from "../../model/migration.js";

const RUNS = 1000;
const ORDER = ["native", "convertible", "refused"];
const keyOf = ({ host, placements }: MigrationCandidate) => `${host}/${placements.map(({ adapter }) => adapter)}`;

it("verdicts are those of the plain twin, over every assignment", () => {
  const seen: Record<string, number> = {};
  holds(
    fc.property(definitions(), (definition) => {
      const inventory = defineInventory(definition);
      const { vnics } = inventory.vms.get("vm0") as InventoryVm;
      const candidates = discoverTargets(inventory, "vm0");
      for (const { host: name, verdict, placements } of candidates) {
        const host = inventory.hosts.get(name) as InventoryHost;
        const [first] = vnics;
        const adapter = host.adapters.get(placements[0]?.adapter as string);
        if (!first || !adapter) throw new Error("every candidate has a placement for every vnic");
        const expected =
          vnics.length > 1 ? bestOn(inventory, vnics, host) : verdictOf(inventory, first, adapter, adapter.free);
        expect([name, verdict]).toEqual([name, expected]);
        const key = `${vnics.length > 1 ? "several" : "one"} ${verdict}`;
        seen[key] = (seen[key] ?? 0) + 1;
      }
      const hosts = [...inventory.hosts.values()].filter(({ name }) => name !== "home");
      const places = vnics.length > 1 ? hosts.length : hosts.reduce((sum, { adapters }) => sum + adapters.size, 0);
      expect(new Set(candidates.map(keyOf)).size).toBe(places);
    }),
    RUNS,
  );
  expect(Object.keys(seen)).toHaveLength(6);
});

it("native means that every field fits, refused that one misses, convertible that one is converted and none misses", () => {
  holds(
    fc.property(definitions(), (definition) => {
      for (const { verdict, placements, misses, loses } of discoverTargets(defineInventory(definition), "vm0")) {
        const fields = placements.flatMap(({ fields }) => fields);
        for (const one of placements) expect(one.fields.map(({ field }) => field)).toEqual(MIGRATION_FIELDS);
        const outcomes = new Set(fields.map(({ outcome }) => outcome));
        if (verdict === "native") expect([...outcomes, ...loses]).toEqual(["fits"]);
        if (verdict === "convertible")
          expect([outcomes.has("converted"), outcomes.has("misses")]).toEqual([true, false]);
        expect([misses > 0, outcomes.has("misses")]).toEqual([verdict === "refused", verdict === "refused"]);
      }
    }),
    RUNS,
  );
});

it("the order is total and stable, whatever order the hosts are said in", () => {
  holds(
    fc.property(definitions(), fc.func(fc.nat()), (definition, rank) => {
      const candidates = discoverTargets(defineInventory(definition), "vm0");
      for (const [i, a] of candidates.entries()) {
        for (const [j, b] of candidates.entries()) {
          const order = compareCandidates(a, b);
          expect(Math.sign(order) + Math.sign(compareCandidates(b, a))).toBe(0);
          if (i < j) expect(order).toBeLessThanOrEqual(0);
        }
      }
      const shuffled = Object.entries(definition.hosts).sort(([a], [b]) => rank(a) - rank(b));
      const other = discoverTargets(defineInventory({ ...definition, hosts: Object.fromEntries(shuffled) }), "vm0");
      expect(other.map(keyOf).sort()).toEqual(candidates.map(keyOf).sort());
      const place = (candidate: MigrationCandidate) => shuffled.findIndex(([name]) => name === candidate.host);
      for (const [i, a] of other.entries()) {
        const alike = candidates[i] as MigrationCandidate;
        expect(compareCandidates(a, alike)).toBe(0);
        const next = other[i + 1];
        if (next && compareCandidates(a, next) === 0) expect(place(a)).toBeLessThanOrEqual(place(next));
      }
    }),
    RUNS,
  );
});

/** What makes an adapter better for a state of home's, whatever is asked. */
const IMPROVEMENTS: Readonly<Record<string, (adapter: AdapterIn) => Partial<AdapterIn>>> = {
  queuePairs: ({ queuePairs }) => ({ queuePairs: more(queuePairs, 3) }),
  mbufs: ({ mbufs }) => ({ mbufs: more(mbufs, 3) }),
  functions: ({ functions }) => ({ functions: more(functions, 1) }),
  mtu: () => ({ mtuBytes: 9000 }),
  uplinks: ({ uplinks }) => ({ uplinks: uplinks + 1 }),
  lag: () => ({ lag: HOME.lag }),
  offloads: ({ offloads = [] }) => ({ offloads: [...offloads, "tso", "geneve"] }),
  headroom: ({ headroomBytes = 0 }) => ({ headroomBytes: headroomBytes + 64 }),
  device: () => ({ device: HOME.device, subsystem: HOME.subsystem, revision: HOME.revision, firmware: HOME.firmware }),
  newer: ({ state }) => ({ state: { ...state, cx: { reads: reads(state.cx?.reads, 0, 1) } } }),
  older: ({ state }) => ({ state: { ...state, cx: { reads: reads(state.cx?.reads, -1, 0) } } }),
  portable: ({ state }) => ({ state: { ...state, portable: { reads: "1-5" } } }),
};

function more({ total, free }: AdapterIn["mbufs"], count: number) {
  return { total: total + count, free: free + count };
}

function reads(range: string | number | undefined, down: number, up: number): string {
  const [first, last] = `${range ?? "3-3"}`.split("-").map(Number) as [number, number];
  return `${Math.max(1, first + down)}-${last + up}`;
}

it("what makes a candidate better never makes its verdict worse", () => {
  const better = new Set<string>();
  const ranks = (definition: InventoryDefinition, to: string) => {
    const candidates = discoverTargets(defineInventory(definition), "vm0", { to });
    return new Map(candidates.map((one) => [keyOf(one), ORDER.indexOf(one.verdict)]));
  };
  holds(
    fc.property(definitions(), (definition) => {
      const before = ranks(definition, "host0");
      for (const [how, improve] of Object.entries(IMPROVEMENTS)) {
        const after = ranks(changed(definition, "host0", improve), "host0");
        // Vnics may go elsewhere on a better host; then the host has one candidate before and after.
        const isOne = before.size === 1;
        for (const [key, old] of before) {
          const now = (isOne ? [...after.values()][0] : after.get(key)) as number;
          expect(now).toBeLessThanOrEqual(old);
          if (now < old) better.add(how);
        }
      }
    }),
    RUNS,
  );
  expect(better.size).toBeGreaterThan(8);
});

it("a refused candidate takes the VM once what its fields name is mended", () => {
  let mended = 0;
  holds(
    fc.property(definitions(), (definition) => {
      for (const { host, verdict, placements } of discoverTargets(defineInventory(definition), "vm0")) {
        if (verdict !== "refused") continue;
        mended++;
        const better = placements.reduce((said, placement) => {
          return changed(said, host, (adapter, name) => (name === placement.adapter ? mend(adapter, placement) : {}));
        }, definition);
        const names = placements.map(({ adapter }) => adapter);
        const now = discoverTargets(defineInventory(better), "vm0", { to: host });
        const same = now.find((one) => placements.length > 1 || one.placements[0]?.adapter === names[0]);
        expect(same?.verdict).not.toBe("refused");
      }
    }),
    RUNS,
  );
  expect(mended).toBeGreaterThan(RUNS);
});

function mend(adapter: AdapterIn, { fields, route }: MigrationPlacement): Partial<AdapterIn> {
  const mended = { ...adapter };
  for (const field of fields) if (field.outcome === "misses") Object.assign(mended, mendOne(mended, field, route));
  return mended;
}

/** Several vnics may ask for the same: what one has got stays. */
function mendOne(
  adapter: AdapterIn,
  { field, needs, has }: FieldVerdict,
  { format, version }: MigrationPlacement["route"],
) {
  const [vendor, device] = adapter.device.split(":");
  switch (field) {
    case "vendor":
      return { device: `${needs}:${device}` };
    case "device":
      return { device: `${vendor}:${needs}` };
    case "revision":
      return { revision: Number.parseInt(needs as string, 16) };
    case "format":
    case "version":
      return { state: { ...adapter.state, [format]: { reads: reaching(adapter.state[format]?.reads, version) } } };
    case "queuePairs":
    case "mbufs":
    case "functions":
      return { [field]: more(adapter[field], (needs as number) - (has as number)) };
    case "lag":
    case "offloads":
      return { [field]: [...(adapter[field] ?? []), ...(needs as string[])] };
    case "mtuBytes":
    case "uplinks":
    case "headroomBytes":
      return { [field]: Math.max(adapter[field] ?? 0, needs as number) };
    default:
      return { [field]: needs };
  }
}

function reaching(range: string | number | undefined, version: number): string {
  const [first, last] = `${range ?? `${version}-${version}`}`.split("-").map(Number) as [number, number];
  return `${Math.min(first, version)}-${Math.max(last ?? first, version)}`;
}

function changed(
  definition: InventoryDefinition,
  host: string,
  change: (adapter: AdapterIn, name: string) => Partial<AdapterIn>,
): InventoryDefinition {
  const all = Object.entries(definition.hosts[host]?.adapters ?? {});
  const adapters = Object.fromEntries(all.map(([name, adapter]) => [name, { ...adapter, ...change(adapter, name) }]));
  return { ...definition, hosts: { ...definition.hosts, [host]: { adapters } } };
}
