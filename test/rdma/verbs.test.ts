import { describe, expect, test } from "vitest";
import { censusAfterEach } from "../helpers/census.js";
import { testEngine } from "../helpers/engines.js";
import { Random } from "../helpers/property.js";
import { A4, B4, connect, makeEnd, Wire } from "../helpers/rdma.js";

censusAfterEach();

describe("datagrams", () => {
  async function pair() {
    const [a, b] = [await makeEnd({ type: "ud" }), await makeEnd({ type: "ud", qpn: 1 })];
    for (const { qp } of [a, b]) {
      qp.modify({ state: "init", qkey: 0x80010000 });
      qp.modify({ state: "rtr", mtu: 1024 });
      qp.modify({ state: "rts", sqPsn: 5 });
    }
    const from = a.pd.register(2048);
    from.bytes.set(new Random(3).bytes(2048));
    const to = { address: a.device.createAddress(A4), qpn: 1, qkey: 0x80010000 };
    return { a, b, from, to, wire: new Wire(a, b, new Random(4)) };
  }

  test("arrive behind the place of their IP header", async () => {
    const { a, b, from, to, wire } = await pair();
    const inbox = b.pd.register(2048, { access: ["local-write"] });
    inbox.bytes.fill(0xa5);
    b.qp.postRecv({ wrId: 3, local: { region: inbox } });
    a.qp.postSend({ wrId: 4, opcode: "send-imm", imm: 7, to, local: { region: from, length: 1001 } });
    wire.settle();
    expect(a.cq.poll()).toMatchObject([{ wrId: 4, status: "success" }]);
    const expected = { wrId: 3, byteLen: 1041, imm: 7, sourceQpn: a.qp.qpn, hasGrh: true, status: "success" };
    expect(b.cq.poll()).toMatchObject([expected]);
    expect([...inbox.bytes.subarray(0, 21)]).toEqual([...new Uint8Array(20), 0x45]);
    expect([...inbox.bytes.subarray(32, 40)]).toEqual([10, 9, 0, 1, 10, 9, 0, 2]);
    expect(inbox.bytes.subarray(40, 1041)).toEqual(from.bytes.subarray(0, 1001));
    expect(inbox.bytes[1041]).toBe(0xa5);
  });

  test("are dropped, with a cause, without a receive, with another key, or when too long for it", async () => {
    const { a, b, from, to, wire } = await pair();
    const inbox = b.pd.register(64, { access: ["local-write"] });
    const local = { region: from, length: 25 };
    a.qp.postSend({ opcode: "send", to, local });
    wire.settle();
    b.qp.postRecv({ local: { region: inbox } });
    a.qp.postSend({ opcode: "send", to, local }, { opcode: "send", to: { ...to, qkey: 1 }, local });
    a.qp.postSend({ opcode: "send", to: { ...to, qpn: 99 }, local });
    wire.settle();
    expect(b.port.counters.drops).toEqual({
      "rdma-no-receive": 1,
      "rdma-length": 1,
      "ib-qkey": 1,
      "rdma-no-qp": 1,
    });
    expect(b.cq.poll()).toEqual([]);
  });

  test("longer than a packet end their queue pair", async () => {
    const { a, from, to } = await pair();
    a.qp.postSend(
      { wrId: 1, opcode: "send", to, local: { region: from, length: 1025 } },
      { wrId: 2, opcode: "send", to },
    );
    a.device.poll();
    expect(a.cq.poll().map(({ wrId, status }) => [wrId, status])).toEqual([
      [1, "local-length-error"],
      [2, "flushed"],
    ]);
    expect(a.qp.state).toBe("error");
  });
});

describe("completions", () => {
  test("that find no room are counted, and end the queue pair", async () => {
    const [a, b] = [await makeEnd({ rdma: { completions: 2 } }), await makeEnd()];
    connect(a, b);
    b.qp.postRecv(...Array.from({ length: 4 }, () => ({})));
    a.qp.postSend(...Array.from({ length: 4 }, (_, wrId) => ({ wrId, opcode: "send" as const })));
    new Wire(a, b, new Random(5)).settle();
    expect([a.cq.overruns > 0, a.qp.state, a.cq.poll().length]).toEqual([true, "error", 2]);
    expect(a.device.takeErrors()).toEqual([a.qp]);
  });

  test("of successes come only where they are wanted", async () => {
    const [a, b] = [await makeEnd(), await makeEnd()];
    connect(a, b);
    b.qp.postRecv({}, {});
    a.qp.postSend({ wrId: 1, opcode: "send", signaled: false }, { wrId: 2, opcode: "send" });
    new Wire(a, b, new Random(5)).settle();
    expect(a.cq.poll().map(({ wrId }) => wrId)).toEqual([2]);
  });
});

describe("what is asked wrongly is refused", () => {
  test("a device without a plan, a second one, and a port that is read", async () => {
    const bare = await testEngine();
    expect(() => bare.addRdma({ port: bare.addPort("p") })).toThrow("rdma is undefined");
    const { engine, port } = await makeEnd();
    expect(() => engine.addRdma({ port })).toThrow("a second one");
  });

  test("ways between states that there are not, and options that are missing", async () => {
    const { qp } = await makeEnd();
    expect(() => qp.modify({ state: "rts", sqPsn: 1 })).toThrow("state is");
    qp.modify({ state: "init" });
    expect(() => qp.modify({ state: "rtr" })).toThrow("destQpn");
    expect(() => qp.modify({ state: "rtr", destQpn: 1, rqPsn: 1 })).toThrow("address");
    expect(() => qp.modify({ state: "rtr", destQpn: 1, rqPsn: 1, address: B4, mtu: 300 as 256 })).toThrow("mtu");
    expect(() => qp.postSend({ opcode: "send" })).toThrow("state is");
    expect(qp.state).toBe("init");
  });

  test("requests that make no sense; none of the list is posted", async () => {
    const [a, b] = [await makeEnd(), await makeEnd()];
    connect(a, b);
    const region = a.pd.register(64);
    expect(() => a.qp.postSend({ opcode: "send" }, { opcode: "rdma-read", local: { region } })).toThrow("remote");
    expect(() => a.qp.postSend({ opcode: "send", local: { region, offset: 60, length: 5 } })).toThrow("local.length");
    const remote = { va: 0n, rkey: 1 };
    expect(() => a.qp.postSend({ opcode: "fetch-add", local: { region, length: 4 }, remote })).toThrow("local.length");
    expect(a.qp.sendsOpen).toBe(0);
  });

  test("a local key that does not cover the bytes fails its request, behind those before it", async () => {
    const [a, b] = [await makeEnd(), await makeEnd()];
    connect(a, b);
    const [near, far] = [a.pd.register(64), b.pd.register(64, { access: ["remote-read"] })];
    b.qp.postRecv({});
    const read = {
      wrId: 2,
      opcode: "rdma-read",
      local: { region: near },
      remote: { va: far.va, rkey: far.rkey },
    } as const;
    a.qp.postSend({ wrId: 1, opcode: "send" }, read, { wrId: 3, opcode: "send" });
    new Wire(a, b, new Random(6)).settle();
    expect(a.cq.poll().map(({ wrId, status }) => [wrId, status])).toEqual([
      [1, "success"],
      [2, "local-protection-error"],
      [3, "flushed"],
    ]);
  });
});

test("regions' memory is used again, and the keys of before open nothing", async () => {
  const { pd } = await makeEnd({ rdma: { memoryBytes: 256, regions: 4 } });
  const [a, b, c] = [pd.register(64), pd.register(64), pd.register(128)];
  expect(() => pd.register(1)).toThrow("longest run");
  b.deregister();
  b.deregister();
  a.deregister();
  const again = pd.register(100);
  expect([again.address, again.bytes.every((byte) => byte === 0)]).toEqual([a.address, true]);
  expect(new Set([a.rkey, b.rkey, c.rkey, again.rkey]).size).toBe(4);
});

test("a queue pair's number and place are free again when it is destroyed", async () => {
  const { device, pd, cq, qp } = await makeEnd({ rdma: { queuePairs: 2 } });
  const other = device.createQp({ pd, type: "rc", sendCq: cq });
  expect(() => device.createQp({ pd, type: "rc", sendCq: cq })).toThrow("queuePairs is 3");
  other.destroy();
  expect(() => other.state).toThrow("destroyed");
  const next = device.createQp({ pd, type: "ud", sendCq: cq, qpn: other.qpn });
  expect([next.state, next.qpn, qp.state]).toEqual(["reset", other.qpn, "reset"]);
});
