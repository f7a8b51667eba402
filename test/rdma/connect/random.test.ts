/** Many connections over a wire that loses, repeats and reorders, in virtual time, from seeds: each comes about or fails, ends, and is forgotten. */
import { expect, test } from "vitest";
import { censusAfterEach } from "../../helpers/census.js";
import { B, kinds, ManagedPair, newQp, PORT } from "../../helpers/connect.js";
import { Random } from "../../helpers/property.js";
import type { Faults } from "../../helpers/rdma.js";

censusAfterEach();

const ATTEMPTS = 24;
const AT_A_TIME = 6;

/** What a connection's owner may be told, in order. */
const ACTIVE = [
  "established disconnected closed",
  "rejected closed",
  // The peer ended it while its REP, or the answer to it, was on its way.
  "disconnected closed",
];
const PASSIVE = ["established disconnected closed", "rejected closed", "disconnected closed"].map(
  (rest) => `requested ${rest}`,
);

async function run(salt: number, faults: Faults): Promise<{ established: number }> {
  const random = new Random(salt);
  const shape = { build: "release", rdma: { queuePairs: 64, addresses: 2, completionQueues: 2 } } as const;
  const pair = await ManagedPair.make(random, faults, {}, shape);
  const [a, b] = pair.ends;
  b.cm.listen(PORT);
  const qps = new Map<string, ReturnType<typeof newQp>>();
  const key = (at: typeof a, id: number) => `${at === a ? "a" : "b"}${id}`;
  const own = (at: typeof a, id: number, qp: ReturnType<typeof newQp>) => qps.set(key(at, id), qp);
  pair.react = (at, event, nowMs) => {
    const { id } = event;
    if (event.type === "requested") {
      if (random.below(5) === 0) return at.cm.reject(id, "consumer-reject", nowMs);
      const qp = newQp(at);
      at.cm.accept(id, { qp }, nowMs);
      own(at, id, qp);
    }
    if (event.type === "established" && random.below(2) === 0) at.cm.disconnect(id, nowMs);
    if (event.type === "closed") {
      // Destroyed at once, its number is the next one's soon.
      qps.get(key(at, id))?.destroy();
      qps.delete(key(at, id));
    }
  };
  const ids: number[] = [];
  for (let steps = 0; ids.length < ATTEMPTS || a.cm.size + b.cm.size > 0; steps++) {
    if (steps > 200_000) throw new Error("never quiet");
    if (ids.length < ATTEMPTS && a.cm.size < AT_A_TIME) {
      const qp = newQp(a);
      const id = a.cm.connect({ remote: B, port: PORT, qp }, pair.nowMs);
      own(a, id, qp);
      ids.push(id);
    }
    if (random.below(200) === 0) {
      const at = random.pick(pair.ends);
      at.cm.disconnect(at.events[random.below(at.events.length)]?.id ?? 1, pair.nowMs);
    }
    pair.step();
  }
  for (const id of ids) expect(ACTIVE).toContain(kinds(a, id).join(" "));
  for (const id of new Set(b.events.map((event) => event.id))) expect(PASSIVE).toContain(kinds(b, id).join(" "));
  expect(qps.size).toBe(0);
  return { established: kinds(a).filter((kind) => kind === "established").length };
}

test.each([
  ["that is good", {}],
  ["that loses a fifth", { loss: 0.2 }],
  ["that repeats", { twice: 0.5 }],
  ["that reorders", { late: 0.5 }],
  ["that does it all", { loss: 0.1, twice: 0.2, late: 0.3 }],
] as const)("over a wire %s", async (_, faults) => {
  let established = 0;
  for (let salt = 0; salt < 8; salt++) established += (await run(salt, faults)).established;
  expect(established).toBeGreaterThan(ATTEMPTS * 3);
});
