/** Sessions that end, peers that come back as others, and what is held to its place when something is missing. */
import { expect, test } from "vitest";
import { Aggregator } from "../../../src/rdma/aggregator/aggregator.js";
import { encodeControls } from "../../../src/rdma/aggregator/control.js";
import { immOf } from "../../../src/rdma/aggregator/transfer.js";
import { Random } from "../../helpers/property.js";
import { SessionWire } from "./session-wire.js";

const FRAMING = { operation: "send", mtuBytes: 1024, ipVersion: 4 } as const;
const CONTROL = immOf({ kind: "control", bytes: new Uint8Array() });
const opens = (stream: number) => encodeControls([{ type: "open", stream, value: 80 }]);

/** With a stream that the taker has taken. */
function opened(options = {}): SessionWire {
  const wire = new SessionWire(options);
  wire.connect();
  wire.opener.open(80, 50_000);
  wire.run(4);
  wire.taker.accept(0);
  wire.run(4);
  wire.taker.takeEvents();
  wire.opener.takeEvents();
  wire.sent.length = 0;
  return wire;
}

test("a session that ended takes no streams of what its connection still brings", () => {
  const { taker } = opened();
  taker.fail("ECONNRESET");
  expect(taker.takeEvents().map(({ type }) => type)).toEqual(["close"]);
  taker.immediate(CONTROL, opens(1));
  expect([taker.takeEvents(), taker.streams, taker.numbers]).toEqual([[], 0, 0]);
});

test("an end that waits for the peer to be done with a stream asks whether it is there", () => {
  const { opener, nowMs } = opened();
  opener.reset(0);
  expect(opener.take(nowMs)?.kind).toBe("aggregate");
  opener.acknowledged(1);
  expect([opener.streams, opener.numbers]).toEqual([0, 1]);
  expect(opener.nextMs).toBe(nowMs + opener.limits.keepAliveMs);
  expect(opener.take(nowMs + opener.limits.keepAliveMs)?.kind).toBe("control");
});

test.each([
  ["transferBytes", 1024],
  ["messagesMax", 2],
  ["windowBytes", 5],
  ["streamsMax", 1],
] as const)("a peer that comes back with other limits is another: %s", (limit, value) => {
  const wire = opened();
  const hello = wire.taker.hello;
  wire.opener.lost(wire.nowMs);
  expect(wire.opener.connected({ ...hello, [limit]: value }, FRAMING)).toBe(false);
  expect(wire.opener.state).toBe("ended");
  expect(wire.opener.takeEvents()).toEqual([{ type: "close", stream: 0, error: "ECONNRESET" }]);
});

test("bytes that go alone behind a damaged aggregate do not close the gap", () => {
  const wire = opened();
  const { opener, taker } = wire;
  const other = opener.open(81, 50_000) as number;
  wire.run(4);
  taker.accept(1);
  wire.run(4);
  taker.takeEvents();
  opener.write(0, new Uint8Array(100).fill(1), wire.nowMs);
  opener.write(other, new Uint8Array(100).fill(1), wire.nowMs);
  const damaged = opener.take(wire.nowMs);
  expect(damaged?.kind).toBe("aggregate");
  opener.write(0, new Uint8Array(2000).fill(2), wire.nowMs);
  const alone = opener.take(wire.nowMs);
  if (alone?.kind !== "whole") throw new Error("not alone");
  taker.aggregate(undefined);
  taker.immediate(immOf(alone), alone.bytes);
  expect(taker.takeEvents()).toEqual([{ type: "close", stream: 0, error: "ECONNRESET" }]);
});

test("65,535 streams with something to send end at once", () => {
  const wire = new SessionWire({ streamsMax: 65_535 });
  wire.connect();
  for (let i = 0; i < 65_535; i++) wire.opener.open(80, 50_000);
  wire.run(200);
  for (let i = 0; i < 65_535; i++) wire.taker.accept(i);
  for (let i = 0; i < 65_535; i++) wire.taker.write(i, new Uint8Array(10), wire.nowMs);
  const startMs = performance.now();
  wire.taker.fail("ECONNRESET");
  expect(performance.now() - startMs).toBeLessThan(500);
});

test("65,535 streams with something to send are broken off one by one", () => {
  const wire = new SessionWire({ streamsMax: 65_535 });
  wire.connect();
  for (let i = 0; i < 65_535; i++) wire.opener.open(80, 50_000);
  wire.run(200);
  for (let i = 0; i < 65_535; i++) wire.taker.accept(i);
  for (let i = 0; i < 65_535; i++) wire.taker.write(i, new Uint8Array(10), wire.nowMs);
  const startMs = performance.now();
  for (let i = 0; i < 65_535; i++) wire.taker.reset(i);
  expect(performance.now() - startMs).toBeLessThan(500);
});

/** A peer's hello of the least that is allowed. */
test.each<[{ windowBytes?: number; messagesMax?: number; transferBytes?: number }]>([
  [{ windowBytes: 1 }],
  [{ messagesMax: 1 }],
  [{ transferBytes: 64 }],
  [{ windowBytes: 1, messagesMax: 1, transferBytes: 64 }],
])("a peer that takes little: %j", (limits) => {
  const [opener, taker] = [
    new Aggregator({ role: "opener", session: 1n }),
    new Aggregator({ role: "taker", session: 2n }),
  ];
  taker.connected(opener.hello, FRAMING);
  opener.connected({ ...taker.hello, ...limits, peerSession: 1n }, FRAMING);
  const data = new Random(5).bytes(3000);
  const parts: Uint8Array[][] = [[], []];
  const written = [0, 0];
  const ids = [opener.open(80, 1) as number, opener.open(81, 1) as number];
  let ended = 0;
  for (let step = 0; step < 20_000 && ended < 2; step++) {
    const nowMs = step * 0.05;
    for (const [i, id] of ids.entries())
      if ((written[i] as number) < data.length)
        written[i] =
          (written[i] as number) + opener.write(id, data.subarray(written[i], (written[i] as number) + 700), nowMs);
      else opener.end(id);
    for (const [from, to] of [
      [opener, taker],
      [taker, opener],
    ] as const) {
      for (let transfer = from.take(nowMs); transfer; transfer = from.take(nowMs)) {
        if (from === opener) {
          const bytes =
            transfer.kind === "aggregate"
              ? transfer.messages.reduce((n, m) => n + 6 + m.data.length, 0)
              : transfer.bytes.length;
          expect(bytes).toBeLessThanOrEqual(limits.transferBytes ?? 16_384);
          if (transfer.kind === "aggregate")
            expect(transfer.messages.length).toBeLessThanOrEqual(limits.messagesMax ?? 256);
          expect(transfer.kind === "aggregate" && transfer.messages.length === 0).toBe(false);
        }
        if (transfer.kind === "aggregate") to.aggregate(transfer.messages);
        else to.immediate(immOf(transfer), transfer.bytes);
        from.acknowledged(1);
      }
    }
    for (const event of taker.takeEvents()) {
      if (event.type === "incoming") taker.accept(event.stream);
      if (event.type === "end") ended++;
      if (event.type !== "data") continue;
      parts[event.stream]?.push(event.bytes);
      // A taker that gives each byte back at once, whatever its own window is.
      opener.immediate(CONTROL, encodeControls([{ type: "credit", stream: event.stream, value: event.bytes.length }]));
    }
    opener.takeEvents();
  }
  for (const part of parts) expect(Buffer.compare(Buffer.concat(part), data)).toBe(0);
});

test("a stream of 200,000 messages, whose sequence wraps three times", () => {
  const wire = opened({ transfersMax: 8 });
  wire.opener.open(81, 1);
  wire.run(4);
  wire.taker.accept(1);
  wire.run(4);
  let sent = 0;
  let got = 0;
  const message = new Uint8Array(4);
  for (let step = 0; got < 200_000 * 4 && step < 200_000; step++) {
    for (let i = 0; i < 100 && sent < 200_000; i++) {
      new DataView(message.buffer).setUint32(0, sent);
      if (wire.opener.write(0, message, wire.nowMs) < 4) throw new Error("full");
      sent++;
    }
    if (step % 500 === 499) {
      wire.cut(new Random(step));
      wire.connect();
    }
    wire.step();
    for (const event of wire.taker.takeEvents()) {
      if (event.type === "close") throw new Error(`closed ${event.error}`);
      if (event.type !== "data") continue;
      const view = new DataView(event.bytes.buffer, event.bytes.byteOffset);
      for (let at = 0; at + 4 <= event.bytes.length; at += 4) {
        if (view.getUint32(at) !== got / 4) throw new Error("order");
        got += 4;
      }
      wire.taker.consumed(0, event.bytes.length);
    }
    wire.opener.takeEvents();
  }
  expect(got).toBe(800_000);
});
