/** What a replay found, for people. */
import { terminalChart } from "../chart/terminal.js";
import { decimal, tenths, whole } from "../numbers.js";
import { printUnread } from "../read.js";
import { facts, table } from "../report.js";
import { totalChart } from "./replay-charts.js";
import type { ReplayReport } from "./replay-json.js";

/** Busiest first; --json has them all. */
const PEERS_SHOWN = 20;

export function printReplay(report: ReplayReport): void {
  console.log(settingText(report));
  if (report.frames > 0) {
    console.log(peerTable(report));
    console.log(totalTable(report));
    console.log(verdictText(report));
    const chart = terminalChart(totalChart(report));
    if (chart !== "") console.log(chart);
  }
  printUnread(report.file, report);
}

function settingText(report: ReplayReport): string {
  const { all, peers } = report.policies;
  const { floor, preset, ceiling, window, reduce, raise } = all;
  const overrides = Object.keys(peers).length;
  return facts([
    ["file", report.file],
    ["packets", report.packets],
    ["time", `${decimal(report.lengthMs)} ms${meanText(report)}`],
    ...(report.backwards > 0
      ? [["out of order", `${report.backwards} frames, taken as come with the latest before them`] as const]
      : []),
    ...(report.framesOfPeersBeyond > 0
      ? [["too many peers", `${report.framesOfPeersBeyond} frames of the last of them are in "other"`] as const]
      : []),
    ["consumer", consumerText(report)],
    ["mbufs", `of ${report.mbufBytes} bytes, ${wallText(report)}`],
    ["limit", `floor ${floor}, preset ${preset}, ceiling ${ceiling}${overrides > 0 ? `; ${overrides} others` : ""}`],
    ["window", `${window.descriptors} returned mbufs or ${window.ms} ms, and at once under pressure`],
    ["halved", `${reduceText(reduce)}${times(reduce.windows)}`],
    [
      "doubled",
      `when ${percent(raise.filled)} of it is filled${times(raise.windows)}, and ${percent(raise.returned)} came back`,
    ],
  ]);
}

function meanText({ meanFramesPerSecond }: ReplayReport): string {
  return meanFramesPerSecond === null ? "" : `, ${decimal(meanFramesPerSecond)} frames/s on average`;
}

function consumerText({ consumer }: ReplayReport): string {
  const { framesPerSecond, timesMean, assumed, stalls } = consumer;
  const rate = `${decimal(framesPerSecond)} frames/s${timesMean === null ? "" : `, ${timesMean} × the mean rate`}`;
  const said = assumed ? " (assumed: a capture does not show who reads it; --drain-rate says otherwise)" : "";
  return `${rate}${said}${stalls.length > 0 ? `; stalled: ${stalls.join(", ")}` : ""}`;
}

function wallText({ wall, wallAssumed }: ReplayReport): string {
  return `${whole(wall)} in all${wallAssumed ? " (as many as the ceilings; --wall says otherwise)" : ""}`;
}

function reduceText(reduce: ReplayReport["policies"]["all"]["reduce"]): string {
  if (reduce.by === "filled") return `when less than ${percent(reduce.below)} of it is filled`;
  if (reduce.by === "sojourn") return `when every mbuf is held for more than ${reduce.targetMs} ms`;
  return `when more than ${percent(reduce.above)} of the frames are ${reduce.by === "drops" ? "refused" : "sent again"}`;
}

function times(windows: number): string {
  return windows === 1 ? "" : `, ${windows} windows in a row`;
}

function peerTable({ peers }: ReplayReport): string {
  const busiest = peers.toSorted((a, b) => b.frames - a.frames);
  const rows = busiest
    .slice(0, PEERS_SHOWN)
    .map(({ peer, frames, preset, low, high, final, refused, meanHeld, meanInUse }) => {
      return [peer, frames, preset, low, high, final, refused, tenths(meanHeld), tenths(meanInUse)];
    });
  const head = ["peer", "frames", "preset", "low", "high", "final", "refused", "mean held", "mean in use"];
  const left = busiest.length - rows.length;
  return table(head, rows) + (left > 0 ? `\nand ${left} peers with fewer frames (--json has them)` : "");
}

function totalTable({ totals, frames }: ReplayReport): string {
  const row = (
    name: string,
    { refused, meanHeld, mostHeld, meanInUse, mostInUse }: ReplayReport["totals"]["controller"],
  ) => {
    return [name, refused, percent(refused / frames), tenths(meanHeld), mostHeld, tenths(meanInUse), mostInUse];
  };
  return table(
    ["limits", "refused", "of frames", "mean held", "most held", "mean in use", "most in use"],
    [
      row("controller", totals.controller),
      row("static minimum (floor)", totals.staticMinimum),
      row("static maximum (ceiling)", totals.staticMaximum),
    ],
  );
}

function verdictText({ totals }: ReplayReport): string {
  const { controller, staticMinimum, staticMaximum } = totals;
  const { count, mostWindows, meanWindows, mostMs, unanswered } = controller.reactions;
  const lines = [
    `held ${percent(controller.meanHeld / staticMaximum.meanHeld)} of the static maximum on average, ` +
      `with ${difference(controller.refused, staticMaximum.refused)} refusals than it ` +
      `and ${difference(controller.refused, staticMinimum.refused)} than the static minimum`,
  ];
  if (count > 0) {
    const longest = `${mostWindows} windows at most (${decimal(mostMs)} ms)`;
    const often = count === 1 ? "once" : `${count} times`;
    lines.push(
      `from the first pressure to a limit that suffices: ${longest}, ${decimal(meanWindows)} on average, ${often}`,
    );
  }
  if (unanswered > 0) lines.push(`${unanswered === 1 ? "once" : `${unanswered} times`} no limit came that sufficed`);
  if (count + unanswered === 0) lines.push("no limit was short");
  return lines.join("\n");
}

function difference(refused: number, than: number): string {
  if (refused === than) return "0 more";
  return refused > than ? `${whole(refused - than)} more` : `${whole(than - refused)} fewer`;
}

function percent(part: number): string {
  return `${decimal(100 * part)} %`;
}
