import { describe, expect, test } from "vitest";
import type { PartitionState } from "../../../src/migrate/state/partition-state.js";
import { toPortable } from "../../../src/migrate/state/portable.js";
import { BUILDS } from "../../helpers/engines.js";
import { Random } from "../../helpers/property.js";
import { damaged } from "./damage.js";
import { happen, Twin, type VnicWorld, vnicWorld } from "./vnic-world.js";

const ROUNDS = 10_000;
const QUEUE_SIZE = 8;
const WORLD = { queueSize: QUEUE_SIZE, mbufs: 40, stateBytes: 16_384 };

/** Sound blocks of many kinds of ports. */
async function corpus(random: Random, of: (world: VnicWorld) => PartitionState): Promise<Uint8Array[]> {
  const blocks: Uint8Array[] = [];
  for (let i = 0; i < 25; i++) {
    const world = await vnicWorld({ ...WORLD, build: "release" });
    const twin = new Twin(QUEUE_SIZE);
    for (let step = 0; step < i * 3; step++) happen(world, twin, random);
    blocks.push(of(world).extract(0).slice());
  }
  return blocks;
}

/** All of the engine's memory but what blocks are worked on in, which is the last that the engine took. */
function memoryOf({ memory }: VnicWorld): Uint8Array {
  return memory.owner.arena.u8.subarray(0, memory.region);
}

const FORMATS = [
  ["native", (world: VnicWorld) => world.native],
  ["portable", (world: VnicWorld) => world.portable],
] as const;

describe.each(BUILDS)("damaged blocks (%s build)", (build) => {
  test.each(FORMATS)(
    `${ROUNDS} of the %s format are refused before anything changes, or taken whole`,
    async (_, of) => {
      const random = new Random(build.length);
      const blocks = await corpus(random, of);
      const world = await vnicWorld({ ...WORLD, build });
      const state = of(world);
      const memory = memoryOf(world);
      let before = memory.slice();
      let taken = 0;
      const reasons = new Map<string, number>();
      for (let round = 0; round < ROUNDS; round++) {
        const block = damaged(random, blocks);
        const outcome = state.prepare(block, 0);
        if (Buffer.compare(memory, before) !== 0) throw new Error(`round ${round}: preparing has changed something`);
        if (typeof outcome !== "function") {
          const why =
            typeof outcome === "string" ? outcome : `${outcome.section} ${outcome.field.replace(/\d+/g, "n")}`;
          reasons.set(why, (reasons.get(why) ?? 0) + 1);
          continue;
        }
        taken++;
        outcome();
        if (!world.engine.census().holds) throw new Error(`round ${round}: the census does not hold`);
        if (Buffer.compare(state.extract(0), block) !== 0) throw new Error(`round ${round}: read back differently`);
        use(world);
        world.frames.drop();
        if (world.engine.freeMbufs !== WORLD.mbufs) throw new Error(`round ${round}: mbufs are missing`);
        before = memory.slice();
      }
      // Enough of either, and of the reasons.
      expect(taken).toBeGreaterThan(ROUNDS / 20);
      expect(reasons.size).toBeGreaterThan(18);
    },
  );

  test("are converted, or not, without a word", async () => {
    const random = new Random(17);
    const blocks = await corpus(random, (world) => world.native);
    const world = await vnicWorld({ ...WORLD, build });
    let converted = 0;
    for (let round = 0; round < 2000; round++) {
      const block = damaged(random, blocks);
      const outcome = toPortable(block, world.memory.digest);
      if (typeof outcome === "object" && "block" in outcome) converted++;
    }
    expect(converted).toBeGreaterThan(0);
  });
});

/** A driver does its work on what was inserted: nothing may trap, whatever it was. */
function use({ port }: VnicWorld): void {
  port.complete(port.inFlight.slice(0, 1));
  for (const { spans } of port.takeBurst()) for (const span of spans) span.at(-1);
  port.complete(port.inFlight.slice(1));
}
