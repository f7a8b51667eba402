/**
 * Sessions whose ends move, as a seed says: each is stopped at any moment and goes on as what its snapshot gives, by another clock. Users
 * notice nothing; what goes over the wire is what would have gone.
 */
import { expect, test } from "vitest";
import { type AggregateMessage, flagsOf, messageOf } from "../../../src/rdma/aggregate/codec.js";
import { Aggregator } from "../../../src/rdma/aggregator/aggregator.js";
import { Random } from "../../helpers/property.js";
import { drawSession } from "./drawn.js";
import { SessionWire } from "./session-wire.js";

const STEPS_MAX = 40_000;
const FRAMING = { operation: "send", mtuBytes: 1024, ipVersion: 4 } as const;

/** What sessions were like when they moved. */
class Moments {
  readonly #seen = new Map<string, number>();

  add(moved: Aggregator, bytes: Uint8Array, streams: number): void {
    this.#count(moved.state);
    if (moved.heldBytes > 0) this.#count("holds bytes");
    if (moved.numbers > moved.streams) this.#count("a number rests");
    if (bytes.length > 5000) this.#count("over 5000 bytes");
    if (streams > 1) this.#count("several streams");
  }

  of(moment: string): number {
    return this.#seen.get(moment) ?? 0;
  }

  #count(moment: string): void {
    this.#seen.set(moment, this.of(moment) + 1);
  }
}

test("300 schedules of cuts, where either end moves again and again", () => {
  const moments = new Moments();
  for (let salt = 0; salt < 300; salt++) {
    const random = new Random(salt);
    const { streams, wire, chatter, boundBytes } = drawSession(random);
    let left = streams;
    let backMs = 0;
    let isOver = false;
    for (let step = 0; step < STEPS_MAX && !isOver; step++) {
      if (left > 0 && random.below(4) === 0) {
        left--;
        chatter.open();
      }
      if (wire.isUp && random.below(150) === 0) {
        wire.cut(random);
        backMs = wire.nowMs + random.below(5);
      }
      if (random.below(20) === 0) {
        const end = random.pick(["opener", "taker"] as const);
        const before = wire[end];
        const bytes = wire.move(end, random.pick([0, 1e3, 1.7e12, -5]));
        const moved = wire[end];
        const again = moved.snapshot(wire.clock(end));
        expect(Buffer.compare(again, bytes), `salt ${salt}, step ${step}`).toBe(0);
        expect([moved.heldBytes, moved.streams, moved.numbers, moved.hello]).toEqual([
          before.heldBytes,
          before.streams,
          before.numbers,
          before.hello,
        ]);
        expect(moved.counters).toEqual(before.counters);
        moments.add(moved, bytes, moved.streams);
      }
      if (!wire.isUp && wire.nowMs >= backMs && wire.opener.state !== "ended") wire.connect();
      chatter.step(wire.opener, wire.taker, wire.clock("opener"), wire.clock("taker"));
      wire.step();
      expect(Math.max(wire.opener.heldBytes, wire.taker.heldBytes)).toBeLessThanOrEqual(boundBytes);
      const isEnded = wire.opener.state === "ended";
      const isDone = isEnded || wire.opener.heldBytes + wire.taker.heldBytes === 0;
      isOver = (left === 0 || isEnded) && chatter.isOver && isDone;
    }
    expect(isOver, `salt ${salt} came to an end`).toBe(true);
    expect(chatter.faults(), `salt ${salt}`).toEqual([]);
  }
  for (const moment of ["new", "open", "lost", "holds bytes", "a number rests", "over 5000 bytes", "several streams"]) {
    expect(moments.of(moment), moment).toBeGreaterThan(3);
  }
});

/** Steps and times are whole in microseconds and in doubles, so that a snapshot keeps them to the bit. */
const STEP_MS = 0.125;

/** Runs a schedule, with moves of both ends or without any. */
function lockstep(salt: number, moves: boolean) {
  const random = new Random(salt);
  const movesBy = new Random(salt + 1_000_000);
  const { streams, wire, chatter } = drawSession(random);
  let left = streams;
  let backMs = 0;
  for (let step = 0; step < 1500; step++) {
    if (left > 0 && random.below(4) === 0) {
      left--;
      chatter.open();
    }
    if (wire.isUp && random.below(200) === 0) {
      wire.cut(random);
      backMs = wire.nowMs + random.below(5);
    }
    for (const end of ["opener", "taker"] as const) if (moves && movesBy.below(5) === 0) wire.move(end);
    if (!wire.isUp && wire.nowMs >= backMs && wire.opener.state !== "ended") wire.connect();
    chatter.step(wire.opener, wire.taker, wire.nowMs);
    wire.step(STEP_MS);
  }
  const sent = wire.sent.map((transfer) =>
    transfer.kind === "aggregate"
      ? transfer.messages.map((message) => ({ ...message, ...messageOf(recordOf(message)) }))
      : transfer,
  );
  return { sent, heard: chatter.heard, counters: [wire.opener.counters, wire.taker.counters] };
}

/** A flag that is false may also not be there. */
function recordOf(message: AggregateMessage) {
  return { ...message, flags: flagsOf(message), bytes: message.data };
}

test("60 schedules with moves send and tell just what they do without", () => {
  for (let salt = 0; salt < 60; salt++) expect(lockstep(salt, true), `salt ${salt}`).toEqual(lockstep(salt, false));
});

test("a stream takes 31 bytes, one with 32 writes that wait 255 besides what was written", () => {
  const sizeOf = (streams: number, writes: number) => {
    const wire = new SessionWire({ streamsMax: 1000, windowBytes: 1024 });
    wire.connect();
    const ids = Array.from({ length: streams }, () => wire.opener.open(80, 1) as number);
    wire.run(20);
    for (const { stream } of wire.taker.takeEvents()) wire.taker.accept(stream);
    wire.run(20);
    wire.opener.takeEvents();
    // All that the peer takes is under way, so that what follows waits.
    for (const id of ids) wire.opener.write(id, new Uint8Array(1024), wire.nowMs);
    wire.run(1000);
    expect(wire.opener.heldBytes).toBe(0);
    wire.opener.takeEvents();
    for (const id of ids) for (let i = 0; i < writes; i++) wire.opener.write(id, new Uint8Array(5), wire.nowMs);
    return wire.opener.snapshot(wire.nowMs).length;
  };
  const streamBytes = (writes: number) => (sizeOf(1000, writes) - sizeOf(100, writes)) / 900;
  // The session's own histograms differ a little.
  expect(streamBytes(0)).toBeLessThan(33);
  expect(streamBytes(32) - 32 * 5).toBeLessThanOrEqual(256);
});

test("restoring goes by this end's limits and tenant, and says which differs", () => {
  const session = new Aggregator({ role: "opener", session: 1n, tenant: 7 });
  const bytes = session.snapshot(0);
  expect(Aggregator.restore(bytes, 0, { tenant: 8 })).toMatchObject({ section: "session", field: "tenant", value: 7 });
  expect(Aggregator.restore(bytes, 0, { tenant: 7, windowBytes: 1024 })).toEqual({
    section: "session",
    field: "windowBytes",
    value: 262_144,
    bound: "1024, which this end goes by",
  });
  expect(Aggregator.restore(bytes.subarray(1), 0, { tenant: 7 })).toMatchObject({ field: "version" });
  expect(Aggregator.restore(new Uint8Array([...bytes, 0]), 0, { tenant: 7 })).toMatchObject({ field: "length" });
  expect(Aggregator.restore(bytes, 0, { tenant: 7 })).toBeInstanceOf(Aggregator);
});

test("a connection that is lost has the time left that it had, by whatever clock", () => {
  const session = new Aggregator({ role: "taker", session: 1n, resumeMs: 100 });
  session.connected({ ...session.hello, session: 2n, peerSession: 0n }, FRAMING);
  session.lost(1000);
  const moved = Aggregator.restore(session.snapshot(1060), 5, { resumeMs: 100 }) as Aggregator;
  expect(moved.nextMs).toBe(45);
  moved.tick(44);
  expect(moved.state).toBe("lost");
  moved.tick(45);
  expect(moved.state).toBe("ended");
});
