/** Charts in the terminal: the first series as a line, the second as dots, so that they can be told apart without colours. */
import plot from "simple-ascii-chart";
import { type Chart, rangeOf, type Series } from "./chart.js";
import { columnsOf } from "./columns.js";
import { ticksOf } from "./ticks.js";

const DEFAULT_COLUMNS = 80;
const COLUMNS_MIN = 20;
const COLUMNS_MAX = 120;
/** Room for the y axis and its figures. */
const AXIS_COLUMNS = 12;
const ROWS = 12;
const X_TICKS = 5;
const Y_TICKS = 4;
const DOT = "•";

/** The chart as text; further series are left out. Empty when there is nothing to draw. */
export function terminalChart(chart: Chart, columns = process.stdout.columns ?? DEFAULT_COLUMNS): string {
  const [from, to] = rangeOf(chart);
  const width = Math.min(Math.max(columns - AXIS_COLUMNS, COLUMNS_MIN), COLUMNS_MAX);
  const [line, dots] = chart.series.map((series) => pointsOf(series, [from, to], width));
  const [first, second] = chart.series;
  if (!first || !line || line.length === 0 || to <= from) return "";
  const most = Math.max(...line.map(([, y]) => y), ...(dots ?? []).map(([, y]) => y), 1);
  const yTicks = ticksOf(0, most, Y_TICKS);
  const drawn = plot([line], {
    width,
    height: ROWS,
    yRange: [0, yTicks.at(-1) as number],
    customYAxisTicks: yTicks,
    customXAxisTicks: ticksOf(from, to, X_TICKS).filter((x) => x <= to),
    points: (dots ?? []).map(([x, y]) => ({ x, y })),
    symbols: { point: DOT },
    formatter: (value) => value.toLocaleString("en-US", { maximumFractionDigits: 6, useGrouping: false }),
  });
  const legend = [`━ ${first.name}`, ...(second ? [`${DOT} ${second.name}`] : [])].join("   ");
  return [`${chart.title}   ${legend}`, chart.yLabel, trimmed(drawn), chart.xLabel.padStart(width)].join("\n");
}

function pointsOf(series: Series, range: readonly [number, number], width: number): [number, number][] {
  const [from, to] = range;
  const x = (column: number) => from + (column * (to - from)) / (width - 1);
  return columnsOf(series, range, width).flatMap((y, column): [number, number][] =>
    y === undefined ? [] : [[x(column), y]],
  );
}

/** Without empty lines at either end and blanks at the ends of lines. */
function trimmed(text: string): string {
  const lines = text.split("\n").map((line) => line.trimEnd());
  const [head, tail] = [lines.findIndex((line) => line !== ""), lines.findLastIndex((line) => line !== "")];
  return lines.slice(head, tail + 1).join("\n");
}
