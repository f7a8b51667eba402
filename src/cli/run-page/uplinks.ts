/** System 2 on the page: frames by their VMs' sets of uplinks, and what an uplink's failure did to whom. */
import type { ScenarioReport } from "../../scenario/run.js";
import { whole } from "../numbers.js";
import { count, millis, names } from "./words.js";

type Outage = ScenarioReport["outages"][number];

export function uplinkFacts({ sets, outages, encapsulations }: ScenarioReport): string[] {
  if (sets.length === 0) return [];
  const frames = sum(encapsulations, (each) => each.frames);
  const outside = sum(sets, (set) => set.outside);
  return [
    `${count(frames, "frame")}, ${whole(outside)} outside their VM's own set of uplinks`,
    ...outages.flatMap(outageFacts),
  ];
}

function outageFacts({ uplinks, fromMs, toMs, sets }: Outage): string[] {
  const [own, others] = [sets.filter(({ hasIt }) => hasIt), sets.filter(({ hasIt }) => !hasIt)];
  const lasted = toMs === undefined ? "to the end" : `for ${millis(toMs - fromMs)}`;
  const byIt = sum(sets, ({ sentByIt }) => sentByIt);
  const byOthers = sum(own, ({ sentByOthers }) => sentByOthers);
  return [
    `${names(uplinks)} pulled ${lasted}: ${vms(own)} sent ${count(byIt, "frame")} that way`,
    `${whole(byOthers)} by their other links`,
    ...(others.length === 0 ? [] : [untouchedFact(others)]),
  ];
}

/** What those have noticed that have no such uplink. */
function untouchedFact(sets: Outage["sets"]): string {
  const buckets = count(
    sum(sets, (set) => set.buckets),
    "flow bucket",
  );
  const sent = count(
    sum(sets, ({ sentByOthers }) => sentByOthers),
    "frame",
  );
  return `${buckets} moved of ${vms(sets)}, which sent ${sent} elsewhere`;
}

function vms(sets: Outage["sets"]): string {
  return names(sets.map(({ partition }) => partition));
}

function sum<T>(items: readonly T[], pick: (item: T) => number): number {
  return items.reduce((total, item) => total + pick(item), 0);
}
