/** Schedules: drawn, printed, read again, and made smaller. */
import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { parseDocument } from "../../src/document/parse.js";
import { FaultsSchema, SeedSchema } from "../../src/scenario/faults-schema.js";
import { Random } from "../../src/sim/random.js";
import { FAULT_KINDS, type Fault, type FaultTargets, randomFaults, type Schedule } from "../../src/sim/schedule.js";
import { scheduleText } from "../../src/sim/schedule-text.js";
import { plainerFaults, shrinkSchedule } from "../../src/sim/shrink.js";
import { holdsUnderFaults } from "../helpers/fabric.js";
import { holds, holdsAsync } from "../helpers/property.js";

const TARGETS: FaultTargets = { hosts: ["a", "b", "c"], links: ["a.up", "b.up", "c.up"], withinMs: 1000, count: 12 };
const Section = v.strictObject({ seed: SeedSchema, faults: FaultsSchema });
const read = (text: string): Schedule => parseDocument("faults.yaml", text, Section);

const anySchedule: fc.Arbitrary<Schedule> = fc
  .integer({ min: 0, max: 2 ** 32 - 1 })
  .map((seed) => ({ seed, faults: randomFaults(new Random(seed, "faults"), TARGETS) }));

describe("random faults", () => {
  test("lie within their time, in its order, name what there is, and are of every kind", () => {
    const kinds = new Set<string>();
    holds(
      fc.property(anySchedule, ({ faults }) => {
        expect(faults.length).toBe(12);
        expect(faults).toEqual(faults.toSorted((x, y) => x.atMs - y.atMs));
        for (const fault of faults) {
          kinds.add(fault.kind);
          expect(fault.atMs + (fault.forMs as number)).toBeLessThanOrEqual(1000);
          if (fault.kind === "partition") {
            expect(fault.sides.flat().sort()).toEqual(["a", "b", "c"]);
            expect(fault.sides.every((side) => side.length > 0)).toBe(true);
          }
        }
      }),
      100,
    );
    expect([...kinds].sort()).toEqual([...FAULT_KINDS].sort());
  });

  test("are the same for the same stream, and only of kinds that are asked for and have a target", () => {
    const draw = (targets: Partial<FaultTargets>, seed = 1) =>
      randomFaults(new Random(seed, "x"), { ...TARGETS, ...targets });
    const kinds = (targets: Partial<FaultTargets>) =>
      [...new Set(draw({ count: 200, ...targets }).map(({ kind }) => kind))].sort();
    expect(draw({})).toEqual(draw({}));
    expect(draw({}, 2)).not.toEqual(draw({}));
    expect(kinds({ kinds: ["cut", "partition"] })).toEqual(["cut", "partition"]);
    expect(kinds({ links: [] })).toEqual(["directory-cut", "directory-impair", "partition"]);
    expect(kinds({ hosts: ["a"] })).toEqual(["cut", "directory-cut", "directory-impair", "impair"]);
    expect(kinds({ hosts: [], links: [] })).toEqual([]);
  });
});

describe("a schedule in a scenario", () => {
  test("is a line a fault", () => {
    const faults: Fault[] = [
      { kind: "cut", atMs: 10, forMs: 5, link: "no.up", silent: true, direction: undefined },
      { kind: "partition", atMs: 0.5, sides: [["a", "null"], ["b"]] },
    ];
    const text = scheduleText({ seed: 4294967295, faults });
    expect(text).toBe(
      [
        "seed: 4294967295",
        "faults:",
        '  - { kind: cut, atMs: 10, forMs: 5, link: "no.up", silent: true }',
        '  - { kind: partition, atMs: 0.5, sides: [["a","null"],["b"]] }',
        "",
      ].join("\n"),
    );
    expect(read(text)).toEqual({ seed: 4294967295, faults });
    expect(read(scheduleText({ seed: 1, faults: [] }))).toEqual({ seed: 1, faults: [] });
  });

  test("is read as it was", () => {
    holds(
      fc.property(anySchedule, (schedule) => {
        expect(read(scheduleText(schedule))).toEqual(schedule);
      }),
      100,
    );
  });

  test.each([
    ["faults: [{ kind: cut, atMs: 1, link: a.up, loss: 1 }]", "faults.0.loss"],
    ["faults: [{ kind: impair, atMs: 1, link: a.up, loss: 1.5 }]", "faults.0.loss"],
    ["faults: [{ kind: melt, atMs: 1 }]", "faults.0.kind"],
    ["faults: [{ kind: cut, atMs: -1, link: a.up }]", "faults.0.atMs"],
    ["faults: [{ kind: partition, atMs: 1, sides: [[a]] }]", "faults.0.sides"],
    ["faults: []\nseed: 4294967296", "seed"],
  ])("is refused where it is wrong: %s", (text, key) => {
    const whole = text.includes("seed") ? text : `seed: 1\n${text}`;
    expect(() => read(whole)).toThrow(expect.objectContaining({ key }));
  });
});

describe("shrinking", () => {
  const cutOf = (link: string, atMs: number): Fault => ({ kind: "cut", atMs, forMs: 40, link, silent: true });

  test("leaves the faults that it takes, at their plainest", async () => {
    const noise = randomFaults(new Random(9, "noise"), {
      ...TARGETS,
      kinds: ["partition", "directory-cut"],
      count: 20,
    });
    const faults = [
      ...noise.slice(0, 7),
      cutOf("a.up", 437),
      ...noise.slice(7, 15),
      cutOf("b.up", 611),
      ...noise.slice(15),
    ];
    // Two cuts, the second one of at least 5 ms after 300.
    const fails = ({ faults }: Schedule) =>
      faults.some((f) => f.kind === "cut" && f.link === "a.up") &&
      faults.some((f) => f.kind === "cut" && f.link === "b.up" && f.atMs >= 300 && (f.forMs ?? 1e9) >= 5);
    const { schedule, runs, isSmallest } = await shrinkSchedule({ seed: 8, faults }, fails);
    expect(schedule).toEqual({
      seed: 8,
      faults: [
        { kind: "cut", atMs: 0, forMs: 0, link: "a.up" },
        { kind: "cut", atMs: 300, forMs: 5, link: "b.up" },
      ],
    });
    expect(isSmallest).toBe(true);
    expect(runs).toBeLessThan(150);
  });

  test("comes to what fails, whatever fails; leaving any fault out, it does not", async () => {
    const needs = fc.record({
      schedule: anySchedule,
      needed: fc.uniqueArray(fc.nat(11), { minLength: 0, maxLength: 5 }),
    });
    await holdsAsync(
      fc.asyncProperty(needs, async ({ schedule, needed }) => {
        const kinds = needed.map((i) => schedule.faults[i] as Fault);
        const fails = async ({ faults }: Schedule) =>
          kinds.every(({ kind }) => {
            const count = (list: readonly Fault[]) => list.filter((other) => other.kind === kind).length;
            return count(faults) >= count(kinds);
          });
        const shrunk = await shrinkSchedule(schedule, fails);
        expect(shrunk.isSmallest).toBe(true);
        expect(await fails(shrunk.schedule)).toBe(true);
        expect(shrunk.schedule.faults.length).toBe(needed.length);
      }),
      60,
    );
  });

  test("stops when the runs are used up, with what fails", async () => {
    const schedule = { seed: 1, faults: randomFaults(new Random(1, "x"), { ...TARGETS, count: 50 }) };
    const fails = ({ faults }: Schedule) => faults.length >= 10;
    const shrunk = await shrinkSchedule(schedule, fails, { maxRuns: 6 });
    expect([shrunk.runs, shrunk.isSmallest, fails(shrunk.schedule)]).toEqual([6, false, true]);
    await expect(shrinkSchedule(schedule, fails, { maxRuns: 0 })).rejects.toThrow(/^maxRuns is 0/);
  });

  test("has an end: plainer faults are plainer still, but for a time", () => {
    holds(
      fc.property(anySchedule, ({ faults }) => {
        for (let fault = faults[0] as Fault, depth = 0; ; depth++) {
          expect(depth).toBeLessThan(200);
          const plainer = plainerFaults(fault);
          for (const other of plainer) expect(other).not.toEqual(fault);
          if (plainer.length === 0) break;
          fault = plainer.at(-1) as Fault;
        }
      }),
      50,
    );
  });
});

test("what random faults break is printed as a scenario's faults, shrunk", async () => {
  const breaks = ({ faults }: Schedule) => {
    const cut = faults.find((fault) => fault.kind === "cut" && fault.link === "b.up");
    if (cut) throw new Error(`b is gone at ${cut.atMs}`);
  };
  const error = await holdsUnderFaults(TARGETS, 50, breaks).catch((thrown: Error) => thrown);
  const [first, second, ...rest] = (error as Error).message.split("\n");
  expect([first, second]).toEqual(["Error: b is gone at 0", "fails by this part of a scenario:"]);
  expect(read(rest.join("\n")).faults).toEqual([{ kind: "cut", atMs: 0, forMs: 0, link: "b.up" }]);
  await holdsUnderFaults(TARGETS, 5, () => {});
});
