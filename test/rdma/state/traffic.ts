/**
 * What two ends of a reliable connection do to each other: SENDs, WRITEs, READs and atomics in random order, each with bytes that nobody else
 * has. Everything is found by numbers, so that it goes on whichever device is there.
 */
import { expect } from "vitest";
import type { Completion, RdmaDevice, SendRequest } from "../../../src/rdma/verbs/index.js";
import type { Random } from "../../helpers/property.js";

export const MTU = 256;
export const SLOTS = 8;
export const SLOT_BYTES = 2048;
/** │ receive slots │ slots that the peer WRITEs │ slots that are sent from or fetched into │ READ by the peer │ counter 8 │ */
export const [WRITTEN, LOCAL, SHARED, COUNTER] = [1, 2, 3, 4].map((part) => part * SLOTS * SLOT_BYTES) as [
  number,
  number,
  number,
  number,
];
export const REGION_BYTES = COUNTER + 64;

interface Posted {
  readonly request: SendRequest;
  readonly expected: Uint8Array | undefined;
  readonly slot: number;
}

export class Side {
  readonly qpn: number;
  readonly key: number;
  readonly recvCq: number;
  readonly sendCq: number;
  /** The device that there is now. */
  device: RdmaDevice;
  peer!: Side;
  #nextId = 1;
  #posted: Posted[] = [];
  /** SENDs, and WRITEs with an immediate, that the peer has to hear of: bytes, or none for a WRITE. */
  readonly #toHear: { readonly bytes: Uint8Array | undefined; readonly imm: number | undefined }[] = [];
  #receiveSlot = 0;
  #adds = 0n;
  done = 0;
  heard = 0;

  constructor(device: RdmaDevice, qpn: number, key: number, sendCq: number, recvCq: number) {
    this.device = device;
    this.qpn = qpn;
    this.key = key;
    this.sendCq = sendCq;
    this.recvCq = recvCq;
  }

  get bytes(): Uint8Array {
    return this.device.region(this.key)?.bytes as Uint8Array;
  }

  get open(): number {
    return this.#posted.length;
  }

  get unheard(): number {
    return this.#toHear.length;
  }

  /** Posts one receive, if there is a slot. */
  postReceive(): void {
    const qp = this.device.queuePair(this.qpn);
    const region = this.device.region(this.key);
    if (!qp || !region || qp.receivesOpen === SLOTS) return;
    const offset = this.#receiveSlot * SLOT_BYTES;
    expect(qp.postRecv({ wrId: this.#receiveSlot, local: { region, offset, length: SLOT_BYTES } })).toBe(1);
    this.#receiveSlot = (this.#receiveSlot + 1) % SLOTS;
  }

  /** Posts one request, if a slot of this side is free. */
  post(random: Random): void {
    const used = new Set(this.#posted.map(({ slot }) => slot));
    const slot = [...Array(SLOTS).keys()].find((i) => !used.has(i));
    const qp = this.device.queuePair(this.qpn);
    const region = this.device.region(this.key);
    const remote = this.peer.device.region(this.peer.key);
    if (slot === undefined || !qp || !region || !remote) return;
    const length = random.pick([0, 1, 255, 256, 257, 900, 2048]);
    const offset = LOCAL + slot * SLOT_BYTES;
    const data = random.bytes(length);
    const at = (place: number) => ({ va: remote.va + BigInt(place), rkey: remote.rkey });
    const local = { region, offset, length };
    const common = { wrId: this.#nextId++, fence: random.below(4) === 0, solicited: random.below(4) === 0 };
    const imm = random.below(2 ** 32);
    let request: SendRequest;
    let expected: Uint8Array | undefined;
    switch (
      random.pick(["send", "send-imm", "rdma-write", "rdma-write-imm", "rdma-read", "rdma-read", "fetch-add"] as const)
    ) {
      case "send":
        this.bytes.set(data, offset);
        this.#toHear.push({ bytes: data, imm: undefined });
        request = { ...common, opcode: "send", local };
        break;
      case "send-imm":
        this.bytes.set(data, offset);
        this.#toHear.push({ bytes: data, imm });
        request = { ...common, opcode: "send-imm", local, imm };
        break;
      case "rdma-write":
        this.bytes.set(data, offset);
        expected = data;
        request = { ...common, opcode: "rdma-write", local, remote: at(WRITTEN + slot * SLOT_BYTES) };
        break;
      case "rdma-write-imm":
        this.bytes.set(data, offset);
        this.#toHear.push({ bytes: undefined, imm });
        expected = data;
        request = { ...common, opcode: "rdma-write-imm", local, imm, remote: at(WRITTEN + slot * SLOT_BYTES) };
        break;
      case "rdma-read": {
        const from = SHARED + random.below(SLOTS * SLOT_BYTES - length);
        expected = this.peer.bytes.slice(from, from + length);
        request = { ...common, opcode: "rdma-read", local, remote: at(from) };
        break;
      }
      default: {
        // What stood there says how many came before: each is executed once, in order.
        expected = new Uint8Array(8);
        new DataView(expected.buffer).setBigUint64(0, this.#adds++, true);
        const local8 = { region, offset, length: 8 };
        request = { ...common, opcode: "fetch-add", local: local8, remote: at(COUNTER), compareAdd: 1n };
      }
    }
    expect(qp.postSend(request)).toBe(1);
    this.#posted.push({ request, expected, slot });
  }

  /** Takes the completions that have come, and holds them against what was posted. */
  check(): void {
    for (const completion of this.device.completionQueue(this.sendCq)?.poll(3) ?? []) this.#checkSend(completion);
    for (const completion of this.device.completionQueue(this.recvCq)?.poll(3) ?? []) this.#checkReceive(completion);
  }

  #checkSend({ wrId, status, opcode }: Completion): void {
    const first = this.#posted.shift() as Posted;
    const { request, expected, slot } = first;
    expect({ wrId, status, opcode }).toEqual({ wrId: request.wrId, status: "success", opcode: request.opcode });
    const isWrite = request.opcode === "rdma-write" || request.opcode === "rdma-write-imm";
    const from = isWrite ? WRITTEN + slot * SLOT_BYTES : LOCAL + slot * SLOT_BYTES;
    const bytes = (isWrite ? this.peer : this).bytes;
    if (expected) expect(Buffer.from(bytes.slice(from, from + expected.length))).toEqual(Buffer.from(expected));
    this.done++;
  }

  #checkReceive({ wrId, status, opcode, byteLen, imm }: Completion): void {
    const told = this.peer.#toHear.shift();
    expect(told).toBeDefined();
    expect(status).toBe("success");
    expect(imm).toBe(told?.imm);
    expect(opcode).toBe(told?.bytes ? "recv" : "recv-rdma-imm");
    if (told?.bytes) {
      const at = wrId * SLOT_BYTES;
      expect(Buffer.from(this.bytes.slice(at, at + byteLen))).toEqual(Buffer.from(told.bytes));
    }
    this.heard++;
  }
}
