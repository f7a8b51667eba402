/** The controller and its plain twin, on a ledger each, through the same random lives of owners: every change and every limit alike. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ConfigError } from "../../../src/errors.js";
import { Limiter } from "../../../src/limit/controller/limiter.js";
import { holds } from "../../helpers/property.js";
import { ModelLedger } from "../../model/ledger.js";
import { ModelLimiter } from "../../model/limit.js";

const WALL = 700;

const policy = fc
  .record({
    floor: fc.integer({ min: 1, max: 24 }),
    more: fc.nat(40),
    most: fc.nat(400),
    weight: fc.integer({ min: 1, max: 4 }),
    descriptors: fc.integer({ min: 4, max: 64 }),
    by: fc.constantFrom("filled", "drops", "sojourn"),
    holdWindows: fc.nat(3),
  })
  .map(({ floor, more, most, weight, descriptors, by, holdWindows }) => ({
    ...{ floor, preset: floor + more, ceiling: floor + more + most, weight, holdWindows },
    ...{ window: { descriptors, ms: 20 }, reduce: { by } as { by: "filled" } },
  }));

/** What happens, and numbers that say to whom and how much. */
const action = fc.tuple(
  fc.constantFrom(
    "partition",
    "peer",
    "peer",
    "remove",
    "fill",
    "fill",
    "fill",
    "back",
    "back",
    "tick",
    "tick",
    "tick",
  ),
  fc.nat(1000),
  fc.nat(1000),
);

test("the controller decides as its plain twin does", () => {
  let raises = 0;
  let lowered = 0;
  holds(
    fc.property(
      fc.array(fc.tuple(policy, policy), { minLength: 1, maxLength: 4 }),
      fc.array(action, { minLength: 50, maxLength: 300 }),
      (policies, actions) => {
        const [ledger, twinLedger] = [new ModelLedger(), new ModelLedger()];
        const [limiter, twin] = [new Limiter(ledger, { wall: WALL, nowMs: 0 }), new ModelLimiter(twinLedger, WALL)];
        const peers = new Map<string, string[]>();
        let [nowMs, names] = [0, 0];
        const addPartition = (pick: number) => {
          const [own, ofPeers] = policies[pick % policies.length] as (typeof policies)[0];
          const name = `p${names++}`;
          const added = orUndefined(() => limiter.addPartition(name, own, ofPeers));
          // A policy whose peers could never be is refused before anything is asked.
          if (ofPeers.floor > own.ceiling - own.floor) return;
          expect(twin.addPartition(name, own, ofPeers)).toBe(added);
          if (added !== undefined) peers.set(name, []);
        };
        const addPeer = (pick: number) => {
          const entry = [...peers][pick % Math.max(1, peers.size)];
          if (!entry) return;
          const [partition, list] = entry;
          const name = `q${names++}`;
          const added = limiter.addPeer(partition, name);
          expect(twin.addPeer(partition, name)).toBe(added);
          if (added !== undefined) list.push(name);
        };
        const remove = (pick: number, which: number) => {
          const entry = [...peers][pick % Math.max(1, peers.size)];
          if (!entry) return;
          const [partition, list] = entry;
          const peer = list[which % (list.length + 1)];
          if (peer === undefined) peers.delete(partition);
          else list.splice(list.indexOf(peer), 1);
          limiter.remove(partition, peer);
          twin.remove(partition, peer);
        };
        addPartition(0);
        for (const [what, pick, size] of actions) {
          const owners = limiter.reports();
          const owner = owners[pick % Math.max(1, owners.length)]?.owner;
          if (what === "partition") addPartition(pick);
          else if (what === "peer") addPeer(pick);
          else if (what === "remove" && pick % 4 === 0) remove(size, pick);
          else if (what === "fill" && owner !== undefined) {
            const mbufs = 1 + (size % 3);
            for (let i = 0; i < size / 5; i++) {
              expect(twinLedger.charge(owner, mbufs, 100)).toBe(ledger.charge(owner, mbufs, 100));
            }
          } else if (what === "back" && owner !== undefined) {
            const mbufs = Math.min(ledger.inUse(owner), size);
            if (mbufs > 0) for (const each of [ledger, twinLedger]) each.release(owner, mbufs, size / 50);
          } else if (what === "tick") {
            nowMs += size % 2 ? size / 100 : size / 10;
            const events = limiter.tick(nowMs);
            raises += events.filter(({ from, to }) => to > from).length;
            lowered += events.filter(({ reason }) => reason.code === "shared").length;
            const changes = events.map(({ owner: id, from, to }) => [id, from, to]);
            expect(changes.sort((a, b) => (a[0] as number) - (b[0] as number))).toEqual(twin.tick(nowMs));
          }
          const all = limiter.reports();
          expect(twin.limits()).toEqual(all.map(({ owner: id, limit }) => [id, limit]));
          expect(all.reduce((sum, { held }) => sum + held, 0)).toBeLessThanOrEqual(limiter.committed);
          expect(limiter.committed).toBeLessThanOrEqual(WALL);
        }
      },
    ),
    150,
  );
  // Otherwise this test compares nothing.
  expect(raises).toBeGreaterThan(50);
  expect(lowered).toBeGreaterThan(5);
});

function orUndefined<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
