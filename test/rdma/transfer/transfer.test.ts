/** Transfers over a good wire: what is sent, what is taken, and what is told when it cannot be. */
import { beforeEach, describe, expect, test } from "vitest";
import { MESSAGE_BYTES, MESSAGE_LEN, STREAM_F_FIN, STREAM_F_RST } from "../../../assembly/layout.js";
import { TransferReceiver, TransferSender } from "../../../src/rdma/transfer/index.js";
import { censusAfterEach } from "../../helpers/census.js";
import { BUILDS } from "../../helpers/engines.js";
import { Random } from "../../helpers/property.js";
import { type Connection, connect, makeEnd, Wire } from "../../helpers/rdma.js";
import { makeTransferEnd, raw, renewed, type TransferEnd } from "../../helpers/transfer.js";

censusAfterEach();

describe.each(BUILDS)("transfers, %s", (build) => {
  let a: TransferEnd;
  let b: TransferEnd;
  let wire: Wire;
  beforeEach(async () => {
    a = await makeTransferEnd({ build });
    b = await makeTransferEnd({ build });
    wire = new Wire(a, b, new Random(1));
  });

  const bytes = (length: number, first = 1) => Uint8Array.from({ length }, (_, i) => (first + i) & 0xff);

  function pair(slots = 4, connection: Connection = {}) {
    connect(a, b, { mtu: 1024, ...connection });
    const sender = new TransferSender({ ...a, slots, slotBytes: 1024 });
    const receiver = new TransferReceiver({ ...b, slots, slotBytes: 1024, messagesMax: 8 });
    return { sender, receiver };
  }

  test("messages go in as few transfers as the room allows, and are acknowledged together", () => {
    const { sender, receiver } = pair();
    for (let i = 0; i < 5; i++) expect(sender.stage(100 + i, i, 0, bytes(64, i))).toBe(true);
    expect(sender.sendStaged(210)).toBe(5);
    expect([sender.transfersSent, sender.messagesSent, sender.inFlight, sender.slotsFree]).toEqual([2, 5, 2, 2]);
    wire.settle();
    expect([sender.completed(), sender.completed(), sender.slotsFree]).toEqual([2, 0, 4]);
    expect(receiver.nextBurst()).toBe(5);
    expect([receiver.messageCount, receiver.transfersTaken]).toEqual([5, 2]);
    const messages = Array.from({ length: 5 }, (_, i) => receiver.message(i));
    expect(messages).toEqual(
      [0, 1, 2, 3, 4].map((i) => ({ stream: 100 + i, sequence: i, flags: 0, bytes: bytes(64, i) })),
    );
    expect(() => receiver.message(5)).toThrow("i is 5");
    expect([receiver.nextBurst(), receiver.next()]).toEqual([0, undefined]);
  });

  test("a whole transfer has its immediate, and a burst of aggregates ends before it", () => {
    const { sender, receiver } = pair();
    sender.stage(1, 2, STREAM_F_FIN, bytes(0));
    sender.sendStaged(1024);
    expect(sender.sendWhole(bytes(1000), 0xdeadbeef)).toBe(true);
    expect(sender.sendWhole(bytes(0), 0)).toBe(true);
    wire.settle();
    expect([receiver.nextBurst(), receiver.nextBurst()]).toEqual([1, 0]);
    expect(receiver.next()).toEqual({ kind: "whole", imm: 0xdeadbeef, bytes: bytes(1000) });
    expect(receiver.next()).toEqual({ kind: "whole", imm: 0, bytes: bytes(0) });
    expect(receiver.next()).toBeUndefined();
    expect([sender.completed(), sender.messagesSent, sender.messagesAcknowledged]).toEqual([3, 1, 1]);
  });

  test("without a free slot nothing more is sent, and what is staged stays", () => {
    const { sender, receiver } = pair(2);
    for (let i = 0; i < 3; i++) sender.stage(i, 0, 0, bytes(500));
    expect([sender.sendStaged(600), sender.staged, sender.slotsFree]).toEqual([2, 1, 0]);
    expect([sender.sendWhole(bytes(1), 1), sender.resend(raw()), sender.sendStaged(600)]).toEqual([false, false, 0]);
    wire.settle();
    sender.completed();
    expect([sender.sendStaged(600), sender.staged]).toEqual([1, 0]);
    expect(receiver.nextBurst()).toBe(2);
    receiver.release();
    wire.settle();
    expect(receiver.nextBurst()).toBe(1);
    expect(receiver.message(0).stream).toBe(2);
  });

  test("what is staged has bounds, and can be forgotten", () => {
    connect(a, b);
    const sender = new TransferSender({ ...a, slots: 2, slotBytes: 128, stageMessages: 2, stageBytes: 100 });
    expect([sender.stage(1, 0, 0, bytes(101)), sender.stage(1, 0, 0, bytes(100))]).toEqual([false, true]);
    expect([sender.stage(1, 1, STREAM_F_RST, bytes(0)), sender.stage(1, 2, STREAM_F_RST, bytes(0))]).toEqual([
      true,
      false,
    ]);
    sender.clearStaged();
    expect([sender.staged, sender.stage(1, 0, 0, bytes(100))]).toEqual([0, true]);
  });

  test("a message that cannot be packed holds up those behind it, and says so", () => {
    const { sender } = pair();
    sender.stage(1, 0, 0, bytes(20));
    sender.stage(1, 1, 0, bytes(0));
    expect([sender.sendStaged(1024), sender.fault, sender.staged]).toEqual([1, "empty", 1]);
    sender.clearStaged();
    sender.stage(1, 1, 0, bytes(200));
    expect([sender.sendStaged(205), sender.fault, sender.slotsFree]).toEqual([0, undefined, 3]);
    expect(sender.sendStaged(206)).toBe(1);
  });

  test("records of the engine's memory are sent as they are", () => {
    const { sender, receiver } = pair();
    sender.stage(7, 9, 0, bytes(30));
    const { arena } = a.device.endpoint.owner;
    const at = a.device.memory.take(3 * MESSAGE_BYTES);
    const text = a.pd.register(64);
    text.bytes.set(bytes(64));
    for (let i = 0; i < 3; i++)
      arena.u32.set([text.address + i, 10 + i, 5 | (i << 16), 0], (at + i * MESSAGE_BYTES) >> 2);
    expect(sender.sendMessages(at, 3, 1024)).toBe(3);
    wire.settle();
    expect(receiver.nextBurst()).toBe(3);
    expect(receiver.message(2)).toEqual({ stream: 5, sequence: 2, flags: 0, bytes: bytes(12, 3) });
    const lengths = [0, 1, 2].map(
      (i) => b.device.endpoint.owner.arena.u32[(receiver.records + i * MESSAGE_BYTES + MESSAGE_LEN) >> 2],
    );
    expect(lengths).toEqual([10, 11, 12]);
  });

  test("transfers longer than the path MTU go in several packets", () => {
    const { sender, receiver } = pair(4, { mtu: 256 });
    sender.stage(1, 0, 0, bytes(1018));
    sender.sendStaged(1024);
    wire.settle();
    expect([receiver.nextBurst(), receiver.message(0).bytes]).toEqual([1, bytes(1018)]);
    expect(a.device.counters.sent).toBe(4n);
  });

  test("a peer without receives makes the sender wait, not fail", () => {
    connect(a, b, { mtu: 1024, rtr: { minRnrTimer: 1 } });
    const sender = new TransferSender({ ...a, slots: 4, slotBytes: 1024 });
    const receiver = new TransferReceiver({ ...b, slots: 1, slotBytes: 1024, messagesMax: 8 });
    for (let i = 0; i < 4; i++) sender.sendWhole(bytes(10, i), i);
    for (let i = 0; i < 100; i++) wire.step();
    expect([sender.completed(), sender.error]).toEqual([1, undefined]);
    for (let i = 0; i < 4; i++) {
      expect(receiver.next()).toEqual({ kind: "whole", imm: i, bytes: bytes(10, i) });
      receiver.release();
      for (let step = 0; step < 10; step++) wire.step();
    }
    expect(sender.completed()).toBe(3);
    expect(b.device.counters.rnrNaksSent).toBeGreaterThan(0n);
  });

  test("a bad aggregate is told by its fault, and those around it are taken", () => {
    const { sender, receiver } = pair(16);
    const good = [0, 1, 0, 2, 0, 1, 0x55];
    const bad: readonly [number[], string][] = [
      [[0, 1, 0, 2, 0, 9, 0x55], "length"],
      [[0, 1, 0, 2, 0], "truncated"],
      [[0, 1, 0, 2, 0x60, 1, 0x55], "flags"],
      [[...good, ...Array(8).fill([0, 1, 0, 2, 0, 1, 0x55]).flat()], "too-many"],
    ];
    for (const [wrong] of bad) for (const some of [good, wrong]) sender.resend(raw(...some));
    sender.resend(raw());
    wire.settle();
    for (const [, fault] of bad) {
      expect(receiver.nextBurst()).toBe(1);
      expect(receiver.nextBurst()).toBe(0);
      expect(receiver.next()).toEqual({ kind: "bad", fault });
    }
    expect(receiver.next()).toEqual({ kind: "aggregate", count: 0 });
    expect([receiver.error, b.qp.state, sender.completed()]).toEqual([undefined, "rts", 9]);
  });

  test("a WRITE with an immediate is a whole transfer without bytes", () => {
    const { receiver } = pair();
    const near = a.pd.register(64);
    b.qp.modify({ state: "reset" });
    a.qp.modify({ state: "reset" });
    connect(a, b, { mtu: 1024 });
    const far = b.pd.register(64, { access: ["remote-write"] });
    receiver.close();
    const again = new TransferReceiver({ ...b, slots: 2, slotBytes: 1024, messagesMax: 8 });
    a.qp.postSend({
      opcode: "rdma-write-imm",
      imm: 3,
      local: { region: near },
      remote: { va: far.va, rkey: far.rkey },
    });
    wire.settle();
    expect(again.next()).toEqual({ kind: "whole", imm: 3, bytes: bytes(0) });
  });

  test("on a connection that is lost all that has no acknowledgement is kept, and sent again on the next", () => {
    const { sender, receiver } = pair(8, { rts: { retryCount: 1, timeoutUs: 100 } });
    sender.stage(1, 0, 0, bytes(10));
    sender.sendStaged(1024);
    wire.settle();
    expect([sender.completed(), receiver.nextBurst()]).toEqual([1, 1]);
    const deaf = new Wire(a, b, new Random(2), { loss: 1 });
    sender.stage(1, 1, 0, bytes(20));
    sender.stage(2, 0, 0, bytes(30));
    sender.sendStaged(1024);
    sender.sendWhole(bytes(40), 5);
    deaf.settle();
    expect([sender.completed(), sender.error, sender.slotsFree, sender.inFlight]).toEqual([
      0,
      "retries-exhausted",
      0,
      2,
    ]);
    expect(sender.sendWhole(bytes(1), 1)).toBe(false);
    const kept = sender.unacknowledged();
    expect(kept.map(({ imm, messages, bytes: { length } }) => [imm, messages, length])).toEqual([
      [undefined, 2, 62],
      [5, 0, 40],
    ]);
    b.qp.modify({ state: "error" });
    expect([receiver.next(), receiver.error]).toEqual([undefined, "flushed"]);
    sender.close();
    receiver.close();
    expect(() => sender.completed()).toThrow('sender is "closed"');
    expect(() => receiver.next()).toThrow('receiver is "closed"');

    [a, b] = [renewed(a), renewed(b)];
    wire = new Wire(a, b, new Random(3));
    const next = pair(8);
    for (const transfer of kept) expect(next.sender.resend(transfer)).toBe(true);
    wire.settle();
    expect([next.sender.completed(), next.sender.messagesAcknowledged]).toEqual([2, 2]);
    expect(next.receiver.nextBurst()).toBe(2);
    expect(next.receiver.message(1)).toMatchObject({ stream: 2, bytes: bytes(30) });
    expect(next.receiver.next()).toEqual({ kind: "whole", imm: 5, bytes: bytes(40) });
    expect(next.receiver.error).toBeUndefined();
  });

  test("what a former queue pair completes on the same queues later is not this one's", () => {
    const { sender, receiver } = pair();
    sender.sendWhole(bytes(10), 1);
    const [c, d] = [a, b].map((end) => {
      const { device, pd, cq, recvCq } = end;
      return { ...end, qp: device.createQp({ pd, type: "rc", sendCq: cq, recvCq }) };
    }) as [TransferEnd, TransferEnd];
    connect(c, d, { mtu: 1024 });
    const next = new TransferSender({ ...c, slots: 4, slotBytes: 1024 });
    const taker = new TransferReceiver({ ...d, slots: 4, slotBytes: 1024, messagesMax: 8 });
    a.qp.modify({ state: "error" });
    b.qp.modify({ state: "error" });
    next.sendWhole(bytes(20), 2);
    new Wire(c, d, new Random(4)).settle();
    expect([next.completed(), next.error, taker.next(), taker.error]).toEqual([
      1,
      undefined,
      { kind: "whole", imm: 2, bytes: bytes(20) },
      undefined,
    ]);
    expect([sender.error, receiver.error]).toEqual(["flushed", "flushed"]);
  });

  test("a queue pair that ends with nothing under way is told, too", () => {
    const { sender, receiver } = pair();
    a.qp.modify({ state: "error" });
    expect([sender.completed(), sender.error, sender.slotsFree, sender.unacknowledged()]).toEqual([
      0,
      "flushed",
      0,
      [],
    ]);
    expect([sender.stage(1, 0, 0, bytes(1)), sender.sendStaged(100)]).toEqual([true, 0]);
    b.qp.modify({ state: "error" });
    expect([receiver.nextBurst(), receiver.error]).toEqual([0, "flushed"]);
    receiver.release();
    expect(b.qp.receivesOpen).toBe(0);
  });

  test("a transfer longer than the peer's slots ends the connection on both sides", () => {
    connect(a, b, { mtu: 1024 });
    const sender = new TransferSender({ ...a, slots: 4, slotBytes: 1024 });
    const receiver = new TransferReceiver({ ...b, slots: 4, slotBytes: 100, messagesMax: 8 });
    sender.sendWhole(bytes(101), 1);
    wire.settle();
    sender.completed();
    expect([receiver.next(), receiver.error, sender.error]).toEqual([
      undefined,
      "local-length-error",
      "remote-invalid-request",
    ]);
  });
});

describe("what is asked wrongly is refused", () => {
  test("at creation, and then nothing is kept", async () => {
    const end = await makeTransferEnd({ rdma: { sendDepth: 16, memoryBytes: 8192 } });
    const sender = (more: object) => () => new TransferSender({ ...end, slots: 4, slotBytes: 128, ...more });
    expect(sender({ slots: 3 })).toThrow("slots");
    expect(sender({ slots: 32 })).toThrow("slots");
    expect(sender({ slotBytes: 63 })).toThrow("slotBytes");
    expect(sender({ stageBytes: 1 })).toThrow("stageBytes");
    expect(sender({ stageMessages: 0 })).toThrow("stageMessages");
    expect(sender({ slots: 4, slotBytes: 1024, stageBytes: 4096 })).toThrow("rdma.memoryBytes");
    const receiver = (more: object) => () =>
      new TransferReceiver({ ...end, slots: 4, slotBytes: 128, messagesMax: 8, ...more });
    expect(receiver({})).toThrow('qp is "reset"');
    end.qp.modify({ state: "init" });
    expect(receiver({ messagesMax: 0 })).toThrow("messagesMax");
    end.pd.register(8192).deregister();
    receiver({})();
    expect(receiver({})).toThrow("qp.receivesOpen");
  });

  test("over a queue pair that is no connection, or has one completion queue", async () => {
    const [ud, one] = [await makeEnd({ type: "ud" }), await makeEnd()];
    const options = { slots: 4, slotBytes: 128 };
    expect(() => new TransferSender({ ...ud, ...options })).toThrow('qp is "ud"');
    expect(() => new TransferSender({ ...one, ...options })).toThrow("one completion queue");
  });

  test("afterwards", async () => {
    const end = await makeTransferEnd();
    const sender = new TransferSender({ ...end, slots: 4, slotBytes: 128 });
    expect(() => sender.sendStaged(129)).toThrow("roomBytes");
    expect(() => sender.sendWhole(new Uint8Array(129), 0)).toThrow("bytes.length");
    expect(() => sender.sendWhole(new Uint8Array(1), -1)).toThrow("imm");
    sender.close();
    sender.close();
    expect(sender.slotsFree).toBe(0);
  });
});

test("without ICRC, both ends agree; an end that checks takes nothing of one that makes none", async () => {
  const [a, b] = [await makeTransferEnd({ icrc: "none" }), await makeTransferEnd({ icrc: "none" })];
  connect(a, b);
  const sender = new TransferSender({ ...a, slots: 4, slotBytes: 128 });
  const receiver = new TransferReceiver({ ...b, slots: 4, slotBytes: 128, messagesMax: 8 });
  sender.sendWhole(new Uint8Array(100), 9);
  new Wire(a, b, new Random(1)).settle();
  expect([sender.completed(), receiver.next()]).toMatchObject([1, { kind: "whole", imm: 9 }]);

  const [c, d] = [await makeTransferEnd({ icrc: "none" }), await makeTransferEnd()];
  connect(c, d, { rts: { retryCount: 0 } });
  const mute = new TransferSender({ ...c, slots: 4, slotBytes: 128 });
  mute.sendWhole(new Uint8Array(100), 9);
  new Wire(c, d, new Random(1)).settle();
  expect(d.port.counters.drops).toEqual({ "ib-icrc": 1 });
  expect(() => c.engine.addRdma({ port: c.port, icrc: "some" as "none" })).toThrow("a second one");
  await expect(makeEnd({ icrc: "some" as "none" })).rejects.toThrow("icrc");
});
