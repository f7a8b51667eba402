/** A host waits for a VM longer than it keeps an unanswered question: its place is kept all the same. */
import { expect, test } from "vitest";
import { closeAfterEach, expectWhole, settledWorld } from "./faults/settled.js";

closeAfterEach();

/** Of unanswered questions, and of a cut between the two hosts after room was kept. */
const [MISS_MS, CUT_MS] = [20, 120];

test.each([true, false])("the place of a VM that is long in coming stays its own; it comes: %s", async (comes) => {
  const limits = { silenceMs: 500, commitMs: 500 };
  const times = { missMs: MISS_MS, refreshMs: 10, hostLeaseMs: 2000 };
  // No guest on the new host, from which the cut would keep frames.
  const world = await settledWorld({ seed: 5, host: () => ({ times }), limits }, [0, 2]);
  const name = world.move(0, 1);
  // Room is kept by then, and nothing has been decided.
  for (let i = 0; i < 200 && world.moveOf(1, name)?.machine.step !== "receiving"; i++) world.run(0.02);
  expect(world.moveOf(1, name)?.machine.step).toBe("receiving");
  world.fabric.play([{ kind: "partition", atMs: world.fabric.nowMs, forMs: CUT_MS, sides: [["h0"], ["h1"]] }]);
  world.run(CUT_MS / 2);
  if (!comes) world.core(0).cancelMove(name, world.fabric.nowMs);
  world.run(CUT_MS + 500);
  expect(world.ended(0, name)?.outcome).toBe(comes ? "moved" : "stayed");
  expect(world.owning()).toEqual([comes ? 1 : 0]);
  expectWhole(world);
});
