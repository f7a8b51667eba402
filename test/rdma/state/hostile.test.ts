/**
 * Sections that are not sound: refused with what, where and why, and nothing has changed; or, when a change has made another sound section,
 * taken in and read back as it was, and the device works on without a trap.
 */
import { expect, it } from "vitest";
import type { StateRefusal } from "../../../src/migrate/state/part.js";
import { ConnectionsState, DeviceState } from "../../../src/rdma/state/index.js";
import { PORT } from "../../helpers/connect.js";
import { Random } from "../../helpers/property.js";
import { ALL_ACCESS, takeFrames } from "../../helpers/rdma.js";
import { ADDRESSES, type ManagedPlace, ManagedWorld, optionsOf } from "./managed.js";
import { mutated } from "./mutations.js";
import { MTU, Side } from "./traffic.js";
import { makePlace, type Place } from "./wire.js";

const ROUNDS = 12_000;
/** Sections that are sound and taken in. */
const ONE_IN = 40;
/** Packets that each of those is given. */
const FRAMES = 60;
const RDMA = {
  queuePairs: 16,
  sendDepth: 8,
  receiveDepth: 8,
  completionQueues: 6,
  completions: 16,
  regions: 16,
  memoryBytes: 2 ** 18,
  addresses: 4,
};

/** A place in the middle of everything, and the MADs and packets that were on their way. */
async function busyPlace(random: Random): Promise<{ place: ManagedPlace; frames: Uint8Array[]; nowMs: number }> {
  const world = await ManagedWorld.make(random, RDMA, { loss: 0.1 });
  const [a, b] = world.places;
  b.cm.listen(PORT);
  a.cm.listen(PORT);
  const sides = world.places.map(({ device }) => {
    const pd = device.allocPd();
    const [sendCq, recvCq] = [device.createCq(), device.createCq()];
    const qp = device.createQp({ pd, type: "rc", sendCq, recvCq });
    const region = pd.register(5 * 8 * 2048, { access: ALL_ACCESS });
    return new Side(device, qp.qpn, region.lkey, sendCq.number, recvCq.number);
  }) as [Side, Side];
  sides[0].peer = sides[1];
  sides[1].peer = sides[0];
  for (const [i, side] of sides.entries()) {
    const qp = side.device.queuePair(side.qpn);
    qp?.modify({ state: "init", access: ALL_ACCESS });
    const address = { local: ADDRESSES[i] as string, remote: ADDRESSES[1 - i] as string };
    qp?.modify({ state: "rtr", address, destQpn: (sides[1 - i] as Side).qpn, rqPsn: 0xfffffe, mtu: MTU });
    qp?.modify({ state: "rts", sqPsn: 0xfffffe, timeoutUs: 500, retryCount: 255, window: 3 });
  }
  const connect = (at: ManagedPlace, to: string) => {
    const [pd, sendCq] = [at.device.protectionDomain(1), at.device.completionQueue(1)];
    if (pd && sendCq)
      at.cm.connect({ remote: to, port: PORT, qp: at.device.createQp({ pd, type: "rc", sendCq }) }, world.nowMs);
  };
  world.react = (at, event) => {
    if (event.type !== "requested") return;
    const [pd, sendCq] = [at.device.protectionDomain(1), at.device.completionQueue(1)];
    if (pd && sendCq) at.cm.accept(event.id, { qp: at.device.createQp({ pd, type: "rc", sendCq }) }, world.nowMs);
  };
  const [pd, cq] = [a.device.protectionDomain(1), a.device.completionQueue(1)];
  // Some in states of their own.
  if (pd && cq) a.device.createQp({ pd, type: "rc", sendCq: cq });
  if (pd && cq) a.device.createQp({ pd, type: "rc", sendCq: cq }).modify({ state: "error" });
  connect(a, ADDRESSES[1]);
  connect(b, ADDRESSES[0]);
  for (let step = 0; step < 150; step++) {
    for (const side of sides) {
      if (random.below(2) === 0) side.post(random);
      if (random.below(8) === 0) side.postReceive();
      if (random.below(6) === 0) side.check();
    }
    if (step === 148) connect(a, ADDRESSES[1]);
    world.step();
  }
  a.device.stop();
  // What the peer says next, for whoever goes on.
  const frames: Uint8Array[] = [];
  for (let step = 0; step < 50; step++) {
    sides[1].post(random);
    b.device.tick(world.nowMs + step / 10);
    b.device.poll();
    b.cm.poll(world.nowMs + step / 10);
    frames.push(...takeFrames(b.port));
  }
  return { place: a, frames, nowMs: world.nowMs };
}

/** Sections of busy places, how many bytes of them are no region's, and what came for whoever goes on. */
async function sectionsOf(random: Random) {
  const made = [];
  for (let i = 0; i < 3; i++) {
    const { place, frames, nowMs } = await busyPlace(random);
    const state = new DeviceState(place.device);
    const device = state.extract(nowMs);
    const connections = new ConnectionsState(state, place.cm).extract(nowMs);
    const head =
      device.length - place.device.regions.reduce((sum, { bytes }) => sum + Math.ceil(bytes.length / 8) * 8, 0);
    place.engine.close();
    made.push({ device, connections, head, frames: frames.slice(0, FRAMES), nowMs });
  }
  return made;
}

/** All of an engine's memory, to see that nothing has changed. */
function memoryOf({ device }: Place): Buffer {
  const { u8 } = device.endpoint.owner.arena;
  return Buffer.from(u8.buffer, u8.byteOffset, u8.length);
}

function checkRefusal({ section, field, bound }: StateRefusal, name: string): void {
  expect(section).toBe(name);
  expect(field.length * bound.length).toBeGreaterThan(0);
}

/** Time passes, packets come, work is done: nothing traps, whatever the section said. */
function workOn(
  place: Place,
  connections: ConnectionsState | undefined,
  frames: readonly Uint8Array[],
  nowMs: number,
): void {
  const { device, port } = place;
  for (const [i, frame] of frames.entries()) {
    port.receive(frame);
    const laterMs = nowMs + i * 7;
    device.tick(laterMs);
    device.poll();
    takeFrames(port);
    connections?.manager?.poll(laterMs);
  }
  for (const cq of device.completionQueues) cq.poll();
  for (const qp of device.queuePairs) qp.modify({ state: "error" });
  for (const cq of device.completionQueues) cq.poll();
  device.takeErrors();
  const pd = device.allocPd();
  const free = device.limits.regions - device.regions.length;
  if (free > 0) expect(pd.register(1).lkey).toBeGreaterThan(0);
  for (const region of device.regions) region.deregister();
  for (const qp of device.queuePairs) qp.destroy();
}

it(`${ROUNDS} devices that were changed`, { timeout: 300_000 }, async () => {
  const random = new Random(1);
  const sections = await sectionsOf(random);
  let place = await makePlace(RDMA);
  const clean = Buffer.from(memoryOf(place));
  const taken = { sound: 0, refused: 0 };
  const fields = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const { device, head, frames, nowMs } = random.pick(sections);
    const bytes = mutated(device, head, random);
    const state = new DeviceState(place.device);
    const result = state.prepare(bytes, nowMs);
    if (typeof result !== "function") {
      taken.refused++;
      checkRefusal(result, "device");
      fields.add(result.field.replaceAll(/\d+/g, ""));
      expect(state.prepared).toBeUndefined();
      continue;
    }
    taken.sound++;
    // Taking in costs an engine: not each of them.
    if (random.below(ONE_IN) !== 0) continue;
    expect(memoryOf(place).equals(clean)).toBe(true);
    result();
    expect(Buffer.compare(state.extract(nowMs), bytes)).toBe(0);
    workOn(place, undefined, frames, nowMs);
    place.engine.close();
    place = await makePlace(RDMA);
  }
  expect(memoryOf(place).equals(clean)).toBe(true);
  expect(taken.refused).toBeGreaterThan(ROUNDS / 10);
  expect(taken.sound).toBeGreaterThan(100);
  expect(fields.size).toBeGreaterThan(30);
});

it(`${ROUNDS} connection managers that were changed`, { timeout: 300_000 }, async () => {
  const random = new Random(2);
  const sections = await sectionsOf(random);
  let place = await makePlace(RDMA);
  const prepareAll = () =>
    sections.map(({ device, nowMs, ...rest }) => {
      const state = new DeviceState(place.device);
      return { ...rest, nowMs, state, first: state.prepare(device, nowMs) };
    });
  let devices = prepareAll();
  const taken = { sound: 0, refused: 0 };
  const fields = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const { state, first, connections, frames, nowMs } = random.pick(devices);
    if (typeof first !== "function") throw new Error(`${first.field}: ${first.bound}`);
    const bytes = mutated(connections, connections.length, random);
    const part = new ConnectionsState(state, optionsOf(place, ADDRESSES[0], random));
    const second = part.prepare(bytes, nowMs);
    if (typeof second !== "function") {
      taken.refused++;
      checkRefusal(second, "connections");
      fields.add(second.field.replaceAll(/\d+/g, ""));
      expect(part.manager).toBeUndefined();
      continue;
    }
    taken.sound++;
    if (random.below(ONE_IN) !== 0) continue;
    first();
    second();
    expect(Buffer.compare(part.extract(nowMs), bytes)).toBe(0);
    workOn(place, part, frames, nowMs);
    place.engine.close();
    place = await makePlace(RDMA);
    devices = prepareAll();
  }
  expect(place.device.isUnused).toBe(true);
  expect(taken.refused).toBeGreaterThan(ROUNDS / 10);
  expect(taken.sound).toBeGreaterThan(100);
  expect(fields.size).toBeGreaterThan(30);
});
