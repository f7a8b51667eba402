/** Agents whose sessions, connections and users begin and end at awkward times. */
import { expect, test } from "vitest";
import type { Agent, StreamEnd } from "../../../src/rdma/agent/index.js";
import { SESSION_PORT } from "../../../src/rdma/agent/options.js";
import { encodeHello, type Hello } from "../../../src/rdma/aggregator/hello.js";
import { type ConnectionEvent, ConnectionManager } from "../../../src/rdma/connect/index.js";
import { makeStation, type Station, type StationOptions, StationWire } from "../../helpers/agents.js";
import { censusAfterEach } from "../../helpers/census.js";
import { testEngine } from "../../helpers/engines.js";
import { Random } from "../../helpers/property.js";
import { Recorder } from "./recorder.js";

censusAfterEach();

const [A, B, C] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
const bytes = (words: string) => new TextEncoder().encode(words);
const HELLO: Hello = {
  session: 5n,
  peerSession: 0n,
  received: 0,
  windowBytes: 65_536,
  transferBytes: 4096,
  messagesMax: 256,
  streamsMax: 4096,
  tenant: 0,
};

function listen({ agent }: Station): Recorder[] {
  const taken: Recorder[] = [];
  agent.listen(80, (stream) => {
    const user = new Recorder();
    user.stream = stream;
    taken.push(user);
    return user;
  });
  return taken;
}

function connect(agent: Agent): { stream: StreamEnd; user: Recorder } {
  const user = new Recorder();
  const stream = agent.connect({ address: B as string, port: 80 }, user);
  user.stream = stream;
  return { stream, user };
}

async function bed(options: StationOptions = {}, optionsB = options) {
  const random = new Random(1);
  const [a, b] = [await makeStation(A as string, random, options), await makeStation(B as string, random, optionsB)];
  return { a, b, taken: listen(b), wire: new StationWire(a, b, random) };
}

/** A peer that has nothing but a connection manager. */
async function makeBare(local: string) {
  const random = new Random(2);
  const rdma = { queuePairs: 16, completionQueues: 4, memoryBytes: 200_000, addresses: 16 };
  const engine = await testEngine({ mbufs: 512, payloadBytes: 4608, queueSize: 512, rdma }, "release");
  const port = engine.addPort("roce");
  const device = engine.addRdma({ port });
  const draw = () => random.below(2 ** 32);
  const cm = new ConnectionManager({ device, local, random: draw, packetLifeTime: 11, caAckDelay: 10 });
  const events: ConnectionEvent[] = [];
  const bare = { cm, events, onEvent: (_: ConnectionEvent) => {}, newQp };
  const [pd, cq] = [device.allocPd(), device.createCq()];
  function newQp() {
    const qp = device.createQp({ pd, type: "rc", sendCq: cq, recvCq: cq });
    return qp;
  }
  const agent = {
    nextMs: undefined,
    poll(nowMs: number) {
      device.tick(nowMs);
      device.poll();
      for (const event of cm.poll(nowMs)) {
        events.push(event);
        bare.onEvent(event);
      }
      device.poll();
    },
  };
  return { ...bare, bare, station: { engine, port, agent: agent as unknown as Agent } satisfies Station };
}

test("what was written goes to a peer by another connection, though its stream has closed here", async () => {
  const { a, wire, taken } = await bed();
  const { stream, user } = connect(a.agent);
  expect(wire.run(() => taken.length === 1 && user.heard.length === 1)).toBe(true);
  taken[0]?.stream?.end();
  expect(wire.run(() => user.heard.includes("end"))).toBe(true);
  wire.isCut = true;
  stream.write(bytes("the last words"));
  stream.end();
  expect(wire.run(() => user.isClosed)).toBe(true);
  expect(wire.run(() => a.agent.sessions[0]?.state !== "open", 9000)).toBe(true);
  wire.isCut = false;
  expect(wire.run(() => taken[0]?.isClosed === true, 60_000)).toBe(true);
  expect([taken[0]?.text, taken[0]?.error]).toEqual(["the last words", undefined]);
});

/** A stream that opens as nothing arrives any more, until so many ms after it was asked for. */
async function openedAcrossACut(cutMs: number) {
  const { a, wire, taken } = await bed();
  const first = connect(a.agent);
  expect(wire.run(() => first.user.heard.length === 1)).toBe(true);
  first.stream.reset();
  expect(wire.run(() => taken[0]?.isClosed === true)).toBe(true);
  wire.run(() => false, 100);
  wire.isCut = true;
  const { user } = connect(a.agent);
  const startMs = wire.nowMs;
  wire.run(() => a.agent.sessions[0]?.state !== "open", cutMs);
  const lastedMs = wire.nowMs - startMs;
  wire.isCut = false;
  expect(wire.run(() => user.heard.length > 0, 60_000)).toBe(true);
  return { lastedMs, heard: user.heard };
}

test("a stream that opens while the connection is lost opens when it comes back", async () => {
  const { lastedMs, heard } = await openedAcrossACut(9000);
  expect(heard).toEqual(["open"]);
  // The network is there again just before the adapter gives up, so the peer is told that the connection is over.
  for (const beforeMs of [10, 5, 2, 1]) expect((await openedAcrossACut(lastedMs - beforeMs)).heard).toEqual(["open"]);
});

test("a stream that opens as its session is given back opens all the same", async () => {
  const { a, wire, taken } = await bed();
  for (const afterMs of [9990, 9999.5, 10_000, 10_000.02, 10_000.5, 10_010]) {
    const first = connect(a.agent);
    expect(wire.run(() => first.user.heard.length === 1, 20_000)).toBe(true);
    first.stream.reset();
    expect(wire.run(() => taken.every(({ isClosed }) => isClosed))).toBe(true);
    const atMs = wire.nowMs + afterMs;
    while (wire.nowMs < atMs) wire.step(Math.max(0.01, Math.min(5, atMs - wire.nowMs)));
    const { stream, user } = connect(a.agent);
    expect(wire.run(() => user.heard.length > 0, 20_000)).toBe(true);
    expect(user.heard).toEqual(["open"]);
    stream.reset();
    expect(wire.run(() => taken.every(({ isClosed }) => isClosed))).toBe(true);
  }
});

test("a request that was refused for want of room leaves no session", async () => {
  const { a, b, wire } = await bed({ connections: 1 });
  const first = connect(a.agent);
  expect(wire.run(() => first.user.heard.length === 1)).toBe(true);
  const other = await makeStation(C as string, new Random(3), { connections: 1 });
  wire.replace(0, other);
  const { user } = connect(other.agent);
  expect(wire.run(() => user.isClosed, 10_000)).toBe(true);
  expect(user.error).toBe("ECONNREFUSED");
  expect(b.agent.sizes.sessions).toBe(1);
});

test("sessions without a connection are as many as connections can be", async () => {
  const { b, wire, taken } = await bed({ connections: 2, session: { resumeMs: 3_600_000 } });
  for (let i = 0; i < 6; i++) {
    const { bare, station } = await makeBare(`10.0.1.${i}`);
    wire.replace(0, station);
    const hello = encodeHello({ ...HELLO, session: BigInt(i + 1) });
    const qp = bare.newQp();
    const id = bare.cm.connect({ remote: B as string, port: SESSION_PORT, qp, privateData: hello }, wire.nowMs);
    expect(wire.run(() => bare.events.some(({ type }) => type === "established"), 5000)).toBe(true);
    bare.cm.disconnect(id, wire.nowMs);
    expect(wire.run(() => bare.events.some(({ type }) => type === "disconnected"), 5000)).toBe(true);
    expect(b.agent.sizes.sessions).toBeLessThanOrEqual(2);
  }
  expect(taken).toEqual([]);
});

test("a peer that asks for a session and goes holds no connection", async () => {
  const { b, wire } = await bed();
  const { bare, station } = await makeBare(A as string);
  wire.replace(0, station);
  const privateData = encodeHello(HELLO);
  bare.cm.connect({ remote: B as string, port: SESSION_PORT, qp: bare.newQp(), privateData }, wire.nowMs);
  expect(wire.run(() => bare.events.some(({ type }) => type === "established"), 5000)).toBe(true);
  expect(b.agent.sizes).toMatchObject({ links: 1, sessions: 1 });
  wire.isCut = true;
  wire.run(() => b.agent.sizes.sessions === 0, 60_000);
  expect(b.agent.sizes).toMatchObject({ links: 0, sessions: 0 });
});

test("a request for a session that is no more does no harm to the one there is", async () => {
  const { b, wire } = await bed();
  const { bare, station } = await makeBare(A as string);
  wire.replace(0, station);
  const ask = (hello: Hello) =>
    bare.cm.connect(
      { remote: B as string, port: SESSION_PORT, qp: bare.newQp(), privateData: encodeHello(hello) },
      wire.nowMs,
    );
  ask(HELLO);
  expect(wire.run(() => bare.events.some(({ type }) => type === "established"), 5000)).toBe(true);
  ask({ ...HELLO, session: 4n, peerSession: 77n });
  expect(wire.run(() => bare.events.some(({ type }) => type === "rejected"), 5000)).toBe(true);
  expect(b.agent.sessions.map(({ state }) => state)).toEqual(["open"]);
});

test("an agent asks to be polled at no time that is over", async () => {
  const random = new Random(4);
  const a = await makeStation(A as string, random);
  const { bare, station } = await makeBare(B as string);
  const wire = new StationWire(a, station, random);
  bare.cm.listen(SESSION_PORT);
  let id = 0;
  bare.onEvent = (event) => {
    if (event.type !== "requested") return;
    id = event.id;
    const privateData = encodeHello({ ...HELLO, peerSession: 0n });
    bare.cm.accept(id, { qp: bare.newQp(), privateData }, wire.nowMs);
  };
  const { stream } = connect(a.agent);
  expect(wire.run(() => a.agent.sessions[0]?.state === "open", 5000)).toBe(true);
  stream.reset();
  expect(wire.run(() => a.agent.sessions[0]?.streams === 0)).toBe(true);
  while (wire.nowMs < 9000) wire.step(1);
  bare.cm.disconnect(id, wire.nowMs);
  wire.step();
  // Its user asks for another one as the connection ends.
  const { user } = connect(a.agent);
  wire.isCut = true;
  for (let late = 0; !user.isClosed && wire.nowMs < 60_000; ) {
    wire.step(1);
    late = (a.agent.nextMs ?? Number.POSITIVE_INFINITY) < wire.nowMs ? late + 1 : 0;
    expect(late).toBeLessThan(3);
  }
});

test("an agent whose session has no way to send does not ask to be polled for it", async () => {
  const { b, wire } = await bed();
  while (wire.nowMs < 20_000) wire.step(1000);
  const { bare, station } = await makeBare(A as string);
  wire.replace(0, station);
  const privateData = encodeHello(HELLO);
  bare.cm.connect({ remote: B as string, port: SESSION_PORT, qp: bare.newQp(), privateData }, wire.nowMs);
  // That the peer knows is not heard: the session is open, its keep-alive due, and its queue pair does not send.
  expect(wire.run(() => b.agent.sessions.length === 1)).toBe(true);
  wire.isCut = true;
  for (let steps = 0; steps < 100; steps++) {
    wire.step(1);
    expect(b.agent.sessions.map(({ state }) => state)).toEqual(["open"]);
    expect(b.agent.nextMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(wire.nowMs);
  }
});

test("a direct stream that was broken off takes nothing more", async () => {
  const { a, wire } = await bed({}, { aggregates: false });
  const { stream, user } = connect(a.agent);
  expect(wire.run(() => user.heard.length === 1, 5000)).toBe(true);
  stream.reset();
  expect(stream.write(bytes("too late"))).toBe(0);
  wire.run(() => user.isClosed);
  expect(user.heard).toEqual(["open", "close in order"]);
});

test("a direct stream that was broken off before its peer took it closes in order", async () => {
  const { a, wire } = await bed({}, { aggregates: false });
  const known = connect(a.agent);
  expect(wire.run(() => known.user.heard.length === 1, 5000)).toBe(true);
  wire.isCut = true;
  const { stream, user } = connect(a.agent);
  wire.step();
  expect(a.agent.sizes.directs).toBe(2);
  stream.reset();
  wire.run(() => user.isClosed);
  expect(user.heard).toEqual(["close in order"]);
});

test("both ends open sessions to each other at once", async () => {
  const { a, b, taken, wire } = await bed();
  const takenByA = listen(a);
  const one = connect(a.agent);
  const two = new Recorder();
  const stream = b.agent.connect({ address: A as string, port: 80 }, two);
  expect(wire.run(() => one.user.heard.length > 0 && two.heard.length > 0)).toBe(true);
  one.stream.write(bytes("to B"));
  stream.write(bytes("to A"));
  expect(wire.run(() => taken[0]?.text === "to B" && takenByA[0]?.text === "to A")).toBe(true);
});

test("users that write, end, break off, connect and throw nothing from inside their calls", async () => {
  const { a, b, wire } = await bed();
  b.agent.unlisten(80);
  let count = 0;
  const heard: Recorder[] = [];
  b.agent.listen(80, (stream) => {
    const user = new Recorder();
    heard.push(user);
    user.stream = stream;
    switch (count++ % 4) {
      case 0:
        stream.reset();
        break;
      case 1:
        stream.write(bytes("welcome"));
        stream.end();
        break;
      case 2:
        user.onBytes = () => stream.reset();
        break;
      default:
        user.onBytes = () => void connectBack(b, stream);
    }
    return user;
  });
  const takenByA = listen(a);
  function connectBack(from: Station, stream: StreamEnd): void {
    const user = new Recorder();
    user.stream = from.agent.connect({ address: A as string, port: 80 }, user);
    user.onOpen = () => user.stream?.write(bytes("back"));
    stream.reset();
  }
  const users = Array.from({ length: 4 }, () => {
    const each = connect(a.agent);
    each.user.onOpen = () => {
      each.user.heard.push("open");
      each.stream.write(bytes("hello"));
    };
    each.user.onEnd = () => each.stream.end();
    return each.user;
  });
  expect(wire.run(() => users.every(({ isClosed }) => isClosed) && takenByA[0]?.text === "back", 5000)).toBe(true);
  expect(users.map(({ error }) => error)).toEqual(["ECONNREFUSED", undefined, "ECONNRESET", "ECONNRESET"]);
  expect(heard.every(({ isClosed }) => isClosed)).toBe(true);
  expect(b.agent.sessions.find(({ role }) => role === "taker")?.streams).toBe(0);
});
