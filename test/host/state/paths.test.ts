/** Whom an adapter's network talks to goes with it, as what somebody said: where they are, the directory says. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Resolution } from "../../../src/directory/records.js";
import { keyOf } from "../../../src/host/knowledge.js";
import { HeldSent } from "../../../src/host/state/held.js";
import { overlayParts } from "../../../src/host/state/parts.js";
import { PATH_BYTES } from "../../../src/host/state/paths.js";
import { carry, comesTo, makeStateWorld, prepared, stateOf } from "../../helpers/adapter-state.js";
import { censusAfterEach } from "../../helpers/census.js";
import { addressOf, type Guest, macOf, type World } from "../../helpers/overlay-world.js";
import { holdsAsync } from "../../helpers/property.js";

censusAfterEach();

const OPEN = { networks: { blue: { vni: 42, default: "allow" as const } } };

async function cast(hosts: number, options = {}) {
  const world = await makeStateWorld({ ...OPEN, hosts, ...options });
  const a = world.attach(0, 1);
  world.run(30);
  return { world, a };
}

/** The record of partition n on a host. */
function record({ world, host, attachment }: Guest, n: number) {
  const { endpoints } = host.core.plane;
  const ptr = endpoints.find(keyOf(attachment.network, macOf(n)));
  const is6 = world.host(0).core.address.includes(":");
  return ptr === 0
    ? undefined
    : { state: endpoints.state(ptr), psn: endpoints.psn(ptr), host: endpoints.hostOf(ptr, is6), ptr };
}

function pathsOf(bytes: Uint8Array): number {
  return (bytes.length - 8) / PATH_BYTES;
}

test("what comes out goes in, whoever was talked to and whenever", async () => {
  const plan = fc.record({
    talks: fc.array(fc.record({ peer: fc.integer({ min: 2, max: 6 }), restMs: fc.integer({ min: 0, max: 40 }) }), {
      maxLength: 12,
    }),
    isCut: fc.boolean(),
    encapsulation: fc.constantFrom("vxlan" as const, "rocev2" as const),
    family: fc.constantFrom(4 as const, 6 as const),
  });
  await holdsAsync(
    fc.asyncProperty(plan, async ({ talks, isCut, encapsulation, family }) => {
      const { world, a } = await cast(3, { host: { encapsulations: [encapsulation] }, family });
      const peers = new Map([2, 3, 4].map((n) => [n, world.attach(n === 4 ? 0 : 1, n)]));
      world.run(30);
      const repair = isCut ? world.cut([world.host(0)]) : () => undefined;
      for (const { peer, restMs } of talks) {
        a.send(a.udp(peers.get(peer) ?? strangerOf(world, peer)));
        world.run(restMs);
      }
      const target = comesTo(world, a, 2);
      const bytes = carry(stateOf(a).parts.paths, stateOf(target).parts.paths, world.fabric.nowMs);
      expect(pathsOf(bytes)).toBeGreaterThanOrEqual(isCut ? 1 : 0);
      repair();
      world.run(60);
      for (const [n, { host }] of peers) {
        const known = record(target, n);
        if (known) expect(known).toMatchObject({ state: "remote", host: host.core.address });
      }
      for (const [, peer] of peers) peer.take();
    }),
    25,
  );
});

/** Somebody of whom no directory knows. */
function strangerOf(world: World, n: number) {
  expect(world.hosts.flatMap(({ core }) => core.attachments.map(({ mac }) => mac))).not.toContain(macOf(n));
  return { mac: Uint8Array.of(2, 0, 0, 0, 0, n), ip: Uint8Array.of(10, 0, 0, n) };
}

test("who was talked to is known before the adapter runs: no frame waits", async () => {
  const { world, a } = await cast(3);
  const peers = [2, 3, 4].map((n) => world.attach(n === 2 ? 0 : 1, n));
  world.run(30);
  for (const peer of peers) a.send(a.udp(peer));
  world.run(30);
  for (const peer of peers) expect(peer.take()).toHaveLength(1);
  const target = comesTo(world, a, 2);
  const { paths } = stateOf(target).parts;
  expect(paths.warm(stateOf(a).parts.paths.extract(world.fabric.nowMs), world.fabric.nowMs)).toBeUndefined();
  world.run(5);
  prepared(paths.prepare(stateOf(a).parts.paths.extract(world.fabric.nowMs), world.fabric.nowMs))();
  world.run(30);
  const before = target.host.core.counters;
  for (const peer of peers) target.send(target.udp(peer));
  world.run(30);
  for (const peer of peers) expect(peer.take()).toHaveLength(1);
  expect(target.host.core.counters.misses).toBe(before.misses);
  expect(target.host.core.counters.heldFrames).toBe(before.heldFrames);
});

test("a section that lies about where somebody is changes nothing but the question", async () => {
  const { world, a } = await cast(3);
  const b = world.attach(1, 2);
  world.run(30);
  a.send(a.udp(b));
  world.run(30);
  const bytes = stateOf(a).parts.paths.extract(world.fabric.nowMs).slice();
  // The host's address, and a generation that no directory has reached.
  bytes.set([192, 0, 2, 77], 8 + 48);
  bytes.fill(0xff, 8 + 20, 8 + 24);
  const target = comesTo(world, a, 2);
  const { paths } = stateOf(target).parts;
  prepared(paths.prepare(bytes, world.fabric.nowMs))();
  expect(record(target, 2)).toMatchObject({ state: "pending" });
  expect(Buffer.from(paths.extract(world.fabric.nowMs)).equals(Buffer.from(bytes))).toBe(true);
  world.run(30);
  expect(record(target, 2)).toMatchObject({ state: "remote", host: addressOf(1) });
  b.take();
});

describe("packet sequence numbers", () => {
  async function talked(own: number) {
    const { world, a } = await cast(3, { host: { encapsulations: ["rocev2"] } });
    const b = world.attach(1, 2);
    const other = world.attach(2, 5);
    world.run(30);
    for (let i = 0; i < 7; i++) a.send(a.udp(b));
    for (let i = 0; i < own; i++) other.send(other.udp(b));
    world.run(50);
    const target = comesTo(world, a, 2);
    carry(stateOf(a).parts.identity, stateOf(target).parts.identity, world.fabric.nowMs);
    prepared(
      stateOf(target).parts.paths.prepare(stateOf(a).parts.paths.extract(world.fabric.nowMs), world.fabric.nowMs),
    )();
    world.run(50);
    b.take();
    return { world, target, b };
  }

  test("go on where they were, through the directory's answer", async () => {
    const { world, target, b } = await talked(0);
    expect(record(target, 2)).toMatchObject({ state: "remote", psn: 7 });
    target.send(target.udp(b));
    world.run(20);
    expect(record(target, 2)?.psn).toBe(8);
    expect(b.take()).toHaveLength(1);
  });

  test("are the target's own where it has sent already", async () => {
    const { target } = await talked(3);
    expect(record(target, 2)?.psn).toBe(3);
  });
});

describe("questions", () => {
  const macs = Array.from(
    { length: 300 },
    (_, i) => `02:00:00:01:${(i >> 8).toString(16).padStart(2, "0")}:${(i & 255).toString(16).padStart(2, "0")}`,
  );

  /** Has all of them asked about, some twice, and answers; returns those that were asked about. */
  async function warmed(answer: (mac: string) => Resolution | undefined, overlay: object = {}) {
    const { world, a } = await cast(1, { engine: { overlay: { endpoints: 1024, ...overlay } } });
    const { core } = a.host;
    core.warm(a.attachment, [...macs, ...macs.slice(0, 20)], world.fabric.nowMs);
    const asked: string[] = [];
    for (let open = core.takeRequests(); open.length > 0; open = core.takeRequests()) {
      expect(open.length).toBeLessThanOrEqual(64);
      for (const request of open) {
        const mac = request.kind === "resolve" && "mac" in request.query ? request.query.mac : undefined;
        if (mac !== undefined) asked.push(mac);
        core.answer(request.id, { value: mac && answer(mac) }, world.fabric.nowMs);
      }
    }
    return { asked: asked.sort(), events: core.takeEvents() };
  }

  test("are asked a few at a time, and all of them", async () => {
    expect((await warmed(() => undefined)).asked).toEqual(macs);
  });

  test("are all asked, though there is no room for what was answered", async () => {
    const { asked, events } = await warmed(
      (mac) => {
        const n = macs.indexOf(mac);
        const name = `far ${n}`;
        const address = `198.51.${100 + (n >> 8)}.${n & 255}`;
        return {
          endpoint: { vni: 42, partition: mac, mac, ips: [], labels: {}, host: name, gqpn: 1000 + n, generation: 1 },
          host: { name, address, mtuBytes: 1500, encapsulations: ["vxlan"] },
          ...{ alive: true, sequence: n },
        };
      },
      { routes: 8 },
    );
    expect(events).toContainEqual({ type: "full", reason: expect.stringContaining("routes") });
    expect(asked).toEqual(macs);
  });
});

test("without room for whom is new the section is refused", async () => {
  const { world, a } = await cast(2);
  world.cut();
  for (let n = 10; n < 40; n++) a.send(a.udp(strangerOf(world, n)));
  world.run(1);
  const section = stateOf(a).parts.paths.extract(world.fabric.nowMs);
  expect(pathsOf(section)).toBe(30);
  const other = await cast(1, { engine: { overlay: { endpoints: 16 } } });
  const { core } = other.a.host;
  const parts = overlayParts(core, other.a.attachment, new HeldSent(core.plane, other.a.vnic), stateOf(other.a).frames);
  expect(parts.paths.prepare(section, world.fabric.nowMs)).toMatchObject({
    section: "paths",
    field: "count",
    value: 30,
  });
});
