/** `ringlane migrate bench`: what senders lose of a VM's move, by the way in which the network learns of it. */
import { writeFileSync } from "node:fs";
import { type BlackoutReport, measureBlackout } from "../../index.js";
import { printJson } from "../report.js";
import { benchCharts } from "./bench-charts.js";
import { asArgument, type BenchArguments, blackoutOptions } from "./bench-options.js";
import { benchText } from "./bench-report.js";

export async function migrateBench(args: BenchArguments): Promise<number> {
  const report = await measured(args);
  if (args.svg !== undefined) {
    const { svgOf } = await import("../chart/svg.js");
    writeFileSync(args.svg, svgOf(benchCharts(report)));
  }
  if (args.json) printJson(report);
  else console.log(benchText(report));
  return 0;
}

async function measured(args: BenchArguments): Promise<BlackoutReport> {
  try {
    return await measureBlackout(blackoutOptions(args));
  } catch (error) {
    throw asArgument(error);
  }
}
