/** Worlds in which a VM and its guests have settled before a test begins, and what holds of them when it ends. */
import { afterEach, expect } from "vitest";
import { type FaultyWorld, makeFaultyWorld, type WorldOptions } from "./world.js";

const worlds: FaultyWorld[] = [];

/** After each test of a file the census of its worlds holds, and they are closed. */
export function closeAfterEach(): void {
  afterEach(() => {
    for (const world of worlds.splice(0)) {
      expect(world.fabric.census().holds).toBe(true);
      world.close();
    }
  });
}

/** The VM is on h0, and guests are on these hosts. */
export async function settledWorld(
  options: Partial<WorldOptions> = {},
  peers?: readonly number[],
): Promise<FaultyWorld> {
  const world = await makeFaultyWorld({ seed: 1, encapsulation: "vxlan", ...options });
  worlds.push(world);
  world.settle(peers);
  expect(world.owning()).toEqual([0]);
  return world;
}

/** Nobody sends any more: nothing was lost, doubled or overtaken, and no two ran at once. */
export function expectWhole(world: FaultyWorld, forMs = 50): void {
  world.isSending = false;
  world.run(forMs);
  expect([...world.wrong]).toEqual([]);
  for (const stream of world.ledger.streams.keys()) {
    expect(world.ledger.missing(stream)).toEqual([]);
    expect(world.ledger.doubled(stream)).toEqual([]);
    expect(world.ledger.overtaken(stream)).toEqual([]);
  }
}
