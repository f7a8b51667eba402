/** `ringlane rdma estimate CAPTURE`: the messages of a capture's sockets, one RDMA transfer each, and consolidated. */
import { writeFileSync } from "node:fs";
import { RdmaEstimate } from "../../index.js";
import { openInput } from "../files.js";
import { printJson } from "../report.js";
import { readTimedFrames } from "../timed-frames.js";
import { allCharts } from "./charts.js";
import { Messages } from "./messages.js";
import { type EstimateArguments, windowsAround } from "./options.js";
import { printEstimate } from "./report.js";
import { type EstimateReport, estimateReport } from "./report-json.js";

/** Exit code 0, or 1 when the file is damaged. */
export async function rdmaEstimate(path: string, asked: EstimateArguments): Promise<number> {
  const estimate = new RdmaEstimate({
    windowsNs: windowsAround(asked.window),
    ...(asked.mtu !== undefined && { mtuBytes: asked.mtu }),
    ...(asked.limit !== undefined && { limitBytes: asked.limit }),
    ...(asked.count !== undefined && { messagesMax: asked.count }),
    ...(asked.operation !== undefined && { operation: asked.operation }),
  });
  const messages = new Messages(estimate);
  const input = openInput(path);
  const summary = await readTimedFrames(input, (frame) => messages.take(frame));
  const report = estimateReport(input.name, summary, messages, asked.window, estimate);
  if (asked.svg !== undefined) await drawTo(asked.svg, report);
  if (asked.json) printJson(report);
  else printEstimate(report);
  return summary.unread.damage ? 1 : 0;
}

/** The drawing is by a library of some size: it is loaded when it is wanted. */
async function drawTo(file: string, report: EstimateReport): Promise<void> {
  const { svgOf } = await import("../chart/svg.js");
  writeFileSync(file, svgOf(allCharts(report)));
}
