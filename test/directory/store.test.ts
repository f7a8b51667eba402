/** The store against its twin (test/model/directory.ts), by random operations; and the allocator's promise, by any schedule. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DirectoryChange, EndpointQuery, EndpointRecord, HostRecord } from "../../src/directory/records.js";
import { DirectoryStore } from "../../src/directory/store.js";
import { holds } from "../helpers/property.js";
import { DirectoryModel, replay } from "../model/directory.js";

const WITHDRAWN_MS = 500;
const LEASE_MS = 300;
const QUARANTINE_MS = 400;
const NAMES = ["alpha", "beta", "gamma", "delta"];

/** Few of everything, so that claims meet. */
const vni = fc.constantFrom(1, 2);
const mac = fc.constantFrom("02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03");
const ip = fc.constantFrom("10.0.0.1", "10.0.0.2", "2001:db8::1");
const partition = fc.constantFrom("a", "b");
const host = fc.constantFrom(...NAMES);
const gqpn = fc.constantFrom(2, 3, 4);
const generation = fc.integer({ min: 0, max: 12 });

const record: fc.Arbitrary<EndpointRecord> = fc.record({
  vni,
  mac,
  ips: fc.uniqueArray(ip, { maxLength: 3 }),
  partition,
  labels: fc.constant({}),
  host,
  gqpn,
  generation,
});

/** The last of the names never says who it is. */
const hostRecord: fc.Arbitrary<HostRecord> = fc.record({
  name: fc.constantFrom("alpha", "beta", "gamma"),
  address: fc.constantFrom("192.0.2.1", "192.0.2.2"),
  mtuBytes: fc.constant(1500),
  encapsulations: fc.constant(["vxlan" as const]),
});

const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant("publish" as const), record }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("withdraw" as const), vni, mac, generation }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("host" as const), hostRecord }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("lease" as const), host }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("renew" as const), host }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("tick" as const), ms: fc.integer({ min: 1, max: 400 }) }) },
);

const EVERY_QUERY: readonly EndpointQuery[] = [
  ...[1, 2].flatMap((vni) => [
    ...["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"].map((mac) => ({ vni, mac })),
    ...["10.0.0.1", "10.0.0.2", "2001:db8::1"].map((ip) => ({ vni, ip })),
    ...["a", "b"].map((partition) => ({ vni, partition })),
  ]),
  ...[2, 3, 4].map((gqpn) => ({ gqpn })),
];

type Quiet = Exclude<
  typeof operation extends fc.Arbitrary<infer T> ? T : never,
  { type: "publish" | "withdraw" | "renew" }
>;

/** An operation that nobody can be refused, done to both. */
function applyQuiet(
  store: DirectoryStore,
  model: DirectoryModel,
  step: Quiet,
  nowMs: number,
): readonly DirectoryChange[] {
  switch (step.type) {
    case "host":
      model.publishHost(step.hostRecord);
      return store.publishHost(step.hostRecord);
    case "lease":
      model.lease(step.host, LEASE_MS);
      return store.lease(step.host, LEASE_MS);
    case "tick":
      model.tick(nowMs);
      return store.tick(nowMs);
  }
}

describe("the store", () => {
  it("is its twin's equal after every operation, and so is what a watcher heard", () => {
    holds(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const store = new DirectoryStore({ withdrawnMs: WITHDRAWN_MS });
        const model = new DirectoryModel(WITHDRAWN_MS);
        const heard = new Map<string, EndpointRecord>();
        const alive = new Map<string, boolean>();
        let nowMs = 0;
        let sequence = 0;
        for (const step of operations) {
          if (step.type === "publish" || step.type === "withdraw") {
            const outcome =
              step.type === "publish"
                ? store.publish(step.record)
                : store.withdraw(step.vni, step.mac, step.generation);
            const refused = step.type === "publish" ? model.publish(step.record) : model.withdraw(step);
            expect(outcome.accepted ? undefined : outcome.generation).toBe(refused);
            if (!outcome.accepted) continue;
            replay(heard, outcome.changes);
            for (const change of outcome.changes) expect(change.sequence).toBe(++sequence);
          } else if (step.type === "renew") {
            expect(store.renew(step.host)).toBe(model.renew(step.host));
          } else {
            nowMs += step.type === "tick" ? step.ms : 0;
            const changes = applyQuiet(store, model, step, nowMs);
            for (const change of changes) {
              expect(change.sequence).toBe(++sequence);
              if (change.type === "host") alive.set(change.host.name, change.alive);
            }
          }
          expect(store.sequence).toBe(sequence);
          expect(store.size).toBe(model.endpoints.length);
          for (const query of EVERY_QUERY) {
            const { sequence: _, ...answer } = store.resolve(query) ?? { sequence: 0 };
            expect(answer).toEqual(model.resolve(query) ?? {});
          }
          for (const vni of [1, 2]) {
            const members = store.members(vni);
            expect(members.map(({ host }) => host.name)).toEqual(model.members(vni));
            for (const { host, alive } of members) expect(alive).toBe(model.isAlive(host.name));
          }
          for (const name of NAMES) expect(store.leased(name)).toBe(model.leased(name));
        }
        const truth = new Map<string, EndpointRecord>();
        replay(truth, [...store.snapshot("all")]);
        expect(heard).toEqual(truth);
        for (const [name, isAlive] of alive) expect(isAlive).toBe(model.isAlive(name));
      }),
      500,
    );
  });

  it("lends no number twice, and none that was given back before its rest is over", () => {
    const asked = fc.record({
      host,
      size: fc.integer({ min: 1, max: 0x300000 }),
      release: fc.boolean(),
      ms: fc.nat(150),
    });
    holds(
      fc.property(fc.array(asked, { maxLength: 40 }), (steps) => {
        const store = new DirectoryStore({ quarantineMs: QUARANTINE_MS });
        const taken: { first: number; size: number; host: string; freeMs: number }[] = [];
        let nowMs = 0;
        for (const { host, size, release, ms } of steps) {
          nowMs += ms;
          store.tick(nowMs);
          const block = store.allocateBlock(host, size);
          const inTheWay = taken.filter(({ freeMs }) => freeMs > nowMs);
          if (block === undefined) {
            // Refused only when it does not fit between those that are taken.
            const edges = [{ first: 0, size: 2 }, ...inTheWay, { first: 0xfffffe, size: 2 }].sort(
              (a, b) => a.first - b.first,
            );
            const gaps = edges.slice(1).map(({ first }, i) => first - (edges[i]?.first ?? 0) - (edges[i]?.size ?? 0));
            expect(Math.max(...gaps)).toBeLessThan(size);
          } else {
            expect(block.first).toBeGreaterThanOrEqual(2);
            expect(block.first + size).toBeLessThanOrEqual(0xfffffe);
            for (const other of inTheWay) {
              expect(block.first >= other.first + other.size || other.first >= block.first + size).toBe(true);
            }
            taken.push({ first: block.first, size, host, freeMs: Number.POSITIVE_INFINITY });
          }
          const oldest = taken.find(({ freeMs }) => freeMs === Number.POSITIVE_INFINITY);
          if (release && oldest !== undefined) {
            expect(store.releaseBlock(oldest.host, oldest)).toBeUndefined();
            oldest.freeMs = nowMs + QUARANTINE_MS;
          }
        }
      }),
      500,
    );
  });
});
