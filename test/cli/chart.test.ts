/** Charts of any command: what a column shows, where ticks are, and what is drawn. */
import { describe, expect, it } from "vitest";
import { type Chart, rangeOf, type Series } from "../../src/cli/chart/chart.js";
import { columnsOf } from "../../src/cli/chart/columns.js";
import { svgOf } from "../../src/cli/chart/svg.js";
import { terminalChart } from "../../src/cli/chart/terminal.js";
import { ticksOf } from "../../src/cli/chart/ticks.js";

const step = (points: Series["points"]): Series => ({ name: "level", points, form: "step" });
const line = (points: Series["points"]): Series => ({ name: "way", points, form: "line" });

const chartOf = (...series: Series[]): Chart => ({ title: "a title", xLabel: "ms", yLabel: "mbufs", series });

describe("columns", () => {
  it("of steps hold their level, and show a peak however short it was", () => {
    const series = step([
      [2, 5],
      [4.1, 90],
      [4.2, 3],
      [9, 7],
    ]);
    expect(columnsOf(series, [0, 10], 5)).toEqual([undefined, 5, 90, 3, 7]);
    // In a column in which it falls, a level counts with what it was before.
    expect(
      columnsOf(
        step([
          [0, 8],
          [3, 2],
        ]),
        [0, 8],
        2,
      ),
    ).toEqual([8, 2]);
  });

  it("of lines are between their points", () => {
    const series = line([
      [0, 0],
      [10, 100],
    ]);
    expect(columnsOf(series, [0, 10], 5)).toEqual([30, 30, 50, 70, 100].map((y, i) => (i === 0 ? 0 : y)));
    expect(columnsOf(line([]), [0, 10], 2)).toEqual([undefined, undefined]);
  });
});

it.each([
  [0, 1536, 4, [0, 500, 1000, 1500, 2000]],
  [0, 118.03, 5, [0, 25, 50, 75, 100, 125]],
  [0, 0.9, 3, [0, 0.5, 1]],
  [10, 31, 4, [10, 20, 30, 40]],
  [0, 1e-6, 2, [0, 5e-7, 1e-6]],
  [7, 7, 4, [7]],
])("ticks from %d to %d are round: about %d", (from, to, about, ticks) => {
  expect(ticksOf(from, to, about)).toEqual(ticks);
});

it("a range is that of all points, or as it is said", () => {
  const chart = chartOf(
    step([
      [3, 1],
      [5, 2],
    ]),
    step([[1, 1]]),
  );
  expect(rangeOf(chart)).toEqual([1, 5]);
  expect(rangeOf({ ...chart, xRange: [0, 9] })).toEqual([0, 9]);
  expect(rangeOf(chartOf())).toEqual([0, 0]);
});

describe("in the terminal", () => {
  const held = step(Array.from({ length: 50 }, (_, i) => [i, i < 25 ? 100 : 400]));
  const used: Series = { ...step(Array.from({ length: 50 }, (_, i) => [i, i])), name: "in use" };

  it("a line and dots, with axes and names", () => {
    const text = terminalChart(chartOf(held, used), 80);
    const lines = text.split("\n");
    expect(lines[0]).toBe("a title   ━ level   • in use");
    expect(lines[1]).toBe("mbufs");
    expect(lines.at(-1)?.trim()).toBe("ms");
    expect(text).toContain("•");
    expect(text).toContain("━");
    expect(text).toMatch(/400┤|500┤/);
    expect(Math.max(...lines.map((one) => one.length))).toBeLessThanOrEqual(80);
  });

  it.each([20, 40, 200, 1000])("fits %d columns, or the least that there must be", (columns) => {
    const lines = terminalChart(chartOf(held, used), columns).split("\n");
    expect(Math.max(...lines.map((one) => one.length))).toBeLessThanOrEqual(Math.max(columns, 40));
  });

  it("is empty when there is nothing to draw", () => {
    expect(terminalChart(chartOf(), 80)).toBe("");
    expect(terminalChart(chartOf(step([])), 80)).toBe("");
    expect(terminalChart(chartOf(step([[5, 1]])), 80)).toBe("");
  });

  it("draws levels that are all zero", () => {
    expect(
      terminalChart(
        chartOf(
          step([
            [0, 0],
            [9, 0],
          ]),
        ),
        60,
      ),
    ).toContain("━");
  });
});

describe("as a drawing", () => {
  it("has a part for each chart, and a step that holds to the end", () => {
    const chart = {
      ...chartOf(
        step([
          [0, 1],
          [5, 2],
        ]),
      ),
      xRange: [0, 20] as const,
    };
    const svg = svgOf([chart, { ...chart, title: "another title" }]);
    expect(svg).toContain('height="600"');
    for (const word of ["a title", "another title", "ms", "mbufs", "level"]) expect(svg).toContain(`>${word}<`);
    expect(svg).not.toContain("NaN");
    // Only names of classes are counted on from drawing to drawing.
    const [once, twice] = [svgOf([chart]), svgOf([chart])].map((text) => text.replaceAll(/zr\d+-(c|cls-)\d+/g, "zr"));
    expect(once).toBe(twice);
  });

  it("of nothing has axes", () => {
    expect(svgOf([chartOf()])).toContain(">mbufs<");
  });
});
