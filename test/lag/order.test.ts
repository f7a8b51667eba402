/** Order in virtual time: no frame overtakes another of its flow, whatever delays the links have, while a set changes. */
import { describe, expect, test } from "vitest";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS } from "../helpers/engines.js";
import { makeWorld, PORTS } from "../helpers/lag-world.js";

censusAfterEach();

/** Moves buckets often and for little. */
const REBALANCE = { intervalMs: 30, minLeadBitsPerSecond: 1000, minLeadPart: 0.01, minImprovement: 0.05 };

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
