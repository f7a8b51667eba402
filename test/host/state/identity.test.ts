/** A block is an adapter's own: whoever takes it in is the same partition, or it is refused. */
import { expect, test } from "vitest";
import { carry, comesTo, makeStateWorld, prepared, stateOf } from "../../helpers/adapter-state.js";
import { censusAfterEach } from "../../helpers/census.js";
import type { Guesting } from "../../helpers/overlay-world.js";

censusAfterEach();

const NETWORKS = { blue: { vni: 42, default: "allow" as const }, green: { vni: 43, default: "allow" as const } };

async function cast() {
  const world = await makeStateWorld({ networks: NETWORKS, hosts: 3 });
  const a = world.attach(0, 1, { labels: { tier: "front" } });
  world.run(30);
  return { world, a };
}

test("number and generation come with it, and a third host hears them of the second", async () => {
  const { world, a } = await cast();
  const target = comesTo(world, a, 1);
  carry(stateOf(a).parts.identity, stateOf(target).parts.identity, world.fabric.nowMs);
  expect(target.attachment.carried).toEqual({ gqpn: a.attachment.gqpn, generation: 1 });
  world.run(30);
  expect(target.attachment).toMatchObject({ state: "live", gqpn: a.attachment.gqpn, generation: 2 });
  const third = comesTo(world, target, 2);
  carry(stateOf(target).parts.identity, stateOf(third).parts.identity, world.fabric.nowMs);
  expect(third.attachment.carried?.generation).toBe(2);
});

test("one that is live already takes in what is not newer, of its own number", async () => {
  const { world, a } = await cast();
  const section = stateOf(a).parts.identity.extract(0).slice();
  const target = comesTo(world, a, 1);
  world.run(30);
  const { identity } = stateOf(target).parts;
  prepared(identity.prepare(section, 0));
  section[8] = 3;
  expect(identity.prepare(section, 0)).toMatchObject({ section: "identity", field: "generation", value: 3 });
  section[8] = 1;
  section[4] = (section[4] as number) + 1;
  expect(identity.prepare(section, 0)).toMatchObject({ field: "gqpn" });
});

test.each([
  ["vni", { network: "green" }],
  ["mac", { mac: "02:00:00:00:00:09" }],
  ["partition", { partition: "vm9" }],
  ["ips[1]", { ips: ["10.0.0.1", "fd00:a::9"] }],
  ["ips.length", { ips: ["10.0.0.1"] }],
  ["forwards", { forwards: true }],
  ["labels.tier", { labels: { tier: "back" } }],
  ["labels.length", { labels: {} }],
] as const)("another partition's is refused by its %s", async (field, options) => {
  const { world, a } = await cast();
  const target = comesTo(world, a, 1, options as Guesting);
  const section = stateOf(a).parts.identity.extract(0);
  expect(stateOf(target).parts.identity.prepare(section, 0)).toMatchObject({ section: "identity", field });
  expect(target.attachment.carried).toBeUndefined();
});
