/** Uplinks that are a group: each partition has its own set of them, in which the overlay's frames leave and arrive. */
import { describe, expect, test } from "vitest";
import { parseIp } from "../../src/overlay/address.js";
import { counting } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import * as f from "../helpers/frames.js";
import {
  addressOf,
  type Guest,
  type Guesting,
  hexOf,
  makeWorld,
  type World,
  type WorldHost,
  type WorldOptions,
} from "../helpers/overlay-world.js";

censusAfterEach();

const OPEN = {
  networks: { blue: { vni: 42, default: "allow" } },
  uplinks: 3,
  group: {},
} as const satisfies WorldOptions;
type Encapsulated = "vxlan" | "geneve" | "rocev2";

/** a on host 0 with a set of its own, b on host 1 with all ports. */
async function pair(
  set: (host: WorldHost) => Guesting,
  encapsulation: Encapsulated = "vxlan",
  options: Partial<WorldOptions> = {},
) {
  const world = await makeWorld({ ...OPEN, host: { encapsulations: [encapsulation] }, ...options });
  const [a, b] = [world.attach(0, 1, set(world.host(0))), world.attach(1, 2)];
  world.run(50);
  a.send(a.udp(b));
  world.run(50);
  expect(b.take()).toHaveLength(1);
  return { world, a, b };
}

/** Frames of 64 flows; returns the uplinks that they left by. All arrive. */
function uplinksOf(world: World, a: Guest, b: Guest): string[] {
  const from = world.wire.length;
  const frames = Array.from({ length: 64 }, (_, i) => a.udp(b, { sport: 3000 + i }));
  a.send(...frames);
  world.run(20);
  expect(hexOf(b.take()).sort()).toEqual(hexOf(frames).sort());
  const used = world.wire.slice(from).filter((wired) => wired.from === "h0");
  return [...new Set(used.map(({ uplink }) => uplink))].sort();
}
const up = (host: WorldHost, ...numbers: number[]) =>
  numbers.map((n) => host.uplinks[n] as NonNullable<(typeof host.uplinks)[number]>);

describe.each(["vxlan", "geneve", "rocev2"] as const)("%s", (encapsulation) => {
  test("frames leave by their partition's own ports, by a backup when these are down, and by them again", async () => {
    const { world, a, b } = await pair((host) => ({ members: up(host, 0, 1), backup: up(host, 2) }), encapsulation);
    const other = world.attach(0, 3, { standalone: up(world.host(0), 2)[0] });
    world.run(50);
    expect(uplinksOf(world, a, b)).toEqual(["up0", "up1"]);
    expect(uplinksOf(world, other, b)).toEqual(["up2"]);
    const repairs = [0, 1].map((n) => world.fabric.link(`h0.up${n}`).cut());
    world.run(50);
    expect(uplinksOf(world, a, b)).toEqual(["up2"]);
    for (const repair of repairs) repair();
    world.run(50);
    expect(uplinksOf(world, a, b)).toEqual(["up0", "up1"]);
    expect([a.dropped, other.dropped]).toEqual([0, 0]);
  });

  test("without a live port frames are dropped by name", async () => {
    const { world, a, b } = await pair((host) => ({ standalone: up(host, 1)[0] }), encapsulation);
    const repair = world.fabric.link("h0.up1").cut();
    world.run(10);
    a.send(a.udp(b));
    world.run(20);
    expect(a.drops).toEqual({ "no-live-port": 1 });
    repair();
    world.run(10);
    expect(uplinksOf(world, a, b)).toEqual(["up1"]);
  });

  test("fragments, copies for many and frames that are sent again keep to the set, too", async () => {
    const { world, a, b } = await pair(...([(host: WorldHost) => ({ members: up(host, 1) }), encapsulation] as const), {
      hosts: 3,
      networks: { blue: { vni: 42, default: "allow", flood: true } },
      host: { encapsulations: [encapsulation], mtuBytes: 900 },
    });
    const from = world.wire.length;
    a.send(a.udp(b, { payload: counting(1400) }));
    a.send(f.ethernet(f.layer3(0x88b5, counting(40)), { src: a.mac, dst: [255, 255, 255, 255, 255, 255] }));
    world.run(20);
    expect(b.take()).toHaveLength(3);
    // b moves while a sends.
    const moved = world.attach(2, 2);
    for (let i = 0; i < 60; i++) {
      a.send(a.udp(b, { payload: [i, 1, 2, 3] }));
      world.run(0.1);
    }
    world.run(200);
    const got = [...b.take(), ...moved.take()].map((frame) => frame[42]);
    expect([...new Set(got)].length).toBe(60);
    expect(got.length).toBe(60);
    const used = world.wire.slice(from).filter((wired) => wired.from === "h0" && wired.bytes[33] !== 1);
    expect([...new Set(used.map(({ uplink }) => uplink))]).toEqual(["up1"]);
  });
});

test("buckets that move hold encapsulated frames, which go on in order", async () => {
  const { world, a, b } = await pair((host) => ({ members: up(host, 0, 1) }), "vxlan", {
    link: { delayMs: 0.05, rateBps: 2e6 },
  });
  world.run(500);
  b.take();
  const sent: number[] = [];
  for (let i = 0; i < 100; i++) {
    a.send(a.udp(b, { payload: [i, 0, 0, 0] }));
    sent.push(i);
    world.run(0.2);
    if (i === 30) a.attachment.lag?.setPorts({ members: up(world.host(0), 2) }, world.fabric.nowMs);
  }
  const held = world.host(0).group?.partitions[0]?.counters;
  world.run(2000);
  expect(b.take().map((frame) => frame[42])).toEqual(sent);
  expect(held).toMatchObject({ held: expect.any(Number) });
});

test("a frame that arrives outside its partition's set is refused", async () => {
  const { world, a, b } = await pair(() => ({}));
  const c = world.attach(1, 3, { members: up(world.host(1), 0, 1) });
  world.run(50);
  const [src, dst] = [parseIp("ip", addressOf(0)), parseIp("ip", addressOf(1))];
  for (const n of [0, 1, 2]) {
    for (const to of [b, c]) {
      const outer = f.ethernet(f.ipv4(f.vxlan(42, a.udp(to, { payload: [n] })), { src, dst, fragment: 0 }), {
        dst: [2, 0, ...dst],
      });
      expect(world.host(1).uplinks[n]?.receive(outer)).toBe(true);
    }
    world.run(20);
  }
  expect([b.take().length, c.take().length]).toEqual([3, 2]);
  expect(world.host(1).uplinks[2]?.counters.drops).toEqual({ "outside-port-set": 1 });
});

test("a set that cannot be is refused at once, and the port is free", async () => {
  const world = await makeWorld(OPEN);
  const [other] = world.host(0).vnics;
  expect(() => world.attach(0, 1, { members: [other as NonNullable<typeof other>] })).toThrow(
    'port is "v0"; it must be one of up0, up1, up2',
  );
  expect(() => world.attach(0, 1, { members: up(world.host(0), 0), minLinks: 3 })).toThrow(/minLinks/);
  const a = world.attach(0, 1);
  world.run(50);
  expect(a.attachment.state).toBe("live");
});

test("LACP's frames reach the group, and its own leave by every port", async () => {
  const world = await makeWorld({ ...OPEN, group: (i) => ({ lacp: { systemMac: `02:00:00:00:aa:0${i}` } }) });
  for (const { group, uplinks } of world.hosts) for (const port of uplinks) group?.link(port, true, world.fabric.nowMs);
  world.run(3000);
  const slow = world.wire.filter(({ bytes }) => bytes[12] === 0x88 && bytes[13] === 0x09);
  expect(new Set(slow.filter(({ from }) => from === "h0").map(({ uplink }) => uplink))).toEqual(
    new Set(["up0", "up1", "up2"]),
  );
  // What the other host's port has said, as if by a cable.
  const { group, uplinks, core } = world.host(0);
  const pdu = slow.find(({ from, uplink }) => from === "h1" && uplink === "up0")?.bytes as Uint8Array;
  expect(uplinks[0]?.receive(pdu)).toBe(true);
  world.run(100);
  expect(group?.lacp(uplinks[0] as NonNullable<(typeof uplinks)[0]>)).toMatchObject({
    partner: { system: "02:00:00:00:aa:01" },
    counters: { lacpdusIn: 1 },
  });
  expect(core.engine.ports.flatMap(({ counters }) => Object.keys(counters.drops))).toEqual([]);
});
