/** What rules have let in of an adapter's flows goes with it, by the names that its network's waypoints have on every host. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseIp } from "../../../src/overlay/address.js";
import { definePolicy } from "../../../src/overlay/policy/policy.js";
import type { PolicyDefinition } from "../../../src/overlay/policy/schema.js";
import {
  carry,
  comesTo,
  flowsOf,
  makeStateWorld,
  moveWithState,
  prepared,
  stateOf,
} from "../../helpers/adapter-state.js";
import { counting } from "../../helpers/bytes.js";
import { censusAfterEach } from "../../helpers/census.js";
import { type Guest, hexOf, type World } from "../../helpers/overlay-world.js";
import { holdsAsync } from "../../helpers/property.js";

censusAfterEach();

/** vm1 may begin with everybody; with vm3 by way of one waypoint, with vm4 by way of another. Nobody may begin with it. */
function rules(order: readonly string[]): PolicyDefinition["networks"] {
  const via = { fw: { from: "web", to: "db", action: "via" as const, via: "fw" } };
  const ids = { ids: { from: "web", to: "log", action: "via" as const, via: "ids" } };
  const all = { ...via, ...ids } as Record<string, (typeof via)["fw"]>;
  return {
    blue: {
      vni: 42,
      default: "deny",
      groups: {
        web: { partitions: ["vm1"] },
        db: { partitions: ["vm3"] },
        log: { partitions: ["vm4"] },
        peers: { partitions: ["vm2"] },
      },
      rules: [...order.map((name) => all[name] as (typeof via)["fw"]), { from: "web", to: "any", action: "allow" }],
    },
    green: { vni: 43, default: "allow" },
  };
}

/** Host 2's rules name the waypoints in another order, so that they have other numbers there. */
async function cast() {
  const world = await makeStateWorld({
    networks: rules(["fw", "ids"]),
    hosts: 3,
    host: (i) => (i === 2 ? { policy: definePolicy({ networks: rules(["ids", "fw"]) }) } : {}),
  });
  const a = world.attach(0, 1);
  const others = [2, 3, 4].map((n) => world.attach(1, n));
  const waypoints = ["fw", "ids"].map((name, i) => {
    const options = { partition: name, mac: `02:00:00:00:00:2${i}`, ips: [`10.0.1.${i}`], forwards: true };
    return world.attach(1, 32 + i, options);
  });
  world.run(60);
  return { world, a, others: others as [Guest, Guest, Guest], waypoints };
}

interface Talk {
  readonly peer: number;
  readonly is6: boolean;
  readonly sport: number;
  readonly isFragment: boolean;
}

function say(a: Guest, to: Guest, { is6, sport, isFragment }: Talk): void {
  if (is6) a.send(a.udp6(to, { sport }));
  else a.send(a.udp(to, { sport, ...(isFragment && { fragment: 0x2000, identification: sport }) }));
}

test("what comes out goes in, of both kinds and both versions", async () => {
  const talk = fc.record({
    peer: fc.integer({ min: 0, max: 2 }),
    is6: fc.boolean(),
    sport: fc.integer({ min: 1, max: 65535 }),
    isFragment: fc.boolean(),
  });
  await holdsAsync(
    fc.asyncProperty(fc.array(talk, { maxLength: 20 }), async (talks) => {
      const { world, a, others } = await cast();
      for (const one of talks) {
        say(a, others[one.peer] as Guest, one);
        world.run(2);
      }
      const target = comesTo(world, a, 2);
      const [from, to] = [stateOf(a).parts, stateOf(target).parts];
      const { nowMs } = world.fabric;
      const flows = carry(from.flows, to.flows, nowMs);
      const fragments = carry(from.fragments, to.fragments, nowMs);
      const keys = new Set(talks.map(({ peer, is6, sport }) => `${peer} ${is6} ${sport}`));
      expect(countsOf(flows)).toBe(keys.size);
      const first = new Set(talks.flatMap((one) => (one.isFragment && !one.is6 ? [`${one.peer} ${one.sport}`] : [])));
      expect(countsOf(fragments)).toBe(first.size);
      for (const other of others) other.take();
    }),
    15,
  );
});

/** Entries of both versions. */
function countsOf(section: Uint8Array): number {
  const view = new DataView(section.buffer, section.byteOffset);
  return view.getUint32(8, true) + view.getUint32(12, true);
}

test("an answer is let in where it goes, by the waypoint of the same name", async () => {
  const { world, a, others, waypoints } = await cast();
  const [plain, db] = others;
  a.send(a.udp(plain, { sport: 700, dport: 53 }));
  a.send(a.udp(db, { sport: 701, dport: 54 }));
  world.run(20);
  // The firewall got the second one, and passes it on.
  for (const frame of (waypoints[0] as Guest).take()) (waypoints[0] as Guest).send(frame);
  world.run(20);
  const moved = moveWithState(world, a, 2);
  const answer = plain.udp(a, { sport: 53, dport: 700 });
  plain.send(answer);
  world.run(20);
  expect(hexOf(moved.take())).toEqual(hexOf([answer]));
  const verdicts = valuesOf(moved).map(({ action, waypoint }) => [action, waypoint]);
  // On host 2 the firewall is number 1.
  expect(verdicts.sort()).toEqual([
    [1, 0],
    [2, 1],
  ]);
  for (const waypoint of waypoints) waypoint.take();
  for (const other of others) other.take();
});

test("a later fragment follows its first one, on another host", async () => {
  const { world, a, others } = await cast();
  const [plain] = others;
  a.send(a.udp(plain, { fragment: 0x2000, identification: 99, payload: counting(24) }));
  world.run(20);
  expect(plain.take()).toHaveLength(1);
  const moved = moveWithState(world, a, 2);
  moved.send(
    moved.udp(plain, { fragment: 3, identification: 99 }),
    moved.udp(plain, { fragment: 3, identification: 98 }),
  );
  world.run(30);
  expect(moved.drops).toEqual({ "fragment-orphan": 1 });
});

test.each([2, 2100])("of %i addresses, and no flow of others", async (count) => {
  const world = await makeStateWorld({ networks: rules([]), hosts: 1, engine: { overlay: { endpoints: 4096 } } });
  const ips = Array.from({ length: count }, (_, i) => `10.1.${i >> 8}.${i & 255}`);
  const web = { ips, mac: "02:00:00:00:00:01" };
  const [a, b, c] = [world.attach(0, 1, web), world.attach(0, 2), world.attach(0, 3)];
  world.run(30);
  const last = parseIp("ip", ips.at(-1) as string);
  a.send(a.udp(b, { sport: 1, src: [...last] }), a.udp(c, { sport: 2 }));
  world.run(10);
  const [key] = flowsOf(a.host.core.plane, 4) as [number[]];
  // A flow of the others' own, as a rule of before would have made it.
  const { plane } = a.host.core;
  const word = plane.flows.key >> 2;
  plane.u32.set([0x0200000a, 0x0300000a, ...key.slice(2, 4)], word);
  expect(plane.flows.set(4, { action: 1, waypoint: 0, age: 0 })).toBe(true);
  expect(flowsOf(plane, 4)).toHaveLength(3);
  expect(countsOf(stateOf(a).parts.flows.extract(world.fabric.nowMs))).toBe(2);
  expect(countsOf(stateOf(b).parts.flows.extract(world.fabric.nowMs))).toBe(2);
  b.take();
  c.take();
});

test("ages go on", async () => {
  const { world, a, others } = await cast();
  a.send(a.udp(others[0], { sport: 700, dport: 53 }));
  world.run(2000);
  others[0].take();
  const moved = moveWithState(world, a, 2);
  expect(ages(moved)).toEqual([205]);
  world.run(100);
  expect(ages(moved)).toEqual([215]);
});

function ages(guest: Guest): number[] {
  return valuesOf(guest).map(({ age }) => age);
}

function valuesOf({ host, world }: Guest) {
  const { plane } = host.core;
  host.core.at(world.fabric.nowMs);
  return flowsOf(plane, 4).map((row) => plane.flows.read(row.at(-1) as number));
}

describe("refused", () => {
  async function sections(change: (section: Uint8Array) => void) {
    const { world, a, others } = await cast();
    a.send(a.udp(others[0], { sport: 700, dport: 53 }));
    world.run(20);
    others[0].take();
    const section = stateOf(a).parts.flows.extract(world.fabric.nowMs).slice();
    change(section);
    return { world, a, section, target: comesTo(world, a, 2) };
  }

  test.each([
    ["flows of others", "flows4[0].addresses", (at: Uint8Array) => at.set([10, 0, 0, 8, 10, 0, 0, 9], 16)],
    ["another network's", "vni", (at: Uint8Array) => at.set([43], 0)],
    ["a denial", "flows4[0].action", (at: Uint8Array) => at.set([0], 16 + 13)],
    ["a waypoint that is not named", "flows4[0].waypoint", (at: Uint8Array) => at.set([2, 0], 16 + 13)],
    ["an age that no table has", "flows4[0].ageMs", (at: Uint8Array) => at.set([0xff], 16 + 19)],
    ["more entries than bytes", "length", (at: Uint8Array) => at.set([2], 8)],
  ] as const)("%s", async (_, field, change) => {
    const { section, target, world } = await sections(change);
    expect(stateOf(target).parts.flows.prepare(section, world.fabric.nowMs)).toMatchObject({ section: "flows", field });
  });

  test("an unknown waypoint", async () => {
    const { world, a, others, waypoints } = await cast();
    a.send(a.udp(others[1], { sport: 700, dport: 53 }));
    world.run(20);
    const section = stateOf(a).parts.flows.extract(world.fabric.nowMs);
    const target = comesTo(world, a, 2);
    target.host.core.setPolicy(definePolicy({ networks: rules(["ids"]) }), world.fabric.nowMs);
    const refusal = stateOf(target).parts.flows.prepare(section, world.fabric.nowMs);
    expect(refusal).toMatchObject({ field: "waypoints[0]", value: "fw" });
    for (const waypoint of waypoints) waypoint.take();
  });

  test("more than there is room for, with the fragments beside them", async () => {
    const small = (i: number): Partial<Parameters<typeof makeStateWorld>[0]> => ({ engine: { overlay: { flows: i } } });
    const from = await makeStateWorld({ networks: rules([]), hosts: 1 });
    const to = await makeStateWorld({ networks: rules([]), hosts: 1, ...small(16) });
    const [a, b] = [from.attach(0, 1), from.attach(0, 2)];
    const c = to.attach(0, 1);
    settle(from, to);
    for (let i = 0; i < 10; i++) a.send(a.udp(b, { sport: 100 + i, fragment: 0x2000, identification: i }));
    settle(from, to);
    const { parts } = stateOf(a);
    const there = stateOf(c).parts;
    prepared(there.flows.prepare(parts.flows.extract(0), 0));
    const refusal = there.fragments.prepare(parts.fragments.extract(0), 0);
    expect(refusal).toMatchObject({ section: "fragments", field: "count4", value: 10 });
    b.take();
  });
});

function settle(...worlds: World[]): void {
  for (const world of worlds) world.run(30);
}
