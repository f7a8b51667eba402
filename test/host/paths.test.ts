/** Path translations: weights, order, MTU, next hops, hosts that change or die, and copies for many. */
import { describe, expect, test } from "vitest";
import { parseIp } from "../../src/overlay/address.js";
import { counting } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import * as f from "../helpers/frames.js";
import { addressOf, type Guest, makeWorld, type World, type WorldOptions } from "../helpers/overlay-world.js";

censusAfterEach();

const OPEN = { networks: { blue: { vni: 42, default: "allow" } } } as const satisfies WorldOptions;
const FLOODED = { networks: { blue: { vni: 42, default: "allow", flood: true } } } as const satisfies WorldOptions;

async function pair(options: Partial<WorldOptions>): Promise<{ world: World; a: Guest; b: Guest }> {
  const world = await makeWorld({ ...OPEN, ...options });
  const [a, b] = [world.attach(0, 1), world.attach(1, 2)];
  world.run(50);
  a.send(a.udp(b));
  b.send(b.udp(a));
  world.run(50);
  a.take();
  b.take();
  return { world, a, b };
}

/** Frames of so many flows, and by which uplink each left. */
function spread(world: World, a: Guest, b: Guest, flows: number): Map<string, number> {
  const from = world.wire.length;
  for (let i = 0; i < flows; i += 50) {
    a.send(...Array.from({ length: 50 }, (_, k) => a.udp(b, { sport: 1000 + i + k })));
    world.run(5);
    b.take();
  }
  const counts = new Map<string, number>();
  for (const { uplink } of world.wire.slice(from)) counts.set(uplink, (counts.get(uplink) ?? 0) + 1);
  return counts;
}

describe("paths to a host", () => {
  test("flows are spread by weight", async () => {
    const pathsTo = { h1: [{ uplink: 0, weight: 3 }, { uplink: 1 }] };
    const { world, a, b } = await pair({ uplinks: 2, host: (i) => (i === 0 ? { pathsTo } : {}) });
    const counts = spread(world, a, b, 2000);
    expect(counts.get("up0")).toBeGreaterThan(1500 - 5 * 20);
    expect(counts.get("up0")).toBeLessThan(1500 + 5 * 20);
    expect((counts.get("up0") ?? 0) + (counts.get("up1") ?? 0)).toBe(2000);
    // One flow keeps to one path.
    const from = world.wire.length;
    for (let i = 0; i < 20; i++) a.send(a.udp(b, { payload: [i] }));
    world.run(5);
    expect(new Set(world.wire.slice(from).map(({ uplink }) => uplink)).size).toBe(1);
  });

  test("the lowest order that is usable is used: a backup while its better is down", async () => {
    const pathsTo = { h1: [{ uplink: 0 }, { uplink: 1, order: 1 }] };
    const { world, a, b } = await pair({ uplinks: 2, host: (i) => (i === 0 ? { pathsTo } : {}) });
    expect([...spread(world, a, b, 50).keys()]).toEqual(["up0"]);
    const repair = world.fabric.link("h0.up0").cut();
    world.run(5);
    expect([...spread(world, a, b, 50).keys()]).toEqual(["up1"]);
    repair();
    world.run(5);
    expect([...spread(world, a, b, 50).keys()]).toEqual(["up0"]);
    const repairs = ["h0.up0", "h0.up1"].map((link) => world.fabric.link(link).cut());
    a.send(a.udp(b));
    world.run(5);
    expect(a.drops).toEqual({ "no-path": 1 });
    for (const back of repairs) back();
  });

  test("outer headers are a path's own: next hop, address, encapsulation", async () => {
    const pathsTo = {
      h1: [
        { nextHopMac: "02:aa:bb:cc:dd:01", encapsulation: "geneve" as const },
        { uplink: 1, nextHopMac: "02:aa:bb:cc:dd:02", remote: "198.51.100.7" },
      ],
    };
    const host = (i: number) => ({ encapsulations: ["vxlan", "geneve"] as const, ...(i === 0 && { pathsTo }) });
    const { world, a, b } = await pair({ uplinks: 2, host });
    const from = world.wire.length;
    a.send(...Array.from({ length: 100 }, (_, i) => a.udp(b, { sport: 2000 + i })));
    world.run(5);
    for (const { uplink, bytes } of world.wire.slice(from)) {
      const n = uplink === "up0" ? 1 : 2;
      expect([...bytes.subarray(0, 6)]).toEqual([2, 0xaa, 0xbb, 0xcc, 0xdd, n]);
      expect([...bytes.subarray(30, 34)]).toEqual([...parseIp("ip", n === 1 ? addressOf(1) : "198.51.100.7")]);
      expect((bytes[36] as number) * 256 + (bytes[37] as number)).toBe(n === 1 ? 6081 : 4789);
    }
    expect(new Set(world.wire.slice(from).map(({ uplink }) => uplink)).size).toBe(2);
  });

  test("hosts without a common encapsulation, or of another IP version, have no path", async () => {
    const host = (i: number) => ({ encapsulations: [i === 0 ? "vxlan" : "geneve"] as const });
    const world = await makeWorld({ ...OPEN, host });
    const [a, b] = [world.attach(0, 1), world.attach(1, 2)];
    world.run(50);
    a.send(a.udp(b));
    world.run(50);
    expect(a.drops).toEqual({ "no-path": 1 });
  });

  test("a host that is dead is not sent to, and is again when it lives", async () => {
    const { world, a, b } = await pair({ host: { times: { hostLeaseMs: 500 } } });
    const { store } = world.directory;
    world.cut([world.host(1)]);
    world.run(2000);
    a.send(a.udp(b));
    world.run(20);
    expect([a.drops, b.take()]).toEqual([{ "no-path": 1 }, []]);
    for (const change of store.lease("h1", 100_000)) world.host(0).core.change(change, world.fabric.nowMs);
    a.send(a.udp(b));
    world.run(20);
    expect(b.take()).toHaveLength(1);
  });

  test("a host's other address takes its frames as soon as it is known", async () => {
    const { world, a, b } = await pair({});
    const { record } = world.host(1).core;
    for (const change of world.directory.store.publishHost({ ...record, address: "192.0.2.77" })) {
      world.host(0).core.change(change, world.fabric.nowMs);
    }
    const from = world.wire.length;
    a.send(a.udp(b));
    world.run(20);
    expect([...(world.wire[from]?.bytes.subarray(30, 34) ?? [])]).toEqual([192, 0, 2, 77]);
  });

  test("routes and paths that run out are told of, and the rest goes on", async () => {
    const world = await makeWorld({
      ...{ ...OPEN, hosts: 4, engine: { overlay: { routes: 2 } } },
      host: { times: { idleMs: 2000, missMs: 200 } },
    });
    const a = world.attach(0, 1);
    const others = [1, 2, 3].map((i) => world.attach(i, i + 1));
    world.run(50);
    for (const other of others) a.send(a.udp(other));
    world.run(50);
    expect(others.map((other) => other.take().length)).toEqual([1, 1, 0]);
    expect(world.host(0).events).toContainEqual(
      expect.objectContaining({ type: "full", reason: expect.stringContaining("overlay.routes") }),
    );
    world.run(20_000);
    expect(a.drops).toEqual({ "miss-expired": 1 });
  });
});

describe("copies for many", () => {
  const broadcast = (from: Guest, first = 1) =>
    f.ethernet(f.layer3(0x88b5, counting(50, first)), { src: from.mac, dst: [255, 255, 255, 255, 255, 255] });

  test("each other partition of the network gets one, from whatever host, by one frame for each host", async () => {
    const world = await makeWorld({
      ...{
        hosts: 4,
        networks: { blue: { vni: 42, default: "allow", flood: true }, red: { vni: 43, default: "allow", flood: true } },
      },
    });
    const [a, a2] = [world.attach(0, 1), world.attach(0, 2)];
    const [b, b2, c] = [world.attach(1, 3), world.attach(1, 4), world.attach(2, 5)];
    const red = world.attach(3, 6, { network: "red" });
    world.run(100);
    const from = world.wire.length;
    a.send(broadcast(a));
    world.run(50);
    expect([a, a2, b, b2, c, red].map((guest) => guest.take().length)).toEqual([0, 1, 1, 1, 1, 0]);
    expect(world.wire.length - from).toBe(2);
    expect(a.dropped).toBe(0);
  });

  test.each(["vxlan", "geneve", "rocev2"] as const)("hosts come and go (%s)", async (encapsulation) => {
    const world = await makeWorld({
      ...{ ...FLOODED, hosts: 3, host: { encapsulations: [encapsulation], times: { hostLeaseMs: 500 } } },
    });
    const a = world.attach(0, 1);
    world.run(50);
    a.send(broadcast(a));
    world.run(20);
    expect(a.dropped).toBe(0);
    const b = world.attach(1, 2);
    world.run(50);
    a.send(broadcast(a, 2));
    world.run(20);
    expect(b.take()).toEqual([broadcast(a, 2)]);
    const c = world.attach(2, 3);
    world.run(50);
    c.send(broadcast(c, 3));
    world.run(20);
    expect([a.take(), b.take(), c.take()]).toEqual([[broadcast(c, 3)], [broadcast(c, 3)], []]);
    // Gone: no copy goes to its host any more.
    b.host.core.detach(b.attachment, world.fabric.nowMs);
    world.run(200);
    const from = world.wire.length;
    a.send(broadcast(a, 4));
    world.run(20);
    expect(c.take()).toEqual([broadcast(a, 4)]);
    expect(world.wire.length - from).toBe(1);
    // Moved: one copy still.
    const moved = world.move(c, 1, 200);
    const after = world.wire.length;
    a.send(broadcast(a, 5));
    world.run(50);
    expect([moved.take(), c.take()]).toEqual([[broadcast(a, 5)], []]);
    expect(world.wire.length - after).toBe(1);
    // Dead: none.
    world.cut([world.host(1)]);
    world.run(3000);
    const before = world.wire.length;
    a.send(broadcast(a, 6));
    world.run(20);
    expect(world.wire.length).toBe(before);
  });

  test("policy applies to each copy", async () => {
    const world = await makeWorld({
      networks: {
        blue: {
          ...{ vni: 42, default: "allow", flood: true },
          groups: { b: { partitions: ["vm2"] } },
          rules: [{ from: "any", to: "b", action: "deny" }],
        },
      },
    });
    const [a, b, c] = [world.attach(0, 1), world.attach(1, 2), world.attach(1, 3)];
    world.run(100);
    a.send(broadcast(a));
    world.run(50);
    expect([b.take().length, c.take().length]).toEqual([0, 1]);
  });

  test.each(["vxlan", "rocev2"] as const)(
    "one that is too big for a path is dropped for that host by name (%s)",
    async (encapsulation) => {
      const host = (i: number) => ({ encapsulations: [encapsulation], mtuBytes: i === 1 ? 900 : 1500 });
      const world = await makeWorld({ ...FLOODED, hosts: 3, host });
      const [a, b, c] = [world.attach(0, 1), world.attach(1, 2), world.attach(2, 3)];
      world.run(100);
      const frame = f.ethernet(f.layer3(0x88b5, counting(1200)), { src: a.mac, dst: [255, 255, 255, 255, 255, 255] });
      a.send(frame);
      world.run(50);
      expect([b.take().length, c.take().length]).toEqual([0, 1]);
      expect(a.drops).toEqual({ "too-big": 1 });
    },
  );
});
