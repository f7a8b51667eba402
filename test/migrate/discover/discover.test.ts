/** Candidates, one by one: how state gets in, what misses, in which order they come. */
import { describe, expect, it } from "vitest";
import { ConfigError, discoverTargets, type InventoryDefinition, type MigrationCandidate } from "../../../src/index.js";
import { type AdapterIn, inventoryOf, target, vnic } from "../../helpers/inventory.js";

const ADDED = { formats: { cx: { added: { 3: ["fragments"], 4: ["windows", "credits"] } }, portable: { same: [] } } };
const TO_PORTABLE: InventoryDefinition["conversions"] = [
  { from: "cx", to: "portable", version: 2, loses: ["path cache"] },
];

/** The only candidate, for a vnic with state cx 4. */
function only(differs: Partial<AdapterIn>, rest: Parameters<typeof inventoryOf>[2] = ADDED, needs = {}) {
  const [candidate] = discoverTargets(inventoryOf({ eth0: vnic(needs) }, { there: target(differs) }, rest), "vm");
  return candidate as MigrationCandidate;
}

function missing({ placements }: MigrationCandidate) {
  return placements.flatMap(({ vnic, fields }) =>
    fields.filter(({ outcome }) => outcome === "misses").map(({ field, needs, has }) => [vnic, field, needs, has]),
  );
}

describe("the state of one vnic", () => {
  it("goes as it is into an adapter that is alike and reads it", () => {
    const candidate = only({});
    expect(candidate).toMatchObject({ host: "there", verdict: "native", loses: [], misses: 0, shortfall: 0 });
    expect(candidate.roomLeft).toBe(24 / 64);
    expect(candidate.placements[0]?.fields.map(({ outcome }) => outcome)).toEqual(Array(15).fill("fits"));
  });

  it.each([
    ["an older version that the target reads, without what newer ones added", "1-3", 3, ["windows", "credits"]],
    ["the newest of them", "1-2", 2, ["fragments", "windows", "credits"]],
    ["a newer version, which loses nothing", 5, 5, []],
  ])("is extracted as %s", (_, reads, version, loses) => {
    const candidate = only({ state: { cx: { reads } } });
    expect(candidate).toMatchObject({ verdict: "convertible", loses });
    expect(candidate.placements[0]?.route).toEqual({ kind: "other-version", format: "cx", version, loses });
    expect(candidate.placements[0]?.fields[6]).toMatchObject({
      field: "version",
      needs: version,
      outcome: "converted",
    });
  });

  it("says that it cannot say what a version added", () => {
    expect(only({ state: { cx: { reads: 3 } } }, {}).loses).toEqual(["what version 4 added"]);
    expect(only({ state: { cx: { reads: 1 } } }, {}).loses).toEqual(["what versions 2 to 4 added"]);
    expect(only({ state: { cx: { reads: 1 } } }).loses).toEqual([
      "fragments",
      "windows",
      "credits",
      "what version 2 added",
    ]);
  });

  it("is converted where that is named, and the device may then be another", () => {
    const differs = { device: "8086:1592", firmware: "4.40", state: { portable: { reads: 2 } } };
    const candidate = only(differs, { ...ADDED, conversions: TO_PORTABLE });
    expect(candidate).toMatchObject({ verdict: "convertible", loses: ["path cache"] });
    const converted = candidate.placements[0]?.fields.filter(({ outcome }) => outcome === "converted");
    expect(converted?.map(({ field, rule, needs, has }) => [field, rule, needs, has])).toEqual([
      ["vendor", "any", null, "8086"],
      ["device", "any", null, "1592"],
      ["firmware", "any", null, "4.40"],
      ["format", "one-of", "portable", ["portable"]],
      ["version", "in-range", 2, "2"],
    ]);
    expect(only(differs).verdict).toBe("refused");
    const older: InventoryDefinition["conversions"] = [{ from: "cx", versions: "1-3", to: "portable", version: 2 }];
    expect(only(differs, { ...ADDED, conversions: older }).verdict).toBe("refused");
  });

  it("takes the way that loses least", () => {
    const state = { cx: { reads: 3 }, portable: { reads: 2 } };
    expect(only({ state }, { ...ADDED, conversions: TO_PORTABLE }).loses).toEqual(["path cache"]);
    expect(
      only({ state: { cx: { reads: 5 }, portable: { reads: 2 } } }, { ...ADDED, conversions: TO_PORTABLE }).loses,
    ).toEqual([]);
  });

  it.each([
    [{ device: "15b3:1017" }, ["device", "101d", "1017"]],
    [{ device: "8086:101d" }, ["vendor", "15b3", "8086"]],
    [{ subsystem: "15b3:0017" }, ["subsystem", "15b3:0016", "15b3:0017"]],
    [{ revision: 16 }, ["revision", "00", "10"]],
    [{ firmware: "22.5" }, ["firmware", "22.41", "22.5"]],
    [{ queuePairs: { total: 64, free: 7 } }, ["queuePairs", 8, 7]],
    [{ mbufs: { total: 64, free: 0 } }, ["mbufs", 8, 0]],
    [{ functions: { total: 0, free: 0 } }, ["functions", 1, 0]],
    [{ mtuBytes: 1499 }, ["mtuBytes", 1500, 1499]],
    [{ uplinks: 0 }, ["uplinks", 1, 0]],
  ] as const)("is refused for %j", (differs, miss) => {
    expect(missing(only(differs))).toEqual([["eth0", ...miss]]);
  });

  it("is refused for what it uses and the target does not have", () => {
    const needs = { lag: ["lacp", "selective"], offloads: ["tso", "vxlan"], headroomBytes: 64 };
    expect(missing(only({ lag: ["lacp"], offloads: ["vxlan"], headroomBytes: 63 }, ADDED, needs))).toEqual([
      ["eth0", "lag", ["lacp", "selective"], ["lacp"]],
      ["eth0", "offloads", ["tso", "vxlan"], ["vxlan"]],
      ["eth0", "headroomBytes", 64, 63],
    ]);
  });

  it("is refused for a format that nobody there reads, and so for its version", () => {
    expect(missing(only({ state: { ice: { reads: 1 }, cx: { writes: "1-5" } } }))).toEqual([
      ["eth0", "format", "cx", ["ice"]],
      ["eth0", "version", 4, null],
    ]);
  });

  it("compares what its format asks for, and no more", () => {
    const formats = { cx: { same: ["vendor", "device"] as const, firmware: "same" as const } };
    expect(only({ subsystem: "ffff:0000", revision: 1 }, { formats }).verdict).toBe("native");
    expect(only({ firmware: "22.41.0" }, { formats }).verdict).toBe("native");
    expect(missing(only({ firmware: "22.42" }, { formats }))).toEqual([["eth0", "firmware", "22.41", "22.42"]]);
    const any = { formats: { cx: { firmware: "any" as const } } };
    expect(only({ firmware: "1" }, any).verdict).toBe("native");
    expect(only({ firmware: "22.41.0.1" }).verdict).toBe("native");
  });
});

describe("the order of candidates", () => {
  const free = (free: number) => ({ queuePairs: { total: 64, free } });

  it("is native, convertible, refused; the roomiest first, and of the refused the nearest miss", () => {
    const inventory = inventoryOf(
      { eth0: vnic() },
      {
        "two-misses": target({ mtuBytes: 1400, uplinks: 0 }),
        "half-short": target(free(4)),
        older: target({ state: { cx: { reads: 3 } } }),
        tight: target(free(9)),
        "one-short": target(free(7)),
        "older-tight": target({ state: { cx: { reads: 3 } }, ...free(9) }),
        roomy: target(),
        "as-tight": target(free(9)),
      },
    );
    expect(discoverTargets(inventory, "vm").map(({ host }) => host)).toEqual([
      ...["roomy", "tight", "as-tight", "older", "older-tight", "one-short", "half-short", "two-misses"],
    ]);
    expect(discoverTargets(inventory, "vm", { to: "tight" }).map(({ host }) => host)).toEqual(["tight"]);
    const roomOf = () => ({ queuePairs: 0, mbufs: 0, functions: 0 });
    expect(discoverTargets(inventory, "vm", { roomOf }).every(({ verdict }) => verdict === "refused")).toBe(true);
  });

  it("is of the adapters of other hosts than the VM's own", () => {
    const inventory = inventoryOf({ eth0: vnic() }, { there: { a: target(), b: target() } });
    expect(discoverTargets(inventory, "vm").map(({ placements }) => placements[0]?.adapter)).toEqual(["a", "b"]);
    expect(() => discoverTargets(inventory, "wm")).toThrow(new ConfigError("vm", "wm", "one of vm"));
    expect(() => discoverTargets(inventory, "vm", { to: "home" })).toThrow(
      new ConfigError("to", "home", "one of there: vm is on home already"),
    );
  });
});

describe("several vnics", () => {
  const two = { a: vnic({ queuePairs: 20 }), b: vnic({ queuePairs: 20 }) };
  const where = (candidates: MigrationCandidate[]) =>
    candidates.map(({ host, verdict, placements }) => [host, verdict, ...placements.map(({ adapter }) => adapter)]);

  it("go together or not at all: one adapter's room is for both", () => {
    const inventory = inventoryOf(two, {
      one: { x: target() },
      two: { x: target(), y: target() },
      large: { x: target({ queuePairs: { total: 64, free: 40 } }) },
    });
    const candidates = discoverTargets(inventory, "vm");
    expect(where(candidates)).toEqual([
      ["two", "native", "x", "y"],
      ["large", "native", "x", "x"],
      ["one", "refused", "x", "x"],
    ]);
    expect(missing(candidates[2] as MigrationCandidate)).toEqual([["b", "queuePairs", 20, 12]]);
  });

  it("are placed so that all fit, though the first would rather have another's place", () => {
    const vnics = { small: vnic(), large: vnic({ queuePairs: 30, mtuBytes: 9000 }) };
    const inventory = inventoryOf(vnics, {
      there: { jumbo: target(), plain: target({ mtuBytes: 1500, ...{ mbufs: { total: 64, free: 9 } } }) },
    });
    expect(where(discoverTargets(inventory, "vm"))).toEqual([["there", "native", "plain", "jumbo"]]);
  });

  it("have the worst verdict of all, and lose what each loses, once", () => {
    const old = target({ state: { cx: { reads: 3 } } });
    const inventory = inventoryOf(two, { mixed: { x: target(), y: old }, old: { x: old, y: old } }, ADDED);
    const candidates = discoverTargets(inventory, "vm");
    expect(where(candidates)).toEqual([
      ["mixed", "convertible", "x", "y"],
      ["old", "convertible", "x", "y"],
    ]);
    expect(candidates.map(({ loses }) => loses)).toEqual([
      ["windows", "credits"],
      ["windows", "credits"],
    ]);
  });

  it.each([
    ["alike", 0],
    ["different", 1],
  ])("are placed in good time, or not, where many adapters are %s", (_, headroomBytes) => {
    const vnics = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`v${i}`, vnic({ queuePairs: 17 + i })]));
    const all = Array.from({ length: 16 }, (_, i) => {
      return [`a${i}`, target({ headroomBytes: i * headroomBytes, ...(i < 7 ? {} : { mtuBytes: 1400 + i }) })];
    });
    const inventory = inventoryOf(vnics, { there: Object.fromEntries(all) });
    const started = performance.now();
    expect(discoverTargets(inventory, "vm")[0]).toMatchObject({ verdict: "refused", misses: 1 });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it("find the one adapter that the last of them needs", () => {
    const small = Array.from({ length: 7 }, (_, i) => [`v${i}`, vnic({ queuePairs: 1 + i })] as const);
    const vnics = { ...Object.fromEntries(small), picky: vnic({ queuePairs: 32, offloads: ["vxlan"] }) };
    const all = Array.from({ length: 16 }, (_, i) => [
      `a${i}`,
      target({ headroomBytes: i, offloads: i === 3 ? ["vxlan"] : [] }),
    ]);
    const [found] = discoverTargets(inventoryOf(vnics, { there: Object.fromEntries(all) }), "vm");
    expect([found?.verdict, found?.placements[7]?.adapter]).toEqual(["native", "a3"]);
  });
});
