/** What a group and its partitions refuse: by name, with the bound, and with nothing changed. */
import { beforeEach, describe, expect, test } from "vitest";
import type { Port } from "../../src/buffer/port.js";
import type { Engine } from "../../src/engine.js";
import { ConfigError } from "../../src/errors.js";
import type { LagGroup } from "../../src/lag/group.js";
import type { LagGroupOptions, PartitionOptions, PortSetOptions } from "../../src/lag/options.js";
import type { Partition } from "../../src/lag/partition.js";
import { censusAfterEach } from "../helpers/census.js";
import { testEngine } from "../helpers/engines.js";
import { flowFrame, macBytes, macOf } from "../helpers/lag.js";
import { drain } from "../helpers/ports.js";
import { OUTER_V4, optionsOf } from "../helpers/tunnels.js";

censusAfterEach();

const SIZES = { groups: 2, partitions: 3, buckets: 64, addresses: 4 };

let engine: Engine;
let other: Engine;
let ports: Port[];
let vnics: Port[];
let foreign: Port;
let group: LagGroup;
let vm: Partition;

beforeEach(async () => {
  engine = await testEngine({ ports: 32, tunnels: 4, lag: SIZES });
  other = await testEngine({ lag: {} });
  foreign = other.addPort("foreign");
  ports = Array.from({ length: 10 }, (_, i) => engine.addPort(`up${i}`));
  vnics = Array.from({ length: 5 }, (_, i) => engine.addPort(`vm${i}`));
  group = engine.addLagGroup({ ports });
  vm = group.addPartition({
    name: "vm",
    vnic: vnics[0] as Port,
    macs: [macOf(1), macOf(2)],
    members: ports.slice(0, 4),
    outside: "drop",
  });
});

/** ConfigError of exactly this argument and bound. */
function expectRefused(act: () => unknown, argument: string, bound: string | RegExp): void {
  let thrown: unknown;
  try {
    act();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ConfigError);
  const { argument: named, bound: said } = thrown as ConfigError;
  expect({ argument: named, bound: said }).toEqual({
    argument,
    bound: typeof bound === "string" ? bound : expect.stringMatching(bound),
  });
}

/** Traffic both ways, and what can be seen of the partition: as it was. */
function expectUnchanged(act: () => void): void {
  const seen = () => ({
    roles: vm.roles,
    owners: vm.owners,
    active: vm.activePorts,
    names: group.partitions.map(({ name }) => name),
  });
  const before = seen();
  act();
  expect(seen()).toEqual(before);
  for (const flow of [1, 2, 3]) (vnics[0] as Port).receive(flowFrame({ flow, sequence: 0, src: macBytes(1) }));
  (ports[3] as Port).receive(flowFrame({ flow: 1, sequence: 0, dst: macBytes(2) }));
  (ports[4] as Port).receive(flowFrame({ flow: 1, sequence: 0, dst: macBytes(2) }));
  engine.poll();
  expect(ports.reduce((sum, port) => sum + drain(port).length, 0)).toBe(3);
  expect(drain(vnics[0] as Port)).toHaveLength(1);
  expect(ports[4]?.counters.drops).toEqual({ "outside-port-set": 1 });
  const last = group.addPartition({
    name: "last",
    vnic: vnics[4] as Port,
    macs: [macOf(8), macOf(9)],
    members: ports.slice(0, 8),
  });
  expect(last.activePorts).toHaveLength(8);
}

describe("a group refuses", () => {
  const cases: [string, () => Partial<LagGroupOptions>, string, string | RegExp][] = [
    ["no ports", () => ({ ports: [] }), "ports.length", "a whole number from 1 to 32"],
    ["a port twice", () => ({ ports: [vnics[1], vnics[1]] as Port[] }), "ports[1]", "a port that is named once"],
    ["a port of another engine", () => ({ ports: [foreign] }), "port", "of this engine"],
    ["a port of another group", () => ({ ports: [vnics[1], ports[2]] as Port[] }), "ports[1]", /no tunnel, no group/],
    ["a partition's vnic", () => ({ ports: [vnics[0]] as Port[] }), "ports[0]", /no tunnel, no group/],
    ["a network for a host", () => ({ network: vnics[2] as Port }), "network", "left out of a host's group"],
    [
      "a network among its ports",
      () => ({ role: "switch", network: vnics[1] as Port }),
      "network",
      "a port outside the group",
    ],
    [
      "a network of another group",
      () => ({ role: "switch", network: ports[0] as Port }),
      "network",
      /no tunnel, no group/,
    ],
    ["a role that is none", () => ({ role: "router" as never }), "role", "one of host, switch"],
    ["buckets that are no power of two", () => ({ buckets: 48 }), "buckets", "a power of two"],
    ["more buckets than planned", () => ({ buckets: 128 }), "buckets", "a whole number from 1 to 64"],
    ["a selection that is none", () => ({ selection: "best" as never }), "selection", "one of buckets, modulo, turn"],
    ["an order that is none", () => ({ order: "always" as never }), "order", "one of drain, marker, none"],
    ["no time for a move", () => ({ moveTimeoutMs: 0 }), "moveTimeoutMs", "a whole number from 1 to 60000"],
    ["addresses that are not kept", () => ({ learnedSeconds: 0 }), "learnedSeconds", "a whole number from 1 to 86400"],
    ["floods that are none", () => ({ floods: "all" as never }), "floods", "one of selected, any"],
    [
      "rebalancing without buckets",
      () => ({ selection: "modulo", rebalance: {} }),
      "rebalance",
      "left out where selection is modulo",
    ],
    ["rebalancing all the time", () => ({ rebalance: { intervalMs: 0 } }), "rebalance.intervalMs", /from 1 to/],
    [
      "rebalancing for nothing",
      () => ({ rebalance: { minImprovement: 0.6 } }),
      "rebalance.minImprovement",
      "from 0 to 0.5",
    ],
    [
      "a lead that is no number",
      () => ({ rebalance: { minLeadPart: Number.NaN } }),
      "rebalance.minLeadPart",
      "from 0 to 1",
    ],
    ["a system without an address", () => ({ lacp: { systemMac: "no" } }), "lacp.systemMac", /MAC address/],
    [
      "a key that is none",
      () => ({ lacp: { systemMac: macOf(1), key: 0 } }),
      "lacp.key",
      "a whole number from 1 to 65535",
    ],
  ];

  test.each(cases)("%s", (_, options, argument, bound) => {
    expectUnchanged(() => {
      // As often as there is memory for, and once more: what is refused takes none.
      for (let n = 0; n < 3; n++) {
        expectRefused(() => engine.addLagGroup({ ports: [vnics[1] as Port], ...options() }), argument, bound);
      }
      expect(engine.addLagGroup({ ports: [vnics[1] as Port], lacp: { systemMac: macOf(3) } }).partitions).toEqual([]);
    });
  });

  test("to be one too many, or LACP over buffers that hold no frame of it", async () => {
    engine.addLagGroup({ ports: [vnics[1] as Port] });
    expectRefused(() => engine.addLagGroup({ ports: [vnics[2] as Port] }), "lag.groups", "a whole number from 1 to 2");
    const small = await testEngine({ payloadBytes: 128, lag: {} });
    const port = small.addPort("up");
    const lacp = { systemMac: macOf(3) };
    expectRefused(
      () => small.addLagGroup({ ports: [port], lacp: { ...lacp, conversations: "vlan" } }),
      "lacp",
      "with payloadBytes of at least 640",
    );
    const made = small.addLagGroup({ ports: [port], lacp });
    made.link(port, true, 0);
    expect(drain(port)).toHaveLength(1);
  });

  test("what a port has another reader for, and a tunnel what a group reads", () => {
    const tunnel = { ...optionsOf(OUTER_V4), vnic: vnics[1] as Port };
    expectRefused(() => engine.addTunnel({ ...tunnel, uplink: ports[0] as Port }), "uplink", /no tunnel, no group/);
    engine.addTunnel({ ...tunnel, uplink: vnics[2] as Port });
    for (const port of [vnics[1], vnics[2]] as Port[]) {
      expectRefused(() => engine.addLagGroup({ ports: [port] }), "ports[0]", /no tunnel, no group/);
      expectRefused(
        () => group.addPartition({ name: "x", vnic: port, members: ports.slice(0, 1) }),
        "vnic",
        /no tunnel, no group/,
      );
    }
  });
});

describe("a set refuses", () => {
  const cases: [string, () => PortSetOptions, string, string | RegExp][] = [
    ["nothing", () => ({}), "members", "1 to 8 ports, or standalone"],
    ["no members", () => ({ members: [] }), "members", "1 to 8 ports"],
    ["over eight members", () => ({ members: ports.slice(0, 9) }), "members", "1 to 8 ports"],
    ["over eight backups", () => ({ members: ports.slice(0, 1), backup: ports.slice(1) }), "backup", "1 to 8 ports"],
    ["a port outside the group", () => ({ members: [ports[0], vnics[3]] as Port[] }), "port", /^one of up0, up1/],
    ["a backup of another engine", () => ({ members: ports.slice(0, 1), backup: [foreign] }), "port", /^one of up0/],
    ["a standalone port that is none", () => ({ standalone: vnics[3] as Port }), "port", /^one of up0/],
    ["what is no list", () => ({ members: ports[0] as never }), "members", "a list of ports"],
    ["a name for a port", () => ({ members: ["up0"] as never }), "members[0]", "a port, or { port, weight }"],
    ["a name for a link of its own", () => ({ standalone: "up0" as never }), "standalone", /^a port/],
    ["a weight without a port", () => ({ members: [{ port: undefined as never, weight: 2 }] }), "port", /^one of up0/],
    ["a port twice", () => ({ members: [ports[1], ports[1]] as Port[] }), "members.1.port", /not named before/],
    [
      "a member that is its own backup",
      () => ({ members: ports.slice(1, 2), backup: ports.slice(1, 2) }),
      "backup.0.port",
      /not named before/,
    ],
    [
      "a weight of 0",
      () => ({ members: [{ port: ports[0] as Port, weight: 0 }] }),
      "members.0.weight",
      /from 1 to 1000/,
    ],
    [
      "a weight of 1001",
      () => ({ members: ports.slice(0, 1), backup: [{ port: ports[1] as Port, weight: 1001 }] }),
      "backup.0.weight",
      /from 1 to 1000/,
    ],
    [
      "standalone with members",
      () => ({ standalone: ports[0] as Port, members: ports.slice(1, 2) }),
      "members",
      /left out where standalone/,
    ],
    [
      "standalone with a backup",
      () => ({ standalone: ports[0] as Port, backup: ports.slice(1, 2) }),
      "backup",
      /left out where standalone/,
    ],
    [
      "standalone with a delay",
      () => ({ standalone: ports[0] as Port, preemptionDelayMs: 5 }),
      "preemptionDelayMs",
      /left out where standalone/,
    ],
    ["more links than members", () => ({ members: ports.slice(0, 2), minLinks: 3 }), "minLinks", /^at most 2/],
    ["no links", () => ({ members: ports.slice(0, 2), minLinks: 0 }), "minLinks", /from 1 to 8/],
    [
      "a delay of half a millisecond",
      () => ({ members: ports.slice(0, 2), preemptionDelayMs: 0.5 }),
      "preemptionDelayMs",
      /whole number/,
    ],
  ];

  test.each(cases)("%s, for a partition that comes and for one that is there", (_, set, argument, bound) => {
    const refused = typeof bound === "string" && argument === "backup" ? /0 to 8 ports/ : bound;
    expectUnchanged(() => {
      expectRefused(() => vm.setPorts(set(), 5), argument, refused);
      expectRefused(() => group.addPartition({ name: "x", vnic: vnics[3] as Port, ...set() }), argument, refused);
    });
  });

  test("no weight: it is 1 then", () => {
    vm.setPorts({ members: [{ port: ports[0] as Port }, { port: ports[1] as Port, weight: 3 }] }, 5);
    expect(ports.slice(0, 2).map((port) => vm.owners.filter((owner) => owner === port).length)).toEqual([16, 48]);
  });

  test("buckets where none are", () => {
    const ports = [vnics[1] as Port];
    for (const selection of ["modulo", "turn"] as const) {
      const bound = `left out where selection is ${selection}`;
      expectRefused(() => engine.addLagGroup({ ports, selection, buckets: 32 }), "buckets", bound);
    }
  });

  test("weights where each port has one turn, and a time that is none", () => {
    const even = engine.addLagGroup({ ports: [vnics[1], vnics[2]] as Port[], selection: "turn" });
    const members = [{ port: vnics[1] as Port, weight: 2 }];
    expectRefused(
      () => even.addPartition({ name: "x", vnic: vnics[3] as Port, members }),
      "weight",
      "1 where selection is turn",
    );
    expectUnchanged(() => {
      for (const nowMs of [Number.NaN, Number.POSITIVE_INFINITY]) {
        expectRefused(
          () => vm.setPorts({ members: ports.slice(5, 6) }, nowMs),
          "nowMs",
          "a finite number of milliseconds",
        );
        expectRefused(() => group.link(ports[0] as Port, false, nowMs), "nowMs", "a finite number of milliseconds");
        expectRefused(() => group.tick(nowMs), "nowMs", "a finite number of milliseconds");
      }
      expectRefused(() => group.link(foreign, false, 0), "port", /^a port of the group: up0/);
      expectRefused(() => group.lacp(vnics[0] as Port), "port", /^a port of the group/);
    });
  });
});

describe("a partition refuses", () => {
  const cases: [string, () => Partial<PartitionOptions>, string, string | RegExp][] = [
    ["another's name", () => ({ name: "vm" }), "name", "a name that no partition of this group has"],
    ["to have no vnic", () => ({ vnic: undefined as never }), "vnic", "the port of a host's partition"],
    ["a vnic of another engine", () => ({ vnic: foreign }), "port", "of this engine"],
    ["another's vnic", () => ({ vnic: vnics[0] as Port }), "vnic", "a port that no other partition has"],
    ["a port of the group as vnic", () => ({ vnic: ports[0] as Port }), "vnic", "a port outside the group"],
    [
      "another's address",
      () => ({ macs: [macOf(7), macOf(2)] }),
      "macs[1]",
      "an address that no partition of its network has",
    ],
    [
      "an address twice, in other letters",
      () => ({ macs: [macOf(0xab), macOf(0xab).toUpperCase()] }),
      "macs[1]",
      /no partition of its network/,
    ],
    ["an address of many", () => ({ macs: ["01:00:5e:00:00:01"] }), "macs[0]", "the address of one station"],
    ["an address that is none", () => ({ macs: ["02:00"] }), "macs[0]", /MAC address/],
    ["more addresses than planned", () => ({ macs: [macOf(5), macOf(6), macOf(7)] }), "macs", "at most 4"],
    ["VLAN 0", () => ({ vlan: 0 }), "vlan", "a whole number from 1 to 4094"],
    ["VLAN 4095", () => ({ vlan: 4095 }), "vlan", "a whole number from 1 to 4094"],
    ["to learn too much", () => ({ learn: 65_536 }), "learn", "a whole number from 0 to 65535"],
    ["a policy that is none", () => ({ outside: "count" as never }), "outside", "one of drop, accept"],
    [
      "a tunnel of another engine",
      () => ({ tunnel: other.addTunnel(optionsOf(OUTER_V4)) }),
      "tunnel",
      "of this engine",
    ],
    ["a tunnel in a VLAN", () => ({ tunnel: engine.addTunnel(optionsOf(OUTER_V4)), vlan: 5 }), "vlan", /with a tunnel/],
  ];

  test.each(cases)("%s", (_, options, argument, bound) => {
    expectUnchanged(() => {
      const good = { name: "x", vnic: vnics[3] as Port, members: ports.slice(0, 2) };
      expectRefused(() => group.addPartition({ ...good, ...options() }), argument, bound);
    });
  });

  test("to be one too many", () => {
    for (const i of [1, 2]) group.addPartition({ name: `x${i}`, vnic: vnics[i] as Port, members: ports.slice(0, 2) });
    const add = () => group.addPartition({ name: "x3", vnic: vnics[3] as Port, members: ports.slice(0, 2) });
    expectRefused(add, "partitions", "at most 3");
    group.partitions[1]?.remove();
    expect(add().activePorts).toHaveLength(2);
  });

  test("to share the conversation by which LACP would tell it apart, or to have none", () => {
    const lacp = { systemMac: macOf(3) };
    const members = [vnics[1] as Port];
    const byVlan = engine.addLagGroup({ ports: members, role: "switch", lacp: { ...lacp, conversations: "vlan" } });
    byVlan.addPartition({ name: "a", macs: [macOf(1)], vlan: 5, members });
    const inVlan5 = { name: "b", macs: [macOf(2)], vlan: 5 };
    expectRefused(() => byVlan.addPartition({ ...inVlan5, members }), "vlan", /no other partition with members has/);
    // A link of its own has no LACP.
    const alone = byVlan.addPartition({ ...inVlan5, standalone: members[0] as Port });
    expectRefused(() => alone.setPorts({ members }, 1), "vlan", /no other partition with members has/);
  });

  test("to have no number where conversations are partitions", () => {
    const members = [vnics[1] as Port];
    const lacp = { systemMac: macOf(3), conversations: "partition" as const };
    const group = engine.addLagGroup({ ports: members, role: "switch", lacp });
    expectRefused(() => group.addPartition({ name: "a", members }), "conversation", "from 1 to 4095");
    group.addPartition({ name: "a", macs: [macOf(1)], vlan: 5, conversation: 1, members });
    group.addPartition({ name: "b", macs: [macOf(2)], vlan: 5, conversation: 2, members });
    expectRefused(
      () => group.addPartition({ name: "c", conversation: 2, members }),
      "conversation",
      /no other partition with members has/,
    );
  });

  test("a question or an edit when it is another group's, or gone", () => {
    const far = engine.addLagGroup({ ports: [vnics[1] as Port] });
    const other = far.addPartition({ name: "vm", vnic: vnics[2] as Port, members: [vnics[1] as Port] });
    other.remove();
    const bound = "of this group, and not removed from it";
    for (const ask of [
      () => group.predict(other, {}),
      () => group.flowFor(other, ports[0] as Port),
      () => far.predict(other, {}),
      () => other.setPorts({ members: [vnics[1] as Port] }, 1),
    ]) {
      expectRefused(ask, "partition", bound);
    }
  });

  test("a vnic or a tunnel behind a switch; the same address is another in another VLAN", () => {
    const far = engine.addLagGroup({
      ports: [vnics[1], vnics[2]] as Port[],
      role: "switch",
      network: vnics[3] as Port,
    });
    const members = [vnics[1] as Port];
    expectRefused(
      () => far.addPartition({ name: "x", vnic: vnics[4] as Port, members }),
      "vnic",
      "left out of a switch's partition",
    );
    const tunnel = engine.addTunnel(optionsOf(OUTER_V4));
    expectRefused(() => far.addPartition({ name: "x", tunnel, members }), "tunnel", "left out of a switch's partition");
    for (const vlan of [1, 2]) far.addPartition({ name: `vlan ${vlan}`, macs: [macOf(1)], vlan, members });
    expect(far.partitions.map(({ name }) => name)).toEqual(["vlan 1", "vlan 2"]);
  });
});
