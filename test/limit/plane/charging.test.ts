import { expect, test } from "vitest";
import type { LimitPolicy } from "../../../src/limit/policy.js";
import { testEngine } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { makePair } from "../../helpers/handover.js";
import { makeWorld } from "../../helpers/overlay-world.js";
import { arrivals, drain, settle } from "../../helpers/ports.js";

/** A limit that stays where it is. */
const fixed = (mbufs: number): LimitPolicy => ({ floor: mbufs, preset: mbufs, ceiling: mbufs });

test("what an engine in another thread hands over is charged where it arrives", async () => {
  const { a, b, sender, receiver } = await makePair("debug", { b: { limits: {} } });
  const limits = b.engine.addLimits();
  limits.addPartition("wire", [b.uplink], fixed(3));
  a.vnic.receiveBurst(arrivals(Array.from({ length: 5 }, () => f.ethernet(f.ipv4(f.udp(new Uint8Array(20)))))));
  settle(a.engine);
  sender.pump();
  expect(receiver.pump()).toBe(5);
  expect(b.uplink.counters).toMatchObject({ rxFrames: 5, drops: { "mbuf-limit": 2 } });
  expect(limits.report("wire")).toMatchObject({ inUse: 3, frames: 3, refused: 2 });
  settle(b.engine);
  expect(drain(b.vnic)).toHaveLength(3);
  expect(limits.report("wire").inUse).toBe(0);
});

test("a peer is known behind VLAN tags, and by no address is nobody", async () => {
  const engine = await testEngine({ limits: {} });
  const [vnic, uplink] = [engine.addPort("vnic"), engine.addPort("uplink")];
  engine.addTunnel({ vni: 42, local: "192.0.2.1", remote: "192.0.2.2", vnic, uplink, innerVlan: true });
  const limits = engine.addLimits();
  limits.addPartition("web", [vnic], { floor: 8, preset: 8, ceiling: 16 }, fixed(4));
  const outer = { src: [192, 0, 2, 2], dst: [192, 0, 2, 1] };
  const inside = f.ipv4(f.udp(new Uint8Array(9)), { src: [10, 0, 0, 1] });
  const inners = [[], [{ tci: 5 }], [{ tpid: 0x88a8, tci: 5 }, { tci: 6 }]].map((tags) => f.ethernet(inside, { tags }));
  const all = [...inners, f.ethernet(f.arp()), Uint8Array.from(inners[0] as Uint8Array).subarray(0, 20)];
  const wire = all.map((inner) => f.ethernet(f.ipv4(f.vxlan(42, inner), outer)));
  for (let i = 0; i < 2; i++) {
    uplink.receiveBurst(arrivals(wire));
    settle(engine);
    limits.tick(i);
    drain(vnic);
  }
  expect(limits.reports().map(({ peer }) => peer)).toEqual([undefined, "10.0.0.1"]);
  expect([limits.report("web").frames, limits.report("web", "10.0.0.1").frames]).toEqual([7, 3]);
});

test("copies of broadcasts are charged to guests with limits, and cost who sent them nothing", async () => {
  const networks = { blue: { vni: 42, default: "allow" as const, flood: true } };
  const world = await makeWorld({ networks, hosts: 2, limits: { wall: 32 } });
  const [a, b, c, d] = [
    world.attach(0, 1, { mbufs: { policy: fixed(8) } }),
    world.attach(0, 2, { mbufs: { policy: fixed(2) } }),
    world.attach(1, 3, { mbufs: { policy: fixed(4) } }),
    world.attach(1, 4),
  ];
  world.run(50);
  const all = { mac: Uint8Array.from([255, 255, 255, 255, 255, 255]), ip: Uint8Array.from([10, 0, 0, 255]) };
  // b and c read nothing.
  for (let i = 0; i < 100; i++) {
    a.send(a.udp(all, { payload: [i] }));
    world.run(1);
    d.take();
  }
  const inUse = (guest: typeof a) => guest.host.core.engine.limits?.report(guest.attachment.partition).inUse;
  expect([inUse(a), inUse(b), inUse(c)]).toEqual([0, 2, 4]);
  expect([a.drops, c.host.drops]).toEqual([{ "mbuf-limit": 98 }, { "mbuf-limit": 96 }]);
  // What they hold is all that is missing.
  expect([512 - a.host.engine.freeMbufs, 512 - c.host.engine.freeMbufs]).toEqual([2, 4]);
  a.send(a.udp(d));
  world.run(5);
  expect(d.take()).toHaveLength(1);
  expect([b.take().length, c.take().length]).toEqual([2, 4]);
});

test("fragments and what is kept to be sent again are their sender's until they are gone", async () => {
  const world = await makeWorld({
    ...{ networks: { blue: { vni: 42, default: "allow" } }, hosts: 2, limits: {} },
    engine: { payloadBytes: 2048 },
  });
  const a = world.attach(0, 1, { mbufs: { policy: fixed(6) } });
  const b = world.attach(1, 2);
  world.run(50);
  a.send(a.udp(b));
  world.run(5);
  const limits = a.host.core.engine.limits;
  const inUse = () => limits?.report("vm1").inUse;
  expect(inUse()).toBe(0);
  // In two pieces: while they are made, the frame and both are its own.
  a.send(a.udp(b, { payload: new Uint8Array(1600) }));
  a.host.engine.poll();
  expect(inUse()).toBe(2);
  world.run(5);
  expect([inUse(), b.take().length]).toEqual([0, 3]);
  // Three are under way: the long one and its pieces are just what is left.
  for (let i = 0; i < 3; i++) a.send(a.udp(b));
  a.host.engine.poll();
  a.send(a.udp(b, { payload: new Uint8Array(1600) }));
  a.host.engine.poll();
  expect([inUse(), a.drops]).toEqual([5, {}]);
  world.run(5);
  for (let i = 0; i < 4; i++) a.send(a.udp(b));
  a.host.engine.poll();
  a.send(a.udp(b, { payload: new Uint8Array(1600) }));
  a.host.engine.poll();
  expect([inUse(), a.drops]).toEqual([4, { "mbuf-limit": 1 }]);
  world.run(5);
  expect(inUse()).toBe(0);
});
