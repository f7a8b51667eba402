/** A session whose peer sends whatever it likes: nothing throws, and what that can make this end hold has a bound. */
import { expect, test } from "vitest";
import { Aggregator } from "../../../src/rdma/aggregator/aggregator.js";
import type { SessionRole } from "../../../src/rdma/aggregator/streams.js";
import { Random } from "../../helpers/property.js";

const FRAMING = { operation: "send", mtuBytes: 1024, ipVersion: 4 } as const;
const LIMITS = { streamsMax: 8, windowBytes: 1024, sendBufferBytes: 1024, transferBytes: 1024, transfersMax: 4 };
const HELD_BYTES_MAX = 8 * 1024 + 4 * 1024;

test.each<SessionRole>(["opener", "taker"])("%s: 50,000 transfers of a hostile peer", (role) => {
  const random = new Random();
  const fresh = () => {
    const session = new Aggregator({ role, session: 1n, ...LIMITS });
    session.connected({ ...session.hello, session: 2n, peerSession: 0n }, FRAMING);
    return session;
  };
  let session = fresh();
  let alive = new Map<number, number>();
  const refused = new Set<number>();
  for (let step = 0; step < 50_000; step++) {
    if (session.state === "ended" || random.below(5000) === 0) {
      session = fresh();
      alive = new Map();
    }
    attack(session, random);
    for (const event of session.takeEvents()) {
      if (event.type === "incoming") alive.set(event.stream, 0);
      if (event.type === "incoming" && random.below(4) === 0) {
        session.refuse(event.stream);
        refused.add(event.stream);
        alive.delete(event.stream);
      } else if (event.type === "incoming" && random.below(4) > 0) session.accept(event.stream);
      // One that had ended before it could be refused has its close still to come.
      if (event.type === "close") expect(alive.delete(event.stream) || refused.delete(event.stream)).toBe(true);
      if (event.type !== "data") continue;
      if (refused.has(event.stream)) continue;
      // What came and was not used stays within the window.
      const unused = (alive.get(event.stream) ?? Number.NaN) + event.bytes.length;
      expect(unused).toBeLessThanOrEqual(LIMITS.windowBytes);
      alive.set(event.stream, unused);
    }
    if (role === "opener" && random.below(3) === 0) {
      const id = session.open(80, 1);
      if (id !== undefined) alive.set(id, 0);
    }
    for (const [id, unused] of alive) use(session, id, unused, alive, random);
    const taken = session.take(step * 0.05);
    if (taken && random.below(3) > 0) session.acknowledged(random.below(3));
    expect(session.heldBytes).toBeLessThanOrEqual(HELD_BYTES_MAX);
    expect(session.numbers).toBeLessThanOrEqual(LIMITS.streamsMax);
    expect(session.streams).toBeLessThanOrEqual(alive.size);
  }
});

function attack(session: Aggregator, random: Random): void {
  const stream = random.below(10);
  const data = random.bytes(random.below(4) === 0 ? random.below(1024) : random.below(20));
  const sequence = random.below(3) === 0 ? random.below(65_536) : random.below(4);
  switch (random.below(6)) {
    case 0:
      session.aggregate(undefined);
      break;
    case 1:
      session.aggregate([{ stream, sequence, data, fin: random.below(6) === 0 }]);
      break;
    case 2:
      session.aggregate([{ stream, sequence, data: new Uint8Array(), rst: true }]);
      break;
    case 3:
      session.immediate((0x2000_0000 | ((sequence & 0xfff) << 16) | stream) >>> 0, data);
      break;
    case 4:
      session.immediate(random.below(2 ** 32), data);
      break;
    default:
      session.immediate(0x1000_0000, controls(random));
  }
}

function controls(random: Random): Uint8Array {
  const records = new Uint8Array(8 * (1 + random.below(3)));
  for (let at = 0; at < records.length; at += 8) {
    records.set(
      [random.below(7), 0, 0, random.below(10), random.below(3) === 0 ? 255 : 0, 0, 0, random.below(256)],
      at,
    );
  }
  return records;
}

function use(session: Aggregator, id: number, unused: number, alive: Map<number, number>, random: Random): void {
  switch (random.below(12)) {
    case 0:
      session.write(id, random.bytes(random.below(2000)), 0);
      break;
    case 1:
      session.consumed(id, unused);
      alive.set(id, 0);
      break;
    case 2:
      if (random.below(8) === 0) session.end(id);
      break;
    case 3:
      if (random.below(8) === 0) session.reset(id);
  }
}
