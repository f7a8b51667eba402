/** Inventories for property tests: few values of each kind, so that things often fit, often nearly, and often not at all. */
import fc from "fast-check";
import type { InventoryDefinition } from "../../src/index.js";
import { type AdapterIn, HOME, type VnicIn } from "./inventory.js";

const LAG = ["active-backup", "static", "lacp", "selective"] as const;
const OFFLOADS = ["checksum", "tso", "vxlan"];

const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
const capacity = fc
  .tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 0, max: 64 }))
  .map(([total, free]) => ({ total, free: Math.min(total, free) }));
const range = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 3 }))
  .map(([first, more]) => `${first}-${first + more}`);
const reads = fc.record({ reads: range }, { requiredKeys: [] });
const most = <T>(all: readonly T[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant([...all]) }, { weight: 1, arbitrary: fc.subarray([...all]) });

const adapter: fc.Arbitrary<AdapterIn> = fc.record({
  device: mostly("15b3:101d", "15b3:1017", "8086:1592"),
  subsystem: mostly("15b3:0016", "8086:0002"),
  revision: mostly(0, 1),
  firmware: mostly("22.41", "22.41.0", "22.5", "22.41.7", "23"),
  state: fc.record({ cx: reads, ice: reads, portable: reads }, { requiredKeys: [] }),
  queuePairs: capacity,
  mbufs: capacity,
  functions: capacity,
  mtuBytes: fc.constantFrom(9000, 1500),
  uplinks: fc.constantFrom(1, 2, 4),
  lag: most(LAG),
  offloads: most(OFFLOADS),
  headroomBytes: mostly(128, 0, 64),
});

const vnic: fc.Arbitrary<VnicIn> = fc.record({
  adapter: fc.constant("nic"),
  state: fc.oneof(
    fc.integer({ min: 1, max: 5 }).map((version) => ({ format: "cx", version })),
    fc.constant({ format: "ice", version: 1 }),
  ),
  needs: fc.record({
    queuePairs: fc.integer({ min: 0, max: 16 }),
    mbufs: fc.integer({ min: 0, max: 16 }),
    functions: fc.integer({ min: 0, max: 2 }),
    mtuBytes: fc.constantFrom(1500, 9000),
    uplinks: fc.constantFrom(1, 2, 4),
    lag: fc.subarray([...LAG], { maxLength: 2 }),
    offloads: fc.subarray(OFFLOADS, { maxLength: 2 }),
    headroomBytes: fc.constantFrom(0, 64, 128),
  }),
});

const formats = fc
  .tuple(
    fc.subarray(["vendor", "device", "subsystem", "revision"] as const),
    fc.constantFrom("same", "not-older", "any"),
  )
  .map(([same, firmware]) => ({
    cx: {
      same,
      firmware: same.includes("vendor") && same.includes("device") ? firmware : ("any" as const),
      added: { 3: ["fragments"], 5: ["windows", "credits"] },
    },
    portable: { same: [] },
  }));

const conversions = fc.array(
  fc.record(
    {
      from: fc.constantFrom("cx", "ice"),
      versions: range,
      to: fc.constant("portable"),
      version: fc.integer({ min: 1, max: 4 }),
      loses: fc.subarray(["path cache", "learned addresses"]),
    },
    { requiredKeys: ["from", "to", "version"] },
  ),
  { maxLength: 3 },
);

/** A VM named vm0 is on home; hosts host0 on have adapters a0 on. */
export function definitions(): fc.Arbitrary<InventoryDefinition> {
  const numbered = <T>(prefix: string, all: readonly T[]) =>
    Object.fromEntries(all.map((one, i) => [`${prefix}${i}`, one]));
  return fc
    .record({
      targets: fc.array(fc.array(adapter, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 }),
      vnics: fc.array(vnic, { minLength: 1, maxLength: 3 }),
      formats,
      conversions,
    })
    .map(({ targets, vnics, ...rest }) => {
      const hosts = targets.map((adapters) => ({ adapters: numbered("a", adapters) }));
      return {
        hosts: { home: { adapters: { nic: HOME } }, ...numbered("host", hosts) },
        vms: { vm0: { host: "home", vnics: numbered("v", vnics) } },
        ...rest,
      };
    });
}
