/** Where queues are full, frames long, and ways meet: what waits, what is dropped, and where it is counted. */
import { describe, expect, test } from "vitest";
import type { Port } from "../../src/buffer/port.js";
import { counting } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS } from "../helpers/engines.js";
import * as f from "../helpers/frames.js";
import { flowFrame, flowOf, macBytes, macOf, makeGroup } from "../helpers/lag.js";
import { drain, settle } from "../helpers/ports.js";
import { OUTER_V4, optionsOf } from "../helpers/tunnels.js";
import { decapsulate } from "../model/decapsulation.js";
import { encapsulate } from "../model/encapsulation.js";

censusAfterEach();

const ALL = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const upTo = (end: number, first = 0) => Array.from({ length: end - first }, (_, i) => first + i);
const sequencesAt = (port: Port) => drain(port).map(({ bytes }) => flowOf(bytes).sequence);

describe.each(BUILDS)("full queues (%s build)", (build) => {
  test("of the ports let senders wait, in order and without loss", async () => {
    const { group, ports, vnics, engine } = await makeGroup(build, { portCount: 2, engine: { queueSize: 8 } });
    const vnic = vnics[0] as Port;
    const partition = group.addPartition({ name: "vm", vnic, macs: [macOf(1)], members: ports });
    const left: { flow: number; sequence: number }[] = [];
    for (let step = 0, sequence = 0; sequence < 120; step++) {
      if (vnic.receive(flowFrame({ flow: sequence % 7, sequence, src: macBytes(1) }))) sequence++;
      engine.poll();
      // One port is quicker.
      if (step % 9 === 0) left.push(...drain(ports[step % 27 === 0 ? 0 : 1] as Port).map(({ bytes }) => flowOf(bytes)));
    }
    for (let round = 0; round < 20; round++) {
      engine.poll();
      for (const port of ports) left.push(...drain(port).map(({ bytes }) => flowOf(bytes)));
    }
    for (const flow of upTo(7)) {
      const own = left.filter((frame) => frame.flow === flow).map(({ sequence }) => sequence);
      expect(own).toEqual(upTo(120).filter((sequence) => sequence % 7 === flow));
    }
    expect(vnic.counters.drops).toEqual({});
    expect(partition.counters.sentFrames).toBe(120);
    expect(ports.reduce((sum, port) => sum + port.counters.txRefused, 0)).toBeGreaterThan(0);
  });

  test("of a guest lose its frames, counted where they came in; another guest's do not wait", async () => {
    const { group, ports, vnics, engine } = await makeGroup(build, {
      portCount: 2,
      vnicCount: 2,
      engine: { queueSize: 8 },
    });
    const partitions = vnics.map((vnic, i) =>
      group.addPartition({ name: `vm${i}`, vnic, macs: [macOf(i)], members: ports, outside: "accept" }),
    );
    const [up, other] = ports as [Port, Port];
    for (let round = 0; round < 3; round++) {
      for (const sequence of upTo(7)) up.receive(flowFrame({ flow: 1, sequence, dst: macBytes(0) }));
      up.receive(flowFrame({ flow: 1, sequence: round, dst: macBytes(1) }));
      engine.poll();
      expect(sequencesAt(vnics[1] as Port)).toEqual([round]);
    }
    expect([up.counters.drops, other.counters.drops]).toEqual([{ "queue-full": 13 }, {}]);
    expect(partitions.map(({ counters }) => counters.receivedFrames)).toEqual([8, 3]);
    expect(sequencesAt(vnics[0] as Port)).toEqual([0, 1, 2, 3, 4, 5, 6, 0]);
  });

  test("of a switch's network lose arrivals, counted once where they came in, also from outside the set", async () => {
    const options = { portCount: 2, role: "switch" as const, hasNetwork: true, engine: { queueSize: 8 } };
    const { group, ports, vnics, engine } = await makeGroup(build, options);
    const [inside, outside] = ports as [Port, Port];
    const partition = group.addPartition({ name: "vm", macs: [macOf(1)], members: [inside], outside: "accept" });
    for (const first of [0, 8]) {
      for (const sequence of upTo(first + 8, first)) {
        expect(outside.receive(flowFrame({ flow: 1, sequence, src: macBytes(1), dst: macBytes(9) }))).toBe(true);
      }
      settle(engine);
    }
    expect(sequencesAt(vnics[0] as Port)).toEqual(upTo(8));
    expect(outside.counters.drops).toEqual({ "queue-full": 8 });
    expect(partition.counters).toMatchObject({ receivedFrames: 8, outsideAccepted: 8, receivedByPort: [0, 8] });
  });

  test("of one partition's port cost a switch's other partitions nothing", async () => {
    const options = { portCount: 2, vnicCount: 1, role: "switch" as const, hasNetwork: true, engine: { queueSize: 8 } };
    const { group, ports, vnics, engine } = await makeGroup(build, options);
    const [stalled, quick] = ports as [Port, Port];
    for (const [i, port] of ports.entries()) group.addPartition({ name: `vm${i}`, macs: [macOf(i)], members: [port] });
    const network = vnics[0] as Port;
    for (const sequence of upTo(40)) {
      for (const to of [0, 1]) network.receive(flowFrame({ flow: 1, sequence, dst: macBytes(to), src: macBytes(9) }));
      engine.poll();
      expect(sequencesAt(quick)).toEqual([sequence]);
    }
    expect(network.counters.drops).toEqual({ "queue-full": 32 });
    expect(sequencesAt(stalled)).toEqual(upTo(8));
  });

  test("lose copies of broadcasts, and those who get one are the ones that are counted", async () => {
    const options = { portCount: 2, role: "switch" as const, hasNetwork: true, engine: { queueSize: 8 } };
    const { group, ports, vnics, engine } = await makeGroup(build, options);
    const partitions = ports.map((standalone, i) =>
      group.addPartition({ name: `vm${i}`, macs: [macOf(i)], standalone }),
    );
    const network = vnics[0] as Port;
    for (let round = 0; round < 2; round++) {
      for (const sequence of upTo(8)) network.receive(flowFrame({ flow: 1, sequence, dst: ALL }));
      engine.poll();
      expect(sequencesAt(ports[0] as Port)).toEqual(upTo(8));
    }
    expect(network.counters.drops).toEqual({ "queue-full": 8 });
    expect(partitions.map(({ counters }) => [counters.sentFrames, counters.flooded])).toEqual([
      [16, 16],
      [8, 8],
    ]);
    drain(ports[1] as Port);
  });

  test("for what peers say to the port itself: 64 wait for the control plane, more are dropped", async () => {
    const { group, ports, engine } = await makeGroup(build, { portCount: 1, engine: { queueSize: 128 } });
    const [port] = ports as [Port];
    const lacpdu = f.ethernet(f.layer3(0x8809, counting(110)), { dst: [1, 0x80, 0xc2, 0, 0, 2] });
    for (const _ of upTo(70)) port.receive(lacpdu);
    port.receive(f.ethernet(f.layer3(0x88cc, counting(40)), { dst: [1, 0x80, 0xc2, 0, 0, 0x0e] }));
    settle(engine);
    expect(port.counters.drops).toEqual({ "control-backlog": 6, "reserved-address": 1 });
    expect(engine.census()).toMatchObject({ held: 64 });
    group.tick(0);
    expect(engine.census()).toMatchObject({ held: 0, free: 512 });
  });
});

describe.each(BUILDS)("chains (%s build)", (build) => {
  const long = (dst: readonly number[], bytes: number, src = macBytes(1)) =>
    f.ethernet(f.ipv4(f.tcp(counting(bytes))), { dst, src });

  test.each([
    ["one span, which it does not fit in", false, 256, 600, undefined],
    ["as it lies", true, 256, 600, [256, 256, 142]],
    ["together in one, where it fits", false, 129, 100, [154]],
  ])("longer than a buffer go %s: of one and of many", async (_, scatterGather, payloadBytes, bytes, spans) => {
    const engine = { payloadBytes, mbufs: 64, queueSize: 16 };
    const options = { portCount: 2, vnicCount: 2, buckets: 32, engine, port: { scatterGather } };
    const { group, ports, vnics, engine: host } = await makeGroup(build, options);
    for (const [i, vnic] of vnics.entries())
      group.addPartition({ name: `vm${i}`, vnic, macs: [macOf(i)], members: ports });
    const isDropped = spans === undefined;
    const spansAt = (port: Port) => drain(port).map((frame) => frame.spans);
    (vnics[1] as Port).receive(long(macBytes(9), bytes));
    host.poll();
    expect(ports.flatMap(spansAt)).toEqual(isDropped ? [] : [spans]);
    (ports[0] as Port).receive(long(macBytes(0), bytes));
    host.poll();
    expect(vnics.map(spansAt)).toEqual([isDropped ? [] : [spans], []]);
    // Each guest takes the copy on the same port, for the set is the same.
    for (const port of ports) port.receive(long(ALL, bytes, macBytes(9)));
    host.poll();
    expect(vnics.map(spansAt)).toEqual(isDropped ? [[], []] : [[spans], [spans]]);
    const [drops, arrivals] = [
      (vnics[1] as Port).counters.drops,
      ports.map((port) => port.counters.drops["needs-scatter-gather"] ?? 0),
    ];
    expect(drops).toEqual(isDropped ? { "needs-scatter-gather": 1 } : {});
    // One for a guest, and a copy for each of two.
    expect(arrivals.reduce((sum, count) => sum + count, 0)).toBe(isDropped ? 3 : 0);
    const copied = ports.reduce((sum, port) => sum + port.counters.gatheredFrames, 0);
    expect(copied).toBe(payloadBytes === 129 ? 2 : 0);
  });

  test("in a tunnel go and come whole", async () => {
    const engine = { payloadBytes: 256, mbufs: 64 };
    const {
      group,
      ports,
      vnics,
      engine: host,
    } = await makeGroup(build, { portCount: 1, engine, port: { scatterGather: true } });
    const tunnel = host.addTunnel(optionsOf(OUTER_V4));
    group.addPartition({ name: "vm", vnic: vnics[0] as Port, macs: [macOf(1)], members: ports, tunnel });
    const frame = long(macBytes(9), 600);
    (vnics[0] as Port).receive(frame);
    host.poll();
    const [sent] = drain(ports[0] as Port);
    expect(sent?.bytes).toEqual(encapsulate(frame, OUTER_V4, frame.length, 256).bytes);
    expect(decapsulate(sent?.bytes as Uint8Array).bytes).toEqual(frame);
    const back = long(macBytes(1), 600, macBytes(9));
    const { local, remote } = OUTER_V4;
    (ports[0] as Port).receive(encapsulate(back, { ...OUTER_V4, local: remote, remote: local }).bytes);
    host.poll();
    expect(drain(vnics[0] as Port).map(({ bytes }) => bytes)).toEqual([back]);
  });
});

describe("ways that meet", () => {
  test("two partitions behind one switch reach each other through it, each by its own set", async () => {
    const { group, ports, vnics, engine } = await makeGroup("debug", {
      portCount: 3,
      role: "switch",
      hasNetwork: true,
    });
    const [a, b, both] = ports as [Port, Port, Port];
    const one = group.addPartition({ name: "one", macs: [macOf(1)], members: [a, both] });
    const two = group.addPartition({ name: "two", macs: [macOf(2)], members: [b, both] });
    for (const flow of upTo(60)) a.receive(flowFrame({ flow, sequence: 0, src: macBytes(1), dst: macBytes(2) }));
    settle(engine);
    const counts = ports.map((port) => drain(port).length);
    expect(counts[0]).toBe(0);
    expect((counts[1] as number) + (counts[2] as number)).toBe(60);
    expect(one.counters).toMatchObject({ receivedFrames: 60, sentFrames: 0 });
    expect(two.counters).toMatchObject({ receivedFrames: 0, sentFrames: 60, sentByPort: counts });
    // By the port that it came by, too: a shared one is nobody's alone.
    for (const flow of upTo(60)) both.receive(flowFrame({ flow, sequence: 0, src: macBytes(1), dst: macBytes(2) }));
    settle(engine);
    expect(drain(both).length + drain(b).length).toBe(60);
    b.receive(flowFrame({ flow: 1, sequence: 0, src: macBytes(1), dst: macBytes(2) }));
    settle(engine);
    expect(b.counters.drops).toEqual({ "outside-port-set": 1 });
    expect(drain(vnics[0] as Port)).toEqual([]);
  });

  test("a guest's own VXLAN is its own, though another guest has a tunnel", async () => {
    const { group, ports, vnics, engine } = await makeGroup("debug", { portCount: 1, vnicCount: 2 });
    const tunnel = engine.addTunnel(optionsOf(OUTER_V4));
    const [inTunnel, plain] = vnics as [Port, Port];
    group.addPartition({ name: "in", vnic: inTunnel, macs: [macOf(1)], members: ports, tunnel });
    group.addPartition({ name: "plain", vnic: plain, macs: [macOf(2)], members: ports });
    const own = f.ethernet(f.ipv4(f.vxlan(99, counting(60))), { dst: macBytes(2) });
    const nobodys = f.ethernet(f.ipv4(f.vxlan(99, counting(60))), { dst: macBytes(3) });
    for (const frame of [own, nobodys]) (ports[0] as Port).receive(frame);
    engine.poll();
    expect(vnics.map((vnic) => drain(vnic).map(({ bytes }) => bytes))).toEqual([[], [own]]);
    expect(ports[0]?.counters.drops).toEqual({ "unknown-vni": 1 });
  });

  test("a station that was learned behind one partition moves when another must have sent its frame", async () => {
    const { group, ports, vnics, engine } = await makeGroup("debug", {
      portCount: 2,
      role: "switch",
      hasNetwork: true,
    });
    const [a, b] = ports as [Port, Port];
    const [one, two] = [a, b].map((standalone, i) => group.addPartition({ name: `vm${i}`, standalone, learn: 2 }));
    const from = (port: Port) => port.receive(flowFrame({ flow: 1, sequence: 0, src: macBytes(5), dst: macBytes(9) }));
    const back = () => {
      (vnics[0] as Port).receive(flowFrame({ flow: 1, sequence: 0, src: macBytes(9), dst: macBytes(5) }));
      settle(engine);
      return [a, b].map((port) => drain(port).length);
    };
    expect(back()).toEqual([0, 0]);
    from(a);
    settle(engine);
    expect(back()).toEqual([1, 0]);
    from(b);
    settle(engine);
    expect(back()).toEqual([0, 1]);
    expect(drain(vnics[0] as Port)).toHaveLength(2);
    // What it sends keeps it alive; what is silent for 300 s is forgotten.
    group.tick(250_000);
    from(b);
    settle(engine);
    group.tick(500_000);
    expect(back()).toEqual([0, 1]);
    group.tick(600_000);
    expect(back()).toEqual([0, 0]);
    expect([one?.counters.receivedFrames, two?.counters.receivedFrames]).toEqual([1, 2]);
    drain(vnics[0] as Port);
  });
});
