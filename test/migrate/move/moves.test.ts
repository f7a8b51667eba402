/** Moves where nothing goes wrong: no frame is lost, doubled or overtaken, and the time without a VM is short. */
import { describe, expect, it } from "vitest";
import { type MoveAction, MoveSource } from "../../../src/migrate/move/index.js";
import { Random } from "../../helpers/property.js";
import type { TestFrame } from "./adapter.js";
import { Chance } from "./chance.js";
import { World } from "./world.js";

const MOVES = 1000;

/** Of each flow, what the guest got. */
function orders(world: World): number[][] {
  const flows: number[][] = [];
  for (const { frame } of world.deliveries) {
    flows[frame.flow] ??= [];
    flows[frame.flow]?.push(frame.seq);
  }
  return flows;
}

describe("moves without failures", () => {
  it(`lose, double and overtake nothing in ${MOVES} moves`, () => {
    const chance = new Chance(new Random().below(2 ** 31), "moves");
    const limits = { chunkBytes: 256, stopBytes: 200, forwardMax: 4096 };
    const world = new World(chance, { adapters: 2, intervalMs: 0.1, hearMs: 3, limits });
    const blackouts: { us: number; frames: number }[] = [];
    let held = 0;
    world.onAction = (host, { type }: MoveAction<TestFrame>) => {
      if (type === "hold" && host.machine instanceof MoveSource) held++;
    };
    for (let move = 0; move < MOVES; move++) {
      const from = world.hosts[move % 2] as (typeof world.hosts)[number];
      const { source, target } = world.prepare(from);
      held = 0;
      const before = world.deliveries.length;
      world.run(chance.below(1000) / 1000);
      from.handle({ type: "start" });
      world.run(500, () => source.outcome !== undefined && target.outcome !== undefined);
      expect([source.outcome, target.outcome], `move ${move}`).toEqual(["moved", "moved"]);
      world.run(12);
      expect([source.state, target.state]).toEqual(["STOP", "RUNNING"]);
      expect([...source.frames()]).toEqual([]);
      const mine = world.deliveries.slice(before);
      const lastAt = mine.findLast(({ host }) => host === from.name)?.atMs as number;
      const firstAt = mine.find(({ host }) => host === from.peer.name)?.atMs as number;
      blackouts.push({ us: Math.round((firstAt - lastAt) * 1000), frames: held });
    }
    world.stopSending();
    world.run(50);
    expect(world.wrong).toEqual([]);
    expect(world.resent).toBe(0);
    const expected = Array.from({ length: world.sentFrames / 2 }, (_, seq) => seq);
    for (const order of orders(world))
      expect(order.length === expected.length && order.every((seq, i) => seq === i)).toBe(true);
    const by = (key: "us" | "frames", part: number) =>
      blackouts.map((blackout) => blackout[key]).sort((a, b) => a - b)[Math.floor(blackouts.length * part)];
    console.log(
      `${MOVES} moves, ${world.sentFrames} frames: 0 lost, 0 doubled, 0 overtaken; blackout p50 ${by("us", 0.5)} us, ` +
        `p99 ${by("us", 0.99)} us; frames held by the source p50 ${by("frames", 0.5)}, p99 ${by("frames", 0.99)}`,
    );
  });
});
