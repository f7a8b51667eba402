/** Live hosts in an inventory: where a VM can go is found from what their engines have. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  defineInventory,
  describeHost,
  describeVm,
  discoverTargets,
  type FieldName,
  type HostDefinition,
  RINGLANE_FORMATS,
} from "../../../src/index.js";
import { PACKAGE_VERSION } from "../../../src/package-version.js";
import { censusAfterEach } from "../../helpers/census.js";
import { ROOT } from "../../helpers/files.js";
import { type Guesting, makeWorld, type World, type WorldOptions } from "../../helpers/overlay-world.js";

censusAfterEach();

const BLUE = { networks: { blue: { vni: 42, default: "allow" } } } as const;

async function worldWithVm(options: Partial<WorldOptions> = {}, vm: (world: World) => Guesting = () => ({})) {
  const world = await makeWorld({ ...BLUE, ...options });
  const guest = world.attach(0, 1, { partition: "web1", ...vm(world) });
  world.attach(1, 2);
  world.run(50);
  return { world, guest };
}

function candidateOf(world: World) {
  const inventory = defineInventory({
    hosts: Object.fromEntries(world.hosts.map(({ core }) => [core.name, describeHost(core)])),
    vms: { web1: describeVm(world.host(0).core, "web1") },
    formats: RINGLANE_FORMATS,
  });
  const [candidate] = discoverTargets(inventory, "web1");
  if (!candidate) throw new Error("no candidate");
  return candidate;
}

/** What stands in the way. */
function missesOf(world: World): FieldName[] {
  const { verdict, placements } = candidateOf(world);
  expect(verdict).toBe("refused");
  const fields = placements.flatMap((placement) => placement.fields);
  return fields.filter(({ outcome }) => outcome === "misses").map(({ field }) => field);
}

function adapterOf(definition: HostDefinition) {
  return definition.adapters.ringlane as HostDefinition["adapters"][string];
}

describe("two live hosts", () => {
  it("are alike: the VM can go to the other as it is", async () => {
    const { world } = await worldWithVm();
    expect(candidateOf(world)).toMatchObject({ host: "h1", verdict: "native", loses: [], misses: 0 });
  });

  it("are described by what their engines have", async () => {
    const { world, guest } = await worldWithVm();
    const { engine, core } = world.host(0);
    const adapter = adapterOf(describeHost(core));
    expect(adapter).toMatchObject({
      ...{ device: "ffff:0001", firmware: PACKAGE_VERSION, uplinks: 1, lag: [] },
      functions: { total: 6, free: 5 },
      queuePairs: { total: 6, free: 5 },
      mbufs: { total: 512, free: engine.freeMbufs },
      // 1500 bytes less 20 of IP, 8 of UDP, 8 of VXLAN and 14 of Ethernet.
      mtuBytes: 1450,
      headroomBytes: engine.headroomBytes,
      offloads: ["vxlan", "flows", "gqp"],
      state: { "ringlane-partition": { reads: 1, writes: 1 }, "ringlane-portable": { reads: 1, writes: 1 } },
    });
    const before = describeVm(core, "web1").vnics.net0?.needs;
    expect(before).toMatchObject({ mbufs: 0, mtuBytes: 1450, headroomBytes: 50, uplinks: 1, functions: 1 });
    const other = world.attach(0, 3);
    world.run(50);
    other.send(other.udp(guest), other.udp(guest));
    world.run(10);
    // Frames that nobody has read go along, and are not free here.
    expect(describeVm(core, "web1").vnics.net0?.needs).toMatchObject({ mbufs: 2 });
    expect(adapterOf(describeHost(core))).toMatchObject({ mbufs: { free: 510 }, functions: { free: 4 } });
    guest.take();
  });

  it("of which the other has a smaller MTU refuse it, and name that", async () => {
    const { world } = await worldWithVm({ host: (i) => (i === 1 ? { mtuBytes: 1400 } : {}) });
    expect(missesOf(world)).toEqual(["mtuBytes"]);
  });

  it("of which the other has no port left refuse it, and name that", async () => {
    const { world } = await worldWithVm();
    for (let n = 3; n < 8; n++) world.attach(1, n);
    world.run(50);
    expect(missesOf(world)).toEqual(["queuePairs", "functions"]);
  });

  it("of which the other has less headroom than the VM's host puts in front refuse it, and name that", async () => {
    const { world } = await worldWithVm({
      engine: { headers: ["ethernet", "ipv6", "udp", "vxlan", "geneve", "geneve"] },
      host: (i) => (i === 0 ? { encapsulations: ["rocev2"] } : {}),
    });
    const narrow = await makeWorld({ ...BLUE, engine: { headers: ["ethernet", "ipv4", "udp", "vxlan"] } });
    const inventory = defineInventory({
      hosts: { h0: describeHost(world.host(0).core), h1: describeHost(narrow.host(1).core) },
      vms: { web1: describeVm(world.host(0).core, "web1") },
    });
    const [candidate] = discoverTargets(inventory, "web1");
    const misses = candidate?.placements[0]?.fields.filter(({ outcome }) => outcome === "misses");
    expect(misses).toEqual([expect.objectContaining({ field: "headroomBytes", needs: 66, has: 64 })]);
  });
});

describe("uplinks in a group", () => {
  it("are by their places: a set that reaches to the third needs three", async () => {
    const { world } = await worldWithVm({ uplinks: 3, group: {} }, ({ hosts }) => {
      const [first, , third] = hosts[0]?.uplinks ?? [];
      return { members: [first, third] as never };
    });
    const { core } = world.host(0);
    expect(describeVm(core, "web1").vnics.net0?.needs).toMatchObject({ uplinks: 3, lag: ["selective"] });
    expect(adapterOf(describeHost(core))).toMatchObject({ uplinks: 3, lag: ["active-backup", "static", "selective"] });
    expect(candidateOf(world).verdict).toBe("native");
  });

  it("with a backup need active-backup, too", async () => {
    const { world } = await worldWithVm({ uplinks: 2, group: {} }, ({ hosts }) => {
      const [first, second] = hosts[0]?.uplinks ?? [];
      return { members: [first], backup: [second] } as never;
    });
    const needs = describeVm(world.host(0).core, "web1").vnics.net0?.needs;
    expect(needs).toMatchObject({ uplinks: 2, lag: ["selective", "active-backup"] });
  });
});

describe("limits", () => {
  it("promise a floor that the other host must have free, and be able to hold", async () => {
    const mbufs = { policy: { floor: 64, preset: 128, ceiling: 256 } };
    const { world } = await worldWithVm({ limits: {} }, () => ({ mbufs }));
    const { core } = world.host(0);
    expect(describeVm(core, "web1").vnics.net0?.needs).toMatchObject({
      mbufs: 64,
      offloads: ["flows", "gqp", "mbuf-limits"],
    });
    expect(adapterOf(describeHost(core))).toMatchObject({ mbufs: { total: 512, free: 448 } });
    expect(candidateOf(world).verdict).toBe("native");
  });
});

describe("describeVm", () => {
  it("refuses a partition that is not live there, and says which are", async () => {
    const { world } = await worldWithVm();
    expect(() => describeVm(world.host(1).core, "web1")).toThrow(
      'partition is "web1"; it must be live on h1, which has vm2',
    );
  });

  it("has all vnics of a VM, in their order", async () => {
    const { world } = await worldWithVm();
    world.attach(0, 5, { partition: "web1" });
    world.run(50);
    expect(Object.keys(describeVm(world.host(0).core, "web1").vnics)).toEqual(["net0", "net1"]);
    expect(candidateOf(world)).toMatchObject({ verdict: "native", placements: [{ vnic: "net0" }, { vnic: "net1" }] });
  });
});

it("firmware is the package's version", () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  expect(PACKAGE_VERSION).toBe(version);
});
