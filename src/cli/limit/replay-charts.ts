/** What a replay shows in charts: what is held each way, what the controller's limits did, and the busiest peers. */
import type { Chart, Series } from "../chart/chart.js";
import type { ReplayReport } from "./replay-json.js";

type Points = ReplayReport["series"]["controller"]["held"];

const X_LABEL = "ms since the first packet";
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
  return { title, xLabel: X_LABEL, yLabel: Y_LABEL, series, xRange: [0, lengthMs] };
}

function step(name: string, points: Points): Series {
  return { name, points, form: "step" };
}
