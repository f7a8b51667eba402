/** What an estimate shows in charts: utilization, transfers and delay over windows, and the busiest destinations. */
import type { RdmaEstimateFigures, RdmaWindowFigures } from "../../index.js";
import type { Chart, Series } from "../chart/chart.js";
import type { EstimateReport } from "./report-json.js";

const X_LABEL = "window in us";
const DESTINATIONS_DRAWN = 4;
const AFTER = "consolidated";
const BEFORE = "one message a transfer";

/** Of all messages, after and before. */
export function utilizationChart({ totals }: EstimateReport): Chart {
  return utilizationOf("payload in wire bytes", totals);
}

export function allCharts(report: EstimateReport): Chart[] {
  const { totals, destinations } = report;
  const busiest = destinations.toSorted((a, b) => b.messages - a.messages).slice(0, DESTINATIONS_DRAWN);
  return [
    utilizationChart(report),
    chart("transfers", "transfers", [
      over(AFTER, totals, ({ transfers }) => transfers),
      over(BEFORE, totals, () => totals.before.transfers),
    ]),
    chart("added delay", "us", [
      over("p50", totals, ({ delayUs }) => delayUs.p50),
      over("p99", totals, ({ delayUs }) => delayUs.p99),
    ]),
    ...busiest.map((one) => utilizationOf(one.destination, one)),
  ];
}

function utilizationOf(title: string, figures: RdmaEstimateFigures): Chart {
  const before = percent(figures.before.utilization ?? 0);
  return chart(title, "% of wire bytes", [
    over(AFTER, figures, ({ utilization }) => percent(utilization ?? 0)),
    over(BEFORE, figures, () => before),
  ]);
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
