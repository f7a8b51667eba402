/** To a host with other queues: the native block is refused and says why, the portable one goes, with every frame in its order. */
import { expect, test } from "vitest";
import type { Attachment } from "../../../src/host/attachment.js";
import { closeAfterEach, expectWhole, settledWorld } from "./faults/settled.js";
import { VM } from "./faults/world.js";

closeAfterEach();

test("goes to other queues in the portable form, frames in flight included", async () => {
  const engine = (host: number) => (host === 1 ? { queueSize: 1024 } : {});
  const world = await settledWorld({ seed: 3, engine });
  // Frames are in its queue that it has not taken.
  world.isAsleep = true;
  world.run(5);
  const native = world.move(0, 1);
  world.run(20);
  expect(world.ended(0, native)).toMatchObject({ outcome: "stayed" });
  expect(world.ended(0, native)?.reason).toMatch(/queues/);
  const attachment = world.core(0).attachments.find(({ partition }) => partition === VM.partition) as Attachment;
  world.run(10);
  const portable = world.core(0).move({ attachments: [attachment], to: "h1", form: "portable" }, world.fabric.nowMs);
  world.run(20);
  world.isAsleep = false;
  world.run(300);
  expect(world.ended(0, portable)).toMatchObject({ outcome: "moved" });
  expect(world.owning()).toEqual([1]);
  expect(world.moveOf(1, portable)?.differing).toEqual([]);
  expectWhole(world);
});
