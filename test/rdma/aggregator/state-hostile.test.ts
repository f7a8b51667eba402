/**
 * Snapshots that somebody changed: each is refused, by name, or taken as it is; a session that was taken keeps every bound, whatever its peer
 * and its users do afterwards.
 */
import { expect, test } from "vitest";
import { Aggregator } from "../../../src/rdma/aggregator/aggregator.js";
import { immOf } from "../../../src/rdma/aggregator/transfer.js";
import { Random } from "../../helpers/property.js";
import { fieldsOf, mutated } from "../../helpers/read-fields.js";
import { Chatter } from "./chatter.js";
import { SessionWire } from "./session-wire.js";

const LIMITS = { streamsMax: 8, windowBytes: 2048, sendBufferBytes: 1024, transferBytes: 1024, transfersMax: 4 };
const HELD_BYTES_MAX = 8 * 1024 + 4 * 1024;
const SNAPSHOTS = 200;
const MUTATIONS = 100;

/** A session in the middle of something. */
function drawSnapshot(random: Random): { bytes: Uint8Array; nowMs: number } {
  const wire = new SessionWire(LIMITS, 4);
  const chatter = new Chatter(wire.opener, random);
  for (let step = random.below(120); step > 0; step--) {
    if (random.below(6) === 0) chatter.open();
    if (wire.isUp && random.below(60) === 0) wire.cut(random);
    else if (!wire.isUp && random.below(8) === 0 && wire.opener.state !== "ended") wire.connect();
    chatter.step(wire.opener, wire.taker, wire.nowMs);
    wire.step();
  }
  const end = random.pick([wire.opener, wire.taker]);
  return { bytes: end.snapshot(wire.nowMs), nowMs: wire.nowMs };
}

test(`${SNAPSHOTS * MUTATIONS} changed snapshots`, () => {
  const random = new Random();
  let taken = 0;
  const refusedAt = new Set<string>();
  for (let i = 0; i < SNAPSHOTS; i++) {
    const { bytes, nowMs } = drawSnapshot(random);
    const fields = fieldsOf(() => Aggregator.restore(bytes, nowMs, LIMITS));
    for (let k = 0; k < MUTATIONS; k++) {
      const changed = mutated(bytes, fields, random);
      const before = changed.slice();
      const result = Aggregator.restore(changed, nowMs, LIMITS);
      expect(isSame(changed, before)).toBe(true);
      if (!(result instanceof Aggregator)) {
        expect(result.section).toBe("session");
        expect(result.bound).not.toBe("");
        refusedAt.add(result.field.replace(/\d+/, "i"));
        continue;
      }
      taken++;
      expect(isSame(result.snapshot(nowMs), changed), `snapshot ${i}, change ${k}`).toBe(true);
      if (taken % 4 === 0) live(result, nowMs, random);
    }
  }
  // Bytes of messages, counters and the like may be anything; most else is held to something.
  expect(taken).toBeGreaterThan(500);
  expect(refusedAt.size).toBeGreaterThan(40);
});

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** A while with a peer that sends whatever it likes. */
function live(session: Aggregator, startMs: number, random: Random): void {
  const ids = new Set<number>();
  for (let step = 0; step < 30; step++) {
    const nowMs = startMs + step;
    if (session.state === "lost" || session.state === "new") connect(session);
    const stream = random.below(9);
    const data = random.bytes(1 + random.below(300));
    const sequence = random.below(4);
    if (random.below(2) === 0) session.aggregate([{ stream, sequence, data, fin: random.below(6) === 0 }]);
    else session.immediate(immOf({ kind: "whole", stream, sequence, bytes: data }) >>> 0, data);
    if (session.role === "opener") session.open(80, 1);
    for (const event of session.takeEvents()) {
      ids.add(event.stream);
      if (event.type === "incoming") session.accept(event.stream);
      if (event.type === "data") session.consumed(event.stream, event.bytes.length);
    }
    for (const id of ids) session.write(id, data, nowMs);
    for (let sent = session.take(nowMs); sent; sent = session.take(nowMs)) expect(sent.kind).toBeDefined();
    session.tick(nowMs);
    session.acknowledged(random.below(3));
    expect(session.heldBytes).toBeLessThanOrEqual(HELD_BYTES_MAX);
    expect(session.numbers).toBeLessThanOrEqual(LIMITS.streamsMax);
  }
  const again = Aggregator.restore(session.snapshot(startMs + 30), startMs + 30, LIMITS);
  expect(again instanceof Aggregator ? undefined : again).toBeUndefined();
}

/** As a peer that had everything. */
function connect(session: Aggregator): void {
  const { session: own, received } = session.hello;
  const hello = { ...session.hello, session: 5n, peerSession: own, received };
  session.connected(hello, { operation: "send", mtuBytes: 1024, ipVersion: 4 });
}
