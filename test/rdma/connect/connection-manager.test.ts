import { describe, expect, test } from "vitest";
import { ConfigError } from "../../../src/errors.js";
import { ConnectionManager } from "../../../src/rdma/connect/index.js";
import { censusAfterEach } from "../../helpers/census.js";
import { A, B, kinds, type Managed, ManagedPair, makeManaged, newQp, PORT } from "../../helpers/connect.js";
import { BUILDS } from "../../helpers/engines.js";
import { Random } from "../../helpers/property.js";
import { connect as connectByHand, makeEnd, takeFrames } from "../../helpers/rdma.js";

censusAfterEach();

const HELLO = Uint8Array.from([1, 2, 3]);
const WELCOME = Uint8Array.from([9, 8, 7, 6]);

/** Both listen; whoever is asked accepts with a new queue pair. */
async function accepting(...args: Parameters<typeof ManagedPair.make>) {
  const pair = await ManagedPair.make(...args);
  const [a, b] = pair.ends;
  b.cm.listen(PORT);
  const accepted: ReturnType<typeof newQp>[] = [];
  pair.react = (at, event, nowMs) => {
    if (event.type !== "requested") return;
    const qp = newQp(at);
    accepted.push(qp);
    at.cm.accept(event.id, { qp, privateData: WELCOME }, nowMs);
  };
  return { pair, a, b, accepted };
}

function isEstablished(...ends: readonly Managed[]): () => boolean {
  return () => ends.every((end) => kinds(end).includes("established"));
}

describe.each(BUILDS)("a connection, %s build", (build) => {
  test.each([
    ["IPv4", A, B],
    ["IPv6", "2001:db8::1", "2001:db8::2"],
  ])("over %s is asked for, accepted, used and ended", async (_, local, remote) => {
    const { pair, a, b, accepted } = await accepting(new Random(1), {}, { local }, { build });
    const id = a.cm.connect({ remote, port: PORT, qp: a.end.qp, privateData: HELLO }, 0);
    pair.until(isEstablished(a, b));
    const [requested] = b.events;
    expect(requested).toMatchObject({ type: "requested", port: PORT, remote: local });
    expect(requested?.type === "requested" && requested.privateData.subarray(0, 4)).toEqual(Uint8Array.of(1, 2, 3, 0));
    const [established] = a.events;
    expect(established?.type === "established" && established.privateData.subarray(0, 5)).toEqual(
      Uint8Array.of(9, 8, 7, 6, 0),
    );
    const [qp] = accepted as [ReturnType<typeof newQp>];
    expect([a.end.qp.state, qp.state]).toEqual(["rts", "rts"]);
    const [from, to] = [a.end.pd.register(3000), b.end.pd.register(3000, { access: ["local-write", "remote-read"] })];
    const back = a.end.pd.register(3000, { access: ["local-write"] });
    from.bytes.set(new Random(2).bytes(3000));
    qp.postRecv({ wrId: 1, local: { region: to } });
    a.end.qp.postSend(
      { wrId: 2, opcode: "send", local: { region: from } },
      { wrId: 3, opcode: "rdma-read", local: { region: back }, remote: { va: to.va, rkey: to.rkey } },
    );
    pair.wire.settle();
    expect(a.end.cq.poll()).toMatchObject([
      { wrId: 2, status: "success" },
      { wrId: 3, status: "success" },
    ]);
    expect([b.end.cq.poll().length, Buffer.compare(from.bytes, back.bytes)]).toEqual([1, 0]);
    a.cm.disconnect(id, pair.nowMs);
    pair.untilClosed();
    expect(a.events.slice(1)).toEqual([
      { type: "disconnected", id, by: "local", reason: "requested" },
      { type: "closed", id },
    ]);
    expect(b.events.slice(2)).toMatchObject([
      { type: "disconnected", by: "peer", reason: "requested" },
      { type: "closed" },
    ]);
    expect([a.end.qp.state, qp.state]).toEqual(["error", "error"]);
    expect([a.cm.nextMs, b.cm.nextMs]).toEqual([undefined, undefined]);
  });
});

test("a request is turned down by its owner, with private data, and where nobody listens", async () => {
  const pair = await ManagedPair.make(new Random(3));
  const [a, b] = pair.ends;
  b.cm.listen(PORT);
  pair.react = (at, event, nowMs) => {
    if (event.type === "requested") at.cm.reject(event.id, "consumer-reject", nowMs, HELLO);
  };
  const refused = a.cm.connect({ remote: B, port: PORT, qp: a.end.qp }, 0);
  const unheard = a.cm.connect({ remote: B, port: PORT + 1, qp: newQp(a) }, 0);
  pair.untilClosed();
  const byId = (id: number) => a.events.find((event) => event.id === id);
  expect(byId(refused)).toMatchObject({ type: "rejected", by: "peer", reason: "consumer-reject" });
  expect(byId(unheard)).toMatchObject({ type: "rejected", by: "peer", reason: "invalid-service-id" });
  const event = byId(refused);
  expect(event?.type === "rejected" && event.privateData.subarray(0, 4)).toEqual(Uint8Array.of(1, 2, 3, 0));
  expect(kinds(b)).toEqual(["requested", "rejected", "closed"]);
  // Nothing ever came to the queue pairs: they are where connect brought them.
  expect(a.end.qp.state).toBe("init");
});

test("nobody there: the attempt ends by itself", async () => {
  const random = new Random(4);
  const a = await makeManaged(A, random, { maxCmRetries: 3 });
  const id = a.cm.connect({ remote: B, port: PORT, qp: a.end.qp }, 0);
  const seen: string[] = [];
  for (let i = 0; a.cm.size > 0 && i < 100; i++) {
    const nowMs = a.cm.nextMs ?? 0;
    for (const event of a.cm.poll(nowMs)) seen.push("reason" in event ? `${event.type} ${event.reason}` : event.type);
    a.end.device.poll();
  }
  expect(seen).toEqual(["rejected timeout", "closed"]);
  expect(id).toBe(1);
  // The REQ four times, and that it is given up.
  expect(takeFrames(a.end.port).length).toBe(5);
});

test("stops listening; a port is listened to once", async () => {
  const { pair, a, b } = await accepting(new Random(5));
  expect(() => b.cm.listen(PORT)).toThrow(ConfigError);
  b.cm.unlisten(PORT);
  a.cm.connect({ remote: B, port: PORT, qp: a.end.qp }, 0);
  pair.untilClosed();
  expect(a.events[0]).toMatchObject({ type: "rejected", reason: "invalid-service-id" });
});

test("data says what a lost RTU would have said", async () => {
  const { pair, a, b, accepted } = await accepting(new Random(6));
  a.cm.connect({ remote: B, port: PORT, qp: a.end.qp }, 0);
  pair.until(() => accepted.length === 1);
  const region = b.end.pd.register(64, { access: ["local-write"] });
  accepted[0]?.postRecv({ local: { region } });
  pair.until(isEstablished(a));
  // The RTU is on its way to the port: it is thrown away.
  a.end.device.poll();
  takeFrames(a.end.port);
  a.end.qp.postSend({ opcode: "send" });
  const sentMs = pair.nowMs;
  pair.until(isEstablished(b));
  expect([accepted[0]?.state, pair.nowMs - sentMs < 0.1]).toEqual(["rts", true]);
});

test("a queue pair whose peer is gone ends its connection at once; others' errors are handed on", async () => {
  const foreign: number[] = [];
  const { pair, a, b, accepted } = await accepting(
    new Random(7),
    {},
    { retryCount: 1, maxCmRetries: 2, onQueuePairError: ({ qpn }) => foreign.push(qpn) },
  );
  const id = a.cm.connect({ remote: B, port: PORT, qp: a.end.qp }, 0);
  pair.until(isEstablished(a, b));
  accepted[0]?.modify({ state: "reset" });
  a.end.qp.postSend({ opcode: "send" });
  pair.until(() => kinds(a).includes("disconnected"));
  expect(a.events.at(-1)).toEqual({ type: "disconnected", id, by: "local", reason: "queue-pair-error" });
  pair.untilClosed();
  // Once, though a DREQ and its answer followed; and the peer has learnt of it.
  expect(kinds(a)).toEqual(["established", "disconnected", "closed"]);
  expect(kinds(b)).toEqual(["requested", "established", "disconnected", "closed"]);
  const other = newQp(a);
  other.modify({ state: "error" });
  a.cm.poll(pair.nowMs);
  expect(foreign).toEqual([other.qpn]);
});

test("a number may be used again once it is closed, and not before", async () => {
  const { pair, a, b } = await accepting(new Random(8));
  const { qp } = a.end;
  for (let round = 0; round < 3; round++) {
    const id = a.cm.connect({ remote: B, port: PORT, qp }, pair.nowMs);
    pair.until(() => kinds(a, id).includes("established"));
    a.cm.disconnect(id, pair.nowMs);
    pair.until(() => kinds(a, id).includes("disconnected"));
    qp.modify({ state: "reset" });
    expect(() => a.cm.connect({ remote: B, port: PORT, qp }, pair.nowMs)).toThrow(/qp\.qpn/);
    pair.until(() => kinds(a, id).includes("closed"));
  }
  pair.untilClosed();
  expect(kinds(b).filter((kind) => kind === "established").length).toBe(3);
});

test("a queue pair that its owner has destroyed early harms nobody", async () => {
  const { pair, a, b, accepted } = await accepting(new Random(9));
  a.cm.connect({ remote: B, port: PORT, qp: a.end.qp }, 0);
  pair.until(() => accepted.length === 1);
  a.end.qp.destroy();
  pair.untilClosed();
  expect(a.events.map(({ type }) => type)).toEqual(["disconnected", "closed"]);
  expect(kinds(b).slice(-2)).toEqual(["disconnected", "closed"]);
});

test("bad requests change nothing", async () => {
  const { a } = await accepting(new Random(10));
  const { qp, device, pd, cq } = a.end;
  const ask = (request: object) => () => a.cm.connect({ remote: B, port: PORT, qp, ...request }, 0);
  expect(ask({ remote: "nowhere" })).toThrow(/remote/);
  expect(ask({ remote: "2001:db8::1" })).toThrow(/IP version/);
  expect(ask({ privateData: new Uint8Array(57) })).toThrow(/privateData/);
  expect(ask({ pathMtu: 8192 })).toThrow(/pathMtu/);
  expect(ask({ port: 70_000 })).toThrow(/port/);
  expect(ask({ initiatorDepth: 17 })).toThrow(/initiatorDepth/);
  expect(ask({ window: 0 })).toThrow(/window/);
  expect(ask({ access: ["everything"] })).toThrow(/access/);
  expect(ask({ qp: device.createQp({ pd, type: "ud", sendCq: cq }) })).toThrow(/qp\.type/);
  expect([a.cm.size, qp.state, a.cm.nextMs]).toEqual([0, "reset", undefined]);
  expect(() => new ConnectionManager({ device, local: A, random: () => 1 })).toThrow(/qpn/);
});

test.each([
  ["local", { local: "10.9.0" }],
  ["localMac", { localMac: "2" }],
  ["remoteMac", { remoteMac: "2" }],
  ["resolver", { remoteMac: "02:00:00:00:00:01", resolver: () => "" }],
  ["sourcePort", { sourcePort: 0 }],
  ["addresses", { addresses: 17 }],
  ["caAckDelay", { caAckDelay: 32 }],
  ["maxConnections", { maxConnections: 0 }],
])("a bad %s is named at once", async (name, options) => {
  await expect(makeManaged(B, new Random(16), options)).rejects.toThrow(new RegExp(`^${name} is`));
});

test("more remotes than address handles: each gets its answer", async () => {
  const b = await makeManaged(B, new Random(11), { addresses: 1 });
  const peers = ["10.9.0.3", "10.9.0.4", "10.9.0.5", "10.9.0.6"];
  const answered: string[] = [];
  for (const [i, local] of peers.entries()) {
    const peer = await makeManaged(local, new Random(12 + i));
    peer.cm.connect({ remote: B, port: PORT, qp: peer.end.qp }, 0);
    peer.cm.poll(0);
    peer.end.device.poll();
    for (const frame of takeFrames(peer.end.port)) b.end.port.receive(frame);
  }
  for (let i = 0; i < 10; i++) {
    b.end.device.poll();
    b.cm.poll(i);
    for (const frame of takeFrames(b.end.port)) answered.push(frame.subarray(30, 34).join("."));
  }
  expect(answered).toEqual(peers);
});

test("a request from elsewhere than it says is turned down, and one to another address not heard", async () => {
  const { pair, a, b } = await accepting(new Random(13));
  const liar = await makeManaged("10.9.0.7", new Random(14));
  liar.cm.connect({ remote: B, port: PORT, qp: liar.end.qp }, 0);
  liar.cm.poll(0);
  liar.end.device.poll();
  const [frame] = takeFrames(liar.end.port) as [Uint8Array];
  // By a device that has another address, with the right ICRC: 10.9.0.7's REQ, from 10.9.0.1.
  const mad = frame.slice(62, 62 + 256);
  const [relay, target] = [await makeEnd({ type: "ud", qpn: 1, rdma: { queuePairs: 32 } }), b.end];
  const region = relay.pd.register(256);
  region.bytes.set(mad);
  relay.qp.modify({ state: "init" });
  relay.qp.modify({ state: "rtr" });
  relay.qp.modify({ state: "rts", sqPsn: 0 });
  for (const remote of [B, "10.9.0.77"]) {
    const address = relay.device.createAddress({ local: A, remote });
    relay.qp.postSend({ opcode: "send", local: { region }, to: { address, qpn: 1, qkey: 0x80010000 } });
  }
  relay.device.poll();
  for (const data of takeFrames(relay.port)) target.port.receive(data);
  pair.until(() => b.cm.counters.received === 2);
  pair.untilClosed();
  expect([kinds(a), kinds(b), b.cm.counters.misdirected]).toEqual([[], [], 1]);
});

test("connections by hand go on beside it", async () => {
  const { a, b } = await accepting(new Random(15));
  connectByHand(a.end, b.end);
  expect([a.end.qp.state, a.cm.size]).toEqual(["rts", 0]);
});
