import { expect, test } from "vitest";
import { fallen, onlyPlain, plainRatios, type Recorded, readBaseline } from "../../bench/guard.js";
import type { Row } from "../../bench/measure.js";

const row = (peerName: string, ratio: number): Row => ({
  ...{ question: "q", case: "64 B", unit: "ns a frame", ours: 1, peer: ratio, peerName, ratio, spread: 0 },
});
const recorded: Recorded[] = plainRatios([row("JavaScript, loop", 10), row("C, native", 0.5)]);

test("only ratios to plain JavaScript are recorded", () => {
  expect(recorded).toEqual([{ question: "q", case: "64 B", peerName: "JavaScript, loop", ratio: 10 }]);
});

test("half of a recorded ratio is enough, less is not, and nor is a case that is gone", () => {
  expect(fallen(recorded, [row("JavaScript, loop", 5)])).toEqual([]);
  expect(fallen(recorded, [row("JavaScript, loop", 4.99)])).toEqual(recorded);
  expect(fallen(recorded, [row("JavaScript, other loop", 99)])).toEqual(recorded);
});

test("what the guard measures is cases with plain JavaScript, and no bounds", () => {
  const contestant = (name: string) => ({ name, time: async () => 1 });
  const [js, c] = [contestant("JavaScript, loop"), contestant("C, native")];
  const cases = [
    { name: "a", unit: "ns", ours: contestant("ours"), peers: [js, c], bounds: [{ most: 1 }] },
    { name: "b", unit: "ns", ours: contestant("ours"), peers: [c] },
  ];
  expect(onlyPlain(cases)).toMatchObject([{ name: "a", peers: [{ name: "JavaScript, loop" }], bounds: [] }]);
});

test("the baseline that is kept is one, with a ratio for every line", () => {
  const baseline = readBaseline();
  expect(baseline.length).toBeGreaterThan(10);
  expect(baseline.filter(({ ratio }) => !(ratio > 0))).toEqual([]);
  expect(new Set(baseline.map((line) => JSON.stringify({ ...line, ratio: 0 }))).size).toBe(baseline.length);
});
