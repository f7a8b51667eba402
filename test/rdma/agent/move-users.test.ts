/** An agent that goes on in another process: there each stream is made anew, and its user asked for, by peer and number. */
import { expect, test } from "vitest";
import type { Agent, StreamEnd, StreamPlace, StreamUsers } from "../../../src/rdma/agent/index.js";
import { makeStation, type StationOptions, StationWire } from "../../helpers/agents.js";
import { Random } from "../../helpers/property.js";
import { extract, insert, makeTarget, moveStation } from "./mover.js";
import { Recorder } from "./recorder.js";

const A = "10.0.0.1";
const B = "10.0.0.2";

async function makePair(options: StationOptions = {}) {
  const random = new Random();
  const [a, b] = [await makeStation(A, random, options), await makeStation(B, random, options)];
  const wire = new StationWire(a, b, random);
  const opener = new Recorder();
  const taker = new Recorder();
  b.agent.listen(80, (stream) => {
    taker.stream = stream;
    return taker;
  });
  opener.stream = a.agent.connect({ address: B, port: 80 }, opener);
  expect(wire.run(() => opener.heard.includes("open"))).toBe(true);
  return { random, a, b, wire, opener, taker };
}

test("streams and listeners are handed to new users, and go on", async () => {
  const { random, b, wire, opener, taker } = await makePair();
  opener.stream?.write(new TextEncoder().encode("before "));
  expect(wire.run(() => taker.text === "before ")).toBe(true);
  opener.stream?.write(new TextEncoder().encode("between "));
  const places: StreamPlace[] = [];
  const again = new Recorder();
  const later = new Recorder();
  const users: StreamUsers = {
    attach: (stream: StreamEnd, place) => {
      places.push(place);
      again.stream = stream;
      return again;
    },
    accept: (port) => (stream) => {
      expect(port).toBe(80);
      later.stream = stream;
      return later;
    },
  };
  const { station } = await moveStation(b, random, {}, wire.nowMs, users);
  wire.goOn(1, station);
  expect(places).toEqual([{ remote: A, kind: "taker", number: 0 }]);
  expect(again.stream?.local).toEqual({ address: B, port: 80 });
  opener.stream?.write(new TextEncoder().encode("after"));
  opener.stream?.end();
  again.stream?.end();
  expect(wire.run(() => again.isClosed && opener.isClosed)).toBe(true);
  expect([again.text, again.error, opener.error]).toEqual(["between after", undefined, undefined]);
  expect(taker.text).toBe("before ");
});

test("an agent that is stopped does nothing, and goes on when it is started", async () => {
  const { a, wire, opener, taker } = await makePair();
  a.agent.stop();
  opener.stream?.write(new Uint8Array(10));
  expect(a.agent.nextMs).toBeUndefined();
  expect(wire.run(() => taker.bytes > 0, 20)).toBe(false);
  a.agent.start();
  expect(wire.run(() => taker.bytes === 10)).toBe(true);
});

test.each([
  ["a session", {}],
  ["connections to themselves", { aggregates: false }],
])(
  "streams of %s stay with their agent when a move comes to nothing after its state was taken in",
  async (_, options) => {
    const { random, a, wire, opener, taker } = await makePair(options);
    const late = new Recorder();
    late.stream = a.agent.connect({ address: "10.0.0.3", port: 80 }, late);
    a.agent.stop();
    const { move, engine } = await makeTarget(A, random, options, a.agent);
    expect(insert(move, extract(a.agent, wire.nowMs), wire.nowMs)).toBeUndefined();
    engine.close();
    a.agent.start();
    opener.stream?.write(new TextEncoder().encode("here after all"));
    expect(wire.run(() => taker.text === "here after all")).toBe(true);
    late.stream.reset();
    opener.stream?.end();
    taker.stream?.end();
    expect(wire.run(() => opener.isClosed && taker.isClosed && late.isClosed)).toBe(true);
    expect([opener.error, taker.error, late.error]).toEqual([undefined, undefined, undefined]);
  },
);

test.each([
  ["another tenant", { tenant: 5 }, "tenant"],
  ["another port for sessions", { sessionPort: 99 }, "sessionPort"],
  ["other limits", { session: { transfersMax: 8, transferBytes: 4096, windowBytes: 1024 } }, "windowBytes"],
  ["no aggregates", { aggregates: false }, "aggregates"],
] as const)("a target with %s is refused, and nothing has changed there", async (_, options, field) => {
  const { random, a, wire } = await makePair();
  a.agent.stop();
  const sections = extract(a.agent, wire.nowMs);
  const { move, engine } = await makeTarget(A, random, options, a.agent);
  const refusal = insert(move, sections, wire.nowMs);
  expect(refusal?.section).toBe("streams");
  expect(refusal?.field).toContain(field);
  expect(move.agent).toBeUndefined();
  engine.close();
});

test("streams that the agent in the VM does not have are refused", async () => {
  const { random, a, b, wire } = await makePair();
  a.agent.stop();
  const { move } = await makeTarget(A, random, {}, b.agent as Agent);
  const refusal = insert(move, extract(a.agent, wire.nowMs), wire.nowMs);
  expect(refusal).toMatchObject({ section: "streams", field: "stream", value: "opener 0 of 10.0.0.2" });
});

test("a session whose connection is lost comes back after a move of either agent", async () => {
  const { random, a, b, wire, opener, taker } = await makePair();
  wire.isCut = true;
  opener.stream?.write(new TextEncoder().encode("through"));
  expect(wire.run(() => a.agent.sessions[0]?.state === "lost", 9000)).toBe(true);
  wire.goOn(0, (await moveStation(a, random, {}, wire.nowMs)).station);
  wire.goOn(1, (await moveStation(b, random, {}, wire.nowMs)).station);
  wire.isCut = false;
  expect(wire.run(() => taker.text === "through", 9000)).toBe(true);
  opener.stream?.end();
  taker.stream?.end();
  expect(wire.run(() => opener.isClosed && taker.isClosed)).toBe(true);
  expect([opener.error, taker.error]).toEqual([undefined, undefined]);
});
