/** Frames that wait for somebody unknown wait where their adapter goes, and go on from there, in order. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { comesTo, makeStateWorld, moveWithState, prepared, stateOf } from "../../helpers/adapter-state.js";
import { counting } from "../../helpers/bytes.js";
import { censusAfterEach } from "../../helpers/census.js";
import { expectFrames, type Guest, type World } from "../../helpers/overlay-world.js";
import { holdsAsync } from "../../helpers/property.js";

censusAfterEach();

const OPEN = { networks: { blue: { vni: 42, default: "allow" as const } } };

/** Host 0, where the adapter is, hears nothing of the directory. */
async function cast() {
  const world = await makeStateWorld({ ...OPEN, hosts: 3, directory: { timeoutMs: 50 } });
  const a = world.attach(0, 1);
  const peers = [2, 3, 4].map((n) => world.attach(1, n)) as [Guest, Guest, Guest];
  world.run(40);
  const repair = world.cut([world.host(0)]);
  return { world, a, peers, repair };
}

function frames(a: Guest, to: Guest, count: number, from = 0): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => a.udp(to, { sport: 100 + i + from, payload: counting(i + 1) }));
}

async function waited() {
  const { world, a, peers, repair } = await cast();
  const sent = peers.map((peer, i) => frames(a, peer, 5 + i));
  for (let i = 0; i < 7; i++) for (const list of sent) if (list[i]) a.send(list[i] as Uint8Array);
  world.run(5);
  expect(a.host.core.plane.held.of(a.vnic).map(({ mbufs }) => mbufs.length)).toEqual([5, 6, 7]);
  return { world, a, peers, sent, repair };
}

test("they go on in their order when the directory answers there, before what is sent later", async () => {
  const { world, a, peers, sent, repair } = await waited();
  const moved = moveWithState(world, a, 2, 60);
  const later = peers.map((peer) => moved.udp(peer, { sport: 999 }));
  moved.send(...later);
  world.run(60);
  for (const [i, peer] of peers.entries())
    expectFrames(peer.take(), [...(sent[i] as Uint8Array[]), later[i] as Uint8Array]);
  expect(a.host.core.plane.held.of(a.vnic)).toEqual([]);
  expect(a.host.core.plane.held.freeRings).toBe(64);
  repair();
});

test("those of others that wait for the same stay where they are, in their order", async () => {
  const { world, a, peers, repair } = await cast();
  const other = world.attach(0, 9);
  repair();
  world.run(40);
  const again = world.cut([world.host(0)]);
  const [mine, theirs] = [frames(a, peers[0], 6), frames(other, peers[0], 6, 50)];
  for (let i = 0; i < 6; i++) {
    a.send(mine[i] as Uint8Array);
    other.send(theirs[i] as Uint8Array);
    world.run(0.1);
  }
  const moved = moveWithState(world, a, 2, 40);
  expectFrames(peers[0].take(), mine);
  again();
  world.run(200);
  expectFrames(peers[0].take(), theirs);
  expect(moved.dropped).toBe(0);
});

test("they wait for the class of an address, too", async () => {
  const world = await makeStateWorld({
    networks: { blue: { vni: 42, default: "allow", groups: { far: { prefixes: ["198.51.100.0/24"] } } } },
    hosts: 3,
  });
  const a = world.attach(0, 1, { forwards: true });
  const b = world.attach(1, 2);
  world.run(40);
  a.send(a.udp(b));
  world.run(40);
  expect(b.take()).toHaveLength(1);
  const repair = world.cut([world.host(0)]);
  const sent = [1, 2, 3].map((n) => a.udp(b, { src: [198, 51, 100, 7], sport: n }));
  a.send(...sent);
  world.run(5);
  const { held } = stateOf(a).parts;
  expect(held.extract(0)[8]).toBe(4);
  moveWithState(world, a, 2, 60);
  expectFrames(b.take(), sent);
  repair();
});

test("an adapter that does not come after all leaves nothing behind", async () => {
  const { world, a, repair } = await waited();
  const state = stateOf(a);
  const block = state.block.extract(world.fabric.nowMs).slice();
  const target = comesTo(world, a, 2);
  const { host } = target;
  const free = host.engine.freeMbufs;
  prepared(stateOf(target).block.prepare(block, world.fabric.nowMs))();
  expect(host.engine.freeMbufs).toBe(free - 18);
  host.core.detach(target.attachment, world.fabric.nowMs);
  expect(host.engine.freeMbufs).toBe(free);
  expect(host.core.plane.held.freeRings).toBe(64);
  repair();
});

test("what comes out goes in, for whomever frames wait", async () => {
  await holdsAsync(
    fc.asyncProperty(fc.array(fc.integer({ min: 2, max: 12 }), { maxLength: 30 }), async (to) => {
      const { world, a, repair } = await cast();
      for (const n of to) a.send(a.udp(strangerAt(n)));
      world.run(1);
      const moved = moveWithState(world, a, 2, 30);
      expect(moved.attachment.state).toBe("live");
      repair();
      world.run(20);
      for (const guest of guestsOf(world)) guest();
    }),
    10,
  );
});

function strangerAt(n: number) {
  return { mac: Uint8Array.of(2, 0, 0, 0, 0, n), ip: Uint8Array.of(10, 0, 0, n) };
}

/** Takes what guests were given. */
function guestsOf({ hosts }: World): (() => void)[] {
  return hosts.flatMap(({ vnics }) => vnics.map((port) => () => port.complete(port.takeBurst())));
}

describe("refused", () => {
  test.each([
    ["more frames than the block has of these", "frames", (at: Uint8Array) => at.set([19], 4)],
    ["fewer than its keys say", "keys[2].frames", (at: Uint8Array) => at.set([8], 8 + 48 + 4)],
    ["a kind that there is not", "keys[0].kind", (at: Uint8Array) => at.set([3], 8)],
    ["nobody's frames", "keys[0].frames", (at: Uint8Array) => at.set([0], 8 + 4)],
    ["keys out of order", "keys[1]", (at: Uint8Array) => at.set([0], 8 + 24 + 8)],
    ["more bytes of an address than it has", "keys[0].address", (at: Uint8Array) => at.set([1], 8 + 8 + 6)],
  ] as const)("%s", async (_, field, change) => {
    const { world, a, repair } = await waited();
    const source = stateOf(a);
    const section = source.parts.held.extract(0).slice();
    change(section);
    const incoming = { first: () => 0, count: () => 18 };
    const target = stateOf(comesTo(world, a, 2));
    // As AdapterFrames says it once frames were prepared.
    Object.defineProperty(target.frames, "incoming", { value: incoming });
    expect(target.parts.held.prepare(section, 0)).toMatchObject({ section: "held", field });
    repair();
  });
});
