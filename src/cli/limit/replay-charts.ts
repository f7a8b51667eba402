/** What a replay shows in charts: what is held each way, what the controller's limits did, and the busiest peers. */
import type { Chart, Series } from "../chart/chart.js";
import type { ReplayReport } from "./replay-json.js";

type Points = ReplayReport["series"]["controller"]["held"];

/** Longer traces are drawn in seconds. */
const LONG_MS = 20_000;
const Y_LABEL = "mbufs";

/** Limit and occupancy of all peers. */
export function totalChart({ series, lengthMs }: ReplayReport): Chart {
  const { held, inUse } = series.controller;
  return chart("all peers", lengthMs, [step("held (limits)", held), step("in use", inUse)]);
}

export function allCharts(report: ReplayReport): Chart[] {
  const { series, lengthMs } = report;
  const ways = [
    step("controller", series.controller.held),
    step("in use", series.controller.inUse),
    step("static maximum", series.staticMaximum.held),
    step("static minimum", series.staticMinimum.held),
  ];
  const peers = series.peers.map(({ peer, held, inUse }) =>
    chart(peer, lengthMs, [step("held (limit)", held), step("in use", inUse)]),
  );
  return [chart("mbufs held, three ways", lengthMs, ways), totalChart(report), ...peers];
}

function chart(title: string, lengthMs: number, series: readonly Series[]): Chart {
  const [unit, msPerUnit] = lengthMs > LONG_MS ? ["s", 1000] : ["ms", 1];
  const inUnits = series.map((one) => ({ ...one, points: one.points.map(([ms, y]) => [ms / msPerUnit, y] as const) }));
  const xLabel = `${unit} since the first packet`;
  return { title, xLabel, yLabel: Y_LABEL, series: inUnits, xRange: [0, lengthMs / msPerUnit] };
}

function step(name: string, points: Points): Series {
  return { name, points, form: "step" };
}
