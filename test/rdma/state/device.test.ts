/** A device's section in single cases: what goes on, what is refused. */
import { expect, it } from "vitest";
import { DeviceState } from "../../../src/rdma/state/index.js";
import type { RdmaDevice } from "../../../src/rdma/verbs/index.js";
import { testEngine } from "../../helpers/engines.js";
import { A4, ALL_ACCESS, B4, connect, type End, makeEnd, takeFrames } from "../../helpers/rdma.js";
import { makePlace, type Place } from "./wire.js";

const RDMA = { queuePairs: 16 };

function moved(device: RdmaDevice, target: Place, nowMs = 0): DeviceState {
  device.stop();
  const bytes = new DeviceState(device).extract(nowMs);
  const state = new DeviceState(target.device);
  const apply = state.prepare(bytes, nowMs);
  if (typeof apply !== "function") throw new Error(`${apply.field} is ${apply.value}; it must be ${apply.bound}`);
  apply();
  expect(Buffer.compare(state.extract(nowMs), bytes)).toBe(0);
  return state;
}

/** Two connected ends, of which a has a region with a counter that b may change. */
async function pair(): Promise<[End, End]> {
  const [a, b] = [await makeEnd({ rdma: RDMA }), await makeEnd({ rdma: RDMA })];
  connect(a, b);
  return [a, b];
}

function carry(from: Place, to: Place): Uint8Array[] {
  const frames = takeFrames(from.port);
  for (const frame of frames) to.port.receive(frame);
  return frames;
}

it("a region has another place and the same address for peers", async () => {
  const [a, b] = await pair();
  const region = a.pd.register(64, { access: ALL_ACCESS });
  region.bytes.fill(7);
  const target = await makePlace({ ...RDMA, sendDepth: 256, queuePairs: 64 });
  moved(a.device, target);
  const there = target.device.region(region.lkey);
  expect(there?.address).not.toBe(region.address);
  expect([there?.va, there?.rkey, there?.bytes]).toEqual([region.va, region.rkey, region.bytes]);
  expect(target.device.limits).toEqual(a.device.limits);
  const local = { region: b.pd.register(8), length: 8 };
  local.region.bytes.fill(9);
  b.qp.postSend({ opcode: "rdma-write", local, remote: { va: region.va + 8n, rkey: region.rkey } });
  b.device.poll();
  carry(b, target);
  target.device.poll();
  expect(there?.bytes.subarray(0, 24)).toEqual(Uint8Array.from({ length: 24 }, (_, i) => (i >= 8 && i < 16 ? 9 : 7)));
});

it("a device that was stopped for nothing goes on", async () => {
  const [a, b] = await pair();
  a.qp.postSend({ wrId: 5, opcode: "send" });
  b.qp.postRecv({});
  a.device.stop();
  expect([a.device.isStopped, a.device.poll(), takeFrames(a.port)]).toEqual([true, 0, []]);
  new DeviceState(a.device).extract(0);
  a.device.start();
  a.device.poll();
  carry(a, b);
  b.device.poll();
  carry(b, a);
  a.device.poll();
  expect(a.cq.poll()).toMatchObject([{ wrId: 5, status: "success" }]);
});

it("what arrives while it is stopped stays at the port", async () => {
  const [a, b] = await pair();
  a.qp.postRecv({});
  a.device.stop();
  b.qp.postSend({ opcode: "send" });
  b.device.poll();
  carry(b, a);
  expect([a.device.poll(), a.cq.poll()]).toEqual([0, []]);
  a.device.start();
  expect([a.device.poll() > 0, a.cq.poll().length]).toEqual([true, 1]);
});

it("a READ's response that found no room is sent by the next device", async () => {
  const engine = await testEngine({ mbufs: 64, payloadBytes: 4608, queueSize: 4, rdma: RDMA });
  const port = engine.addPort("roce");
  const device = engine.addRdma({ port });
  const [pd, cq] = [device.allocPd(), device.createCq()];
  const a: End = { engine, port, device, pd, cq, qp: device.createQp({ pd, type: "rc", sendCq: cq }) };
  const b = await makeEnd({ rdma: RDMA });
  connect(a, b);
  const region = pd.register(2048, { access: ALL_ACCESS });
  region.bytes.set(Uint8Array.from({ length: 2048 }, (_, i) => i));
  const local = { region: b.pd.register(2048, { access: ["local-write"] }) };
  b.qp.postSend({ wrId: 3, opcode: "rdma-read", local, remote: { va: region.va, rkey: region.rkey } });
  b.device.poll();
  carry(b, a);
  device.poll();
  const before = carry(a, b).length;
  const target = await makePlace(RDMA);
  const state = moved(device, target);
  expect(state.prepared?.queuePairs.get(a.qp.qpn)?.answers).toMatchObject([{ packets: 8, sent: before }]);
  target.device.poll();
  expect(carry(target, b).length).toBe(8 - before);
  b.device.poll();
  expect(b.cq.poll()).toMatchObject([{ wrId: 3, status: "success" }]);
  expect(local.region.bytes).toEqual(region.bytes);
});

it("an atomic that comes again is not executed again", async () => {
  const [a, b] = await pair();
  const region = a.pd.register(8, { access: ALL_ACCESS });
  const local = { region: b.pd.register(8, { access: ["local-write"] }) };
  const remote = { va: region.va, rkey: region.rkey };
  b.qp.postSend({ opcode: "fetch-add", local, remote, compareAdd: 5n });
  b.device.poll();
  const [request] = carry(b, a);
  a.device.poll();
  const [answer] = takeFrames(a.port);
  const target = await makePlace(RDMA);
  moved(a.device, target);
  target.port.receive(request as Uint8Array);
  target.device.poll();
  expect(takeFrames(target.port)).toEqual([answer]);
  expect(target.device.region(region.lkey)?.bytes[0]).toBe(5);
});

it("a request whose region is gone fails there as here", async () => {
  const [a] = await pair();
  const region = a.pd.register(64, { access: ALL_ACCESS });
  a.qp.postSend({ wrId: 4, opcode: "send", local: { region } });
  region.deregister();
  const target = await makePlace(RDMA);
  const state = moved(a.device, target);
  expect(state.prepared?.queuePairs.get(a.qp.qpn)?.sends).toMatchObject([{ lkey: 0, offset: 0, length: 64 }]);
  target.device.poll();
  expect(target.device.completionQueue(0)?.poll()).toMatchObject([{ wrId: 4, status: "local-protection-error" }]);
  expect(target.device.takeErrors().map(({ qpn }) => qpn)).toEqual([a.qp.qpn]);
  // Nor does its key open what is registered next.
  expect(target.device.protectionDomain(1)?.register(64).lkey).not.toBe(region.lkey);
});

it("queue pairs in every state, failed ones that nobody was told of, destroyed ones that were at work", async () => {
  const { device, pd, cq, qp: idle } = await makeEnd({ rdma: RDMA });
  const make = () => device.createQp({ pd, type: "rc", sendCq: cq });
  const [init, rtr, sqd, failed, gone] = [make(), make(), make(), make(), make()];
  for (const qp of [init, rtr, sqd, gone]) qp.modify({ state: "init", access: ["remote-read"] });
  init.postRecv({ wrId: 1 });
  for (const qp of [rtr, sqd, gone]) qp.modify({ state: "rtr", address: B4, destQpn: 9, rqPsn: 5 });
  for (const qp of [sqd, gone]) qp.modify({ state: "rts", sqPsn: 77 });
  gone.postSend({ opcode: "send" });
  gone.destroy();
  sqd.postSend({ opcode: "send" });
  device.poll();
  sqd.modify({ state: "sqd" });
  failed.modify({ state: "error" });
  const target = await makePlace(RDMA);
  moved(device, target, 12.5);
  const states = target.device.queuePairs.map(({ qpn, state }) => [qpn, state]);
  expect(states).toEqual([idle, init, rtr, sqd, failed].map(({ qpn, state }) => [qpn, state]));
  expect(target.device.takeErrors().map(({ qpn }) => qpn)).toEqual([failed.qpn]);
  expect(target.device.queuePair(sqd.qpn)?.isDrained).toBe(false);
  expect(target.device.tick(12.5)).toBe(1);
});

it.each([
  ["queuePairs", { queuePairs: 8 }],
  ["memoryBytes", { memoryBytes: 2 ** 19 }],
  ["completionQueues", { completionQueues: 3 }],
  ["regions", { regions: 32 }],
] as const)("a device with less room is refused: %s", async (field, less) => {
  const [a] = await pair();
  const target = await makePlace({ ...RDMA, ...less });
  const bytes = new DeviceState(a.device).extract(0);
  expect(new DeviceState(target.device).prepare(bytes, 0)).toMatchObject({ section: "device", field });
  expect(target.device.isUnused).toBe(true);
});

it("a device that was used, that checks no ICRC, or whose buffers are too short is refused", async () => {
  const [a] = await pair();
  const bytes = new DeviceState(a.device).extract(0);
  const used = await makePlace(RDMA);
  used.device.allocPd();
  expect(new DeviceState(used.device).prepare(bytes, 0)).toMatchObject({ field: "device" });
  const short = await testEngine({ payloadBytes: 256, rdma: RDMA });
  const shortDevice = short.addRdma({ port: short.addPort("roce") });
  expect(new DeviceState(shortDevice).prepare(bytes, 0)).toMatchObject({ field: "queuePairs[0].mtu", value: 256 });
  const bare = await testEngine({ payloadBytes: 4608, rdma: RDMA });
  const bareDevice = bare.addRdma({ port: bare.addPort("roce"), icrc: "none" });
  expect(new DeviceState(bareDevice).prepare(bytes, 0)).toMatchObject({ field: "isChecked", value: "full" });
  const low = await testEngine({ payloadBytes: 4608, headers: ["ethernet"], rdma: RDMA });
  const lowDevice = low.addRdma({ port: low.addPort("roce") });
  expect(new DeviceState(lowDevice).prepare(bytes, 0)).toMatchObject({ field: "queuePairs[0].path" });
});

it("paths of both IP versions, with tags, come back as they were", async () => {
  const { device } = await makeEnd({ rdma: RDMA });
  device.createAddress({ ...A4, vlan: 7, dscp: 46, ttl: 3, sourcePort: 50_001, nextHopMac: "02:00:00:00:00:99" });
  device.createAddress({
    local: "2001:db8::1",
    remote: "::ffff:1.2.3.4",
    vlan: 4094,
    dscp: 63,
    ttl: 255,
    sourcePort: 1,
  });
  const target = await makePlace(RDMA);
  moved(device, target);
  for (const { number, ptr } of device.addresses) {
    const at = target.device.address(number)?.ptr ?? 0;
    const bytes = (of: RdmaDevice, from: number) => of.endpoint.owner.arena.u8.slice(from, from + 128);
    expect(bytes(target.device, at)).toEqual(bytes(device, ptr));
  }
});
