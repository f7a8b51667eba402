/** Order in virtual time: many flows with sequence numbers from one engine to another, over cables of different delays. */
import { describe, expect, test } from "vitest";
import type { Port } from "../../src/buffer/port.js";
import type { LagGroupOptions } from "../../src/lag/options.js";
import type { Partition } from "../../src/lag/partition.js";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS, type Build } from "../helpers/engines.js";
import { flowFrame, flowOf, macBytes, macOf, makeGroup, type TestGroup } from "../helpers/lag.js";
import { type Cable, type LinkOptions, Links } from "../helpers/links.js";
import { drain } from "../helpers/ports.js";
import { Random } from "../helpers/property.js";

censusAfterEach();

const PORTS = 4;
const FLOWS = 300;
const WEIGHTS = [1, 3, 2, 5];
/** Moves buckets often and for little. */
const REBALANCE = { intervalMs: 30, minLeadBitsPerSecond: 1000, minLeadPart: 0.01, minImprovement: 0.05 };

/** What the receiver's guest has got, against what the sender's has sent. */
class Log {
  readonly sent = new Map<number, number>();
  readonly #last = new Map<number, number>();
  received = 0;
  reordered = 0;
  missing = 0;

  receive(frame: Uint8Array): void {
    const { flow, sequence } = flowOf(frame);
    const last = this.#last.get(flow) ?? -1;
    this.received++;
    if (sequence <= last) this.reordered++;
    else this.missing += sequence - last - 1;
    this.#last.set(flow, Math.max(last, sequence));
  }
}

interface WorldOptions extends Partial<Omit<LagGroupOptions, "lacp">> {
  readonly hasLacp?: boolean;
  readonly isWeighted?: boolean;
}

/** A guest that sends to another by two engines and the cables between them. */
class World {
  readonly log = new Log();
  readonly random: Random;
  readonly sender: TestGroup;
  readonly receiver: TestGroup;
  readonly partition: Partition;
  readonly links: Links;
  readonly cables: readonly Cable[];

  constructor(ends: readonly [TestGroup, TestGroup], partition: Partition, links: Links, random: Random) {
    [this.sender, this.receiver] = ends;
    this.partition = partition;
    this.random = random;
    this.links = links;
    const first = random.below(PORTS);
    const delayMs = (i: number) => ((first + i) % PORTS) * 3 + random.below(3);
    this.cables = this.sender.ports.map((port, i) => links.join(port, this.receiver.ports[i] as Port, delayMs(i)));
    for (const cable of this.cables) links.tell(cable);
  }

  /** So many steps with traffic: a few flows send most of it, so that there is something to rebalance. */
  busy(ms: number): void {
    this.links.run(ms, () => {
      this.#receive();
      for (let n = this.random.below(24); n > 0; n--) {
        const flow = this.random.below(this.random.pick([4, 40, FLOWS]));
        const sequence = this.log.sent.get(flow) ?? 0;
        const frame = flowFrame({ flow, sequence, dst: macBytes(2), src: macBytes(1) });
        // A guest whose ring is full waits.
        if ((this.sender.vnics[0] as Port).receive(frame)) this.log.sent.set(flow, sequence + 1);
      }
      // Were a flow's frames on a port outside the set or on two at once, the sender would have lost track of them.
      expect(this.sender.engine.census().holds).toBe(true);
    });
  }

  /** So many steps without. */
  quiet(ms: number): void {
    this.links.run(ms, () => this.#receive());
  }

  change(cable: Cable, isCut: boolean): void {
    this.links.setCut(cable, isCut);
    this.links.tell(cable);
  }

  get slowest(): Cable {
    return [...this.cables].sort((a, b) => b.delayMs - a.delayMs)[0] as Cable;
  }

  /** Links go while nobody sends and come back while all do, one after the other. */
  comeAndGo(backMs: number, stays = this.random.pick(this.cables)): void {
    const others = this.cables.filter((cable) => cable !== stays);
    const gone = others.slice(0, this.random.between(1, others.length));
    this.quiet(100);
    for (const cable of gone) this.change(cable, true);
    this.quiet(100);
    this.busy(30);
    for (const cable of gone) {
      this.change(cable, false);
      this.busy(backMs);
    }
  }

  /** Guests' frames that cables have lost. */
  get lost(): { flow: number; sequence: number }[] {
    return this.cables.flatMap(({ lost }) => lost.filter((frame) => frame[0] === 0x02).map(flowOf));
  }

  /** Everything has arrived but for what cables have lost. */
  finish(): void {
    this.quiet(2500);
    const sent = [...this.log.sent.values()].reduce((sum, count) => sum + count, 0);
    expect(sent).toBeGreaterThan(500);
    for (const { engine } of [this.sender, this.receiver]) {
      for (const { name, counters } of engine.ports)
        expect({ name, drops: counters.drops }).toEqual({ name, drops: {} });
    }
    expect(this.log.received).toBe(sent - this.lost.length);
    expect(this.links.inFlight).toBe(0);
    expect(this.partition.moving).toBe(0);
  }

  #receive(): void {
    for (const { bytes } of drain(this.receiver.vnics[0] as Port)) this.log.receive(bytes);
  }
}

async function makeWorld(
  build: Build,
  options: WorldOptions,
  completes: LinkOptions["completes"],
  more: Partial<LinkOptions> = {},
): Promise<World> {
  const { isWeighted = false, hasLacp = false, ...group } = options;
  const random = new Random();
  const makeEnd = async (number: number) => {
    const end = await makeGroup(build, {
      ...{ portCount: PORTS, buckets: 64, ...group },
      ...(hasLacp ? { lacp: { systemMac: macOf(0x1000 * number) } } : {}),
      engine: { mbufs: 2048, queueSize: 512 },
    });
    const members = end.ports.map((port, i) => ({ port, weight: isWeighted ? (WEIGHTS[i] as number) : 1 }));
    return {
      end,
      partition: end.group.addPartition({ name: "vm", vnic: end.vnics[0] as Port, macs: [macOf(number)], members }),
    };
  };
  const [a, b] = [await makeEnd(1), await makeEnd(2)];
  const links = new Links([a.end.engine, b.end.engine], [a.end.group, b.end.group], { completes, random, ...more });
  return new World([a.end, b.end], a.partition, links, random);
}

describe.each(BUILDS)("flows over a set that changes (%s build)", (build) => {
  test.each([
    ["links that come back", {}],
    ["weights", { isWeighted: true }],
    ["rebalancing", { rebalance: REBALANCE }],
    ["rebalancing by weight", { rebalance: REBALANCE, isWeighted: true }],
  ])("stay in order when frames are completed on arrival and buckets drain: %s", async (_, options) => {
    const world = await makeWorld(build, { order: "drain", ...options }, "arriving");
    for (let round = 0; round < 4; round++) world.comeAndGo(40);
    world.finish();
    expect(world.log).toMatchObject({ reordered: 0, missing: 0 });
    expect(world.sender.group.forcedMoves).toBe(0);
    expect(world.partition.counters.held).toBeGreaterThan(0);
    if ("rebalance" in options) expect(world.links.events.some(({ type }) => type === "rebalanced")).toBe(true);
  });

  test.each([
    ["links that come back", {}, {}],
    ["rebalancing, over slow cables", { rebalance: REBALANCE }, { framesPerMs: 8 }],
  ])(
    "stay in order when frames are completed as they leave and the peer answers markers: %s",
    async (_, options, cables) => {
      const world = await makeWorld(build, { order: "marker", hasLacp: true, ...options }, "leaving", cables);
      world.quiet(4000);
      expect(world.partition.activePorts).toHaveLength(PORTS);
      world.comeAndGo(3000);
      world.finish();
      expect(world.log).toMatchObject({ reordered: 0, missing: 0 });
      expect(world.sender.group.forcedMoves).toBe(0);
      expect(world.partition.counters.held).toBeGreaterThan(0);
    },
  );

  test("and would not without holding them: this bench sees what overtakes", async () => {
    const world = await makeWorld(build, { order: "none" }, "arriving");
    for (let round = 0; round < 4; round++) world.comeAndGo(40, world.slowest);
    world.finish();
    expect(world.log.reordered).toBeGreaterThan(0);
    expect(world.partition.counters.held).toBe(0);
  });

  test.each([
    ["and buckets drain", { order: "drain" as const }],
    ["and buckets are rebalanced, too", { order: "drain" as const, rebalance: REBALANCE }],
  ])("lose what was on a link that fails until that is known, and stay in order: %s", async (_, options) => {
    const world = await makeWorld(build, options, "arriving");
    const { cables, links, random } = world;
    world.busy(30);
    for (let round = 0; round < 8; round++) {
      const cable = random.pick(cables);
      const gap = { from: world.lost.length, ms: random.between(1, 12) };
      links.setCut(cable, true);
      world.busy(gap.ms);
      links.tell(cable);
      // What was posted on the dead port goes the way of the rest; nothing more is sent there.
      world.busy(1);
      const lost = world.lost.length;
      world.busy(30);
      expect(world.lost.length).toBe(lost);
      expect(lost - gap.from).toBeLessThanOrEqual(24 * (gap.ms + cable.delayMs + 2));
      world.change(cable, false);
      world.busy(30);
    }
    world.finish();
    expect(world.lost.length).toBeGreaterThan(0);
    expect(world.log.reordered).toBe(0);
    expect(world.log.missing).toBeLessThanOrEqual(world.lost.length);
  });
});

describe("moves that take too long", () => {
  test("are forced and counted once each, and the flows go on", async () => {
    const world = await makeWorld("debug", { order: "drain", moveTimeoutMs: 200 }, "arriving", { framesPerMs: 60 });
    const [stalled, ...others] = world.cables as [Cable, ...Cable[]];
    world.quiet(1);
    for (const cable of others) world.change(cable, true);
    world.busy(20);
    stalled.isStalled = true;
    world.busy(5);
    for (const cable of others) world.change(cable, false);
    world.quiet(199);
    const { moving } = world.partition;
    expect(moving).toBeGreaterThan(0);
    expect(world.sender.group.forcedMoves).toBe(0);
    world.quiet(2);
    expect(world.sender.group.forcedMoves).toBe(moving);
    world.busy(300);
    expect(world.sender.group.forcedMoves).toBe(moving);
    expect(world.partition.moving).toBe(0);
    stalled.isStalled = false;
    world.finish();
  });

  test("a marker that finds the port full goes as soon as there is room", async () => {
    const options = { order: "marker" as const, hasLacp: true, moveTimeoutMs: 60_000 };
    const world = await makeWorld("debug", options, "leaving", { framesPerMs: 60 });
    const { partition, links, sender } = world;
    const [first, second] = sender.ports as [Port, Port];
    world.quiet(4000);
    const asked = () => sender.group.lacp(first)?.counters.markersOut as number;
    const before = asked();
    partition.setPorts({ members: [first] }, links.nowMs);
    (world.cables[0] as Cable).isStalled = true;
    world.busy(100);
    expect(sender.engine.census()).toMatchObject({ queues: 512 });
    partition.setPorts({ members: [first, second] }, links.nowMs);
    world.busy(100);
    expect(partition.moving).toBeGreaterThan(0);
    (world.cables[0] as Cable).isStalled = false;
    world.busy(100);
    expect(asked()).toBe(before + 1);
    expect(partition.moving).toBe(0);
    world.finish();
    expect(world.log).toMatchObject({ reordered: 0, missing: 0 });
    expect(sender.group.forcedMoves).toBe(0);
  });
});
