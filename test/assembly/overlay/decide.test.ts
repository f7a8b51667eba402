/** Policy on the way: between hosts and within one, flows and fragments, rules that change, and what each rule has decided. */
import { describe, expect, test } from "vitest";
import { definePolicy } from "../../../src/overlay/policy/policy.js";
import type { PolicyDefinition } from "../../../src/overlay/policy/schema.js";
import { counting } from "../../helpers/bytes.js";
import { censusAfterEach } from "../../helpers/census.js";
import * as f from "../../helpers/frames.js";
import { expectFrames, type Guest, makeWorld, type World, type WorldOptions } from "../../helpers/overlay-world.js";

censusAfterEach();

/** vm1 may open flows to vm2's port 53, and anything without being remembered to its port 99. */
const RULES: PolicyDefinition = {
  networks: {
    blue: {
      vni: 42,
      groups: { one: { partitions: ["vm1"] }, two: { partitions: ["vm2"] } },
      rules: [
        { from: "one", to: "two", action: "allow", protocol: "udp", ports: 53 },
        { from: "one", to: "two", action: "allow", protocol: "udp", ports: 99, stateful: false },
        { from: "one", to: "two", action: "allow", protocol: "icmp" },
      ],
    },
  },
};

const PLACES = [
  ["of two hosts", 1],
  ["of one host", 0],
] as const;

async function pair(place: number, options: Partial<WorldOptions> = {}): Promise<{ world: World; a: Guest; b: Guest }> {
  const world = await makeWorld({ ...RULES, ...options });
  const [a, b] = [world.attach(0, 1), world.attach(place, 2)];
  world.run(50);
  return { world, a, b };
}

/** What of these frames arrives. */
function through(world: World, from: Guest, to: Guest, ...frames: Uint8Array[]): Uint8Array[] {
  from.send(...frames);
  world.run(20);
  return to.take();
}

describe.each(PLACES)("partitions %s", (_, place) => {
  test("what a rule allows goes, what none does not; without encapsulation within a host", async () => {
    const { world, a, b } = await pair(place);
    const frames = [53, 99, 54].map((dport) => a.udp(b, { dport }));
    const wired = world.wire.length;
    expectFrames(through(world, a, b, ...frames), frames.slice(0, 2));
    expect(a.drops).toEqual({ policy: 1 });
    expect(world.wire.length - wired).toBe(place === 0 ? 0 : 2);
    // As they were, from guest to guest.
    expect(world.host(place).core.counters.deliveredFrames).toBe(2);
  });

  test("what returns of a flow is let in, and nothing else that looks like it", async () => {
    const { world, a, b } = await pair(place);
    const back = b.udp(a, { sport: 53, dport: 4000 });
    expect(through(world, b, a, back)).toEqual([]);
    expect(through(world, a, b, a.udp(b, { sport: 4000, dport: 53 }))).toHaveLength(1);
    expectFrames(through(world, b, a, back), [back]);
    // Other ports, another protocol, and the return of a rule that remembers nothing.
    through(world, a, b, a.udp(b, { sport: 4001, dport: 99 }));
    const others = [
      b.udp(a, { sport: 53, dport: 4001 }),
      b.udp(a, { sport: 54, dport: 4000 }),
      b.udp(a, { sport: 99, dport: 4001 }),
      b.frame(f.ipv4(f.tcp([1], { sport: 53, dport: 4000 }), { src: b.ip, dst: a.ip }), a),
    ];
    expect(through(world, b, a, ...others)).toEqual([]);
    expect(b.drops).toEqual({ policy: 5 });
  });

  test("IPv6 flows, and echoes by their identifier", async () => {
    const { world, a, b } = await pair(place);
    expect(through(world, a, b, a.udp6(b, { sport: 4000, dport: 53 }))).toHaveLength(1);
    expect(through(world, b, a, b.udp6(a, { sport: 53, dport: 4000 }))).toHaveLength(1);
    const echo = (type: number, identifier: number) => {
      const message = Uint8Array.of(type, 0, 0, 0, identifier >> 8, identifier & 0xff, 0, 1, 9, 9);
      return f.checksummed(58, message, 2);
    };
    const request = a.frame(f.ipv6(echo(128, 7), { src: a.ip6, dst: b.ip6 }), b);
    expect(through(world, a, b, request)).toHaveLength(1);
    const reply = (identifier: number) => b.frame(f.ipv6(echo(129, identifier), { src: b.ip6, dst: a.ip6 }), a);
    expectFrames(through(world, b, a, reply(8), reply(7)), [reply(7)]);
  });

  test("a flow lives its whole time after its last frame, however soon that came after the one before", async () => {
    const { world, a, b } = await pair(place, { host: { times: { flowMs: 1000, tickMs: 10 } } });
    for (let i = 0; i < 2; i++) expect(through(world, a, b, a.udp(b, { sport: 4000, dport: 53 }))).toHaveLength(1);
    // 40 ms after the first frame, 20 after the second.
    world.run(970);
    expect(through(world, b, a, b.udp(a, { sport: 53, dport: 4000 }))).toHaveLength(1);
  });

  test("a flow that was not seen for its time is over", async () => {
    const { world, a, b } = await pair(place, { host: { times: { flowMs: 1000, tickMs: 10 } } });
    through(world, a, b, a.udp(b, { sport: 4000, dport: 53 }));
    const back = b.udp(a, { sport: 53, dport: 4000 });
    world.run(900);
    expect(through(world, b, a, back)).toHaveLength(1);
    world.run(900);
    expect(through(world, b, a, back)).toHaveLength(1);
    world.run(1100);
    expect(through(world, b, a, back)).toEqual([]);
    world.run(20_000);
    expect(world.host(0).core.counters.flowsAged).toBeGreaterThan(0);
  });

  test("later fragments do as their first one, and those of none are orphans", async () => {
    const { world, a, b } = await pair(place);
    const inside = f.udp(counting(64), { sport: 4000, dport: 53 });
    const denied = f.udp(counting(64), { sport: 4000, dport: 54 });
    const piece = (of: f.Layer4, from: number, to: number, identification: number, more: boolean) =>
      a.frame(
        f.ipv4(f.slice(of, from, to), {
          src: a.ip,
          dst: b.ip,
          identification,
          fragment: (more ? 0x2000 : 0) | (from >> 3),
        }),
        b,
      );
    const frames = [
      piece(inside, 32, 72, 1, false), // before its first
      piece(inside, 0, 32, 1, true),
      piece(inside, 32, 72, 1, false),
      piece(denied, 0, 32, 2, true),
      piece(denied, 32, 72, 2, false),
      piece(inside, 32, 72, 3, false), // of another datagram
    ];
    expectFrames(through(world, a, b, ...frames), frames.slice(1, 3));
    expect(a.drops).toEqual({ "fragment-orphan": 3, policy: 1 });
    world.run(5000);
    expect(through(world, a, b, frames[2] as Uint8Array)).toEqual([]);
  });

  test("a later datagram's denied first fragment takes an older one's place", async () => {
    const { world, a, b } = await pair(place);
    const piece = (dport: number, from: number, to: number, more: boolean) =>
      a.frame(
        f.ipv4(f.slice(f.udp(counting(64), { sport: 4000, dport }), from, to), {
          ...{ src: a.ip, dst: b.ip, identification: 9, fragment: (more ? 0x2000 : 0) | (from >> 3) },
        }),
        b,
      );
    const got = through(world, a, b, piece(53, 0, 32, true), piece(54, 0, 32, true), piece(53, 32, 72, false));
    expect(got).toHaveLength(1);
    expect(a.drops).toEqual({ policy: 1, "fragment-orphan": 1 });
  });

  test("IPv6 fragments likewise", async () => {
    const { world, a, b } = await pair(place);
    const inside = f.udp(counting(64), { sport: 4000, dport: 53 });
    const piece = (from: number, to: number, more: boolean) =>
      a.frame(f.ipv6(f.fragment6(from >> 3, more, f.slice(inside, from, to)), { src: a.ip6, dst: b.ip6 }), b);
    const frames = [piece(32, 72, false), piece(0, 32, true), piece(32, 72, false)];
    expectFrames(through(world, a, b, ...frames), frames.slice(1));
    expect(a.drops).toEqual({ "fragment-orphan": 1 });
  });

  test("flows beyond what can be remembered are refused by name; known ones go on", async () => {
    const { world, a, b } = await pair(place, { engine: { overlay: { flows: 16 } } });
    const flows = Array.from({ length: 200 }, (_, i) => a.udp(b, { sport: 1000 + i, dport: 53 }));
    const got: Uint8Array[] = [];
    for (let i = 0; i < 200; i += 40) got.push(...through(world, a, b, ...flows.slice(i, i + 40)));
    const full = Object.values(world.hosts).reduce((sum, { drops }) => sum + (drops["flow-table-full"] ?? 0), 0);
    expect(got.length).toBeGreaterThanOrEqual(10);
    expect(got.length + full).toBe(200);
    expectFrames(through(world, a, b, flows[0] as Uint8Array), [flows[0] as Uint8Array]);
  });

  test("other rules: flows are forgotten, classes are others, and each rule counts what it decides", async () => {
    const { world, a, b } = await pair(place);
    through(world, a, b, a.udp(b, { sport: 4000, dport: 53 }), a.udp(b, { dport: 99 }), a.udp(b, { dport: 99 }));
    expect(world.host(0).core.ruleHits("blue")).toEqual([0n, 1n, 2n, 0n]);
    expect(world.host(place).core.ruleHits(42)).toEqual([0n, 1n, 2n, 0n]);
    const back = b.udp(a, { sport: 53, dport: 4000 });
    expect(through(world, b, a, back)).toHaveLength(1);
    const policy = definePolicy({
      networks: {
        blue: {
          vni: 42,
          groups: { tens: { prefixes: ["10.0.0.2/32"] } },
          rules: [{ from: "any", to: "tens", action: "allow", protocol: "udp", stateful: false }],
        },
      },
    });
    for (const { core } of world.hosts) core.setPolicy(policy, world.fabric.nowMs);
    world.run(20);
    expect(through(world, b, a, back)).toEqual([]);
    expect(through(world, a, b, a.udp(b, { dport: 1234 }))).toHaveLength(1);
    expect(world.host(0).core.ruleHits("blue").at(-1)).toBe(1n);
  });

  test("frames that are on their way when the rules change are not lost", async () => {
    const { world, a, b } = await pair(place, { directory: { delayMs: 5 } });
    through(world, a, b, a.udp(b, { dport: 53 }));
    world.run(50);
    b.take();
    const policy = definePolicy(RULES);
    for (const { core } of world.hosts) core.setPolicy(policy, world.fabric.nowMs);
    const frames = Array.from({ length: 20 }, (_, i) => a.udp(b, { dport: 53, payload: [i] }));
    for (const frame of frames) {
      a.send(frame);
      world.run(1);
    }
    world.run(50);
    expectFrames(b.take(), frames);
  });

  test("tenants with the same addresses do not meet", async () => {
    const world = await makeWorld({
      networks: { blue: { vni: 42, default: "allow" }, red: { vni: 43, default: "allow" }, green: { vni: 44 } },
    });
    const [a, b] = [world.attach(0, 1), world.attach(place, 2)];
    const [redA, redB] = [world.attach(0, 1, { network: "red" }), world.attach(place, 2, { network: "red" })];
    const greenB = world.attach(place, 2, { network: "green" });
    world.run(50);
    a.send(a.udp(b, { payload: [1] }));
    redA.send(redA.udp(redB, { payload: [2] }));
    world.run(20);
    expectFrames(b.take(), [a.udp(b, { payload: [1] })]);
    expectFrames(redB.take(), [redA.udp(redB, { payload: [2] })]);
    expect(greenB.take()).toEqual([]);
    expect(b.attachment.gqpn).not.toBe(redB.attachment.gqpn);
  });
});

test("a policy that lacks a network, or is too large, changes nothing", async () => {
  const { world, a, b } = await pair(1, { engine: { overlay: { policyBytes: 4096 } } });
  const { core } = world.host(0);
  const ports = Array.from({ length: 300 }, (_, i) => i * 100);
  const large = {
    networks: {
      blue: {
        vni: 42,
        rules: ports.map((port) => ({
          from: "any",
          to: "any",
          action: "deny" as const,
          protocol: "udp" as const,
          ports: port,
        })),
      },
    },
  };
  expect(() => core.setPolicy(definePolicy({ networks: { red: { vni: 43 } } }), 0)).toThrow(
    /network is 42; it must be one of red/,
  );
  expect(() => core.setPolicy(definePolicy(large), 0)).toThrow(/networks.blue is .* it must be at most 4096/);
  expect(through(world, a, b, a.udp(b, { dport: 53 }))).toHaveLength(1);
});
