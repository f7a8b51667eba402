/** Traffic that rules send through a waypoint: wherever it is, while it moves, before it is known, and past it. */
import { expect, test } from "vitest";
import { parseIp } from "../../../src/overlay/address.js";
import type { PolicyDefinition } from "../../../src/overlay/policy/schema.js";
import { censusAfterEach } from "../../helpers/census.js";
import * as f from "../../helpers/frames.js";
import { addressOf, type Guest, makeWorld, type World } from "../../helpers/overlay-world.js";

censusAfterEach();

const RULES: PolicyDefinition = {
  networks: {
    blue: {
      vni: 42,
      groups: { one: { partitions: ["vm1"] }, two: { partitions: ["vm2"] } },
      rules: [{ from: "one", to: "two", action: "via", via: "fw", protocol: "udp" }],
    },
  },
};
const firewall = (world: World, i: number, n = 9) => world.attach(i, n, { partition: "fw", forwards: true });

/** As a router would: another destination MAC address, its own as source. */
function forwarded(frame: Uint8Array, from: Guest, to: Guest): Uint8Array {
  const copy = frame.slice();
  copy.set(to.mac);
  copy.set(from.mac, 6);
  return copy;
}

/** One frame of from's goes by the firewall to its destination; the answer comes back by it, too. */
function journey(world: World, a: Guest, b: Guest, fw: Guest): void {
  for (const [from, to, ports] of [
    [a, b, { sport: 4000, dport: 53 }],
    [b, a, { sport: 53, dport: 4000 }],
  ] as const) {
    const frame = from.udp(to, ports);
    from.send(frame);
    world.run(30);
    const redirected = frame.slice();
    redirected.set(fw.mac);
    expect(to.take()).toEqual([]);
    expect(fw.take()).toEqual([redirected]);
    const on = forwarded(frame, fw, to);
    fw.send(on);
    world.run(30);
    expect(to.take()).toEqual([on]);
    expect(fw.take()).toEqual([]);
  }
  expect([a.dropped, b.dropped, fw.dropped]).toEqual([0, 0, 0]);
}

test.each([
  ["on the sender's host", 0, 1, 0],
  ["on the receiver's host", 0, 1, 1],
  ["on a third host", 0, 1, 2],
  ["with both on one host", 0, 0, 0],
  ["elsewhere than both on one host", 0, 0, 1],
])("a waypoint %s", async (_, atA, atB, atFw) => {
  const world = await makeWorld({ ...RULES, hosts: 3 });
  const fw = firewall(world, atFw);
  const [a, b] = [world.attach(atA, 1), world.attach(atB, 2)];
  world.run(50);
  journey(world, a, b, fw);
  expect(world.host(atA).core.counters.redirectedFrames).toBeGreaterThan(0);
});

test("a waypoint that moves keeps its traffic", async () => {
  const world = await makeWorld({ ...RULES, hosts: 3 });
  const [a, b, fw] = [world.attach(0, 1), world.attach(1, 2), firewall(world, 2)];
  world.run(50);
  journey(world, a, b, fw);
  const second = world.move(fw, 0);
  journey(world, a, b, second);
  const third = world.move(second, 1);
  journey(world, a, b, third);
});

test("a waypoint that comes late, or goes: frames are dropped by name while it is not there, and go by it when it is", async () => {
  const world = await makeWorld({ ...RULES, hosts: 3 });
  const [a, b] = [world.attach(0, 1), world.attach(1, 2)];
  world.run(50);
  a.send(a.udp(b, { sport: 4000, dport: 53 }));
  world.run(20);
  expect(a.drops).toEqual({ "no-endpoint": 1 });
  const fw = firewall(world, 2);
  world.run(50);
  a.send(a.udp(b));
  world.run(20);
  expect([fw.take().length, b.take().length]).toEqual([1, 0]);
  fw.host.core.detach(fw.attachment, world.fabric.nowMs);
  world.run(20);
  a.send(a.udp(b));
  world.run(20);
  expect([a.drops, b.take()]).toEqual([{ "no-endpoint": 2 }, []]);
  const again = firewall(world, 1);
  world.run(50);
  a.send(a.udp(b));
  world.run(20);
  expect([again.take().length, b.take().length]).toEqual([1, 0]);
});

test.each([0, 1])(
  "a waypoint that was detached on host %i is nobody whose record another may have by then",
  async (atFw) => {
    const world = await makeWorld({ ...RULES, hosts: 2, host: { times: { idleMs: 1000, absentMs: 200 } } });
    const [a, b, fw] = [world.attach(0, 1), world.attach(1, 2), firewall(world, atFw)];
    world.run(50);
    fw.host.core.detach(fw.attachment, world.fabric.nowMs);
    world.run(10_000);
    // Others take the record.
    const others = [3, 4, 5].map((n) => world.attach(atFw, n));
    world.run(50);
    a.send(a.udp(b));
    world.run(50);
    expect(a.drops).toEqual({ "no-endpoint": 1 });
    expect([b, ...others].flatMap((guest) => guest.take())).toEqual([]);
  },
);

test("what comes past the waypoint is refused", async () => {
  const world = await makeWorld({ ...RULES, hosts: 3 });
  const [a, b, fw] = [world.attach(0, 1), world.attach(1, 2), firewall(world, 2)];
  world.run(50);
  journey(world, a, b, fw);
  // As a host would send it that does not obey: straight from a's host to b's.
  const [src, dst] = [parseIp("ip", addressOf(0)), parseIp("ip", addressOf(1))];
  const outer = f.ethernet(f.ipv4(f.vxlan(42, a.udp(b)), { src, dst, fragment: 0 }), { dst: [2, 0, ...dst] });
  expect(world.host(1).uplinks[0]?.receive(outer)).toBe(true);
  world.run(20);
  expect([b.take(), world.host(1).drops]).toEqual([[], { "policy-bypass": 1 }]);
});
