/**
 * Devices that exchange SENDs, WRITEs, READs, atomics and datagrams, one of which goes on in another engine at random moments: nothing is lost,
 * doubled or reordered, PSNs go on, and every request completes once.
 */
import { describe, expect, it } from "vitest";
import { INBOUND_NONE, QP_F_RNR_WAIT, WR_RDMA_READ } from "../../../assembly/layout.js";
import { type DeviceImage, DeviceState } from "../../../src/rdma/state/index.js";
import type { Address } from "../../../src/rdma/verbs/index.js";
import { Random } from "../../helpers/property.js";
import { A4, ALL_ACCESS, B4 } from "../../helpers/rdma.js";
import { PsnWatch } from "./psns.js";
import { progressOf } from "./raw.js";
import { MTU, REGION_BYTES, SHARED, Side, SLOT_BYTES, SLOTS } from "./traffic.js";
import { type Faults, isConnection, MovingWire, makePlace, type Place } from "./wire.js";

const RDMA = { queuePairs: 16, sendDepth: 8, receiveDepth: 8, completionQueues: 8, completions: 64 };
const CONNECTIONS = 3;
const UD_QPN = 7;
const DATAGRAMS = 4;

/** In the middle of what devices were when they moved. */
const seen = { midSend: 0, midRead: 0, midMessage: 0, receiverNotReady: 0, atomics: 0, completions: 0 };

function note({ queuePairs, completionQueues }: DeviceImage): void {
  const isRead = (opcode: number | undefined) => opcode === WR_RDMA_READ;
  for (const qp of queuePairs.values()) {
    if (qp.inbound !== INBOUND_NONE) seen.midMessage++;
    if (qp.ackedPsn !== qp.oldestPsn) seen[isRead(qp.sends[0]?.opcode) ? "midRead" : "midSend"]++;
    if ((qp.flags & QP_F_RNR_WAIT) !== 0) seen.receiverNotReady++;
    if (qp.atomics.length > 0) seen.atomics++;
  }
  if (completionQueues.some(({ completions }) => completions.length > 0)) seen.completions++;
}

class World {
  readonly wire: MovingWire;
  readonly random: Random;
  readonly sides: Side[][] = [[], []];
  readonly watches = [new PsnWatch(MTU), new PsnWatch(MTU)];
  readonly datagrams = [new Set<number>(), new Set<number>()];
  moves = 0;
  #sent = 0;

  constructor(places: readonly [Place, Place], random: Random, faults: Faults) {
    this.random = random;
    this.wire = new MovingWire(places, random, faults);
    this.wire.tap = (from, frame) => {
      if (isConnection(frame)) this.watches[from]?.see(frame);
    };
    for (const [i, { device }] of places.entries()) this.#build(i, device);
    for (let c = 0; c < CONNECTIONS; c++) this.#connect(c);
  }

  #build(i: number, device: Place["device"]): void {
    const pd = device.allocPd();
    const ud = device.createQp({ pd, type: "ud", sendCq: device.createCq(), recvCq: device.createCq(), qpn: UD_QPN });
    device.createAddress(i === 0 ? A4 : B4);
    pd.register(DATAGRAMS * 128 + 64, { access: ["local-write"], key: 0x3f00 });
    ud.modify({ state: "init", qkey: 5 });
    ud.modify({ state: "rtr", mtu: MTU });
    ud.modify({ state: "rts", sqPsn: 0xfffffe });
    for (let slot = 0; slot < DATAGRAMS; slot++) this.#armDatagram(device, slot);
    for (let c = 0; c < CONNECTIONS; c++) {
      const [send, recv] = [device.createCq(), device.createCq()];
      const qp = device.createQp({ pd, type: "rc", sendCq: send, recvCq: recv });
      const region = pd.register(REGION_BYTES, { access: ALL_ACCESS });
      region.bytes.set(this.random.bytes(SLOTS * SLOT_BYTES), SHARED);
      this.sides[i]?.push(new Side(device, qp.qpn, region.lkey, send.number, recv.number));
    }
  }

  #connect(c: number): void {
    const [a, b] = [this.sides[0]?.[c] as Side, this.sides[1]?.[c] as Side];
    const psns = [0xfffff0, 0xfffffe] as const;
    const window = this.random.pick([1, 3, 8, 128]);
    for (const [side, peer, address, sqPsn, rqPsn] of [
      [a, b, A4, psns[0], psns[1]],
      [b, a, B4, psns[1], psns[0]],
    ] as const) {
      side.peer = peer;
      const qp = side.device.queuePair(side.qpn);
      qp?.modify({ state: "init", access: ALL_ACCESS });
      qp?.modify({ state: "rtr", address, destQpn: peer.qpn, rqPsn, mtu: MTU, minRnrTimer: 12 });
      qp?.modify({
        state: "rts",
        sqPsn,
        timeoutUs: 1000,
        retryCount: 255,
        window,
        maxReads: this.random.pick([1, 2, 16]),
      });
    }
  }

  #armDatagram(device: Place["device"], slot: number): void {
    const region = device.region(0x3f00);
    if (region) device.queuePair(UD_QPN)?.postRecv({ wrId: slot, local: { region, offset: slot * 128, length: 128 } });
  }

  /** Everybody does something, or not. */
  act(isPosting: boolean): void {
    for (const [i, { device }] of this.wire.places.entries()) {
      if (device.isStopped) continue;
      for (const side of this.sides[i] as Side[]) {
        if (isPosting && this.random.below(3) === 0) side.post(this.random);
        if (this.random.below(isPosting ? 6 : 2) === 0) side.postReceive();
        if (this.random.below(3) === 0) side.check();
      }
      this.#datagram(i, device, isPosting);
    }
    this.wire.step();
  }

  #datagram(i: number, device: Place["device"], isPosting: boolean): void {
    const qp = device.queuePair(UD_QPN);
    const region = device.region(0x3f00);
    for (const { wrId, status, byteLen, hasGrh } of device.completionQueue(1)?.poll() ?? []) {
      expect([status, byteLen, hasGrh]).toEqual(["success", 44, true]);
      const number = new DataView(region?.bytes.buffer as ArrayBuffer).getUint32(
        (region?.bytes.byteOffset ?? 0) + wrId * 128 + 40,
      );
      // Each at most once, whatever is lost.
      expect(this.datagrams[1 - i]?.delete(number)).toBe(true);
      this.#armDatagram(device, wrId);
    }
    device.completionQueue(0)?.poll();
    if (!isPosting || !qp || !region || qp.sendsOpen > 0 || this.random.below(10) > 0) return;
    const number = ++this.#sent;
    new DataView(region.bytes.buffer).setUint32(region.bytes.byteOffset + DATAGRAMS * 128, number);
    this.datagrams[i]?.add(number);
    const to = { address: device.address(0) as Address, qpn: UD_QPN, qkey: 5 };
    qp.postSend({ opcode: "send", local: { region, offset: DATAGRAMS * 128, length: 4 }, to });
  }

  /** The device of a place goes on in an engine of its own; what it had sent is on the wire or lost. */
  async move(i: number): Promise<void> {
    const place = this.wire.places[i] as Place;
    place.device.stop();
    expect([place.device.poll(), place.device.tick(this.wire.nowMs)]).toEqual([0, 0]);
    for (let wait = this.random.below(20); wait > 0; wait--) this.act(true);
    const nowMs = this.wire.nowMs;
    const bytes = new DeviceState(place.device).extract(nowMs);
    if (this.random.below(2) === 0) this.wire.carry(i);
    const queueSize = this.random.pick([2, 4, 256]);
    const target = await makePlace({ ...RDMA, queuePairs: 32, sendDepth: 16, memoryBytes: 2 ** 21 }, queueSize);
    // What was there before is not to be seen.
    const state = new DeviceState(target.device);
    const apply = state.prepare(bytes, nowMs);
    if (typeof apply !== "function") throw new Error(JSON.stringify(apply));
    apply();
    expect(Buffer.compare(state.extract(nowMs), bytes)).toBe(0);
    expect(progressOf(target.device)).toEqual(progressOf(place.device));
    note(state.prepared as DeviceImage);
    place.engine.close();
    Object.assign(place, target);
    for (const side of this.sides[i] as Side[]) side.device = target.device;
    this.moves++;
  }

  get isQuiet(): boolean {
    return this.sides.flat().every(({ open, unheard }) => open === 0 && unheard === 0);
  }
}

describe.each([
  ["good", {}],
  ["lossy", { loss: 0.1 }],
  ["bad in every way", { loss: 0.05, twice: 0.05, late: 0.2 }],
] as const)("a device that moves again and again over a wire that is %s", (_, faults) => {
  it.each(Array.from({ length: 6 }, (_, i) => i))("world %i", async (salt) => {
    const random = new Random(salt);
    const world = new World([await makePlace(RDMA, 4), await makePlace(RDMA, 4)], random, faults);
    for (let moves = 0; moves < 8; moves++) {
      for (let steps = random.between(5, 80); steps > 0; steps--) world.act(true);
      await world.move(random.below(2));
    }
    for (let steps = 0; steps < 60_000 && !world.isQuiet; steps++) world.act(false);
    expect(world.isQuiet).toBe(true);
    expect(world.moves).toBe(8);
    for (const side of world.sides.flat()) {
      expect(side.device.queuePair(side.qpn)?.state).toBe("rts");
      expect(side.done).toBeGreaterThan(0);
    }
    for (const watch of world.watches) expect(watch.fresh).toBeGreaterThan(0);
  });
});

it("they were in the middle of everything", () => {
  for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(0);
});
