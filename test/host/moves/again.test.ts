/** Moves one after the other: back and forth, as early as may be, with what else is done to a VM around them. */
import { expect, test } from "vitest";
import { closeAfterEach, expectWhole, settledWorld } from "./faults/settled.js";
import { type FaultyWorld, guest, VM } from "./faults/world.js";

closeAfterEach();

async function makeWorld(): Promise<FaultyWorld> {
  const world: FaultyWorld = await settledWorld({
    moves: (host) => ({
      incoming: ({ adapters }) => adapters.map((adapter) => ({ ...adapter, vnic: world.takeIdle(host) })),
    }),
  });
  return world;
}

const vmAt = (world: FaultyWorld, host: number) =>
  world.core(host).attachments.find(({ partition }) => partition === VM.partition);

/** Begins a move as soon as the host lets it; how long that took. */
function beginSoon(world: FaultyWorld, from: number, to: number, name?: string): { name: string; waitedMs: number } {
  const since = world.fabric.nowMs;
  for (let i = 0; i < 1000; i++) {
    try {
      if (vmAt(world, from)) return { name: world.move(from, to, name), waitedMs: world.fabric.nowMs - since };
    } catch (error) {
      expect(String(error)).toMatch(/not on the move/);
    }
    world.run(0.5);
  }
  throw new Error("never");
}

function leave(world: FaultyWorld, host: number): void {
  const vnic = vmAt(world, host)?.vnic;
  for (let i = 0; vmAt(world, host); i++) {
    expect(i).toBeLessThan(500);
    world.run(0.5);
  }
  if (vnic) world.giveBack(host, vnic);
}

test("20 moves among three hosts, each at the earliest moment, while all older ones are remembered", async () => {
  const world = await makeWorld();
  let at = 0;
  let waitedMs = 0;
  for (let i = 0; i < 20; i++) {
    // Back and forth, and on.
    const to = (at + (i % 3 === 2 ? 2 : 1)) % 3;
    const begun = beginSoon(world, at, to);
    waitedMs = Math.max(waitedMs, begun.waitedMs);
    leave(world, at);
    at = to;
  }
  world.run(300);
  expect(world.owning()).toEqual([at]);
  expect(world.core(0).moves.length + world.core(1).moves.length + world.core(2).moves.length).toBe(40);
  expect(vmAt(world, at)?.generation).toBe(21);
  expectWhole(world);
  // A new owner waits until the old way is empty before it is as any other.
  expect(waitedMs).toBeLessThan(250);
});

test("a VM that is on the move is neither detached nor moved; afterwards it is, and can be attached anywhere", async () => {
  const world = await makeWorld();
  const [attachment] = [vmAt(world, 0)];
  if (!attachment) throw new Error("no VM");
  world.move(0, 1);
  world.run(1);
  const now = () => world.fabric.nowMs;
  expect(() => world.core(0).detach(attachment, now())).toThrow(/not on the move/);
  expect(() => world.move(0, 1)).toThrow(/not on the move/);
  world.run(400);
  expect(world.owning()).toEqual([1]);
  expect(attachment.state).toBe("moved");
  const there = vmAt(world, 1);
  if (!there) throw new Error("no VM");
  world.core(1).detach(there, now());
  world.run(50);
  expect(world.owning()).toEqual([]);
  expect(world.directory.store.resolve({ vni: 5000, mac: VM.mac })).toBeUndefined();
  world.attach(VM, 0);
  world.run(50);
  expect(world.owning()).toEqual([0]);
  world.move(0, 1);
  world.run(400);
  expect(world.owning()).toEqual([1]);
  expect([...world.wrong]).toEqual([]);
  // Taken by another host without a move, which does not wait for whoever has it, while it moves.
  world.move(1, 0);
  world.run(0.6);
  world.attach(VM, 2);
  world.run(600);
  expect(world.owning()).toEqual([2]);
});

test("a name is a move's once: at its source, at its target, and when it is forgotten", async () => {
  const world = await makeWorld();
  world.move(0, 1, "web");
  world.run(400);
  expect(world.owning()).toEqual([1]);
  const attachment = vmAt(world, 1);
  if (!attachment) throw new Error("no VM");
  expect(() => world.move(1, 0, "web")).toThrow(/a name that no other move has/);
  world.attach({ ...guest(5), partition: VM.partition }, 2);
  world.run(20);
  // Another host's move of that name is refused by a host that has had one, and its VM goes on.
  world.move(2, 1, "web");
  world.run(20);
  expect(world.ended(2, "web")).toMatchObject({ outcome: "stayed", reason: "another move has, or had, this name" });
  world.isSending = false;
  world.run(31_000, 500);
  expect(world.core(1).moves).toEqual([]);
  expect(() => world.move(1, 0, "web")).toThrow(/a name that no other move has/);
  world.move(1, 0, "web 2");
  world.run(400);
  expect(world.owning().includes(0)).toBe(true);
});
