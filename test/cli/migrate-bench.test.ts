/** `ringlane migrate bench` as people and programs use it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { TimeAxis } from "../../src/cli/migrate/time-axis.js";
import { ringlane } from "../helpers/command.js";
import { ROOT, testFolder } from "../helpers/files.js";
import { expectDrawing, expectNoEntry, expectRefusal } from "./expectations.js";

const GOLDEN = join(ROOT, "test/cli/golden");
/** One small move. */
const SMALL = ["--repetitions", "1", "--rate", "5000"];

function bench(...args: string[]) {
  const { code, stdout, stderr } = ringlane(["migrate", "bench", ...args]);
  return { code, text: stdout.toString(), stderr };
}

describe("the report", () => {
  it.each([
    ["by default", [], "blackout"],
    [
      "of a quiet VM, with timers, on a time axis by logarithm",
      ["--quiet", "--mrai", "5s", "--repetitions", "3"],
      "quiet",
    ],
  ])("%s is as it was reviewed", async (_, args, golden) => {
    const { code, text, stderr } = bench(...args);
    expect([code, stderr]).toEqual([0, ""]);
    const widths = text.split("\n").map(({ length }) => length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(100);
    await expect(text).toMatchFileSnapshot(join(GOLDEN, `${golden}.txt`));
  });

  it("stands in the documentation as it is", () => {
    const page = readFileSync(join(ROOT, "docs/migration-blackout.md"), "utf8");
    const text = readFileSync(join(GOLDEN, "blackout.txt"), "utf8");
    expect(page).toContain(text.trimEnd());
  });

  it("draws eight senders, and says how many more there are", () => {
    const { text } = bench(...SMALL, "--senders", "10");
    expect(text.match(/^ {2}sender 8 /gm)).toHaveLength(4);
    expect(text).not.toMatch(/^ {2}sender 9 /m);
    expect(text).toContain("and 2 more senders each");
  });

  it("says what was asked for", () => {
    const { text } = bench(
      ...SMALL,
      "--link-rate",
      "2.5",
      "--link-delay",
      "1ms",
      "--announce-loss",
      "0.25",
      "--old-vtep",
      "flood",
    );
    expect(text).toContain("2.5 Gb/s, 1ms each way");
    expect(text).toContain("25 % of them lost");
    expect(text).toContain("the old VTEP floods");
  });
});

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Sender = v.strictObject({
  firstMs: v.number(),
  periodMs: v.number(),
  blackoutMs: v.number(),
  settledMs: v.number(),
  lost: Count,
  fates: v.array(v.strictObject({ fate: v.picklist(["here", "lost", "via", "there"]), frames: Count })),
});
const Scheme = v.strictObject({
  scheme: v.string(),
  ...{ sent: Count, lost: Count, twice: Count, outOfOrder: Count, toOldHost: Count, viaOldHost: Count },
  floodedCopies: Count,
  floodsOn: v.boolean(),
  blackoutMs: v.strictObject({ p50: v.number(), max: v.number() }),
  moves: v.array(v.strictObject({ senders: v.array(Sender) })),
});
const Report = v.strictObject({ settings: v.record(v.string(), v.any()), schemes: v.array(Scheme) });

describe("--json", () => {
  it("has the documented shape, and what was asked for", () => {
    const { code, text } = bench(...SMALL, "--json", "--seed", "5", "--transfer", "2500us", "--vm-sends", "7ms");
    expect(code).toBe(0);
    const { settings, schemes } = v.parse(Report, JSON.parse(text));
    expect(settings).toMatchObject({ seed: 5, transferMs: 2.5, vmSendsMs: 7, framesPerSecond: 5000, mraiMs: 0 });
    expect(settings).not.toHaveProperty("wasm");
    expect(schemes.map(({ scheme }) => scheme)).toEqual([
      "flood-and-learn",
      "announcement",
      "route-update",
      "directory-push",
    ]);
    for (const { moves } of schemes) expect(moves.map(({ senders }) => senders.length)).toEqual([3]);
  });

  it("says the same again of the same seed", () => {
    const [one, again] = [bench(...SMALL, "--json"), bench(...SMALL, "--json")];
    expect(again.text).toBe(one.text);
  });
});

it("--svg draws what was lost, and all blackouts", () => {
  const file = join(testFolder(), "blackout.svg");
  expect(bench(...SMALL, "--svg", file).code).toBe(0);
  expectDrawing(file, ["flood and learn", "directory push", "blackouts of all senders in all moves"]);
});

describe("bad usage", () => {
  it.each([
    [["--senders", "0"], "must be from 1 to 32"],
    [["--senders", "two"], "not a whole number"],
    [["--announce-loss", "2"], "must be from 0 to 1"],
    [["--ageing", "5s"], "must be from 10s to 1000000s"],
    [["--transfer", "10"], "a number with ns, us, ms or s"],
    [["--old-vtep", "guess"], "Allowed choices are drop, flood"],
    [["--rate", "5000000"], "--rate is 5000000; it must be at most 1262626"],
  ])("%j exits with 2", (args, message) => expectRefusal(["migrate", "bench", ...args], message));

  it("a drawing that cannot be written exits with 1", () => {
    expectNoEntry(["migrate", "bench", ...SMALL, "--svg", join(testFolder(), "none/blackout.svg")]);
  });
});

describe("a time axis", () => {
  it("is even where windows are alike, and covers them", () => {
    const axis = new TimeAxis(70, -5, [10, 40]);
    expect(axis.startMs(0)).toBe(-5);
    expect(axis.startMs(70)).toBeGreaterThan(40);
    expect(axis.startMs(2) - axis.startMs(1)).toBeCloseTo(axis.startMs(60) - axis.startMs(59), 9);
    expect(axis.lines[1]).toContain("10 ms");
  });

  it.each([0.01, 1, 10, 250])("is by logarithm where one is a sliver of another (%d ms of 300 s)", (shortest) => {
    const axis = new TimeAxis(70, -5, [shortest, 300_000]);
    const starts = Array.from({ length: 71 }, (_, column) => axis.startMs(column));
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect([starts[0], starts[4]]).toEqual([-5, 0]);
    expect(starts[5]).toBeLessThan(Math.max(shortest, 0.1));
    expect(starts[70]).toBeGreaterThan(300_000);
    expect(axis.lines[1]).toMatch(/^ {4}0 ms .* 100 s$/);
  });
});
