/** The controller on bursty traces from seeds: a fraction of the static maximum's memory, its refusals, and far fewer than the minimum's. */
import { describe, expect, it } from "vitest";
import { checkPolicy } from "../../../src/limit/controller/policy-check.js";
import { createAccounts } from "../../../src/limit/plane/own-accounts.js";
import { LimitComparison } from "../../../src/limit/replay/comparison.js";
import { LimiterKeeper } from "../../../src/limit/replay/limiter-keeper.js";
import { compareOn, LENGTH_MS, PEERS, twins } from "../../helpers/burst-replay.js";
import { bursts } from "../../helpers/bursts.js";
import { wasmBytes } from "../../helpers/engines.js";

const SEEDS = [1, 2, 3, 4, 5, 6];

describe("bursts several times faster than the consumer", () => {
  it.each(
    SEEDS.flatMap((seed) => [
      { seed, timesMean: 2 },
      { seed, timesMean: 1.25 },
    ]),
  )("%j", ({ seed, timesMean }) => {
    const trace = bursts(seed, { peers: PEERS, lengthMs: LENGTH_MS });
    const { controller, staticMinimum, staticMaximum } = compareOn(trace, { policy: {}, timesMean });
    expect(controller.totals.meanHeld).toBeLessThanOrEqual(0.5 * staticMaximum.totals.meanHeld);
    expect(controller.totals.refused - staticMaximum.totals.refused).toBeLessThanOrEqual(0.001 * trace.length);
    expect(staticMinimum.totals.refused).toBeGreaterThan(0.1 * trace.length);
    expect(controller.totals.refused).toBeLessThan(staticMinimum.totals.refused);
    const { count, mostWindows, meanWindows } = controller.totals.reactions;
    expect(count).toBeGreaterThan(100);
    expect(meanWindows).toBeLessThan(6);
    expect(mostWindows).toBeLessThanOrEqual(16);
  });
});

it("a wall that is short is never passed, however limits move", () => {
  const trace = bursts(7, { peers: PEERS, lengthMs: LENGTH_MS });
  const { controller, staticMaximum } = compareOn(trace, { policy: {}, timesMean: 1.25, wall: 1024 });
  expect(staticMaximum.totals.mostInUse).toBeGreaterThan(1024);
  expect(controller.totals.mostHeld).toBeLessThanOrEqual(1024);
  expect(controller.totals.refused).toBeGreaterThan(0);
});

it("a peer that nobody reads costs the others nothing, and loses its own", () => {
  const trace = bursts(8, { peers: PEERS, lengthMs: LENGTH_MS });
  const { controller } = compareOn(trace, { policy: {}, timesMean: 2, stalledPeer: 3 });
  const { controller: without } = compareOn(trace, { policy: {}, timesMean: 2 });
  const [stalled] = controller.peers.filter(({ peer }) => peer === 3);
  expect(stalled).toMatchObject({ drained: 0, final: 64 });
  expect(stalled?.refused).toBeGreaterThan(0);
  const others = controller.peers.filter(({ peer }) => peer !== 3);
  for (const { peer, refused } of others) {
    expect(refused).toBeLessThanOrEqual(without.peers.find((other) => other.peer === peer)?.refused as number);
  }
});

it("the same trace gives the same decisions, whichever ledger keeps the account", async () => {
  const trace = bursts(9, { peers: PEERS, lengthMs: LENGTH_MS });
  const setting = { policy: {}, timesMean: 1.25 };
  const figures = compareOn(trace, setting);
  expect(compareOn(trace, setting)).toEqual(figures);
  const accounts = () => createAccounts(PEERS, wasmBytes("release"));
  const ledgers = { controller: await accounts(), staticMinimum: await accounts(), staticMaximum: await accounts() };
  expect(compareOn(trace, { ...setting, ledgers })).toEqual(figures);
});

it("limits come to rest in a silence, and the wake is at the next frame", () => {
  const year = 365 * 24 * 3600 * 1000;
  const burst = Array.from({ length: 500 }, (_, i) => ({ peer: 0, atMs: i / 10, lengthBytes: 100 }));
  const trace = [...burst, ...burst.map((arrival) => ({ ...arrival, atMs: arrival.atMs + 54 * year }))];
  const comparison = new LimitComparison({
    ledgers: twins(1),
    controller: (ledger) => new LimiterKeeper(ledger, { wall: 4096, policyOf: () => ({}), policies: [{}] }),
    boundsOf: () => checkPolicy("policy", {}),
    framesPerSecond: 5000,
    mbufBytes: 2048,
    lengthMs: 54 * year + 50,
  });
  for (const arrival of trace) comparison.arrive(arrival);
  const { totals, peers } = comparison.finish(54 * year + 50).controller;
  expect(totals).toMatchObject({ frames: 1000, refused: 0 });
  expect(peers[0]).toMatchObject({ low: 64 });
  expect(totals.meanHeld).toBeCloseTo(64, 3);
});

it("a peer that finds the wall full of others' mbufs is refused until they give some back", () => {
  const policy = { floor: 8, preset: 8, ceiling: 32 };
  const comparison = new LimitComparison({
    ledgers: twins(2),
    controller: (ledger) => new LimiterKeeper(ledger, { wall: 24, policyOf: () => policy, policies: [policy] }),
    boundsOf: () => policy,
    framesPerSecond: 100,
    stalls: [],
    mbufBytes: 2048,
    lengthMs: 3000,
  });
  // One peer fills the wall while it is alone; then the other comes, and again when the first has given back.
  for (let i = 0; i < 400; i++) comparison.arrive({ peer: 0, atMs: i, lengthBytes: 1 });
  for (let i = 0; i < 3; i++) comparison.arrive({ peer: 1, atMs: 400 + i, lengthBytes: 1 });
  comparison.arrive({ peer: 1, atMs: 2000, lengthBytes: 1 });
  const { totals, peers } = comparison.finish(3000).controller;
  expect(totals.mostHeld).toBeLessThanOrEqual(24);
  // Three frames are fewer than its floor: there was no owner to charge them to.
  expect(peers[1]).toMatchObject({ frames: 4, refused: 3, drained: 1, preset: 8, firstMs: 400 });
});
