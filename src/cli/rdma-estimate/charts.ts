/** What an estimate shows in charts: utilization, transfers and delay over windows, and the busiest destinations. */
import type { RdmaEstimateFigures, RdmaWindowFigures } from "../../index.js";
import type { Chart, Series } from "../chart/chart.js";
import type { EstimateReport } from "./report-json.js";

const X_LABEL = "window in us";
const DESTINATIONS_DRAWN = 4;

/** Of all messages, after and before. */
export function utilizationChart({ totals }: EstimateReport): Chart {
  const before = percent(totals.before.utilization ?? 0);
  return chart("payload in wire bytes", "%", [
    over("consolidated", totals, ({ utilization }) => percent(utilization ?? 0)),
    over("one message a transfer", totals, () => before),
  ]);
}

export function allCharts(report: EstimateReport): Chart[] {
  const { totals } = report;
  const busiest = report.destinations
    .toSorted((a, b) => b.messages - a.messages)
    .slice(0, DESTINATIONS_DRAWN)
    .map((one) => over(one.destination, one, ({ utilization }) => percent(utilization ?? 0)));
  return [
    utilizationChart(report),
    chart("transfers", "transfers", [
      over("consolidated", totals, ({ transfers }) => transfers),
      over("one message a transfer", totals, () => totals.before.transfers),
    ]),
    chart("added delay", "us", [
      over("p50", totals, ({ delayUs }) => delayUs.p50),
      over("p99", totals, ({ delayUs }) => delayUs.p99),
    ]),
    chart("payload in wire bytes, busiest destinations", "%", busiest),
  ];
}

function chart(title: string, yLabel: string, series: readonly Series[]): Chart {
  return { title, xLabel: X_LABEL, yLabel, series };
}

function over(name: string, { windows }: RdmaEstimateFigures, y: (figures: RdmaWindowFigures) => number): Series {
  return { name, points: windows.map((figures) => [figures.windowUs, y(figures)] as const), form: "line" };
}

function percent(share: number): number {
  return 100 * share;
}
