/** Polarization: the same hash in two stages, independent ones, and what chance alone does. */
import { describe, expect, test } from "vitest";
import { detectPolarization, mend, type StagePick } from "../../src/lag/polarization.js";
import { Random } from "../helpers/property.js";
import { murmur3 } from "../model/murmur.js";

/** A hash of flow i, of no use but to differ by seed: MurmurHash3. */
function stage(members: number, seed: number): StagePick {
  const key = new Uint8Array(16);
  const pick = (flow: number) => {
    new DataView(key.buffer).setUint32(0, flow, true);
    return Number(murmur3(key, BigInt(seed)).h1 % BigInt(members));
  };
  return { members, pick };
}

describe("detectPolarization", () => {
  test("by hand: five flows, two branches", () => {
    const first = { members: 3, pick: (flow: number) => [0, 0, 0, 1, 1][flow] as number };
    const second = { members: 4, pick: (flow: number) => [0, 0, 0, 2, 3][flow] as number };
    const found = detectPolarization(5, first, second);
    expect(found.perBranch).toEqual([
      { branch: 0, flows: 3, members: [3, 0, 0, 0], idle: 3 },
      { branch: 1, flows: 2, members: [0, 0, 1, 1], idle: 2 },
      { branch: 2, flows: 0, members: [0, 0, 0, 0], idle: 4 },
    ]);
    // One member in branch 0, two alike in branch 1. By chance: 4 * (1/4)^3 is more than 1 in 1000.
    expect(found).toMatchObject({ idleMembers: 3, polarized: false });
    expect(found.effectiveMembers).toBeCloseTo(1.5);
  });

  test("the same hash in both stages leaves one member alive in each branch", () => {
    for (const members of [2, 4, 8]) {
      const found = detectPolarization(2000, stage(members, 1), stage(members, 1));
      expect(found).toMatchObject({ idleMembers: members - 1, polarized: true });
      expect(found.perBranch.map(({ idle }) => idle)).toEqual(Array(members).fill(members - 1));
      expect(found.effectiveMembers).toBeCloseTo(1);
    }
  });

  test("the same hash over 2 next hops leaves half of 4 members alive, over 3 next hops all", () => {
    const half = detectPolarization(2000, stage(2, 1), stage(4, 1));
    expect(half).toMatchObject({ idleMembers: 2, polarized: true });
    expect(half.effectiveMembers).toBeCloseTo(2, 1);
    expect(detectPolarization(2000, stage(3, 1), stage(4, 1))).toMatchObject({ idleMembers: 0, polarized: false });
  });

  test("independent hashes leave none idle", () => {
    const found = detectPolarization(2000, stage(4, 1), stage(4, 2));
    expect(found).toMatchObject({ idleMembers: 0, polarized: false });
    expect(found.effectiveMembers).toBeGreaterThan(3.9);
  });

  test("by the formula: members idle are polarized from as many flows as it says", () => {
    // One branch, one of two members idle: 2 * (1/2)^n < 1/1000 from n = 11. Two such branches: 4 * (1/2)^n, from 12.
    const idle = { members: 2, pick: () => 0 };
    const one = { members: 1, pick: () => 0 };
    expect(detectPolarization(10, one, idle).polarized).toBe(false);
    expect(detectPolarization(11, one, idle).polarized).toBe(true);
    const two = { members: 2, pick: (flow: number) => flow % 2 };
    expect(detectPolarization(22, two, idle).polarized).toBe(false);
    expect(detectPolarization(24, two, idle).polarized).toBe(true);
  });

  test("chance is hardly ever called polarization, whatever the number of flows", () => {
    const random = new Random();
    let called = 0;
    for (let run = 0; run < 2000; run++) {
      const pick = (members: number): StagePick => ({ members, pick: () => random.below(members) });
      const found = detectPolarization(random.between(1, 60), pick(random.between(1, 4)), pick(random.between(2, 16)));
      if (found.polarized) called++;
    }
    // At most 1/1000 of 2000 runs is 2 on average: more than 12 are 7 sigma.
    expect(called).toBeLessThanOrEqual(12);
  });

  test("no flows: nothing is known, nothing is wrong", () => {
    expect(detectPolarization(0, stage(2, 1), stage(2, 1))).toMatchObject({
      idleMembers: 0,
      effectiveMembers: 0,
      polarized: false,
    });
  });
});

describe("mend", () => {
  const candidates = [
    { name: "same hash", ...stage(4, 1) },
    { name: "even", members: 4, pick: (flow: number) => flow % 4 },
    { name: "other seed", ...stage(4, 2) },
  ];

  test("ranks what spreads better first and names the best", () => {
    const { best, ranking } = mend(2000, stage(4, 1), candidates);
    expect(ranking[2]).toMatchObject({ name: "same hash", polarized: true, idleMembers: 3 });
    expect(ranking.slice(0, 2).map(({ polarized }) => polarized)).toEqual([false, false]);
    expect(best).toBe(ranking[0]?.name);
    const [a, b] = ranking.map(({ effectiveMembers }) => effectiveMembers) as [number, number];
    expect(a).toBeGreaterThanOrEqual(b);
    const { name, ...found } = ranking[2] as (typeof ranking)[number];
    expect(found).toEqual(detectPolarization(2000, stage(4, 1), stage(4, 1)));
  });

  test("names none when none mends it, and keeps the order among equals", () => {
    const same = ["a", "b"].map((name) => ({ name, ...stage(4, 1) }));
    const { best, ranking } = mend(500, stage(4, 1), same);
    expect([best, ...ranking.map(({ name }) => name)]).toEqual([undefined, "a", "b"]);
  });

  test("compares parts, so that fewer members are no worse for being fewer", () => {
    const first = { members: 1, pick: () => 0 };
    const { ranking } = mend(1000, first, [
      { name: "4 of 8", members: 8, pick: (flow) => flow % 4 },
      { name: "2 of 2", members: 2, pick: (flow) => flow % 2 },
    ]);
    expect(ranking.map(({ name }) => name)).toEqual(["2 of 2", "4 of 8"]);
  });
});
