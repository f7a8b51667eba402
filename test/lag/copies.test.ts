/** Broadcasts end to end: one copy for each partition of the network, whatever either end has been through. */
import { describe, expect, test } from "vitest";
import type { Port } from "../../src/buffer/port.js";
import { Loopback } from "../../src/driver/loopback.js";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS, type Build } from "../helpers/engines.js";
import { flowFrame, flowOf, macBytes, macOf, makeGroup, type TestGroup } from "../helpers/lag.js";
import { Links } from "../helpers/links.js";
import { drain, settle } from "../helpers/ports.js";
import { Random } from "../helpers/property.js";

censusAfterEach();

const PORTS = 4;
const GUESTS = 5;
const ALL = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const MANY = [0x01, 0, 0x5e, 0, 0, 5];
/** Networks of the guests, and the ports that each may use. */
const VLANS = [7, 7, 7, 9, 0];
const SETS = [[0, 1, 2, 3], [1, 2], [3], [0, 3], [0, 1, 2]];

interface Ends {
  readonly host: TestGroup;
  readonly far: TestGroup;
  readonly cables: readonly Loopback[];
}

/** A host whose guests' sets a switch has, too. */
async function makeEnds(build: Build, options = {}): Promise<Ends> {
  const host = await makeGroup(build, {
    portCount: PORTS,
    vnicCount: GUESTS,
    buckets: 64,
    floods: "selected",
    ...options,
  });
  const far = await makeGroup(build, {
    portCount: PORTS,
    role: "switch",
    hasNetwork: true,
    buckets: 64,
    floods: "selected",
    ...options,
  });
  return { host, far, cables: host.ports.map((port, i) => new Loopback(port, far.ports[i] as Port)) };
}

function join({ group, ports, vnics }: TestGroup, i: number): void {
  const members = (SETS[i] as number[]).map((port) => ports[port] as Port);
  const vlan = VLANS[i] === 0 ? {} : { vlan: VLANS[i] as number };
  group.addPartition({
    ...{ name: `vm${i}`, macs: [macOf(i)], ...vlan },
    ...(group.role === "host" ? { vnic: vnics[i] as Port } : {}),
    ...(members.length === 1 ? { standalone: members[0] as Port } : { members }),
  });
}

function run({ host, far, cables }: Ends): void {
  for (;;) {
    settle(host.engine, far.engine);
    if (cables.reduce((moved, cable) => moved + cable.pump(), 0) === 0) return;
  }
}

/** Copies of each flow's broadcast that a port has. */
function copiesAt(port: Port): number[] {
  return drain(port)
    .map(({ bytes }) => flowOf(bytes).flow)
    .sort((a, b) => a - b);
}

const broadcast = (flow: number, i: number, dst = flow % 2 === 0 ? ALL : MANY) =>
  flowFrame({ flow, sequence: 0, src: macBytes(i), dst, ...(VLANS[i] === 0 ? {} : { vlan: VLANS[i] as number }) });
const FLOWS = Array.from({ length: 40 }, (_, flow) => flow);

/** Everybody sends broadcasts, and so does the network in each VLAN: each other one of the network has each once. */
function expectOneEach(ends: Ends): void {
  const { host, far } = ends;
  const network = far.vnics[0] as Port;
  for (const [sender, vnic] of host.vnics.entries()) {
    for (const flow of FLOWS) expect(vnic.receive(broadcast(flow, sender))).toBe(true);
    run(ends);
    expect(copiesAt(network)).toEqual(FLOWS);
    for (const [i, other] of host.vnics.entries()) {
      const hears = i !== sender && VLANS[i] === VLANS[sender];
      expect({ sender, i, copies: copiesAt(other) }).toEqual({ sender, i, copies: hears ? FLOWS : [] });
    }
  }
  for (const vlan of new Set(VLANS)) {
    const someone = VLANS.indexOf(vlan);
    for (const flow of FLOWS)
      expect(
        network.receive(flowFrame({ flow, sequence: 0, src: macBytes(77), dst: ALL, ...(vlan ? { vlan } : {}) })),
      ).toBe(true);
    run(ends);
    for (const [i, vnic] of host.vnics.entries()) {
      expect({ someone, i, copies: copiesAt(vnic) }).toEqual({ someone, i, copies: VLANS[i] === vlan ? FLOWS : [] });
    }
  }
}

describe.each(BUILDS)("broadcasts between a host and a switch (%s build)", (build) => {
  test("come once to each of the network, and not to who has sent them", async () => {
    const ends = await makeEnds(build);
    for (let i = 0; i < GUESTS; i++) for (const end of [ends.host, ends.far]) join(end, i);
    expectOneEach(ends);
    const { drops } = (ends.far.vnics[0] as Port).counters;
    expect(drops).toEqual({});
  });

  test("do so whenever each end learned of partitions and failures", async () => {
    const random = new Random();
    for (let round = 0; round < 5; round++) {
      const ends = await makeEnds(build, { rebalance: { intervalMs: 1, minLeadBitsPerSecond: 1 } });
      for (const end of [ends.host, ends.far]) {
        const waiting = [0, 1, 2, 3, 4];
        for (let nowMs = 0; nowMs < 60; nowMs += 10) {
          const port = end.ports[random.below(PORTS)] as Port;
          end.group.link(port, false, nowMs);
          const [next] = waiting.splice(random.below(waiting.length), 1);
          if (next !== undefined) join(end, next);
          // Something to rebalance by.
          for (const vnic of end.vnics)
            vnic.receive(
              flowFrame({ flow: random.below(99), sequence: 0, src: macBytes(0), dst: macBytes(1), vlan: 7 }),
            );
          settle(end.engine);
          end.group.tick(nowMs + 1);
          end.group.link(port, true, nowMs + 2);
        }
      }
      run(ends);
      for (const vnic of [...ends.host.vnics, ...ends.far.vnics]) drain(vnic);
      const dead = random.below(3);
      for (const end of [ends.host, ends.far]) end.group.link(end.ports[dead] as Port, false, 100);
      expectOneEach(ends);
    }
  });

  test("of a peer that floods all its links are heard once", async () => {
    const { group, ports, vnics, engine } = await makeGroup(build, { portCount: PORTS, vnicCount: GUESTS });
    for (let i = 0; i < GUESTS; i++) join({ group, ports, vnics, engine }, i);
    for (const flow of FLOWS) for (const port of ports) port.receive(broadcast(flow, 0, ALL));
    settle(engine);
    expect(vnics.map(copiesAt)).toEqual([[], FLOWS, FLOWS, [], []]);
    const causes = new Set(ports.flatMap(({ counters }) => Object.keys(counters.drops)));
    expect(causes).toEqual(new Set(["flood-elsewhere"]));
  });

  test("a steady stream of them lets buckets move", async () => {
    const ends = await makeEnds(build);
    for (const end of [ends.host, ends.far]) join(end, 0);
    const { far } = ends;
    const port = far.ports[1] as Port;
    const network = far.vnics[0] as Port;
    far.group.link(port, false, 0);
    for (let nowMs = 1; nowMs < 20; nowMs++) {
      // Always some of it is in flight.
      network.receive(flowFrame({ flow: nowMs, sequence: 0, src: macBytes(77), dst: ALL, vlan: 7 }));
      far.engine.poll();
      if (nowMs === 3) far.group.link(port, true, nowMs);
    }
    expect(far.group.partitions[0]?.moving).toBe(0);
    expect(far.engine.census().queues).toBe(19);
    run(ends);
  });
});

describe.each(BUILDS)("broadcasts between two hosts (%s build)", (build) => {
  test.each([3, 4])("each come once over %s links, also with one of them down", async (portCount) => {
    const ends = await Promise.all([0, 1].map(() => makeGroup(build, { portCount })));
    const [one, two] = ends as [TestGroup, TestGroup];
    const cables = one.ports.map((port, i) => new Loopback(port, two.ports[i] as Port));
    const partitions = ends.map(({ group, ports, vnics }, i) =>
      group.addPartition({ name: "vm", vnic: vnics[0] as Port, macs: [macOf(i)], members: ports }),
    );
    const expectAll = () => {
      for (const flow of FLOWS) (one.vnics[0] as Port).receive(broadcast(flow, 4));
      run({ host: one, far: two, cables });
      expect(copiesAt(two.vnics[0] as Port)).toEqual(FLOWS);
    };
    expectAll();
    for (const up of [false, true]) {
      for (const { group, ports } of ends) group.link(ports[1] as Port, up, 1);
      expectAll();
    }
    expect(partitions[0]?.counters.sentByPort.every((count) => count > 0)).toBe(true);
    expect(two.ports.map((port) => port.counters.drops)).toEqual(two.ports.map(() => ({})));
  });
});

describe("with a partner that speaks LACP", () => {
  /** A guest on two of four links; the switch has a set of its own for it. */
  async function partners(conversations: "vlan" | false, farSet: readonly number[]) {
    const lacp = (i: number) => ({ lacp: { systemMac: macOf(0x100 * i), conversations } });
    const host = await makeGroup("debug", { portCount: PORTS, ...lacp(1) });
    const far = await makeGroup("debug", { portCount: PORTS, role: "switch", hasNetwork: true, ...lacp(2) });
    const partition = (end: TestGroup, set: readonly number[]) =>
      end.group.addPartition({
        ...{ name: "vm", macs: [macOf(0)], vlan: 7, members: set.map((i) => end.ports[i] as Port) },
        ...(end === host ? { vnic: end.vnics[0] as Port } : {}),
      });
    const vm = partition(host, [1, 2]);
    partition(far, farSet);
    const random = new Random();
    const links = new Links([host.engine, far.engine], [host.group, far.group], { completes: "leaving", random });
    for (const [i, port] of host.ports.entries()) links.tell(links.join(port, far.ports[i] as Port, 1));
    links.run(8000);
    const isAgreed = host.group.lacp(host.ports[1] as Port)?.conversations?.agreed ?? false;
    for (const flow of FLOWS) (far.vnics[0] as Port).receive(broadcast(flow, 0).fill(9, 6, 7));
    links.run(20);
    return { isAgreed, vm, copies: copiesAt(host.vnics[0] as Port), ports: host.ports };
  }

  test("that knows of no partitions: its one copy is taken from any link, and counted as from outside", async () => {
    const { isAgreed, vm, copies } = await partners(false, [0, 1, 2, 3]);
    expect(isAgreed).toBe(false);
    expect(copies).toEqual(FLOWS);
    const [a, b, c, d] = vm.counters.receivedByPort as [number, number, number, number];
    expect(vm.counters).toMatchObject({ flooded: 40, outsideAccepted: a + d, outsideDropped: 0 });
    expect(Math.min(a, b, c, d)).toBeGreaterThan(0);
  });

  test("that agrees on conversations: copies come by the VLAN's link of the set", async () => {
    const { isAgreed, vm, copies } = await partners("vlan", [1, 2]);
    expect(isAgreed).toBe(true);
    expect(copies).toEqual(FLOWS);
    // 7 mod 2 members: the second of them.
    expect(vm.counters).toMatchObject({ receivedByPort: [0, 0, 40, 0], outsideAccepted: 0 });
  });
});
