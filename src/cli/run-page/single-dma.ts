/** System 1 on the page: descriptors, and copies. */
import type { ScenarioReport } from "../../scenario/run.js";
import { whole } from "../numbers.js";
import { count } from "./words.js";

export function singleDmaFacts(report: ScenarioReport): string[] {
  const { underlayFrames, descriptorsPerFrame, copiedInBytesPerFrame, copiedAfterwardsBytesPerFrame } = report;
  if (underlayFrames === 0) return [];
  return [
    `${descriptorsPerFrame.toFixed(2)} descriptors a frame with its outer headers, ${count(underlayFrames, "frame")} on the wire`,
    `${whole(copiedInBytesPerFrame)} bytes a frame copied on arrival, ${whole(copiedAfterwardsBytesPerFrame)} after that`,
  ];
}
