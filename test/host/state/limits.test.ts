/** A partition's mbuf limits go with it: what it may hold, and what was learned of its peers. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { carry, comesTo, makeStateWorld, moveWithState, prepared, stateOf } from "../../helpers/adapter-state.js";
import { censusAfterEach } from "../../helpers/census.js";
import type { Guest, Guesting, World, WorldOptions } from "../../helpers/overlay-world.js";
import { holdsAsync } from "../../helpers/property.js";

censusAfterEach();

const OPEN = {
  networks: { blue: { vni: 42, default: "allow" } },
  hosts: 3,
  limits: { wall: 400 },
} as const satisfies WorldOptions;

const MBUFS = {
  mbufs: {
    policy: { floor: 16, preset: 32, ceiling: 256, window: { ms: 20 } },
    peers: { floor: 4, preset: 8, ceiling: 64, window: { ms: 20 } },
  },
} as const satisfies Guesting;

async function cast(options: Partial<WorldOptions> = {}, guesting: Guesting = MBUFS) {
  const world = await makeStateWorld({ ...OPEN, ...options });
  const a = world.attach(0, 1, guesting);
  const senders = [2, 3].map((n) => world.attach(1, n)) as [Guest, Guest];
  world.run(50);
  return { world, a, senders };
}

/** So many frames of a sender at once, which the adapter's guest takes late. */
function burst(world: World, a: Guest, sender: Guest, frames: number, restMs: number): void {
  for (let i = 0; i < frames; i++) sender.send(sender.udp(a, { sport: 100 + i }));
  world.run(restMs);
  a.take();
  world.run(2);
}

function reportsOf({ host }: Guest) {
  const reports = host.engine.limits?.reports() ?? [];
  return reports.map(({ partition, peer, limit, floor, ceiling, waiting }) => ({
    ...{ partition, peer, limit, floor, ceiling, waiting },
  }));
}

test("the limit is what it was, and each peer's", async () => {
  const { world, a, senders } = await cast();
  for (let i = 0; i < 12; i++) burst(world, a, senders[0], 30, 4);
  burst(world, a, senders[1], 3, 4);
  const before = reportsOf(a);
  expect(before.map(({ peer }) => peer)).toEqual([undefined, "10.0.0.2", "10.0.0.3"]);
  expect(before[1]?.limit).toBeGreaterThan(8);
  const target = moveWithState(world, a, 2, 0.1 + 5, MBUFS);
  expect(reportsOf(target)).toEqual(before);
  // And it goes on from there: what its peers send is charged to their own.
  senders[1].send(senders[1].udp(target));
  world.run(4);
  const [, , third] = target.host.engine.limits?.reports() ?? [];
  expect(third).toMatchObject({ peer: "10.0.0.3", inUse: 1 });
  target.take();
});

test("what comes out goes in, whatever the load was", async () => {
  const load = fc.array(
    fc.record({
      who: fc.integer({ min: 0, max: 1 }),
      frames: fc.integer({ min: 0, max: 60 }),
      restMs: fc.integer({ min: 0, max: 30 }),
    }),
    { maxLength: 15 },
  );
  const reduce = fc.constantFrom({ by: "filled" } as const, { by: "sojourn" } as const, { by: "drops" } as const);
  await holdsAsync(
    fc.asyncProperty(load, reduce, fc.boolean(), async (bursts, reduce, hasPeers) => {
      const { peers, policy } = MBUFS.mbufs;
      const guesting = { mbufs: { policy: { ...policy, reduce }, ...(hasPeers && { peers: { ...peers, reduce } }) } };
      const { world, a, senders } = await cast({}, guesting);
      for (const { who, frames, restMs } of bursts) burst(world, a, senders[who] as Guest, frames, restMs);
      const target = comesTo(world, a, 2, guesting);
      carry(stateOf(a).parts.limits, stateOf(target).parts.limits, world.fabric.nowMs);
      expect(target.host.engine.limits?.committed).toBeLessThanOrEqual(400);
    }),
    20,
  );
});

test.each([1, 100])("others' limits give way to floors, under the wall, by whatever weight: %i", async (weight) => {
  const { world, a, senders } = await cast();
  for (let i = 0; i < 12; i++) burst(world, a, senders[0], 30, 4);
  burst(world, a, senders[1], 3, 4);
  const greedy = world.attach(2, 9, { mbufs: { policy: { floor: 8, preset: 384, ceiling: 400, weight } } });
  world.run(30);
  // The other has all but the floor of the one that comes.
  const target = comesTo(world, a, 2, MBUFS);
  const { limits } = target.host.engine;
  expect(limits?.report("vm9").limit).toBe(384);
  const section = stateOf(a).parts.limits.extract(world.fabric.nowMs);
  prepared(stateOf(target).parts.limits.prepare(section, world.fabric.nowMs))();
  expect(limits?.committed).toBeLessThanOrEqual(400);
  for (const peer of ["10.0.0.2", "10.0.0.3"]) {
    expect(limits?.report("vm1", peer).limit).toBeGreaterThanOrEqual(MBUFS.mbufs.peers.floor);
  }
  expect(limits?.report("vm9").limit).toBeGreaterThanOrEqual(8);
  expect(greedy.attachment.state).toBe("live");
});

test("of a host that does not charge, and to one", async () => {
  const [charged, free] = [await cast(), await cast({}, {})];
  const section = stateOf(charged.a).parts.limits.extract(charged.world.fabric.nowMs);
  expect(stateOf(free.a).parts.limits.prepare(section, 0)).toMatchObject({ section: "limits", field: "owners" });
  const none = stateOf(free.a).parts.limits.extract(0);
  const before = reportsOf(charged.a);
  prepared(stateOf(charged.a).parts.limits.prepare(none, charged.world.fabric.nowMs))();
  expect(reportsOf(charged.a)).toEqual(before);
});

describe("refused", () => {
  async function refusal(there: Guesting, options: Partial<WorldOptions> = {}) {
    const { world, a, senders } = await cast();
    for (const sender of senders) burst(world, a, sender, 20, 4);
    const other = await makeStateWorld({ ...OPEN, ...options, hosts: 1 });
    const c = other.attach(0, 1, there);
    const section = stateOf(a).parts.limits.extract(world.fabric.nowMs);
    const before = reportsOf(c);
    const result = stateOf(c).parts.limits.prepare(section, other.fabric.nowMs);
    expect(reportsOf(c)).toEqual(before);
    return result;
  }

  test("another policy", async () => {
    const other = { mbufs: { ...MBUFS.mbufs, policy: { ...MBUFS.mbufs.policy, ceiling: 128 } } };
    expect(await refusal(other)).toMatchObject({ section: "limits", field: "policy" });
  });

  test("peers, where the partition has none", async () => {
    expect(await refusal({ mbufs: { policy: MBUFS.mbufs.policy } })).toMatchObject({ field: "peerPolicy" });
  });

  test("a wall that is too low for all floors", async () => {
    expect(await refusal(MBUFS, { limits: { wall: 20 } })).toMatchObject({ field: "wall", value: 20 });
  });

  test("more peers than there are records", async () => {
    const engine = { limits: { partitions: 4, peers: 1 } };
    expect(await refusal(MBUFS, { engine })).toMatchObject({ field: "peers", value: 2 });
  });
});
