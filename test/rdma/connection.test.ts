import { describe, expect, test } from "vitest";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS } from "../helpers/engines.js";
import { Random } from "../helpers/property.js";
import { connect, makeEnd, Wire } from "../helpers/rdma.js";

censusAfterEach();

describe.each(BUILDS)("a reliable connection, %s", (build) => {
  async function pair(connection = {}) {
    const [a, b] = [await makeEnd({ build }), await makeEnd({ build })];
    connect(a, b, connection);
    return { a, b, wire: new Wire(a, b, new Random(1)) };
  }

  test.each([0, 1, 3, 255, 256, 257, 1000, 5000])("a SEND of %i bytes", async (length) => {
    const { a, b, wire } = await pair();
    const from = a.pd.register(8192);
    const to = b.pd.register(8192, { access: ["local-write"] });
    from.bytes.forEach((_, i) => {
      from.bytes[i] = (i * 7 + 1) & 0xff;
    });
    to.bytes.fill(0xa5);
    b.qp.postRecv({ wrId: 5, local: { region: to, offset: 64, length: 6000 } });
    a.qp.postSend({ wrId: 9, opcode: "send-imm", imm: 0xdeadbeef, local: { region: from, length }, solicited: true });
    wire.settle();
    expect(a.cq.poll()).toMatchObject([{ wrId: 9, status: "success", opcode: "send-imm" }]);
    expect(b.cq.poll()).toEqual([
      {
        wrId: 5,
        status: "success",
        opcode: "recv",
        byteLen: length,
        imm: 0xdeadbeef,
        qpn: b.qp.qpn,
        sourceQpn: a.qp.qpn,
        isSolicited: true,
        hasGrh: false,
      },
    ]);
    expect(to.bytes.subarray(64, 64 + length)).toEqual(from.bytes.subarray(0, length));
    expect(to.bytes.subarray(0, 64).every((byte) => byte === 0xa5)).toBe(true);
    expect(to.bytes.subarray(64 + length).every((byte) => byte === 0xa5)).toBe(true);
  });

  test("WRITE, WRITE with immediate, READ and atomics", async () => {
    const { a, b, wire } = await pair();
    const local = a.pd.register(4096, { access: ["local-write"] });
    const far = b.pd.register(4096, {
      access: ["local-write", "remote-write", "remote-read", "remote-atomic"],
      va: 1n << 60n,
    });
    local.bytes.forEach((_, i) => {
      local.bytes[i] = (i * 13 + 5) & 0xff;
    });
    b.qp.postRecv({ wrId: 77 });
    const remote = { va: far.va + 100n, rkey: far.rkey };
    a.qp.postSend(
      { wrId: 1, opcode: "rdma-write", local: { region: local, length: 700 }, remote },
      {
        wrId: 2,
        opcode: "rdma-write-imm",
        imm: 3,
        local: { region: local, offset: 700, length: 600 },
        remote: { ...remote, va: far.va + 800n },
      },
      { wrId: 3, opcode: "rdma-read", local: { region: local, offset: 2048, length: 1300 }, remote },
      {
        wrId: 4,
        opcode: "fetch-add",
        compareAdd: 5n,
        local: { region: local, offset: 3400, length: 8 },
        remote: { va: far.va + 8n, rkey: far.rkey },
      },
      {
        wrId: 5,
        opcode: "compare-swap",
        compareAdd: 5n,
        swap: 99n,
        local: { region: local, offset: 3408, length: 8 },
        remote: { va: far.va + 8n, rkey: far.rkey },
      },
      {
        wrId: 6,
        opcode: "compare-swap",
        compareAdd: 5n,
        swap: 11n,
        local: { region: local, offset: 3416, length: 8 },
        remote: { va: far.va + 8n, rkey: far.rkey },
      },
    );
    wire.settle();
    expect(a.cq.poll().map(({ wrId, status }) => [wrId, status])).toEqual(
      [1, 2, 3, 4, 5, 6].map((id) => [id, "success"]),
    );
    expect(b.cq.poll()).toMatchObject([{ wrId: 77, opcode: "recv-rdma-imm", imm: 3, byteLen: 600, status: "success" }]);
    expect(far.bytes.subarray(100, 1400)).toEqual(local.bytes.subarray(0, 1300));
    expect(local.bytes.subarray(2048, 2048 + 1300)).toEqual(local.bytes.subarray(0, 1300));
    const words = new DataView(local.bytes.buffer, local.bytes.byteOffset);
    expect([3400, 3408, 3416].map((at) => words.getBigUint64(at, true))).toEqual([0n, 5n, 99n]);
    expect(new DataView(far.bytes.buffer, far.bytes.byteOffset).getBigUint64(8, true)).toBe(99n);
  });

  test("a receiver that is not ready is asked again, and its sender waits", async () => {
    const { a, b, wire } = await pair();
    const from = a.pd.register(64);
    const to = b.pd.register(64, { access: ["local-write"] });
    a.qp.postSend({ opcode: "send", local: { region: from } });
    for (let i = 0; i < 500; i++) wire.step();
    expect(a.cq.poll()).toEqual([]);
    expect(Number(a.device.counters.rnrNaksReceived)).toBeGreaterThan(3);
    b.qp.postRecv({ local: { region: to } });
    wire.settle();
    expect(a.cq.poll()).toMatchObject([{ status: "success" }]);
    expect(b.cq.poll()).toMatchObject([{ status: "success", byteLen: 64 }]);
  });

  test("a receiver that stays not ready, and a peer that is gone, end the connection", async () => {
    const { a, wire } = await pair({ rts: { rnrRetry: 3 } });
    const from = a.pd.register(64);
    a.qp.postSend(
      { wrId: 1, opcode: "send", local: { region: from } },
      { wrId: 2, opcode: "send", local: { region: from } },
    );
    wire.settle();
    expect(a.cq.poll().map(({ wrId, status }) => [wrId, status])).toEqual([
      [1, "rnr-retries-exhausted"],
      [2, "flushed"],
    ]);
    const gone = await pair({ rts: { retryCount: 2 } });
    gone.b.qp.modify({ state: "reset" });
    gone.a.qp.postRecv({ wrId: 8 });
    gone.a.qp.postSend({ wrId: 3, opcode: "send" });
    gone.wire.settle();
    expect(gone.a.cq.poll().map(({ wrId, status }) => [wrId, status])).toEqual([
      [3, "retries-exhausted"],
      [8, "flushed"],
    ]);
    expect([gone.a.qp.state, gone.a.device.takeErrors(), Number(gone.a.device.counters.timeouts)]).toEqual([
      "error",
      [gone.a.qp],
      3,
    ]);
    expect(gone.b.port.counters.drops).toMatchObject({ "rdma-qp-state": 3 });
  });

  test("a drained queue begins nothing until it may again", async () => {
    const { a, b, wire } = await pair();
    const far = b.pd.register(64, { access: ["remote-write"] });
    const near = a.pd.register(64);
    const write = { opcode: "rdma-write", local: { region: near }, remote: { va: far.va, rkey: far.rkey } } as const;
    a.qp.postSend(write);
    wire.settle();
    a.qp.modify({ state: "sqd" });
    a.qp.postSend(write);
    wire.settle();
    expect([a.cq.poll().length, a.qp.isDrained, a.qp.sendsOpen]).toEqual([1, true, 1]);
    a.qp.modify({ state: "rts" });
    wire.settle();
    expect([a.cq.poll().length, a.qp.sendsOpen]).toEqual([1, 0]);
  });
});
