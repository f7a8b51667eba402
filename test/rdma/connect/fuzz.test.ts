/** A hostile peer on queue pair 1: real messages, mutated, in sound packets. Nothing throws, and nothing grows without bound. */
import { expect, test } from "vitest";
import { censusAfterEach } from "../../helpers/census.js";
import { rpingMads, withMad } from "../../helpers/cm.js";
import { B, makeManaged, newQp } from "../../helpers/connect.js";
import { Random } from "../../helpers/property.js";
import { takeFrames } from "../../helpers/rdma.js";

censusAfterEach();

const MADS = 20_000;
const CONNECTIONS_MAX = 32;

test(`${MADS} mutated messages`, async () => {
  const random = new Random(1);
  const rdma = { queuePairs: 64 };
  const b = await makeManaged(B, random, { maxConnections: CONNECTIONS_MAX }, { build: "release", rdma });
  b.cm.listen(7174);
  const reals = (await rpingMads()).filter(({ from }) => from === "client");
  const qps = new Map<number, ReturnType<typeof newQp>>();
  const seen = new Map<string, number>();
  for (let i = 0; i < MADS; i++) {
    const { mad, frame } = random.pick(reals);
    const mutant = mad.slice();
    // Most of the time the names of connections that there are, so that more than the door is tried.
    if (random.below(2) === 0) mutant.set(random.bytes(4), 24);
    for (let changes = random.below(4); changes > 0; changes--) mutant[random.below(256)] = random.below(256);
    b.end.port.receive(withMad(frame, mutant));
    b.end.device.poll();
    for (const event of b.cm.poll(i)) {
      seen.set(event.type, (seen.get(event.type) ?? 0) + 1);
      if (event.type === "requested") {
        const qp = newQp(b);
        qps.set(event.id, qp);
        b.cm.accept(event.id, { qp }, i);
      }
      if (event.type === "closed") {
        qps.get(event.id)?.destroy();
        qps.delete(event.id);
      }
    }
    b.end.device.poll();
    takeFrames(b.end.port);
    expect(b.cm.size).toBeLessThanOrEqual(CONNECTIONS_MAX);
  }
  expect(seen.get("requested")).toBeGreaterThan(20);
  expect(b.cm.counters.received).toBe(MADS);
  expect(qps.size).toBeLessThanOrEqual(CONNECTIONS_MAX);
});
