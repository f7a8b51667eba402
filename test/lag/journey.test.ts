/** A group against its twin: any configuration, any frame, any place of arrival. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.js";
import type { Port } from "../../src/buffer/port.js";
import { causeName } from "../../src/causes.js";
import type { Partition } from "../../src/lag/partition.js";
import { anyFrame, validFrame } from "../helpers/arbitraries.js";
import { concat, u16 } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS, type Build } from "../helpers/engines.js";
import { groupHash, macBytes, macOf, makeGroup } from "../helpers/lag.js";
import { drain, settle } from "../helpers/ports.js";
import { holdsAsync } from "../helpers/property.js";
import { OUTER_V4, OUTER_V6, optionsOf } from "../helpers/tunnels.js";
import { encapsulate, type Outer } from "../model/encapsulation.js";
import { type Delivery, LagModel, type ModelFrame, type ModelPartition } from "../model/lag.js";

censusAfterEach();

/** Addresses of partitions are among the first, so that frames meet them. */
const STATIONS = 9;
const VLANS = [0, 0, 5, 7];
const OUTERS: readonly Outer[] = [
  OUTER_V4,
  { ...OUTER_V4, vni: 77, innerVlan: true, dscp: "uniform", strict: true },
  { ...OUTER_V6, encapsulation: "geneve" },
];

interface Plan {
  readonly role: "host" | "switch";
  readonly ports: number;
  readonly selection: "buckets" | "modulo" | "turn";
  readonly floods: "selected" | "any";
  readonly down: readonly number[];
  readonly partitions: readonly {
    readonly set: readonly number[];
    readonly backups: number;
    readonly macs: number;
    readonly vlan: number;
    readonly tunnel: number | undefined;
    readonly outside: "drop" | "accept";
    readonly learn: number;
  }[];
}

const plan: fc.Arbitrary<Plan> = fc
  .record({ ports: fc.integer({ min: 1, max: 6 }), role: fc.constantFrom("host" as const, "switch" as const) })
  .chain(({ ports, role }) =>
    fc.record({
      role: fc.constant(role),
      ports: fc.constant(ports),
      selection: fc.constantFrom("buckets" as const, "buckets" as const, "modulo" as const, "turn" as const),
      floods: fc.constantFrom("selected" as const, "any" as const),
      down: fc.uniqueArray(fc.nat(ports - 1), { maxLength: 2 }),
      partitions: fc.array(
        fc.record({
          set: fc.uniqueArray(fc.nat(ports - 1), { minLength: 1, maxLength: ports }),
          backups: fc.nat(2),
          macs: fc.nat(2),
          vlan: fc.constantFrom(...VLANS),
          tunnel: role === "host" ? fc.option(fc.nat(OUTERS.length - 1), { nil: undefined }) : fc.constant(undefined),
          outside: fc.constantFrom("drop" as const, "accept" as const),
          learn: fc.constantFrom(0, 0, 1, 3),
        }),
        { minLength: 1, maxLength: 5 },
      ),
    }),
  );

/** A frame between the stations, or to many of them, or to the link itself, or what anyFrame makes. */
const aimed: fc.Arbitrary<ModelFrame> = fc
  .record({
    frame: fc.oneof(
      validFrame(60).map((data) => ({ data, wire: data.length })),
      anyFrame(60),
    ),
    dst: fc.oneof(
      { weight: 6, arbitrary: fc.nat(STATIONS).map((i) => macBytes(i)) },
      { weight: 2, arbitrary: fc.constantFrom([0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [1, 0, 0x5e, 0, 0, 9]) },
      { weight: 1, arbitrary: fc.nat(16).map((last) => [0x01, 0x80, 0xc2, 0, 0, last]) },
    ),
    src: fc.oneof({ weight: 8, arbitrary: fc.nat(STATIONS).map((i) => macBytes(i)) }, fc.constant([3, 0, 0, 0, 0, 1])),
    tag: fc.constantFrom([], [], [5], [7], [0x6005], [0xe000], [5, 7]),
    slow: fc.nat(5),
  })
  .map(({ frame: { data, wire }, dst, src, tag, slow }) => {
    if (data.length < 14) return { data, wire };
    const tags = tag.flatMap((tci) => [0x81, 0, ...u16(tci)]);
    const rest = slow === 0 ? concat([0x88, 0x09], data.subarray(14)) : data.subarray(12);
    return { data: concat(dst, src, tags, rest), wire: wire + tags.length };
  });

/** Where frames come from: a vnic or the network, or one of the ports; there plain or in a tunnel. */
const arrival = fc.record({
  frame: aimed,
  at: fc.nat(20),
  isInner: fc.boolean(),
  outer: fc.constantFrom(...OUTERS, { ...OUTER_V4, vni: 99 }, { ...OUTER_V4, remote: [192, 0, 2, 99] }),
});

describe.each(BUILDS)("where frames go (%s build)", (build) => {
  test("is what the twin says: every delivery, every drop and every count", async () => {
    await holdsAsync(
      fc.asyncProperty(plan, fc.array(arrival, { minLength: 5, maxLength: 30 }), async (wanted, frames) => {
        const { engine, sources, model, partitions, all } = await groupAndTwin(build, wanted);
        for (const { frame, at, isInner, outer } of frames) {
          const source = sources[at % sources.length] as Source;
          const given = isInner && source.canTunnel ? wrapped(frame, outer) : frame;
          const expected = source.expect(given);
          source.port.receiveBurst([{ data: given.data, originalLength: given.wire }]);
          settle(engine);
          const found = all.flatMap((port) => drain(port).map(({ bytes }) => ({ to: port.name, bytes })));
          expect(found.sort(byName)).toEqual(expected.sort(byName));
          for (const { name, counters } of partitions)
            expect({ name, counters }).toEqual({ name, counters: model.counts(name) });
        }
        for (const port of all) expect(port.counters.drops).toEqual(named(model.drops.get(port.name)));
        expect(engine.census().held).toBe(model.control);
      }),
      build === "debug" ? 60 : 150,
    );
  });
});

interface Source {
  readonly port: Port;
  readonly canTunnel: boolean;
  expect(frame: ModelFrame): Delivery[];
}

async function groupAndTwin(build: Build, wanted: Plan) {
  const { role, ports: portCount, selection, floods, partitions: plans } = wanted;
  const isSwitch = role === "switch";
  const made = await makeGroup(build, {
    ...{ portCount, role, selection, floods, ...(selection === "buckets" ? { buckets: 32 } : {}) },
    vnicCount: isSwitch ? 1 : plans.length,
    hasNetwork: isSwitch,
    engine: { mbufs: 96, queueSize: 16 },
  });
  const { engine, group, ports, vnics } = made;
  const tunnels = OUTERS.map((outer) => engine.addTunnel(optionsOf(outer)));
  let station = 0;
  for (const [i, { set, backups, macs, vlan, tunnel, outside, learn }] of plans.entries()) {
    const [members, backup] = [
      set.slice(0, Math.max(1, set.length - backups)),
      set.slice(Math.max(1, set.length - backups)),
    ];
    const toPorts = (numbers: readonly number[]) => numbers.map((number) => ports[number] as Port);
    group.addPartition({
      name: `p${i}`,
      ...(isSwitch ? {} : { vnic: vnics[i] as Port }),
      ...(set.length === 1
        ? { standalone: ports[set[0] as number] as Port }
        : { members: toPorts(members), backup: toPorts(backup) }),
      macs: Array.from({ length: macs }, () => macOf(station++)),
      ...(tunnel === undefined ? (vlan === 0 ? {} : { vlan }) : { tunnel: tunnels[tunnel] as never }),
      ...{ outside, learn },
    });
  }
  for (const port of wanted.down) group.link(ports[port] as Port, false, 0);
  const numbersOf = (list: readonly (Port | undefined)[]) =>
    list.map((port) => (port ? ports.indexOf(port) : undefined));
  const model = new LagModel({
    ...{ role, ports: ports.map(({ name }) => name), turn: selection === "turn", hash: groupHash },
    network: isSwitch ? vnics[0]?.name : undefined,
    // An engine's tunnels without ports are opened up to the last that a partition of the group has.
    tunnels: OUTERS.slice(0, Math.max(0, ...plans.map(({ tunnel }) => (tunnel ?? -1) + 1))),
    partitions: plans.map(({ set, tunnel, outside, learn }, i): ModelPartition => {
      const partition = group.partitions[i] as Partition;
      return {
        ...{ name: partition.name, vnic: partition.vnic?.name, macs: partition.macs, vlan: partition.vlan },
        tunnel: tunnel === undefined ? undefined : OUTERS[tunnel],
        ...{ set, floods, outside, learn },
        owners: numbersOf(partition.owners),
        live: numbersOf(partition.activePorts) as number[],
      };
    }),
  });
  const inside = vnics.map(
    (port): Source => ({
      ...{ port, canTunnel: false },
      expect: (frame) => (isSwitch ? model.sendFromNetwork(frame) : model.sendFromVnic(port.name, frame)),
    }),
  );
  const outside = ports.map(
    (port, i): Source => ({ port, canTunnel: true, expect: (frame) => model.receive(i, frame) }),
  );
  return { engine, sources: [...inside, ...outside], model, partitions: group.partitions, all: [...vnics, ...ports] };
}

/** The frame as it comes from the tunnel's other end. */
function wrapped({ data, wire }: ModelFrame, outer: Outer): ModelFrame {
  const { local, remote } = outer;
  const { cause, bytes, wire: outerWire } = encapsulate(data, { ...outer, local: remote, remote: local }, wire);
  return cause === layout.OK ? { data: bytes, wire: outerWire } : { data, wire };
}

function named(drops: ReadonlyMap<number, number> = new Map()): Record<string, number> {
  return Object.fromEntries([...drops].map(([cause, count]) => [causeName(cause), count]));
}

function byName(a: Delivery, b: Delivery): number {
  return a.to < b.to ? -1 : a.to > b.to ? 1 : 0;
}
