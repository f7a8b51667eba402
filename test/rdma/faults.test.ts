/** Two ends over a bad wire, in virtual time, from seeds: every message exactly once, in order, and memory as it must be. */
import { describe, expect, test } from "vitest";
import type { MemoryRegion, SendRequest } from "../../src/rdma/verbs/index.js";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS } from "../helpers/engines.js";
import { Random } from "../helpers/property.js";
import { ALL_ACCESS, connect, type End, type Faults, makeEnd, Wire } from "../helpers/rdma.js";

censusAfterEach();

const REGION_BYTES = 16_384;
const SOURCE = Uint8Array.from({ length: REGION_BYTES }, (_, i) => (i * 167 + (i >> 8) * 13) & 0xff);

/** toEqual looks at a byte at a time, which would be most of the time. */
function expectSame(some: Uint8Array, others: Uint8Array): void {
  expect(Buffer.compare(some, others)).toBe(0);
}

/** One side's traffic to the other, and the other's memory as a plain array. */
class Flow {
  readonly #from: End;
  readonly #to: End;
  readonly #random: Random;
  readonly #source: MemoryRegion;
  readonly #target: MemoryRegion;
  readonly #inbox: MemoryRegion;
  readonly #fetched: MemoryRegion;
  readonly #messages: number;
  readonly #twin = new Uint8Array(REGION_BYTES);
  readonly #sent: { bytes: Uint8Array; imm: number | undefined }[] = [];
  readonly #expected: { at: number; bytes: Uint8Array }[] = [];
  #received = 0;
  #posted = 0;
  #completed = 0;

  constructor(from: End, to: End, random: Random, messages: number) {
    this.#messages = messages;
    this.#from = from;
    this.#to = to;
    this.#random = random;
    this.#source = from.pd.register(REGION_BYTES);
    this.#fetched = from.pd.register(REGION_BYTES, { access: ["local-write"] });
    this.#target = to.pd.register(REGION_BYTES, { access: ALL_ACCESS, va: 0x1_0000_0000n });
    this.#inbox = to.pd.register(REGION_BYTES, { access: ["local-write"] });
    this.#source.bytes.set(SOURCE);
    for (let i = 0; i < 8; i++) this.#arm(i);
  }

  get isDone(): boolean {
    return this.#completed === this.#messages && this.#received === this.#sent.length;
  }

  /** Posts what there is room for, and only then looks at what has come: completions are in the order of their requests. */
  step(): void {
    while (this.#posted < this.#messages && this.#posted - this.#completed < 8) this.#post();
  }

  sent(wrId: number, status: string): void {
    expect([wrId, status]).toEqual([this.#completed, "success"]);
    const fetch = this.#expected[wrId];
    if (fetch) expectSame(this.#fetched.bytes.subarray(fetch.at, fetch.at + fetch.bytes.length), fetch.bytes);
    this.#completed++;
  }

  received(wrId: number, byteLen: number, imm: number | undefined): void {
    const message = this.#sent[this.#received] as { bytes: Uint8Array; imm: number | undefined };
    expect([wrId, byteLen, imm]).toEqual([this.#received % 8, message.bytes.length, message.imm]);
    const slot = wrId * 2048;
    if (message.bytes.length <= 2000) expectSame(this.#inbox.bytes.subarray(slot, slot + byteLen), message.bytes);
    this.#received++;
    this.#arm(wrId);
  }

  expectMemory(): void {
    expectSame(this.#target.bytes, this.#twin);
  }

  close(): void {
    for (const region of [this.#source, this.#target, this.#inbox, this.#fetched]) region.deregister();
  }

  #arm(wrId: number): void {
    this.#to.qp.postRecv({ wrId, local: { region: this.#inbox, offset: wrId * 2048, length: 2048 } });
  }

  #post(): void {
    const wrId = this.#posted++;
    const length = this.#random.below(5) === 0 ? 0 : this.#random.below(2000);
    const offset = this.#random.below(REGION_BYTES - 2048);
    const at = this.#random.below(REGION_BYTES - 2048);
    const bytes = this.#source.bytes.slice(offset, offset + length);
    const remote = { va: this.#target.va + BigInt(at), rkey: this.#target.rkey };
    const local = { region: this.#source, offset, length };
    const slot = (wrId % 8) * 2048;
    const fetched = { region: this.#fetched, offset: slot };
    const imm = this.#random.below(2 ** 32);
    const word = at & ~7;
    const view = new DataView(this.#twin.buffer);
    const original = view.getBigUint64(word, true);
    const expectFetch = (data: Uint8Array) => {
      this.#expected[wrId] = { at: slot, bytes: data };
    };
    let request: SendRequest;
    switch (this.#random.below(6)) {
      case 0:
        request = { wrId, opcode: "send", local };
        this.#sent.push({ bytes, imm: undefined });
        break;
      case 1:
        request = { wrId, opcode: "send-imm", imm, local };
        this.#sent.push({ bytes, imm });
        break;
      case 2:
        request = { wrId, opcode: "rdma-write", local, remote, fence: true };
        this.#twin.set(bytes, at);
        break;
      case 3:
        request = { wrId, opcode: "rdma-read", local: { ...fetched, length }, remote };
        expectFetch(this.#twin.slice(at, at + length));
        break;
      case 4:
        request = {
          wrId,
          fence: true,
          opcode: "fetch-add",
          compareAdd: BigInt(imm),
          local: { ...fetched, length: 8 },
          remote: { ...remote, va: this.#target.va + BigInt(word) },
        };
        expectFetch(this.#twin.slice(word, word + 8));
        view.setBigUint64(word, BigInt.asUintN(64, original + BigInt(imm)), true);
        break;
      default:
        request = {
          wrId,
          fence: true,
          opcode: "compare-swap",
          compareAdd: original + BigInt(wrId % 2),
          swap: BigInt(imm),
          local: { ...fetched, length: 8 },
          remote: { ...remote, va: this.#target.va + BigInt(word) },
        };
        expectFetch(this.#twin.slice(word, word + 8));
        if (wrId % 2 === 0) view.setBigUint64(word, BigInt(imm), true);
    }
    expect(this.#from.qp.postSend(request)).toBe(1);
  }
}

/** One schedule, on queue pairs that begin anew. */
function run([a, b]: readonly [End, End], random: Random, faults: Faults, window: number, messages: number): void {
  for (const { qp } of [a, b]) qp.modify({ state: "reset" });
  connect(a, b, { rts: { retryCount: 255, window, maxReads: 1 + random.below(16), timeoutUs: 1000 } });
  const wire = new Wire(a, b, random, faults);
  const flows = [new Flow(a, b, random, messages), new Flow(b, a, random, messages)] as const;
  for (let i = 0; i < 100_000 && !flows.every((flow) => flow.isDone); i++) {
    for (const flow of flows) flow.step();
    wire.step();
    for (const [side, end] of [a, b].entries()) {
      for (const { wrId, opcode, status, byteLen, imm } of end.cq.poll()) {
        if (opcode === "recv") (flows[1 - side] as Flow).received(wrId, byteLen, imm);
        else (flows[side] as Flow).sent(wrId, status);
      }
    }
  }
  expect(flows.map((flow) => flow.isDone)).toEqual([true, true]);
  wire.settle();
  for (const flow of flows) flow.expectMemory();
  expect([a.cq.poll(), b.cq.poll()]).toEqual([[], []]);
  for (const flow of flows) flow.close();
}

const WIRES = [
  ["that is good", {}],
  ["that loses a twentieth", { loss: 0.05 }],
  ["that loses a fifth", { loss: 0.2 }],
  ["that repeats", { twice: 0.3 }],
  ["that reorders", { late: 0.3 }],
  ["that does it all", { loss: 0.1, twice: 0.1, late: 0.1 }],
] as const;

const makeEnds = async (build: (typeof BUILDS)[number]): Promise<[End, End]> => [
  await makeEnd({ build, mbufs: 128 }),
  await makeEnd({ build, mbufs: 128 }),
];

describe.each(BUILDS)("over a bad wire, %s", (build) => {
  const schedules = build === "release" ? 12 : 2;

  test.each(WIRES)("one %s", async (_, faults) => {
    const ends = await makeEnds(build);
    const random = new Random();
    for (let i = 0; i < schedules; i++) run(ends, random, faults, i % 3 === 0 ? 1 : 16, 60);
  });
});

// With those of test/rdma/transfer/schedules.test.ts 5,000.
test("2,500 short schedules", { timeout: 120_000 }, async () => {
  const ends = await makeEnds("release");
  const random = new Random(1);
  for (let i = 0; i < 2500; i++) {
    const [, faults] = WIRES[i % WIRES.length] as (typeof WIRES)[number];
    run(ends, random, faults, 1 << (i % 5), 4 + (i % 7));
  }
});
