/** A guest that does not take its frames after its move: as many wait for it as a move may hold, and then it loses them as any other does. */
import { expect, test } from "vitest";
import type { Stream } from "./faults/ledger.js";
import { closeAfterEach, settledWorld } from "./faults/settled.js";

closeAfterEach();

/** Of its port, and of frames that wait for room there. */
const ROOM = 64 + 128;
const TO_VM = 0;

test("a guest that sleeps on its new host loses what exceeds its queue and what a move may hold", async () => {
  const world = await settledWorld({ engine: () => ({ queueSize: 64 }), limits: { holdMax: 128 } }, [2]);
  const { sent, got } = world.ledger.streams[TO_VM] as Stream;
  const name = world.move(0, 1);
  world.run(20);
  expect(world.ended(0, name)?.outcome).toBe("moved");
  expect(world.explained(name)).toEqual({});
  const sentAwake = sent.length;
  world.isAsleep = true;
  world.run(170);
  const sentAsleep = sent.length - sentAwake;
  // Frames of the last half a ms are on their way.
  world.isSending = false;
  world.run(0.5);
  const { "queue-full": lost = 0, ...others } = world.explained(name);
  expect(others).toEqual({});
  expect(sentAsleep - lost).toBe(ROOM);
  world.isAsleep = false;
  world.run(250);
  expect(got).toHaveLength(sent.length - lost);
  expect(world.ledger.doubled(TO_VM)).toEqual([]);
  expect(world.ledger.overtaken(TO_VM)).toEqual([]);
  // Nothing waits any more, so the adapter is as any other.
  expect(world.core(1).attachments.map((one) => world.core(1).isOnTheMove(one))).toEqual([false]);
  expect([...world.wrong]).toEqual([]);
});
