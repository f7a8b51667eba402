/** A partition's part in a LAG group goes with it: the same places, the same buckets, the same counts. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Port } from "../../../src/buffer/port.js";
import { decodeLag, encodeLag } from "../../../src/host/state/lag.js";
import { SectionReader } from "../../../src/migrate/state/bytes/section-reader.js";
import { carry, comesTo, makeStateWorld, moveWithState, prepared, stateOf } from "../../helpers/adapter-state.js";
import { censusAfterEach } from "../../helpers/census.js";
import { flowFrame, macBytes, macOf, makeGroup } from "../../helpers/lag.js";
import type { Guest, Guesting, World, WorldHost, WorldOptions } from "../../helpers/overlay-world.js";
import { drain, settle } from "../../helpers/ports.js";
import { holdsAsync } from "../../helpers/property.js";

censusAfterEach();

const OPEN = {
  networks: { blue: { vni: 42, default: "allow" } },
  uplinks: 4,
  group: { buckets: 64 },
  hosts: 3,
} as const satisfies WorldOptions;

function up(host: WorldHost, n: number): Port {
  return host.uplinks[n] as Port;
}

async function cast(set: (host: WorldHost) => Guesting, options: Partial<WorldOptions> = {}) {
  const world = await makeStateWorld({ ...OPEN, ...options });
  const [a, b] = [world.attach(0, 1, set(world.host(0))), world.attach(1, 2)];
  world.run(50);
  return { world, a, b };
}

/** For each of so many flows, the uplink that its frame leaves by. */
function waysOf(world: World, a: Guest, b: Guest): string[] {
  return Array.from({ length: 48 }, (_, i) => {
    const from = world.wire.length;
    a.send(a.udp(b, { sport: 2000 + 7 * i }));
    world.run(5);
    b.take();
    return world.wire.slice(from).find((wired) => wired.from === a.host.core.name)?.uplink ?? "none";
  });
}

const weighed = (host: WorldHost): Guesting => ({
  members: [{ port: up(host, 0), weight: 3 }, up(host, 1)],
  backup: [up(host, 3)],
  preemptionDelayMs: 400,
});

test("each flow leaves by the uplink of the same place", async () => {
  const { world, a, b } = await cast(weighed);
  const before = waysOf(world, a, b);
  const counts = a.attachment.lag?.counters;
  const target = moveWithState(world, a, 2);
  expect(target.attachment.lag?.roles).toEqual(["member", "member", "none", "backup"]);
  expect(target.attachment.lag?.counters).toEqual(counts);
  expect(waysOf(world, target, b)).toEqual(before);
  expect(new Set(before)).toEqual(new Set(["up0", "up1"]));
});

test("what comes out goes in, whatever the set and whatever is down", async () => {
  const roles = fc.array(fc.constantFrom("member" as const, "backup" as const, "none" as const), {
    minLength: 4,
    maxLength: 4,
  });
  const plan = fc.record({
    roles: roles.filter((list) => list.includes("member")),
    weights: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 4, maxLength: 4 }),
    down: fc.subarray([0, 1, 2, 3]),
    isStandalone: fc.boolean(),
    preempt: fc.boolean(),
    delayMs: fc.integer({ min: 0, max: 300 }),
    selection: fc.constantFrom("buckets" as const, "modulo" as const, "turn" as const),
    frames: fc.integer({ min: 0, max: 20 }),
  });
  await holdsAsync(
    fc.asyncProperty(plan, async ({ roles, weights, down, isStandalone, preempt, delayMs, selection, frames }) => {
      const of = (host: WorldHost, role: "member" | "backup") =>
        roles.flatMap((one, i) => {
          const weight = selection === "buckets" ? (weights[i] as number) : 1;
          return one === role ? [{ port: up(host, i), weight }] : [];
        });
      const set = (host: WorldHost): Guesting => {
        if (isStandalone) return { standalone: up(host, roles.indexOf("member")) };
        const backup = of(host, "backup");
        return {
          members: of(host, "member"),
          ...(backup.length > 0 && { backup }),
          preempt,
          preemptionDelayMs: delayMs,
        };
      };
      const group = selection === "buckets" ? { buckets: 64 } : { selection };
      const { world, a, b } = await cast(set, { group });
      for (const i of down) {
        for (const n of [0, 2]) world.host(n).group?.link(up(world.host(n), i), false, world.fabric.nowMs);
      }
      for (let i = 0; i < frames; i++) a.send(a.udp(b, { sport: 100 + i }));
      world.run(100);
      const target = comesTo(world, a, 2);
      carry(stateOf(a).parts.lag, stateOf(target).parts.lag, world.fabric.nowMs);
      expect(target.attachment.lag?.activePorts.map(({ name }) => name).sort()).toEqual(
        a.attachment.lag?.activePorts.map(({ name }) => name).sort(),
      );
      b.take();
    }),
    20,
  );
});

test("buckets of an uplink that is down there are others' there; those of the rest stay", async () => {
  const { world, a } = await cast((host) => ({ members: [up(host, 0), up(host, 1), up(host, 2)] }));
  const { nowMs } = world.fabric;
  const before = decoded(stateOf(a).parts.lag.extract(nowMs)).owners;
  const target = comesTo(world, a, 2);
  world.host(2).group?.link(up(world.host(2), 1), false, nowMs);
  prepared(stateOf(target).parts.lag.prepare(stateOf(a).parts.lag.extract(nowMs), nowMs))();
  const after = decoded(stateOf(target).parts.lag.extract(nowMs)).owners;
  for (const [bucket, owner] of after.entries()) {
    if (before[bucket] === 1) expect([0, 2]).toContain(owner);
    else expect(owner).toBe(before[bucket]);
  }
});

function decoded(section: Uint8Array) {
  const carried = decodeLag(new SectionReader(section));
  if (!carried) throw new Error("no group");
  return carried;
}

test("between a host with a group and one without", async () => {
  const { world, a } = await cast(weighed);
  const plain = await makeStateWorld({ networks: OPEN.networks, hosts: 1, uplinks: 4 });
  const c = plain.attach(0, 1);
  const section = stateOf(a).parts.lag.extract(world.fabric.nowMs);
  expect(stateOf(c).parts.lag.prepare(section, 0)).toMatchObject({ section: "lag", field: "group" });
  const none = stateOf(c).parts.lag.extract(0);
  prepared(stateOf(a).parts.lag.prepare(none, world.fabric.nowMs))();
  expect(a.attachment.lag?.roles).toEqual(["member", "member", "none", "backup"]);
});

describe("refused", () => {
  test.each([
    ["fewer uplinks", { uplinks: 3 }, "places.length"],
    ["another number of buckets", { group: { buckets: 32 } }, "owners.length"],
    ["another selection", { group: { selection: "modulo" as const } }, "mode"],
  ] as const)("%s", async (_, options, field) => {
    const { world, a } = await cast((host) => ({ ...weighed(host), members: [up(host, 0), up(host, 1)] }));
    const other = await makeStateWorld({ ...OPEN, ...options, hosts: 1 });
    const c = other.attach(0, 1);
    const before = stateOf(c).parts.lag.extract(0).slice();
    const section = stateOf(a).parts.lag.extract(world.fabric.nowMs);
    expect(stateOf(c).parts.lag.prepare(section, 0)).toMatchObject({ section: "lag", field });
    expect(stateOf(c).parts.lag.extract(0)).toEqual(before);
  });
});

describe("learned addresses", () => {
  async function learner(learn: number) {
    const bed = await makeGroup("debug", { portCount: 2, vnicCount: 2 });
    const [vnic, other] = bed.vnics as [Port, Port];
    const partition = bed.group.addPartition({ name: "p", vnic, macs: [macOf(1)], members: bed.ports, learn });
    const stranger = bed.group.addPartition({ name: "q", vnic: other, macs: [macOf(2)], members: bed.ports });
    return { ...bed, vnic, partition, stranger };
  }

  function learn({ engine, vnic, ports }: Awaited<ReturnType<typeof learner>>, numbers: readonly number[]): void {
    for (const n of numbers) vnic.receive(flowFrame({ flow: 1, sequence: n, src: macBytes(n) }));
    settle(engine);
    for (const port of ports) drain(port);
  }

  test("go with their partition, with their ages", async () => {
    const [from, to] = [await learner(8), await learner(8)];
    from.group.tick(1000);
    learn(from, [11, 12]);
    from.group.tick(61_000);
    learn(from, [13]);
    const carried = from.group.carried(from.partition, 61_000);
    expect(carried.learned.map(({ ageSeconds }) => ageSeconds)).toEqual([60, 60, 0]);
    to.group.tick(5_000_000);
    const again = decoded(encodeLag(carried));
    to.group.prepareCarried(to.partition, again)(5_000_000);
    expect(encodeLag(to.group.carried(to.partition, 5_000_000))).toEqual(encodeLag(carried));
    // As old as they were: what nobody has seen for 300 s goes.
    to.group.tick(5_245_000);
    expect(to.group.carried(to.partition, 5_245_000).learned.map(({ mac }) => mac.at(-1))).toEqual([13]);
  });

  test("are refused where there is no room, and where they are somebody's", async () => {
    const [from, few, owner] = [await learner(8), await learner(1), await learner(8)];
    learn(from, [2 + 9, 12]);
    const carried = from.group.carried(from.partition, 0);
    expect(() => few.group.prepareCarried(few.partition, carried)).toThrow(/learned\.length is 2/);
    owner.stranger.remove();
    owner.group.addPartition({ name: "r", vnic: owner.vnics[1] as Port, macs: [macOf(12)], members: owner.ports });
    expect(() => owner.group.prepareCarried(owner.partition, carried)).toThrow(/learned\[1\]\.mac/);
  });
});
