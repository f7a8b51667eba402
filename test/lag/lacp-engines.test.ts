/** Two engines that speak LACP over a pair of cables, in virtual time: traffic flows when both agree, and only where they do. */
import { beforeEach, describe, expect, it } from "vitest";
import type { Port } from "../../src/buffer/port.js";
import { Loopback } from "../../src/driver/loopback.js";
import type { Engine } from "../../src/engine.js";
import type { LagGroup } from "../../src/lag/group.js";
import type { LagGroupOptions } from "../../src/lag/options.js";
import type { Partition } from "../../src/lag/partition.js";
import { censusAfterEach } from "../helpers/census.js";
import { testEngine } from "../helpers/engines.js";
import * as f from "../helpers/frames.js";
import { drain } from "../helpers/ports.js";

censusAfterEach();

const STEP_MS = 100;
const CABLES = 2;

interface End {
  readonly engine: Engine;
  readonly ports: readonly Port[];
  readonly vnic: Port;
  readonly group: LagGroup;
  readonly partition: Partition;
}

async function makeEnd(last: number, lacp: Partial<NonNullable<LagGroupOptions["lacp"]>> = {}): Promise<End> {
  const engine = await testEngine({ mbufs: 512, queueSize: 128, ports: CABLES + 1, lag: {} });
  const ports = Array.from({ length: CABLES }, (_, i) => engine.addPort(`port ${i}`));
  const vnic = engine.addPort("vnic");
  const group = engine.addLagGroup({ ports, lacp: { systemMac: `02:00:00:00:00:${last}0`, ...lacp } });
  const partition = group.addPartition({
    name: "vm",
    vnic,
    macs: [`02:00:00:00:00:0${last}`],
    vlan: 7,
    ...(lacp.conversations === "partition" && { conversation: 3 }),
    members: ports,
  });
  return { engine, ports, vnic, group, partition };
}

describe("two engines with LACP", () => {
  let a: End;
  let b: End;
  let cables: Loopback[];
  let nowMs: number;
  /** Cables that nothing crosses, though neither end has lost its link; ends that are dead. */
  let cut: Set<number>;
  let dead: Set<End>;

  async function start(lacp: Partial<NonNullable<LagGroupOptions["lacp"]>> = {}): Promise<void> {
    [a, b] = [await makeEnd(1, lacp), await makeEnd(2, lacp)];
    cables = a.ports.map((port, i) => new Loopback(port, b.ports[i] as Port));
    [nowMs, cut, dead] = [0, new Set(), new Set()];
    for (const { group, ports } of [a, b]) for (const port of ports) group.link(port, true, nowMs);
  }
  beforeEach(() => start());

  /** Lets time pass until something holds, or so many ms are over; returns how many ms it took. */
  function pass(ms: number, until: () => boolean = () => false): number {
    const startMs = nowMs;
    while (nowMs - startMs < ms && !until()) {
      nowMs += STEP_MS;
      for (const end of [a, b]) if (!dead.has(end)) end.group.tick(nowMs);
      for (const end of [a, b]) end.engine.poll();
      for (const [i, cable] of cables.entries()) {
        if (!cut.has(i)) cable.pump();
        // A cut cable swallows what is sent on it.
        else for (const end of [a, b]) drain(end.ports[i] as Port);
      }
      for (const end of [a, b]) if (!dead.has(end)) end.group.tick(nowMs);
    }
    return nowMs - startMs;
  }

  const active = ({ partition }: End) => partition.activePorts.map(({ name }) => name);
  const isUp =
    (ports = CABLES) =>
    () =>
      [a, b].every((end) => active(end).length === ports);

  /** Sends frames of as many flows from a to b; returns how many arrived. */
  function send(flows: number): number {
    const tags = [{ tci: 7 }];
    const [src, dst] = [a, b].map(({ partition }) =>
      partition.macs[0]?.split(":").map((byte) => Number.parseInt(byte, 16)),
    );
    for (let flow = 0; flow < flows; flow++) {
      const datagram = f.ipv4(f.udp([1, 2, 3], { sport: 1000 + flow }));
      a.vnic.receive(f.ethernet(datagram, { tags, ...(src && { src }), ...(dst && { dst }) }));
    }
    pass(2 * STEP_MS);
    return drain(b.vnic).length;
  }

  it("come up on both cables, and not before both agree", () => {
    expect(send(20)).toBe(0);
    expect(a.vnic.counters.drops).toEqual({ "no-live-port": 20 });
    expect(pass(10_000, isUp())).toBeLessThanOrEqual(3000);
    expect(send(20)).toBe(20);
    expect(a.partition.counters.sentByPort.every((count) => count > 0)).toBe(true);
    for (const port of a.ports) expect(a.group.lacp(port)).toMatchObject({ collecting: true, distributing: true });
  });

  it("give a silent cable up within three seconds, go on by the other, and take it back", () => {
    pass(10_000, isUp());
    cut.add(1);
    const silentMs = pass(10_000, () => active(a).length === 1 && active(b).length === 1);
    expect(silentMs).toBeGreaterThan(2000);
    expect(silentMs).toBeLessThanOrEqual(4000);
    expect(a.group.lacp(a.ports[1] as Port)).toMatchObject({ distributing: false });
    expect([active(a), active(b), send(20)]).toEqual([["port 0"], ["port 0"], 20]);
    cut.clear();
    expect(pass(10_000, isUp())).toBeLessThanOrEqual(6000);
    expect(send(20)).toBe(20);
  });

  it("survive the loss of the partner, time out to nothing, and recover when it comes back", () => {
    pass(10_000, isUp());
    dead.add(b);
    pass(10_000, () => active(a).length === 0);
    expect(a.group.lacp(a.ports[0] as Port)).toMatchObject({ distributing: false, collecting: false });
    pass(10_000);
    expect(a.group.lacp(a.ports[0] as Port)).toMatchObject({ defaulted: true });
    expect(send(5)).toBe(0);
    expect(a.vnic.counters.drops).toEqual({ "no-live-port": 5 });
    dead.clear();
    pass(10_000, isUp());
    expect(send(20)).toBe(20);
  });

  it("take a link out at once when a driver says that it is down", () => {
    pass(10_000, isUp());
    const events = a.group.link(a.ports[0] as Port, false, nowMs);
    expect(events).toContainEqual({ type: "lacp", port: "port 0", collecting: false, distributing: false });
    expect(events).toContainEqual(expect.objectContaining({ type: "active", partition: "vm", ports: ["port 1"] }));
    expect(send(20)).toBe(20);
  });

  it.each(["vlan", "partition"] as const)(
    "give each %s one link of its set while both distribute by it",
    async (by) => {
      await start({ conversations: by });
      pass(10_000, () => [a, b].every(({ group, ports }) => group.lacp(ports[0] as Port)?.conversations?.agreed));
      pass(2000);
      expect(send(40)).toBe(40);
      const [first, second] = a.partition.counters.sentByPort;
      expect([first, second].sort()).toEqual([0, 40]);
      expect(b.partition.counters.outsideAccepted).toBe(0);
    },
  );
});
