/**
 * Charts as one SVG drawing, each below the one before. Drawn by Apache ECharts on its own, without a page. The build bundles this file
 * with what it uses of ECharts (see scripts/build.mjs), and it is loaded when somebody wants a drawing: nobody else pays for it.
 */
import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { type Chart, rangeOf } from "./chart.js";
import { ticksOf } from "./ticks.js";

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const WIDTH = 960;
const CHART_HEIGHT = 300;
const X_TICKS = 8;
/** Okabe and Ito's colours, which most people can tell apart, dark ones first. */
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const DASHES = ["solid", "solid", "dashed", "dotted"] as const;

export function svgOf(charts: readonly Chart[]): string {
  const height = charts.length * CHART_HEIGHT;
  const drawing = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    drawing.setOption({
      animation: false,
      backgroundColor: "#ffffff",
      textStyle: { fontFamily: "sans-serif" },
      title: charts.map(({ title }, i) => ({ text: title, left: 20, top: top(i) + 8, textStyle: { fontSize: 15 } })),
      legend: charts.map(({ series }, i) => ({
        data: series.map(({ name }) => id(i, name)),
        formatter: (name: string) => name.slice(name.indexOf(" ") + 1),
        right: 30,
        top: top(i) + 8,
        itemGap: 28,
        itemWidth: 32,
        icon: "path://M0,8 L30,8 L30,11 L0,11 Z",
      })),
      grid: charts.map((_, i) => ({ left: 80, right: 40, top: top(i) + 50, height: CHART_HEIGHT - 110 })),
      xAxis: charts.map((chart, i) => {
        const [min, max] = rangeOf(chart);
        return { ...axis(i, chart.xLabel, 28), min, max: max > min ? ticksOf(min, max, X_TICKS).at(-1) : min + 1 };
      }),
      yAxis: charts.map(({ yLabel }, i) => ({ ...axis(i, yLabel, 56), min: 0 })),
      series: charts.flatMap((chart, i) => chart.series.map((_, n) => line(chart, i, n))),
    });
    return drawing.renderToSVGString();
  } finally {
    drawing.dispose();
  }
}

function top(chart: number): number {
  return chart * CHART_HEIGHT;
}

/** Legends choose series by name, so the name of each has its chart's number in front. */
function id(chart: number, name: string): string {
  return `${chart} ${name}`;
}

function axis(gridIndex: number, name: string, nameGap: number) {
  return {
    type: "value" as const,
    gridIndex,
    name,
    nameLocation: "middle" as const,
    nameGap,
    axisLine: { show: true },
    splitLine: { lineStyle: { color: "#e5e5e5" } },
  };
}

function line({ series, xRange }: Chart, chart: number, n: number) {
  const { name, points, form } = series[n] as Chart["series"][number];
  const last = points.at(-1);
  const end = xRange?.[1];
  const isHeld = form === "step" && last && end !== undefined && last[0] < end;
  return {
    type: "line" as const,
    name: id(chart, name),
    xAxisIndex: chart,
    yAxisIndex: chart,
    data: (isHeld ? [...points, [end, last[1]]] : points).map((point) => [...point]),
    ...(form === "step" && { step: "end" as const }),
    showSymbol: false,
    color: COLORS[n % COLORS.length] as string,
    lineStyle: { width: 1.6, type: DASHES[n % DASHES.length] ?? "solid" },
  };
}
