/**
 * Sections from somebody hostile: each is refused, by name of a field and a bound, or taken; nothing throws, and what is refused has changed
 * nothing.
 */
import { describe, expect, test } from "vitest";
import { FramesPart } from "../../../src/migrate/state/index.js";
import {
  type AdapterState,
  comesTo,
  makeStateWorld,
  memoryOf,
  type OverlaySection,
  prepared,
  stateOf,
} from "../../helpers/adapter-state.js";
import { censusAfterEach } from "../../helpers/census.js";
import { mutatedBytes } from "../../helpers/mutated.js";
import type { Guest, WorldHost } from "../../helpers/overlay-world.js";
import { Random } from "../../helpers/property.js";

censusAfterEach();

const ROUNDS = 10_000;
const SECTIONS: readonly OverlaySection[] = ["identity", "paths", "flows", "fragments", "held", "lag", "limits"];

/** An adapter of which every section says something, and where it goes. */
async function cast() {
  const world = await makeStateWorld({
    networks: {
      blue: {
        vni: 42,
        default: "deny",
        groups: { web: { partitions: ["vm1"] }, db: { partitions: ["vm3"] } },
        rules: [
          { from: "web", to: "db", action: "via", via: "fw" },
          { from: "any", to: "any", action: "allow" },
        ],
      },
    },
    hosts: 3,
    uplinks: 3,
    group: { buckets: 16 },
    limits: { wall: 400 },
    engine: { overlay: { endpoints: 64, flows: 64, waits: 8 }, limits: { partitions: 4, peers: 8 } },
    build: "release",
  });
  const set = (host: WorldHost) => ({ members: host.uplinks.slice(0, 2), backup: host.uplinks.slice(2) });
  const mbufs = { policy: { floor: 16, preset: 64, ceiling: 256 }, peers: { floor: 4, preset: 8, ceiling: 64 } };
  const labels = { tier: "front", owner: "über" };
  const a = world.attach(0, 1, { ...set(world.host(0)), mbufs, labels });
  const [b, c] = [world.attach(1, 2), world.attach(1, 3)];
  const fw = world.attach(1, 4, { partition: "fw", forwards: true });
  world.run(60);
  for (let i = 0; i < 6; i++) {
    a.send(a.udp(b, { sport: 100 + i }), a.udp(c, { sport: 100 + i }), a.udp6(b, { sport: 200 + i }));
    a.send(a.udp(b, { fragment: 0x2000, identification: i }));
    b.send(b.udp(a, { sport: 300 + i }));
  }
  world.run(30);
  for (const guest of [a, b, c, fw]) guest.take();
  world.cut([world.host(0)]);
  for (const n of [20, 20, 21, 22])
    a.send(a.udp({ mac: Uint8Array.of(2, 0, 0, 0, 0, n), ip: Uint8Array.of(10, 0, 0, n) }));
  world.run(1);
  const target = comesTo(world, a, 2, { ...set(world.host(2)), mbufs, labels });
  return { world, a, target };
}

/** Takes the frames in that a section of held ones speaks of. */
function takeFrames(source: AdapterState, target: AdapterState, section: Uint8Array, nowMs: number): unknown {
  const bytes = new FramesPart(source.frames).extract(nowMs).slice();
  const take = prepared(new FramesPart(target.frames).prepare(bytes));
  const step = target.parts.held.prepare(section, nowMs);
  if (typeof step !== "function") return step;
  return () => {
    take();
    step();
    target.frames.drop();
  };
}

function expectRefusal(result: unknown, section: OverlaySection): void {
  expect(result).toMatchObject({ section, field: expect.any(String), bound: expect.any(String) });
}

describe.each(SECTIONS)("%s", (section) => {
  test(`${ROUNDS} mutations`, async () => {
    const { world, a, target } = await cast();
    const { nowMs } = world.fabric;
    const [source, there] = [stateOf(a), stateOf(target)];
    const bytes = source.parts[section].extract(nowMs).slice();
    const random = new Random(SECTIONS.indexOf(section));
    const prepare = (changed: Uint8Array) =>
      section === "held" ? takeFrames(source, there, changed, nowMs) : there.parts[section].prepare(changed, nowMs);
    let before = memoryOf(target.host);
    const known = new Map([["taken", 0]]);
    for (let i = 0; i < ROUNDS; i++) {
      const changed = mutatedBytes(bytes, random);
      const result = prepare(changed);
      const after = memoryOf(target.host);
      if (after !== before) expect(after, `round ${i}`).toBe(before);
      if (typeof result !== "function") expectRefusal(result, section);
      const what = typeof result === "function" ? "taken" : (result as { field: string }).field.replace(/\d+/g, "");
      known.set(what, (known.get(what) ?? 0) + 1);
      if (typeof result !== "function") continue;
      result();
      if (section === "identity") expect(there.parts.identity.extract(nowMs)).toEqual(changed);
      forgetPending(target);
      before = memoryOf(target.host);
    }
    // Hostile as it was, it met many of the checks.
    expect(known.size).toBeGreaterThan(5);
    prepared(prepare(bytes) as () => void)();
    expect(target.host.engine.census().holds).toBe(true);
  });
});

/** Records of addresses that were made up leave room for others. */
function forgetPending({ host, attachment }: Guest): void {
  const { plane } = host.core;
  host.core.takeRequests();
  for (const ptr of [...plane.endpoints.all()]) {
    const isOwn = !plane.endpoints.isAddress(ptr) && plane.endpoints.mac(ptr) === attachment.mac;
    if (!isOwn && plane.endpoints.state(ptr) === "pending") plane.endpoints.remove(ptr);
  }
}
