/** The verdict: every frame that was sent is accounted for, or what is not as the scenario says. */
import type { ScenarioReport } from "../../scenario/run.js";
import { whole } from "../numbers.js";
import { wrapped } from "./lines.js";
import { count } from "./words.js";

export function verdictLines(report: ScenarioReport): string[] {
  const { packetsNotTaken, unmet } = report;
  const left = packetsNotTaken > 0 ? [`${count(packetsNotTaken, "packet")} of link types that are not taken`] : [];
  if (unmet.length > 0) return [...left, ...unmet.map((text) => `FAILED: ${text}`)];
  return [...left, ...wrapped(deliveredText(report))];
}

/** Whatever was sent is one of these. */
function deliveredText({ framesIn, comparison, streams }: ScenarioReport): string {
  const sum = (pick: (stream: (typeof streams)[number]) => number) =>
    streams.reduce((total, stream) => total + pick(stream), 0);
  const others = [
    [sum(({ limited }) => limited?.refused ?? 0), "refused by a limit"],
    [sum(({ denied }) => denied?.dropped ?? 0), "denied"],
    [sum(({ neighbours }) => neighbours), "for hosts"],
    [sum(({ unflooded }) => unflooded), "for everybody, where networks do not flood"],
    [comparison.missing, "missing, as the scenario allows"],
    [comparison.altered, "altered, as the scenario allows"],
  ] as const;
  const told = others.filter(([frames]) => frames > 0).map(([frames, what]) => `${whole(frames)} ${what}`);
  const delivered = `delivered = sent, byte for byte: ${count(comparison.identical, "frame")}`;
  return told.length === 0 ? delivered : `${delivered} of ${whole(framesIn)}; ${told.join(", ")}`;
}
