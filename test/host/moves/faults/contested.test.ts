/** A source that has taken its VM back, and whose target has not heard of it, is bound to its lease for as long as that lasts. */
import { expect, test } from "vitest";
import { makeFaultyWorld } from "./world.js";

test("a target that is cut off from its source for 40 s: when the source's lease ends, one of the two runs, and never both", async () => {
  const world = await makeFaultyWorld({ seed: 3, encapsulation: "vxlan" });
  const { fabric } = world;
  world.settle();
  const name = world.move(0, 1);
  fabric.runUntil(() => world.moveOf(1, name)?.machine.step === "receiving", 20);
  fabric.play([{ kind: "partition", atMs: fabric.nowMs, forMs: 40_000, sides: [["h0"], ["h1"]] }]);
  world.run(300);
  expect(world.moveOf(0, name)).toMatchObject({ outcome: "stayed" });
  expect(world.owning()).toEqual([0]);
  world.isSending = false;
  world.run(35_000, 100);
  // Not forgotten: it could not be moved or detached behind the back of one that may claim it.
  expect(world.moveOf(0, name)?.machine.isOver).toBe(false);
  expect(() => world.move(0, 2)).toThrow(/not on the move/);
  world.isSending = true;
  const repair = world.directory.link.cut("h0");
  world.run(400);
  expect(world.owning()).toEqual([1]);
  expect(world.running().map(({ host }) => host)).toEqual([1]);
  repair();
  world.run(6000, 5);
  expect(world.owning()).toEqual([1]);
  expect([world.moveOf(0, name)?.outcome, world.moveOf(1, name)?.outcome]).toEqual(["moved", "moved"]);
  expect([...world.wrong]).toEqual([]);
  expect(fabric.census().holds).toBe(true);
  world.close();
});
