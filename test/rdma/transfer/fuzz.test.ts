/**
 * Mutated packets and aggregates in great number, their ICRC made right again, at queue pairs that write to a region, and at receivers of
 * transfers: no trap, no lost buffer, and no byte changed that no key grants.
 */
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { QP_EXPECTED_PSN } from "../../../assembly/layout.js";
import { TransferReceiver } from "../../../src/rdma/transfer/index.js";
import type { MemoryRegion, QueuePair } from "../../../src/rdma/verbs/index.js";
import { UNTOUCHED } from "../../helpers/bed.js";
import { u24 } from "../../helpers/bytes.js";
import { censusAfterEach } from "../../helpers/census.js";
import type { Build } from "../../helpers/engines.js";
import { Random } from "../../helpers/property.js";
import { ALL_ACCESS, B4, type End, makeEnd, takeFrames } from "../../helpers/rdma.js";
import { packet, reth } from "../../helpers/rdma-packet.js";
import { roceFrames } from "../../helpers/roce.js";
import { ONES } from "../../model/crc.js";

censusAfterEach();

const RUNS: readonly [Build, number][] = [
  ["release", 500_000],
  ["debug", 100_000],
];
const ETHERNET_BYTES = 14;
const BTH = 42;
const BURST = 16;
const QPS = 8;
const KEY = 0x8f4;
const VA = 0x55f8d0fd1000n;
const GRANTED_BYTES = 65_536;
/** Halves of a word with flags and length that mean something. */
const TELLING = [0, 1, 2, 6, 0x0f, 0x10, 0x20, 0x2f, 0x40, 0x50, 0x80, 0xa0, 0xff];

/** Writes the ICRC at the end of a frame over IPv4 without options. */
const scratch = new Uint8Array(8 + 2048).fill(0xff);
function seal(frame: Uint8Array): void {
  scratch.set(frame.subarray(ETHERNET_BYTES), 8);
  for (const [at, bits] of ONES.ipv4) scratch[8 + at] = (scratch[8 + at] as number) | bits;
  const sum = crc32(scratch.subarray(0, 8 + frame.length - ETHERNET_BYTES - 4));
  new DataView(frame.buffer, frame.byteOffset).setUint32(frame.length - 4, sum, true);
}

/** A queue pair that is brought up anew when it has ended; half of them have a receiver of transfers. */
class Target {
  readonly qp: QueuePair;
  receiver: TransferReceiver | undefined;
  faults = 0;
  messages = 0;
  readonly #end: End;
  readonly #region: MemoryRegion;
  readonly #receives: boolean;

  constructor(end: End, region: MemoryRegion, qpn: number) {
    this.#end = end;
    this.#region = region;
    this.#receives = qpn % 2 === 0;
    const [sendCq, recvCq] = [end.device.createCq(), end.device.createCq()];
    this.qp = end.device.createQp({ pd: end.pd, type: "rc", sendCq, recvCq, qpn });
  }

  get expectedPsn(): number {
    return this.#end.device.endpoint.owner.arena.u32[(this.qp.ptr + QP_EXPECTED_PSN) >> 2] as number;
  }

  revive(): void {
    const { qp } = this;
    if (qp.state === "rts") return;
    this.receiver?.close();
    qp.modify({ state: "reset" });
    qp.modify({ state: "init", access: ALL_ACCESS });
    qp.modify({ state: "rtr", address: B4, destQpn: 0x17, rqPsn: 0xfffff0, mtu: 1024 });
    qp.modify({ state: "rts", sqPsn: 2293350 });
    if (this.#receives) {
      this.receiver = new TransferReceiver({ ...this.#end, qp, slots: 8, slotBytes: 1000, messagesMax: 16 });
      return;
    }
    const local = { region: this.#region };
    for (let i = 0; i < 4; i++) qp.postRecv({ local });
    qp.postSend({ opcode: "rdma-read", local: { ...local, length: 3000 }, remote: { va: VA, rkey: KEY } });
    qp.postSend({ opcode: "send", local: { ...local, length: 2000 } });
  }

  take(): void {
    const { receiver, qp } = this;
    qp.sendCq.poll();
    if (!receiver) {
      const used = qp.recvCq.poll().length;
      if (qp.state === "rts") for (let i = 0; i < used; i++) qp.postRecv({ local: { region: this.#region } });
      return;
    }
    this.messages += receiver.nextBurst();
    for (let next = receiver.next(); next; next = receiver.next()) {
      if (next.kind === "bad") this.faults++;
      else if (next.kind === "aggregate") this.messages += next.count;
    }
  }
}

/** Aggregates of one to eight short messages, as packets; and every other operation. */
function someFrames(random: Random): Uint8Array[] {
  const aggregates = Array.from({ length: 60 }, () => {
    const messages = Array.from({ length: random.between(1, 8) }, () => {
      const length = random.between(1, 60);
      return [random.below(256), 1, random.below(256), 2, 0, length, ...random.bytes(length)];
    });
    return packet(1, 4, 0, [], Uint8Array.from(messages.flat()));
  });
  const wholes = [0, 1, 5, 700, 999, 1000, 1001, 1024].map((n) => packet(1, 5, 0, [1, 2, 3, 4], random.bytes(n)));
  const parts = [0, 1, 2, 3].map((op) => packet(1, op, 0, op === 3 ? [1, 2, 3, 4] : [], random.bytes(1024)));
  const ends = [0n, BigInt(GRANTED_BYTES - 256), BigInt(GRANTED_BYTES - 255), -1n];
  const writes = ends.map((at) => packet(1, 10, 0, reth(VA + at, KEY, 256), random.bytes(256)));
  return [...aggregates, ...wholes, ...parts, ...writes];
}

function mutate(random: Random, frame: Uint8Array, qpn: number, psn: number): Uint8Array {
  const ahead = random.below(6) === 0 ? random.below(8) - 3 : 0;
  frame.set(u24(qpn), BTH + 5);
  frame.set(u24((psn + ahead) & 0xffffff), BTH + 9);
  if (random.below(8) === 0) frame[BTH] = random.below(24);
  for (let n = random.below(3); n > 0; n--) {
    const at = BTH + 12 + random.below(Math.max(1, frame.length - BTH - 16));
    frame[at] = random.below(2) === 0 ? random.below(256) : random.pick(TELLING);
  }
  if (random.below(16) === 0) frame[BTH + random.below(12)] = random.below(256);
  seal(frame);
  if (random.below(64) === 0) {
    const at = random.below(frame.length);
    frame[at] = (frame[at] as number) ^ (1 << random.below(8));
  }
  return frame;
}

describe.each(RUNS)("%s build", (build, packets) => {
  test(`${packets} mutated packets`, { timeout: 120_000 }, async () => {
    const random = new Random(packets);
    const sizes = { queuePairs: 32, regions: 64, completionQueues: 32, memoryBytes: 2 ** 18 };
    const end = await makeEnd({ build, rdma: sizes });
    const guards = [end.pd.register(4096)];
    const granted = end.pd.register(GRANTED_BYTES, { access: ALL_ACCESS, va: VA, key: KEY });
    // Another protection domain's opens nothing here, whatever it grants.
    guards.push(end.pd.register(4096), end.device.allocPd().register(4096, { access: ALL_ACCESS }));
    for (const { bytes } of guards) bytes.fill(UNTOUCHED);
    const targets = Array.from({ length: QPS }, (_, i) => new Target(end, granted, 16 + i));
    const frames = [
      ...someFrames(random),
      ...(await roceFrames("rocev2-rc-pingpong", "rocev2-write", "rocev2-atomic")),
    ];
    for (let done = 0; done < packets; done += BURST) {
      for (const target of targets) target.revive();
      const arrivals = Array.from({ length: BURST }, () => {
        const { qp, expectedPsn } = random.pick(targets);
        return { data: mutate(random, random.pick(frames).slice(), qp.qpn, expectedPsn + random.below(2)) };
      });
      end.port.receiveBurst(arrivals);
      while (end.device.poll() > 0) takeFrames(end.port);
      takeFrames(end.port);
      if (random.below(10) === 0) end.device.tick(done);
      for (const target of targets) target.take();
      end.device.takeErrors();
      if (done % 4096 === 0) expectUntouched(guards);
    }
    expectUntouched(guards);
    // They came as far as they were meant to.
    const { received, sequenceNaksSent, invalidRequestNaksSent, remoteAccessNaksSent } = end.device.counters;
    expect(Number(received)).toBeGreaterThan(packets / 2);
    for (const naks of [sequenceNaksSent, invalidRequestNaksSent, remoteAccessNaksSent])
      expect(naks).toBeGreaterThan(50n);
    const sum = (of: (target: Target) => number) => targets.reduce((all, target) => all + of(target), 0);
    expect(sum(({ faults }) => faults)).toBeGreaterThan(packets / 1000);
    expect(sum(({ messages }) => messages)).toBeGreaterThan(packets / 10);
  });
});

function expectUntouched(guards: readonly MemoryRegion[]): void {
  for (const { bytes } of guards) {
    if (!bytes.every((byte) => byte === UNTOUCHED)) expect.fail("a byte was written that no key grants");
  }
}
