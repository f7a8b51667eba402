/** System 7 on the page: who was refused, by which limit, and what others lost by it. */
import type { ScenarioReport } from "../../scenario/run.js";
import { whole } from "../numbers.js";
import { count } from "./words.js";

type Stream = ScenarioReport["streams"][number];
type Limit = ScenarioReport["limits"][number];

export function limitFacts({ streams, limits, refusedOthers }: ScenarioReport): string[] {
  if (limits.length === 0) return [];
  const [limited, others] = [streams.filter((stream) => stream.limited), streams.filter((stream) => !stream.limited)];
  const missing = others.reduce((sum, stream) => sum + stream.missing, 0);
  const whose = limited.length === 0 ? count(others.length, "stream") : `the other ${count(others.length, "stream")}`;
  return [
    ...limited.map(limitedFact),
    ...limits.filter(({ refused }) => refused > 0).map(limitFact),
    `${whole(refusedOthers)} refused and ${whole(missing)} lost of ${whose}`,
  ];
}

function limitedFact({ name, from, to, sent, limited }: Stream): string {
  const { delivered = 0, refused = 0 } = limited ?? {};
  const what = name === from ? "" : ` (${name})`;
  return `${from} sent ${to} ${count(sent, "frame")}${what}: ${whole(delivered)} delivered, ${whole(refused)} refused`;
}

function limitFact({ partition, peer, endpoint, limit, inUse, changes }: Limit): string {
  const whose = peer === undefined ? `the limit of ${partition}` : `the limit of ${endpoint ?? peer} at ${partition}`;
  // A limit that comes down takes nothing back.
  const held = inUse > limit ? `, ${whole(inUse)} held from before` : "";
  return `${whose}: ${count(limit, "buffer")} after ${count(changes, "change")}${held}`;
}
