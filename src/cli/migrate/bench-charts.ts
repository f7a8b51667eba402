/** A blackout bench in charts: what was lost by when, and all blackouts. */
import type { BlackoutReport, SchemeReport, SenderReport } from "../../index.js";
import type { Chart } from "../chart/chart.js";
import { middleMove, SCHEME_TITLES, settledMs } from "./bench-words.js";

type Points = Chart["series"][number]["points"];

export function benchCharts({ schemes }: BlackoutReport): Chart[] {
  const moves = schemes.map((scheme) => ({ name: SCHEME_TITLES[scheme.scheme], senders: middleMove(scheme) }));
  const [fromMs] = moves.flatMap(({ senders }) => senders.map(({ firstMs }) => firstMs)).sort((a, b) => a - b);
  const toMs = 1.05 * Math.max(...moves.map(({ senders }) => settledMs(senders)));
  return [
    {
      title: "frames lost since the VM's stop",
      xLabel: "ms since the VM's stop",
      yLabel: "frames",
      series: moves.map(({ name, senders }) => ({ name, points: lostOver(senders, toMs), form: "line" })),
      xRange: [fromMs as number, toMs],
    },
    {
      title: "blackouts of all senders in all moves",
      xLabel: "% of them that are no longer",
      yLabel: "ms",
      series: schemes.map((scheme) => ({
        name: SCHEME_TITLES[scheme.scheme],
        points: blackouts(scheme),
        form: "step",
      })),
      xRange: [0, 100],
    },
  ];
}

/** All senders together: the sum grows evenly while one loses all that it sends. */
function lostOver(senders: readonly SenderReport[], toMs: number): Points {
  const all = senders.map(lostBySender);
  const times = [...new Set([...all.flatMap((points) => points.map(([ms]) => ms)), toMs])].sort((a, b) => a - b);
  return times.map((ms) => [ms, all.reduce((sum, points) => sum + at(points, ms), 0)] as const);
}

function lostBySender({ firstMs, periodMs, fates }: SenderReport): Points {
  const points: [number, number][] = [[firstMs, 0]];
  let [count, lost] = [0, 0];
  for (const { fate, frames } of fates) {
    count += frames;
    if (fate === "lost") lost += frames;
    points.push([firstMs + count * periodMs, lost]);
  }
  return points;
}

/** Where a line through points is; behind the last as high as there. */
function at(points: Points, ms: number): number {
  const next = points.findIndex(([x]) => x >= ms);
  const [before, after] = [points[next - 1], points[next]];
  if (!after) return points.at(-1)?.[1] ?? 0;
  if (!before) return after[1];
  return before[1] + ((after[1] - before[1]) * (ms - before[0])) / (after[0] - before[0]);
}

function blackouts({ moves }: SchemeReport): Points {
  const all = moves.flatMap(({ senders }) => senders.map(({ blackoutMs }) => blackoutMs)).sort((a, b) => a - b);
  return all.map((ms, i) => [(100 * i) / all.length, ms] as const);
}
