/** What an estimate found, for people. */
import type { RdmaTransferFigures, RdmaWindowFigures } from "../../index.js";
import { terminalChart } from "../chart/terminal.js";
import { decimal, tenths, whole } from "../numbers.js";
import { printUnread } from "../read.js";
import { type Cell, facts, table } from "../report.js";
import { utilizationChart } from "./charts.js";
import type { LeftOut } from "./messages.js";
import type { EstimateReport } from "./report-json.js";

/** Busiest first; --json has them all. */
const DESTINATIONS_SHOWN = 20;
const TRANSFER_HEAD = ["transfers", "packets", "wire bytes", "utilization %", "p50 us", "p99 us"];

const LEFT_OUT_TEXTS: Readonly<Record<keyof LeftOut, string>> = {
  withoutData: "without data",
  retransmitted: "sent again or late",
  fragments: "IP fragments",
  rocev2: "RDMA already",
  unreadable: "with headers that are cut or wrong",
  notTcpOrUdp: "neither TCP nor UDP",
  beyond: "of too many sockets",
};

export function printEstimate(report: EstimateReport): void {
  console.log(settingText(report));
  if (report.totals.messages > 0) {
    console.log(destinationTable(report));
    console.log(windowTable(report));
    console.log(verdictText(report));
    const chart = terminalChart(utilizationChart(report));
    if (chart !== "") console.log(chart);
  }
  printUnread(report.file, report);
}

function settingText(report: EstimateReport): string {
  const { totals, backwards, windowUs, mtuBytes, limitBytes, messagesMax, operation } = report;
  return facts([
    ["file", report.file],
    ["packets", report.packets],
    ["time", `${decimal(report.lengthMs)} ms`],
    ...(backwards > 0
      ? [["out of order", `${backwards} frames, taken as come with the latest before them`] as const]
      : []),
    ["messages", `${whole(totals.messages)} of ${whole(totals.streams)} sockets, ${whole(totals.payloadBytes)} bytes`],
    ["left out", leftOutText(report.leftOut)],
    ["transfers", `RDMA ${operation.toUpperCase()}, path MTU ${mtuBytes}`],
    ["aggregates", `at most ${whole(limitBytes)} bytes and ${messagesMax} messages, of two sockets or more`],
    ["window", `${windowUs} us: alone decides when to flush, where a sender would as soon as its queue drains`],
  ]);
}

function leftOutText(leftOut: LeftOut): string {
  const parts = Object.entries(LEFT_OUT_TEXTS).flatMap(([key, text]) => {
    const count = leftOut[key as keyof LeftOut];
    return count > 0 ? [`${whole(count)} ${text}`] : [];
  });
  return parts.length > 0 ? parts.join(", ") : "nothing";
}

/** Two lines each: before with its name, after with what it sent. */
function destinationTable({ destinations }: EstimateReport): string {
  const busiest = destinations.toSorted((a, b) => b.messages - a.messages);
  const rows = busiest.slice(0, DESTINATIONS_SHOWN).flatMap(({ destination, streams, payloadBytes, before, after }) => [
    [destination, "before", ...transferCells(before), 0, 0],
    [`  ${whole(streams)} sockets, ${whole(payloadBytes)} bytes`, "after", ...windowCells(after)],
  ]);
  const left = Math.max(0, busiest.length - DESTINATIONS_SHOWN);
  const more = left > 0 ? `\nand ${whole(left)} destinations with fewer messages (--json has them)` : "";
  return table(["destination", "", ...TRANSFER_HEAD], rows) + more;
}

function windowTable({ totals }: EstimateReport): string {
  const rows = totals.windows.map((figures) => [`${figures.windowUs} us`, ...windowCells(figures)]);
  return table(["window", ...TRANSFER_HEAD], [["(before)", ...transferCells(totals.before), 0, 0], ...rows]);
}

function windowCells(figures: RdmaWindowFigures): Cell[] {
  return [...transferCells(figures), tenths(figures.delayUs.p50), tenths(figures.delayUs.p99)];
}

function transferCells({ transfers, packets, wireBytes, utilization }: RdmaTransferFigures): Cell[] {
  return [transfers, packets, wireBytes, tenths(100 * (utilization ?? 0))];
}

function verdictText({ totals, windowUs }: EstimateReport): string {
  const { before, after } = totals;
  const { merged, alone, large, straight } = after.messages;
  return [
    `at ${windowUs} us: ${whole(before.transfers)} transfers become ${whole(after.transfers)}, ` +
      `utilization ${percent(before.utilization)} becomes ${percent(after.utilization)}`,
    `${whole(merged)} messages merged with other sockets', ${whole(alone)} waited and nobody came, ` +
      `${whole(large)} too large, ${whole(straight)} straight through from the only open socket`,
  ].join("\n");
}

function percent(share: number | null): string {
  return `${tenths(100 * (share ?? 0))} %`;
}
