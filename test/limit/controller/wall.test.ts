/** The wall, after every step, with thousands of owners that join, leave, leak and burst; and what a tick costs when few are due. */
import { expect, test } from "vitest";
import { Limiter } from "../../../src/limit/controller/limiter.js";
import { Random } from "../../helpers/property.js";
import { ModelLedger } from "../../model/ledger.js";

interface Member {
  readonly partition: string;
  readonly name: string;
  readonly owner: number;
  readonly leaks: boolean;
}

test("is never passed, nobody loses his floor, and no limit leaves its range", () => {
  const random = new Random();
  const WALL = 30_000;
  const ledger = new ModelLedger();
  const limiter = new Limiter(ledger, { wall: WALL });
  const partitions = Array.from({ length: 20 }, (_, i) => `p${i}`);
  for (const [i, name] of partitions.entries()) {
    const peers = { floor: 8, preset: 32, ceiling: 1024, weight: 1 + (i % 3) };
    limiter.addPartition(name, { floor: 32, preset: 64, ceiling: 3000 + 500 * i, weight: 1 + (i % 5) }, peers);
  }
  const members: Member[] = [];
  let [joined, refusedPeers, events, most, nowMs, names] = [0, 0, 0, 0, 0, 0];
  for (let step = 0; step < 400; step++) {
    for (let i = random.below(30); i > 0; i--) {
      const partition = random.pick(partitions);
      const name = `q${names++}`;
      const owner = limiter.addPeer(partition, name);
      if (owner === undefined) refusedPeers++;
      else members.push({ partition, name, owner, leaks: random.below(10) === 0 });
      joined += Number(owner !== undefined);
    }
    for (let i = random.below(12); i > 0 && members.length > 2000; i--) {
      const [gone] = members.splice(random.below(members.length), 1) as [Member];
      limiter.remove(gone.partition, gone.name);
    }
    for (let i = 0; i < 200 && members.length > 0; i++) {
      const { owner, leaks } = random.pick(members);
      const bursts = random.below(20) === 0 ? 400 : 20;
      for (let n = random.below(bursts); n > 0; n--) ledger.charge(owner, 1 + random.below(3), 1000);
      const back = leaks ? 0 : random.between(Math.floor(ledger.inUse(owner) / 2), ledger.inUse(owner));
      if (back > 0) ledger.release(owner, back, random.below(10));
      if (i % 20 > 0) continue;
      nowMs += random.below(30);
      events += limiter.tick(nowMs).length;
    }
    nowMs += random.below(100);
    events += limiter.tick(nowMs).length;
    const all = limiter.reports();
    let [inUse, held] = [0, 0];
    for (const report of all) {
      inUse += report.inUse;
      held += report.held;
      if (report.draining) expect(report.limit).toBe(0);
      else if (report.limit < report.floor || report.limit > report.ceiling) throw new Error(JSON.stringify(report));
    }
    most = Math.max(most, held);
    expect(inUse).toBeLessThanOrEqual(WALL);
    expect(held).toBeLessThanOrEqual(limiter.committed);
    expect(limiter.committed).toBeLessThanOrEqual(WALL);
  }
  const owners = limiter.reports().length;
  console.log(
    `${joined} peers joined, ${refusedPeers} found no room, ${owners} owners left, ${events} changes, ${most} of ${WALL} set aside`,
  );
  expect(owners).toBeGreaterThan(1500);
  expect(most).toBeGreaterThan(0.9 * WALL);
});

test("a tick looks at owners that are due, not at all: 10,000 idle ones cost nothing", () => {
  const ledger = new ModelLedger();
  const limiter = new Limiter(ledger, { wall: 2 ** 20 });
  limiter.addPartition("web", { ceiling: 2 ** 20 }, { floor: 8, preset: 32, ceiling: 1024 });
  const owners = Array.from({ length: 10_000 }, (_, i) => limiter.addPeer("web", `peer ${i}`) as number);
  for (const nowMs of [100, 200, 300, 400, 500]) limiter.tick(nowMs);
  expect(limiter.nextTickMs).toBeUndefined();
  let asked = 0;
  const count = <A extends unknown[], R>(plain: (...args: A) => R) => {
    return (...args: A): R => {
      asked++;
      return plain(...args);
    };
  };
  ledger.close = count(ledger.close.bind(ledger));
  ledger.set = count(ledger.set.bind(ledger));
  ledger.inUse = count(ledger.inUse.bind(ledger));
  limiter.tick(600);
  expect(asked).toBe(0);
  // One mbuf wakes one of them.
  ledger.charge(owners[7] as number, 1, 100);
  limiter.tick(601);
  expect(asked).toBe(2);
  expect(limiter.report("web", "peer 7").dormant).toBe(false);
  expect(limiter.nextTickMs).toBe(701);
});
