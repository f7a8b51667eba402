/** Inventories in files and in code: what is filled in, and what is wrong, with its place. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DocumentError } from "../../../src/document/parse.js";
import { ConfigError, defineInventory, type InventoryDefinition } from "../../../src/index.js";
import { parseInventory } from "../../../src/migrate/inventory/parse.js";
import { compareFirmware } from "../../../src/migrate/inventory/versions.js";
import { ROOT } from "../../helpers/files.js";
import { target, vnic, worldOf } from "../../helpers/inventory.js";
import { placeOf } from "../../helpers/places.js";

const GOOD = `hosts:
  alpha:
    adapters:
      nic0:
        device: 15B3:101d
        subsystem: 15b3:0016
        revision: 0x10
        firmware: "22.41.1000"
        state: { cx: { reads: 3-5, writes: 4-5 }, portable: { writes: 1 } }
        queuePairs: { total: 100, free: 42 }
        mbufs: { total: 4096, free: 1024 }
        functions: { total: 16, free: 10 }
        mtuBytes: 9000
        uplinks: 4
        lag: [lacp]
        offloads: [checksum, tso]
        headroomBytes: 128
vms:
  web 1:
    host: alpha
    vnics:
      eth0:
        adapter: nic0
        state: { format: cx, version: 4 }
        needs: { queuePairs: 8, mbufs: 512, mtuBytes: 1500, lag: [lacp], offloads: [tso] }
formats:
  portable: { same: [] }
  cx: { firmware: same, added: { 5: [credits] } }
conversions:
  - { from: cx, versions: 3-4, to: portable, version: 1, loses: [path cache] }
`;

describe("an inventory", () => {
  it("has hosts, VMs, formats and conversions, with what was left out filled in", () => {
    const { hosts, vms, formats, conversions } = parseInventory("i.yaml", GOOD);
    const adapter = hosts.get("alpha")?.adapters.get("nic0");
    expect(adapter).toMatchObject({
      identity: { vendor: "15b3", device: "101d", subsystem: "15b3:0016", revision: "10" },
      free: { queuePairs: 42, mbufs: 1024, functions: 10 },
    });
    expect(adapter?.state).toEqual(
      new Map([
        ["cx", { reads: { first: 3, last: 5 }, writes: { first: 4, last: 5 } }],
        ["portable", { writes: { first: 1, last: 1 } }],
      ]),
    );
    expect(vms.get("web 1")).toEqual({
      name: "web 1",
      host: "alpha",
      vnics: [
        {
          ...{ name: "eth0", adapter, format: "cx", version: 4, room: { queuePairs: 8, mbufs: 512, functions: 1 } },
          ...{ mtuBytes: 1500, uplinks: 1, lag: ["lacp"], offloads: ["tso"], headroomBytes: 0 },
        },
      ],
    });
    const all = ["vendor", "device", "subsystem", "revision"];
    expect([...formats.values()]).toEqual([
      { name: "cx", same: all, firmware: "same", added: new Map([[5, ["credits"]]]) },
      { name: "portable", same: [], firmware: "any", added: new Map() },
    ]);
    expect(conversions).toEqual([
      { from: "cx", versions: { first: 3, last: 4 }, to: "portable", version: 1, loses: ["path cache"] },
    ]);
  });

  it("of the examples is right", () => {
    const file = join(ROOT, "examples/inventory.yaml");
    expect(parseInventory(file, readFileSync(file, "utf8")).vms.size).toBe(2);
  });

  it("orders firmware by numbers, not by letters", () => {
    const versions = ["22.9", "22.41", "22.41.0.1", "22.41.7", "22.100", "100"];
    expect([...versions].reverse().sort(compareFirmware)).toEqual(versions);
    expect(compareFirmware("1.2", "1.2.0")).toBe(0);
  });
});

const FORMAT_BOUND = "a format that an adapter has: one of cx, portable";

describe("a file", () => {
  it.each([
    ["15B3:101d", "1017", "1017", "device", "two PCI ids in hexadecimal, as lspci -nn prints them: 15b3:101e"],
    ["15B3:101d", '"15b3"', '"15b3"', "device", "two PCI ids in hexadecimal"],
    ['"22.41.1000"', "22.41", "22.41\n", "firmware", 'a version of dotted numbers, in quotes: "22.41.1000"'],
    ['"22.41.1000"', '"22.41-rc1"', '"22.41-rc1"', "firmware", "a version of dotted numbers"],
    ["0x10", "0x100", "revision", "revision", "<=255, received 256"],
    ["reads: 3-5", "reads: 5-3", "reads", "state.cx.reads", "a range from 1, whose first is not above its last"],
    ["reads: 3-5", "reads: 3..5", "reads", "state.cx.reads", 'a version, or a range such as "3-5"'],
    ["reads: 3-5", "reads: 0", "reads", "state.cx.reads", ">=1, received 0"],
    ["free: 42", "free: 101", "free: 101", "queuePairs.free", "at most the total of 100, received 101"],
    ["free: 42", "free: 93", "free: 93", "queuePairs.free", "at most 92: the VMs on nic0 take 8 of 100, received 93"],
    ["        mtuBytes: 9000\n", "", "nic0:", "mtuBytes", '"mtuBytes", but it is missing'],
    ["uplinks: 4", "uplinks: 4\n        speed: 100", "speed", "speed", "no such key"],
    ["lag: [lacp]\n", "lag: [lcap]\n", "lcap", "lag.0", '"lacp"'],
  ])("that says %j as %j is refused with its place", (before, after, at, key, expected) => {
    refuses(before, after, at, `hosts.alpha.adapters.nic0.${key}`, expected);
  });

  it.each([
    ["host: alpha", "host: beta", "host: beta", "vms.web 1.host", 'one of alpha, received "beta"'],
    [
      "adapter: nic0",
      "adapter: nic1",
      "adapter: nic1",
      "vms.web 1.vnics.eth0.adapter",
      "an adapter of the VM's host: one of nic0",
    ],
    [
      "format: cx",
      "format: xc",
      "format: xc",
      "vms.web 1.vnics.eth0.state.format",
      "a format of nic0: one of cx, portable",
    ],
    [
      "version: 4 ",
      "version: 3 ",
      "version: 3 ",
      "vms.web 1.vnics.eth0.state.version",
      "a version that nic0 writes of cx: 4-5, received 3",
    ],
    [
      "mtuBytes: 1500",
      "mtuBytes: 9001",
      "mtuBytes: 9001",
      "vms.web 1.vnics.eth0.needs.mtuBytes",
      "at most the 9000 of nic0",
    ],
    [
      "offloads: [tso]",
      "offloads: [tos]",
      "tos",
      "vms.web 1.vnics.eth0.needs.offloads.0",
      'one that nic0 has: one of checksum, tso, received "tos"',
    ],
    [
      "{ same: [] }",
      "{ same: [], firmware: same }",
      "firmware: same }\n",
      "formats.portable.firmware",
      "any where same is without vendor or device",
    ],
    ["5: [credits]", "v5: [credits]", "v5", "formats.cx.added.v5", "a version, from 1"],
    ["from: cx", "from: xc", "from: xc", "conversions.0.from", FORMAT_BOUND],
    ["to: portable", "to: potable", "to: potable", "conversions.0.to", FORMAT_BOUND],
    ["to: portable", "to: cx", "to: cx", "conversions.0.to", "another format than from"],
    ["versions: 3-4", "versions: 4-3", "versions: 4-3", "conversions.0.versions", "a range from 1"],
  ])("that says %j as %j is refused with its place", refuses);

  it("may not have a host without adapters, or a VM without vnics", () => {
    const refused = (text: string) => () => parseInventory("i.yaml", text);
    expect(refused("hosts: { a: { adapters: {} } }")).toThrow(
      "i.yaml:1:15: hosts.a.adapters: expected 1 to 16 adapters, received 0",
    );
    const head = GOOD.slice(0, GOOD.indexOf("    vnics:"));
    expect(refused(`${head}    vnics: {}\n`)).toThrow("vms.web 1.vnics: expected 1 to 8 vnics, received 0");
  });
});

function refuses(before: string, after: string, at: string, key: string, expected: string): void {
  expect(GOOD.split(before)).toHaveLength(2);
  const text = GOOD.replace(before, after);
  let error: unknown;
  try {
    parseInventory("i.yaml", text);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(DocumentError);
  const { message, line, key: found } = error as DocumentError;
  expect(found).toBe(key);
  expect(message).toContain(expected);
  expect(line).toBe(placeOf(text, at)[0]);
}

describe("an object", () => {
  const refusal = (definition: unknown) => {
    try {
      defineInventory(definition as InventoryDefinition);
    } catch (error) {
      if (error instanceof ConfigError) return [error.argument, error.value, error.bound];
      throw error;
    }
    return undefined;
  };

  it("is refused with path, value and bound", () => {
    const world = (differs: object) => worldOf({ eth0: vnic() }, { there: { ...target(), ...differs } });
    expect(refusal(world({}))).toBeUndefined();
    const path = "hosts.there.adapters.nic";
    expect(refusal(world({ uplinks: 33 }))).toEqual([`${path}.uplinks`, 33, "<=32"]);
    expect(refusal(world({ device: "mlx5" }))?.slice(0, 2)).toEqual([`${path}.device`, "mlx5"]);
    expect(refusal(world({ speed: 100 }))).toEqual([`${path}.speed`, "speed", "left out"]);
    expect(refusal(world({ mbufs: { total: 1, free: 2 } }))).toEqual([
      `${path}.mbufs.free`,
      2,
      "at most the total of 1",
    ]);
    expect(refusal({ hosts: JSON.parse('{ "__proto__": {} }') })).toEqual([
      "hosts.__proto__",
      "__proto__",
      "another key",
    ]);
    expect(refusal(undefined)?.slice(0, 1)).toEqual(["inventory"]);
  });
});
