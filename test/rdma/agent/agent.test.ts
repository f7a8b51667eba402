/** Two agents: sessions, direct streams, refusals, and what their users hear. */
import { describe, expect, test } from "vitest";
import type { Agent, StreamAddress, StreamEnd } from "../../../src/rdma/agent/index.js";
import { makeStation, type Station, type StationOptions, StationWire } from "../../helpers/agents.js";
import { censusAfterEach } from "../../helpers/census.js";
import { Random } from "../../helpers/property.js";
import { Recorder } from "./recorder.js";

censusAfterEach();

const A = "10.0.0.1";
const B = "10.0.0.2";
const bytes = (words: string) => new TextEncoder().encode(words);

interface Bed {
  readonly a: Station;
  readonly b: Station;
  readonly wire: StationWire;
  /** Users of streams that B took, in order. */
  readonly taken: Recorder[];
  readonly from: StreamAddress[];
}

async function bed(optionsA: StationOptions = {}, optionsB: StationOptions = optionsA, ports = [80]): Promise<Bed> {
  const random = new Random();
  const [a, b] = [await makeStation(A, random, optionsA), await makeStation(B, random, optionsB)];
  const taken: Recorder[] = [];
  const from: StreamAddress[] = [];
  for (const port of ports) {
    b.agent.listen(port, (stream, address) => {
      const user = new Recorder();
      user.stream = stream;
      taken.push(user);
      from.push(address);
      return user;
    });
  }
  return { a, b, wire: new StationWire(a, b, random), taken, from };
}

function connect(agent: Agent, port = 80, reads = true): { stream: StreamEnd; user: Recorder } {
  const user = new Recorder(reads);
  const stream = agent.connect({ address: B, port }, user);
  user.stream = stream;
  return { stream, user };
}

/** Writes all of it, as room comes. */
function writeAll(stream: StreamEnd, user: Recorder, data: Uint8Array): void {
  let at = 0;
  const go = () => {
    at += stream.write(data.subarray(at));
  };
  const { onWritable } = user;
  user.onWritable = () => {
    onWritable.call(user);
    go();
  };
  go();
}

describe.each([
  ["aggregated", {}],
  ["direct, since the peer knows no aggregates", { aggregates: false }],
] as const)("a stream that is %s", (_, options) => {
  test("carries bytes both ways, ends each way by itself, and closes in order", async () => {
    const { a, wire, taken, from } = await bed({}, options);
    const { stream, user } = connect(a.agent);
    writeAll(stream, user, bytes("hello"));
    expect(wire.run(() => taken[0]?.text === "hello")).toBe(true);
    expect([from[0]?.address, user.heard[0]]).toEqual([A, "open"]);
    stream.end();
    expect(wire.run(() => taken[0]?.heard.includes("end") ?? false)).toBe(true);
    taken[0]?.stream?.write(bytes("and back"));
    taken[0]?.stream?.end();
    expect(wire.run(() => user.isClosed && taken[0]?.isClosed === true, 5000)).toBe(true);
    expect([user.text, user.error, taken[0]?.error]).toEqual(["and back", undefined, undefined]);
    expect(user.heard.filter((word) => word !== "writable")).toEqual(["open", "data", "end", "close in order"]);
    expect(stream.isClosed).toBe(true);
  });

  test("carries much", async () => {
    const { a, wire, taken } = await bed({}, options);
    const { stream, user } = connect(a.agent);
    const data = new Random(1).bytes(300_000);
    writeAll(stream, user, data);
    expect(wire.run(() => taken[0]?.bytes === data.length)).toBe(true);
    expect(Buffer.compare(Buffer.concat(taken[0]?.parts ?? []), data)).toBe(0);
  });

  test("is refused where nobody listens", async () => {
    const { a, wire } = await bed({}, options);
    const { user } = connect(a.agent, 81);
    expect(wire.run(() => user.isClosed)).toBe(true);
    expect(user.heard).toEqual(["close ECONNREFUSED"]);
  });

  test("is broken off: the peer hears of it", async () => {
    const { a, wire, taken } = await bed({}, options);
    const { stream, user } = connect(a.agent);
    expect(wire.run(() => taken.length === 1 && user.heard.length === 1)).toBe(true);
    stream.reset();
    expect(wire.run(() => user.isClosed && taken[0]?.isClosed === true)).toBe(true);
    expect([user.error, taken[0]?.error]).toEqual([undefined, "ECONNRESET"]);
  });
});

test("16 streams' messages of 64 bytes go in one transfer", async () => {
  const { a, wire, taken } = await bed({ pathMtu: 2048 });
  const users = Array.from({ length: 16 }, () => connect(a.agent));
  expect(wire.run(() => users.every(({ user }) => user.heard[0] === "open"))).toBe(true);
  wire.run(() => false, 1);
  wire.frames.length = 0;
  for (const { stream } of users) expect(stream.write(new Uint8Array(64).fill(7))).toBe(64);
  expect(wire.run(() => taken.every((user) => user.bytes === 64))).toBe(true);
  const data = wire.frames.filter((frame) => frame.length > 1000);
  // 1,024 bytes of 1,178.
  expect(data.map((frame) => frame.length)).toEqual([14 + 20 + 8 + 12 + 16 * 70 + 4]);
  expect(a.agent.sessions[0]?.counters).toMatchObject({ aggregates: 1, messages: 16, payloadBytes: 1024 });
});

test("streams of many ports go by one session, and agents of another tenant get none", async () => {
  const { a, wire, taken } = await bed({}, { tenant: 7 });
  const { user } = connect(a.agent);
  expect(wire.run(() => user.isClosed)).toBe(true);
  expect([user.heard, taken]).toEqual([["close ECONNREFUSED"], []]);
});

test("nobody there: a time-out", async () => {
  const { a, wire } = await bed();
  wire.isCut = true;
  const { user } = connect(a.agent);
  expect(wire.run(() => user.isClosed, 20_000)).toBe(true);
  expect(user.heard).toEqual(["close ETIMEDOUT"]);
});

test("says when to poll it: for a new stream, and while a packet is without an answer", async () => {
  let woken = 0;
  const { a, wire, taken } = await bed({ onWork: () => void woken++ }, {});
  const { stream } = connect(a.agent);
  expect(woken).toBe(1);
  const isQuiet = () => taken.length === 1 && (a.agent.nextMs ?? 0) > wire.nowMs + 1000;
  expect(wire.run(isQuiet)).toBe(true);
  stream.write(bytes("lost"));
  a.agent.poll(wire.nowMs);
  expect(a.agent.nextMs).toBe(wire.nowMs + 1);
});

describe("a connection that is lost", () => {
  test("comes back, and nobody notices", async () => {
    const { a, wire, taken } = await bed();
    const pair = [connect(a.agent), connect(a.agent)];
    expect(wire.run(() => taken.length === 2)).toBe(true);
    const data = new Random(2).bytes(200_000);
    for (const { stream, user } of pair) writeAll(stream, user, data);
    expect(wire.run(() => taken[0]?.bytes !== 0)).toBe(true);
    wire.isCut = true;
    expect(wire.run(() => a.agent.sessions[0]?.state === "lost", 9000)).toBe(true);
    wire.isCut = false;
    expect(wire.run(() => taken.every((user) => user.bytes === data.length), 60_000)).toBe(true);
    for (const user of taken) expect(Buffer.compare(Buffer.concat(user.parts), data)).toBe(0);
    expect(pair.map(({ user }) => user.isClosed)).toEqual([false, false]);
  });

  test("to a peer that has restarted: streams are reset, and new ones work", async () => {
    const { a, wire, taken } = await bed();
    const first = connect(a.agent);
    expect(wire.run(() => taken.length === 1)).toBe(true);
    const other = await makeStation(B, new Random(3), {});
    const again: Recorder[] = [];
    other.agent.listen(80, (stream) => {
      const user = new Recorder();
      user.stream = stream;
      again.push(user);
      return user;
    });
    wire.replace(1, other);
    writeAll(first.stream, first.user, bytes("lost"));
    expect(wire.run(() => first.user.isClosed, 20_000)).toBe(true);
    expect(first.user.error).toBe("ECONNRESET");
    const second = connect(a.agent);
    writeAll(second.stream, second.user, bytes("new"));
    expect(wire.run(() => again[0]?.text === "new", 20_000)).toBe(true);
  });

  test("to a peer that has gone: streams end by a time-out", async () => {
    const { a, wire, taken } = await bed({ session: { resumeMs: 3000 } });
    const { stream, user } = connect(a.agent);
    expect(wire.run(() => taken.length === 1)).toBe(true);
    wire.isCut = true;
    writeAll(stream, user, bytes("lost"));
    expect(wire.run(() => user.isClosed, 60_000)).toBe(true);
    expect(user.error).toBe("ETIMEDOUT");
  });
});
