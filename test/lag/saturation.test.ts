/** Ports that take too little, or nothing: moves have a time limit, and traffic does not starve the link's own protocols. */
import { describe, expect, test } from "vitest";
import type { Port } from "../../src/buffer/port.js";
import { censusAfterEach } from "../helpers/census.js";
import { makeWorld, PORTS } from "../helpers/lag-world.js";
import type { Cable } from "../helpers/links.js";

censusAfterEach();

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

describe("more traffic than the links take", () => {
  test("does not keep LACPDUs from the partner: no link leaves the aggregate", async () => {
    const world = await makeWorld("release", { hasLacp: true }, "leaving", { framesPerMs: 1 });
    world.quiet(4000);
    expect(world.partition.activePorts).toHaveLength(PORTS);
    const before = world.links.events.length;
    world.busy(6000);
    expect(world.sender.ports.some(({ counters }) => counters.txRefused > 1000)).toBe(true);
    expect(world.links.events.slice(before)).toEqual([]);
    world.finish();
    expect(world.log).toMatchObject({ reordered: 0, missing: 0 });
  });
});
