import { expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { type Guest, type Guesting, makeWorld, type World } from "../helpers/overlay-world.js";
import { bytesOf } from "../helpers/ports.js";

const NETWORKS = { blue: { vni: 42, default: "allow" as const } };
/** Behind the receiver's vnic, and each peer of it. */
const MBUFS = { policy: { floor: 16, preset: 32, ceiling: 256 }, peers: { floor: 8, preset: 16, ceiling: 128 } };

/** Three senders and a receiver, on three hosts or all on one. */
async function makeCast(receiver: Guesting, together = false, limits = true) {
  const world = await makeWorld({ networks: NETWORKS, hosts: 3, ...(limits && { limits: { wall: 384 } }) });
  const at = (i: number) => (together ? 0 : i);
  const cast = [
    world.attach(at(0), 1),
    world.attach(at(0), 2),
    world.attach(at(1), 3),
    world.attach(at(2), 4, receiver),
  ];
  world.run(50);
  return { world, senders: cast.slice(0, 3) as [Guest, Guest, Guest], receiver: cast[3] as Guest };
}

/**
 * For so many ms a hostile sender sends ten times what the other two do, and the receiver gives back only what comes from those. Returns
 * what each has sent and what came of it.
 */
function besiege(world: World, [hostile, ...others]: readonly Guest[], receiver: Guest, forMs: number) {
  const counts = new Map(others.map((guest) => [guest, { sent: 0, got: 0 }]));
  const bySource = new Map(others.map((guest) => [guest.ip.join("."), guest]));
  for (let ms = 0; ms < forMs; ms++) {
    for (const guest of others) {
      guest.send(guest.udp(receiver));
      (counts.get(guest) as { sent: number }).sent++;
    }
    if (hostile) for (let i = 0; i < 10; i++) hostile.vnic.receive(hostile.udp(receiver));
    world.run(1);
    const taken = receiver.vnic.takeBurst();
    const read = taken.filter((frame) => bySource.has(bytesOf(frame).subarray(26, 30).join(".")));
    for (const frame of read) {
      const guest = bySource.get(bytesOf(frame).subarray(26, 30).join(".")) as Guest;
      (counts.get(guest) as { got: number }).got++;
    }
    receiver.vnic.complete(read);
  }
  return [...counts.values()];
}

for (const together of [false, true]) {
  const where = together ? "on one host" : "over the underlay";
  test(`a peer that floods and is never read costs the others nothing, ${where}`, async () => {
    const { world, senders, receiver } = await makeCast({ mbufs: MBUFS }, together);
    for (const { sent, got } of besiege(world, senders, receiver, 1000)) {
      expect(sent).toBe(1000);
      // The last are under way.
      expect(got).toBeGreaterThanOrEqual(sent - 2);
    }
    const drops = world.hosts.map(({ drops }) => drops);
    expect(drops.flatMap((causes) => Object.keys(causes))).toEqual(["mbuf-limit"]);
    const events = receiver.host.events.filter(({ type }) => type === "limit");
    expect(events.length).toBeGreaterThan(0);
  });
}

test("without limits it does", async () => {
  const { world, senders, receiver } = await makeCast({}, false, false);
  const lost = besiege(world, senders, receiver, 1000).map(({ sent, got }) => sent - got);
  for (const frames of lost) expect(frames).toBeGreaterThan(500);
});

test("all vnics of a partition have one limit, which ends with the last of them", async () => {
  const world = await makeWorld({ networks: NETWORKS, limits: {} });
  const fixed = { policy: { floor: 3, preset: 3, ceiling: 3 } };
  const a = world.attach(0, 1, { partition: "vm", mbufs: fixed });
  const b = world.attach(0, 2, { partition: "vm", mbufs: fixed });
  world.run(50);
  const send = (guest: Guest) => guest.vnic.receive(guest.udp({ mac: a.mac, ip: a.ip }));
  send(a);
  send(a);
  send(b);
  send(b);
  expect([a.drops, b.drops]).toEqual([{}, { "mbuf-limit": 1 }]);
  a.host.core.detach(a.attachment, world.fabric.nowMs);
  expect(world.hosts[0]?.core.attachments).toHaveLength(1);
  world.run(10);
  const again = world.attach(0, 1, { partition: "vm", mbufs: fixed });
  world.run(50);
  expect(again.attachment.state).toBe("live");
  for (const guest of [b, again]) guest.host.core.detach(guest.attachment, world.fabric.nowMs);
  world.run(10);
  expect(
    world.attach(0, 1, { partition: "vm", mbufs: { policy: { floor: 9, preset: 9, ceiling: 9 } } }).attachment.state,
  ).toBe("claiming");
});

test("a limit on a host without limits, or a bad one, refuses the attachment, which leaves nothing behind", async () => {
  const world = await makeWorld({ networks: NETWORKS });
  expect(() => world.attach(0, 1, { mbufs: {} })).toThrow(
    new ConfigError("mbufs", {}, "absent on a host without limits"),
  );
  const limited = await makeWorld({ networks: NETWORKS, limits: {}, uplinks: 2, group: {} });
  expect(() => limited.attach(0, 1, { mbufs: { policy: { floor: 9, preset: 8 } } })).toThrow("partitions.vm1.preset");
  expect(limited.host(0).core.attachments).toEqual([]);
  const fine = limited.attach(0, 1, { mbufs: {} });
  limited.run(50);
  expect(fine.attachment.state).toBe("live");
});

test("a peer is charged by its own address in each partition, whatever record its endpoint had last", async () => {
  const world = await makeWorld({ networks: NETWORKS, hosts: 2, limits: { peerIdleMs: 100 } });
  const [a, b] = [world.attach(0, 1), world.attach(0, 2)];
  const mbufs = { policy: { floor: 8, preset: 8, ceiling: 64 }, peers: { floor: 4, preset: 4, ceiling: 4 } };
  const [c, d] = [world.attach(1, 3, { mbufs }), world.attach(1, 4, { mbufs })];
  world.run(50);
  const limits = c.host.core.engine.limits;
  const framesOf = (guest: Guest, peer?: string) => limits?.report(guest.attachment.partition, peer).frames;
  /** Sends from each to each, twice: the first time there is no record yet. */
  const talk = (...senders: readonly Guest[]) => {
    for (let i = 0; i < 2; i++) {
      for (const from of senders) for (const to of [c, d]) from.send(from.udp(to));
      world.run(5);
      for (const to of [c, d]) to.take();
    }
  };
  talk(a, b);
  expect([framesOf(c), framesOf(d), framesOf(c, "10.0.0.1"), framesOf(d, "10.0.0.1")]).toEqual([2, 2, 1, 1]);
  // All are idle for long enough to lose their records, which others then have.
  world.run(500);
  expect(limits?.reports().map(({ peer }) => peer)).toEqual([undefined, undefined]);
  talk(b);
  expect([framesOf(c, "10.0.0.2"), framesOf(d, "10.0.0.2")]).toEqual([1, 1]);
  a.send(a.udp(c), a.udp(d));
  world.run(1);
  expect([framesOf(c, "10.0.0.2"), framesOf(d, "10.0.0.2"), framesOf(c), framesOf(d)]).toEqual([1, 1, 4, 4]);
  for (const to of [c, d]) to.take();
});
