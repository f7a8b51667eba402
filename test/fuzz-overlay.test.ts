/**
 * Mutated frames for overlay hosts: from the underlay in every encapsulation, and from a guest. No trap, every mbuf in its place, and every
 * frame is delivered, held, or dropped under a cause.
 */
import { describe, expect, test } from "vitest";
import type { Port } from "../src/buffer/port.js";
import type { EncapsulationName } from "../src/directory/records.js";
import { censusAfterEach } from "./helpers/census.js";
import { BUILDS, type Build } from "./helpers/engines.js";
import * as f from "./helpers/frames.js";
import { type Guest, makeWorld, type World } from "./helpers/overlay-world.js";
import { total } from "./helpers/ports.js";
import { Random } from "./helpers/property.js";
import { icrcOf } from "./model/crc.js";

censusAfterEach();

// Rules of every kind, so that no step is left out.
const RULES = {
  vni: 4200,
  groups: { tens: { prefixes: ["10.0.0.0/24", "fd00:a::/64"] }, two: { partitions: ["vm2"] } },
  rules: [
    { from: "tens", to: "two", action: "via", via: "fw", protocol: "tcp", ports: [80, "8000-8100"] },
    { from: "any", to: "any", action: "deny", protocol: "udp", ports: 99 },
    { from: "any", to: "any", action: "allow" },
  ],
} as const;
/** Tags are carried, but in NVGRE, which has none. */
const red = (encapsulation: EncapsulationName) =>
  ({ vni: 4201, default: "allow", innerVlan: encapsulation !== "nvgre" }) as const;
const ENCAPSULATIONS = ["vxlan", "geneve", "vxlan-gpe", "nvgre", "rocev2"] as const;

/** What a guest may send: of every kind that the overlay tells apart, in turn. */
function guestFrames(a: Guest, b: Guest): Uint8Array[] {
  const inside = f.udp(new Uint8Array(64).fill(7), { dport: 53 });
  const ends = { src: a.ip, dst: b.ip };
  const ends6 = { src: a.ip6, dst: b.ip6 };
  return [
    a.udp(b),
    a.udp(b, { tags: [{ tci: 5 }] }),
    a.udp6(b),
    a.frame(f.ipv4(f.tcp([1, 2, 3], { dport: 80, options: [2, 4, 5, 0xb4] }), ends), b),
    a.frame(f.ipv4(f.icmp([1, 2, 3]), { ...ends, fragment: 0, options: [1, 1, 1, 0] }), b),
    a.frame(f.ipv4(f.slice(inside, 0, 32), { ...ends, fragment: 0x2000 }), b),
    a.frame(f.ipv4(f.slice(inside, 32), { ...ends, fragment: 4 }), b),
    a.frame(f.ipv6(f.fragment6(0, true, f.slice(inside, 0, 32)), ends6), b),
    a.frame(f.ipv6(f.extension(0, [0, 0, 0, 0, 0, 0], f.icmpv6([1])), ends6), b),
    a.frame(f.ipv4(f.vxlan(7, a.udp(b)), ends), b),
    f.ethernet(f.arp(), { src: a.mac, dst: [255, 255, 255, 255, 255, 255] }),
    f.ethernet(f.ipv6(f.icmpv6([1]), { ...ends6, dst: [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] }), {
      src: a.mac,
      dst: [0x33, 0x33, 0, 0, 0, 1],
    }),
    a.frame(f.layer3(0x88b5, new Uint8Array(200)), b),
    a.udp(b, { payload: new Uint8Array(1600), fragment: 0 }),
    a.udp(b, { payload: new Uint8Array(1600), fragment: 0x4000 }),
  ];
}

/** One to four bytes are others, or the end is cut off, or two frames' halves are one. */
function mutated(random: Random, frames: readonly Uint8Array[]): Uint8Array {
  const frame = random.pick(frames).slice();
  const kind = random.below(8);
  if (kind === 0) return frame.slice(0, random.below(frame.length));
  if (kind === 1)
    return Uint8Array.from([
      ...frame.subarray(0, random.below(frame.length)),
      ...random.pick(frames).subarray(random.below(60)),
    ]);
  const near = Math.min(frame.length, kind < 5 ? 64 : 128);
  for (let i = random.between(0, 3); i >= 0; i--)
    frame[random.below(near)] = random.pick([0, 1, 0x45, 0x60, 0x7f, 0x80, 0xff, random.below(256)]);
  return random.below(2) === 0 ? frame : sealed(frame);
}

/** A RoCEv2 packet over IPv4 with the right ICRC for what it says, so that what it says is looked at; others as they are. */
function sealed(frame: Uint8Array): Uint8Array {
  if (frame.length < 66 || frame[36] !== 0x12 || frame[37] !== 0xb7) return frame;
  const icrc = icrcOf("ipv4", frame.subarray(14));
  frame.set([icrc & 0xff, (icrc >>> 8) & 0xff, (icrc >>> 16) & 0xff, icrc >>> 24], frame.length - 4);
  return frame;
}

/** Frames that host 0 sends to host 1 in an encapsulation, as they are on the wire. */
async function valid(encapsulation: EncapsulationName, build: Build, flood: boolean) {
  const world = await makeWorld({
    ...{
      networks: { blue: { ...RULES, flood }, red: red(encapsulation) },
      build,
      engine: { mbufs: 1024, queueSize: 256, overlay: { endpoints: 256, flows: 256 } },
    },
    host: { encapsulations: [encapsulation], times: { missMs: 50, idleMs: 500, absentMs: 50 } },
  });
  const [a, b] = [world.attach(0, 1), world.attach(1, 2)];
  world.attach(1, 9, { partition: "fw", forwards: true });
  const [redA, redB] = [world.attach(0, 1, { network: "red" }), world.attach(1, 2, { network: "red" })];
  world.run(100);
  for (const [from, to] of [
    [a, b],
    [redA, redB],
  ] as const) {
    for (const frame of guestFrames(from, to)) from.send(frame);
    world.run(100);
  }
  const frames = world.wire.filter(({ from }) => from === "h0").map(({ bytes }) => bytes);
  expect(frames.length).toBeGreaterThan(15);
  return { world, a, b, frames };
}

/** All guests take all that they were given. */
function takeAll(world: World): void {
  for (const { vnics } of world.hosts) {
    for (const port of vnics)
      for (let out = port.takeBurst(); out.length > 0; out = port.takeBurst()) port.complete(out);
  }
}

describe.each(BUILDS)("%s build", (build) => {
  const count = build === "release" ? 40_000 : 4000;

  test.each(
    ENCAPSULATIONS.flatMap((encapsulation) => [[encapsulation, false] as const, [encapsulation, true] as const]),
  )(`${count / 2} frames of the underlay in %s, floods %s`, async (encapsulation, flood) => {
    const { world, frames } = await valid(encapsulation, build, flood);
    const random = new Random(2 * ENCAPSULATIONS.indexOf(encapsulation) + (flood ? 1 : 0));
    const { core, engine, uplinks } = world.host(1);
    const uplink = uplinks[0] as Port;
    takeAll(world);
    const state = () => ({ dropped: total(uplink.counters.drops), delivered: core.counters.deliveredFrames });
    const [before, rx] = [state(), uplink.counters.rxFrames];
    for (let sent = 0; sent < count / 2; sent += 100) {
      for (let i = 0; i < 100; i++) expect(uplink.receive(mutated(random, frames))).toBe(true);
      world.run(random.below(4) === 0 ? 20 : 1);
      takeAll(world);
    }
    // What was held has gone by now, one way or the other.
    world.run(20_000);
    takeAll(world);
    const after = state();
    expect(uplink.counters.rxFrames - rx).toBe(count / 2);
    const accounted = after.dropped - before.dropped + after.delivered - before.delivered;
    // One that is flooded is neither given to one guest nor dropped; all others are, once.
    if (flood) expect(accounted).toBeLessThan(count / 2);
    else expect(accounted).toBe(count / 2);
    expect(after.delivered).toBeGreaterThan(before.delivered);
    expect(Object.keys(uplink.counters.drops).length).toBeGreaterThan(8);
    expect(engine.census()).toMatchObject({ holds: true, free: 1024 });
  });

  const guests = build === "release" ? 50_000 : 5000;
  test(`${guests} frames of a guest`, async () => {
    const { world, a, b } = await valid("vxlan", build, true);
    const random = new Random(99);
    const frames = guestFrames(a, b);
    takeAll(world);
    const [rx, wired] = [a.vnic.counters.rxFrames, world.wire.length];
    for (let sent = 0; sent < guests; sent += 100) {
      for (let i = 0; i < 100; i++) a.send(mutated(random, frames));
      world.run(random.below(4) === 0 ? 20 : 1);
      takeAll(world);
    }
    world.run(20_000);
    takeAll(world);
    expect(a.vnic.counters.rxFrames - rx).toBe(guests);
    expect(Object.keys(a.drops).length).toBeGreaterThan(10);
    expect(world.wire.length).toBeGreaterThan(wired);
    for (const { engine } of world.hosts) expect(engine.census()).toMatchObject({ holds: true, free: 1024 });
  });
});
