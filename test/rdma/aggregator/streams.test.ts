/** Streams of a session, one thing at a time. */
import { describe, expect, test } from "vitest";
import type { StreamEvent } from "../../../src/rdma/aggregator/event.js";
import type { Transfer } from "../../../src/rdma/aggregator/transfer.js";
import { Random } from "../../helpers/property.js";
import { DELAY_MS, SessionWire } from "./session-wire.js";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (words: string) => new TextEncoder().encode(words);

/** Events in short: "data 0 hello". */
function told(events: readonly StreamEvent[]): string[] {
  return events.map((event) => {
    if (event.type === "data") return `data ${event.stream} ${text(event.bytes)}`;
    if (event.type === "incoming") return `incoming ${event.stream} ${event.port}`;
    if (event.type === "close") return `close ${event.stream} ${event.error ?? "in order"}`;
    return `${event.type} ${event.stream}`;
  });
}

/** A session with so many streams open. */
function opened(count: number, options = {}, slots = 8): SessionWire {
  const wire = new SessionWire(options, slots);
  wire.connect();
  for (let i = 0; i < count; i++) expect(wire.opener.open(80 + i, 50_000)).toBe(i);
  wire.run(4);
  for (let i = 0; i < count; i++) wire.taker.accept(i);
  wire.run(4);
  expect(told(wire.taker.takeEvents())).toEqual(Array.from({ length: count }, (_, i) => `incoming ${i} ${80 + i}`));
  expect(told(wire.opener.takeEvents())).toEqual(Array.from({ length: count }, (_, i) => `open ${i}`));
  wire.sent.length = 0;
  return wire;
}

const kinds = (sent: readonly Transfer[]) => sent.map(({ kind }) => kind);

describe("what goes together", () => {
  test("16 streams' messages of 64 bytes are one transfer", () => {
    const wire = opened(16);
    for (let i = 0; i < 16; i++) expect(wire.opener.write(i, new Uint8Array(64).fill(i), wire.nowMs)).toBe(64);
    wire.run(10);
    expect(kinds(wire.sent)).toEqual(["aggregate"]);
    expect(wire.taker.takeEvents()).toHaveLength(16);
    const { aggregates, messages, payloadBytes, wireBytes, streamsPerAggregate } = wire.opener.counters;
    // 58 bytes of headers and ICRC for each of two packets at the path MTU of 1024.
    expect([aggregates, messages, payloadBytes, streamsPerAggregate]).toEqual([1, 16, 1024, [0, 0, 0, 0, 1]]);
    const controls = wire.opener.counters.controls;
    expect(wireBytes - controls * (58 + 4) - 16 * 8).toBe(16 * 70 + 2 * 58);
  });

  test("a stream that is alone goes without sub-headers, and at once, though another transfer is under way", () => {
    const wire = opened(1);
    for (const word of ["one", "two"]) {
      wire.opener.write(0, bytes(word), wire.nowMs);
      wire.send();
    }
    expect(kinds(wire.sent)).toEqual(["whole", "whole"]);
    wire.run(10);
    expect(told(wire.taker.takeEvents())).toEqual(["data 0 one", "data 0 two"]);
  });

  test("while a transfer is under way messages gather, and go when it has arrived", () => {
    const wire = opened(2, { ageMs: 1000 });
    wire.opener.write(0, bytes("a"), wire.nowMs);
    wire.send();
    for (const word of ["b", "c", "d"]) {
      wire.opener.write(word === "c" ? 1 : 0, bytes(word), wire.nowMs);
      wire.send();
    }
    expect(wire.sent).toHaveLength(1);
    wire.run(10);
    expect(wire.sent.map((transfer) => transfer.kind === "aggregate" && transfer.messages.length)).toEqual([1, 3]);
    expect(told(wire.taker.takeEvents())).toEqual(["data 0 a", "data 0 b", "data 1 c", "data 0 d"]);
    expect(wire.opener.counters.delayNs.max).toBeCloseTo(2.5 * DELAY_MS * 1e6, -3);
  });

  test.each([
    ["an age", { ageMs: DELAY_MS }, false],
    ["a message that is urgent", { ageMs: 1000 }, true],
    ["a number of messages", { ageMs: 1000, messagesMax: 2 }, false],
    ["a number of bytes", { ageMs: 1000, aggregateBytes: 64, bypassBytes: 57 }, false],
  ] as const)("they do not wait beyond %s", (_, options, isUrgent) => {
    const wire = opened(3, options);
    wire.opener.write(0, new Uint8Array(30), wire.nowMs);
    wire.send();
    wire.opener.write(1, new Uint8Array(30), wire.nowMs);
    wire.opener.write(2, new Uint8Array(30), wire.nowMs, isUrgent);
    wire.step(DELAY_MS * 0.99);
    if (_ === "an age") expect(wire.sent).toHaveLength(1);
    // Before the first has been acknowledged.
    wire.step(DELAY_MS / 2);
    expect(wire.sent.length).toBeGreaterThan(1);
  });

  test("a stream's end does not wait", () => {
    const wire = opened(2, { ageMs: 1000 });
    wire.opener.write(0, bytes("a"), wire.nowMs);
    wire.send();
    wire.opener.end(1);
    wire.send();
    expect(wire.sent).toHaveLength(2);
  });

  test("a large message goes alone, behind what its stream wrote before, and in front of what it writes after", () => {
    const wire = opened(2);
    const large = new Uint8Array(40_000).fill(120);
    wire.opener.write(0, bytes("small"), wire.nowMs);
    expect(wire.opener.write(0, large, wire.nowMs)).toBe(40_000);
    wire.opener.write(0, bytes("after"), wire.nowMs);
    wire.opener.write(1, bytes("other"), wire.nowMs);
    wire.run(20);
    expect(kinds(wire.sent)).toContain("whole");
    const events = wire.taker.takeEvents();
    const joined = events.map((event) => (event.type === "data" && event.stream === 0 ? text(event.bytes) : ""));
    expect(joined.join("")).toBe(`small${text(large)}after`);
    expect(told(events)).toContain("data 1 other");
  });

  test("streams take turns: one with much does not hold up another", () => {
    const wire = opened(2);
    wire.opener.write(0, new Uint8Array(60_000), wire.nowMs);
    wire.opener.write(1, bytes("quick"), wire.nowMs);
    wire.run(3);
    expect(told(wire.taker.takeEvents())).toContain("data 1 quick");
  });
});

describe("how streams end", () => {
  test("each way by itself, and then in order", () => {
    const wire = opened(2);
    wire.opener.write(0, bytes("ask"), wire.nowMs);
    wire.opener.end(0);
    wire.run(10);
    expect(told(wire.taker.takeEvents())).toEqual(["data 0 ask", "end 0"]);
    expect(wire.opener.write(0, bytes("more"), wire.nowMs)).toBe(0);
    wire.taker.write(0, bytes("answer"), wire.nowMs);
    wire.taker.end(0);
    wire.run(10);
    expect(told(wire.opener.takeEvents())).toEqual(["data 0 answer", "end 0", "close 0 in order"]);
    expect(told(wire.taker.takeEvents())).toEqual(["close 0 in order"]);
  });

  test("by a reset, which the peer hears of, and which drops what was not sent", () => {
    const wire = opened(2);
    wire.opener.write(0, bytes("dropped"), wire.nowMs);
    wire.opener.reset(0);
    wire.run(10);
    expect(told(wire.opener.takeEvents())).toEqual(["close 0 in order"]);
    expect(told(wire.taker.takeEvents())).toEqual(["close 0 ECONNRESET"]);
  });

  test("by a refusal, and its number is another stream's at once", () => {
    const wire = new SessionWire({ streamsMax: 1 });
    wire.connect();
    expect(wire.opener.open(81, 50_000)).toBe(0);
    wire.run(4);
    wire.taker.refuse(0);
    wire.run(4);
    expect(told(wire.opener.takeEvents())).toEqual(["close 0 ECONNREFUSED"]);
    expect(wire.opener.open(82, 50_000)).toBe(1);
  });

  test("a number rests until the taker is done with it", () => {
    const wire = opened(1, { streamsMax: 1 });
    wire.opener.reset(0);
    expect(wire.opener.open(90, 50_000)).toBeUndefined();
    wire.run(10);
    expect(wire.opener.open(91, 50_000)).toBe(1);
    wire.run(4);
    expect(told(wire.taker.takeEvents())).toEqual(["close 0 ECONNRESET", "incoming 1 91"]);
  });

  test("a reset from both ends at once leaves nothing", () => {
    const wire = opened(2, { streamsMax: 2 });
    wire.opener.reset(0);
    wire.taker.reset(0);
    wire.run(20);
    expect([told(wire.opener.takeEvents()), told(wire.taker.takeEvents())]).toEqual([
      ["close 0 in order"],
      ["close 0 in order"],
    ]);
    expect([wire.opener.open(90, 50_000), wire.opener.open(91, 50_000), wire.opener.open(92, 50_000)]).toEqual([
      2,
      undefined,
      undefined,
    ]);
  });
});

describe("credit", () => {
  test("a reader that is slow stops its own stream only", () => {
    const wire = opened(2, { windowBytes: 4096 });
    for (const stream of [0, 1]) wire.opener.write(stream, new Uint8Array(6000), wire.nowMs);
    wire.run(20);
    const got = wire.taker.takeEvents();
    const bytesOf = (stream: number) =>
      got.reduce((sum, event) => sum + (event.type === "data" && event.stream === stream ? event.bytes.length : 0), 0);
    expect([bytesOf(0), bytesOf(1)]).toEqual([4096, 4096]);
    wire.taker.consumed(1, 4096);
    wire.run(20);
    expect(wire.taker.takeEvents().map((event) => event.type === "data" && [event.stream, event.bytes.length])).toEqual(
      [[1, 6000 - 4096]],
    );
  });

  test("a writer is told when there is room again", () => {
    const wire = opened(2, { sendBufferBytes: 1024 });
    expect(wire.opener.write(0, new Uint8Array(3000), wire.nowMs)).toBe(1024);
    expect(wire.opener.write(0, new Uint8Array(1), wire.nowMs)).toBe(0);
    wire.run(4);
    expect(told(wire.opener.takeEvents())).toEqual(["writable 0"]);
  });

  test("no user can give back more than it got", () => {
    const wire = opened(2, { windowBytes: 1024 });
    wire.taker.consumed(0, 1_000_000);
    wire.opener.write(0, new Uint8Array(5000), wire.nowMs);
    wire.run(20);
    const got = wire.taker
      .takeEvents()
      .reduce((sum, event) => sum + (event.type === "data" ? event.bytes.length : 0), 0);
    expect(got).toBe(1024);
  });
});

describe("a connection that is lost", () => {
  test("comes back, and what had not arrived goes again", () => {
    const wire = opened(2);
    wire.opener.write(0, bytes("before"), wire.nowMs);
    wire.send();
    wire.cut({ below: () => 0 } as unknown as Random);
    wire.opener.write(1, bytes("meanwhile"), wire.nowMs);
    wire.run(10);
    expect([wire.opener.state, wire.taker.state]).toEqual(["lost", "lost"]);
    wire.connect();
    wire.run(10);
    expect(told(wire.taker.takeEvents())).toEqual(["data 0 before", "data 1 meanwhile"]);
    expect(wire.opener.counters.replayed).toBe(1);
  });

  test("does not come back: its streams end by a time-out, on both ends", () => {
    const wire = opened(2, { resumeMs: 50 });
    wire.cut(new Random());
    wire.run(1999);
    expect([wire.opener.state, wire.opener.nextMs]).toEqual(["lost", expect.any(Number)]);
    wire.run(2);
    for (const end of [wire.opener, wire.taker]) {
      expect(told(end.takeEvents())).toEqual(["close 0 ETIMEDOUT", "close 1 ETIMEDOUT"]);
      expect([end.state, end.nextMs]).toEqual(["ended", undefined]);
    }
  });

  test("comes back with another peer: streams are reset", () => {
    const wire = opened(2);
    wire.restartTaker(new Random());
    wire.connect();
    expect(told(wire.opener.takeEvents())).toEqual(["close 0 ECONNRESET", "close 1 ECONNRESET"]);
    expect(wire.isUp).toBe(false);
  });
});

describe("a session in which nothing happens", () => {
  test("asks now and then whether the peer is there, as long as it has streams", () => {
    const wire = opened(1, { keepAliveMs: 10 });
    expect(wire.opener.nextMs).toBeLessThanOrEqual(wire.nowMs + 10);
    wire.run(1200);
    // 30 ms, from both ends.
    expect(wire.sent).toEqual(Array.from({ length: 6 }, () => ({ kind: "control", bytes: new Uint8Array() })));
    expect([wire.taker.counters.badControls, wire.taker.takeEvents()]).toEqual([0, []]);
    wire.opener.reset(0);
    wire.run(20);
    wire.sent.length = 0;
    wire.run(1200);
    expect([wire.sent, wire.opener.nextMs]).toEqual([[], undefined]);
  });
});

describe("what no peer sends", () => {
  test("an aggregate that is damaged breaks off the streams that miss something, and no other", () => {
    const wire = opened(3);
    wire.taker.aggregate(undefined);
    wire.taker.aggregate([{ stream: 0, sequence: 1, data: bytes("late") }]);
    wire.taker.aggregate([{ stream: 1, sequence: 0, data: bytes("fine") }]);
    expect(told(wire.taker.takeEvents())).toEqual(["close 0 ECONNRESET", "data 1 fine"]);
    expect(wire.taker.counters).toMatchObject({ badAggregates: 1, violations: 1 });
  });

  test.each([
    ["bytes over the window", 0, new Uint8Array(1025)],
    ["a sequence that is ahead", 7, new Uint8Array(1)],
  ])("%s end their own stream", (_, sequence, data) => {
    const wire = opened(2, { windowBytes: 1024 });
    wire.taker.aggregate([{ stream: 0, sequence, data }]);
    wire.taker.aggregate([{ stream: 1, sequence: 0, data: bytes("fine") }]);
    expect(told(wire.taker.takeEvents())).toEqual(["close 0 ECONNRESET", "data 1 fine"]);
  });

  test("a message that was here before is dropped; so is one of no stream", () => {
    const wire = opened(2);
    for (let i = 0; i < 2; i++) wire.taker.aggregate([{ stream: 0, sequence: 0, data: bytes("once") }]);
    wire.taker.aggregate([{ stream: 9, sequence: 0, data: bytes("nobody") }]);
    expect(told(wire.taker.takeEvents())).toEqual(["data 0 once"]);
    expect(wire.taker.counters).toMatchObject({ duplicates: 1, late: 1 });
  });

  test("bytes after the end", () => {
    const wire = opened(2);
    wire.taker.aggregate([{ stream: 0, sequence: 0, data: bytes("all"), fin: true }]);
    wire.taker.aggregate([{ stream: 0, sequence: 1, data: bytes("more") }]);
    expect(told(wire.taker.takeEvents())).toEqual(["data 0 all", "end 0", "close 0 ECONNRESET"]);
  });

  test("immediates and records without a meaning are counted", () => {
    const wire = opened(1);
    wire.taker.immediate(0x0300_0000, bytes("?"));
    wire.taker.immediate(0x0100_0000, new Uint8Array(9));
    wire.taker.immediate(0x0100_0000, Uint8Array.of(1, 0, 0, 5, 0, 1, 0, 0));
    expect(wire.taker.takeEvents()).toEqual([]);
    expect(wire.taker.counters.badControls).toBe(4);
  });

  test("a second opening of a number ends the stream that has it", () => {
    const wire = opened(2);
    wire.taker.immediate(0x0100_0000, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 80));
    expect(told(wire.taker.takeEvents())).toEqual(["close 0 ECONNRESET"]);
  });
});
