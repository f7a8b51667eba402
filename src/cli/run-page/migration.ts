/** System 6 on the page: how long a VM that moved stood, what went with it, and what was lost. */
import type { ScenarioReport } from "../../scenario/run.js";
import { whole } from "../numbers.js";
import { count, millis } from "./words.js";

type Move = ScenarioReport["moves"][number];

export function migrationFacts({ moves }: ScenarioReport): string[] {
  return moves.flatMap((move) => [wayFact(move), ...stateFacts(move), `${whole(move.lost)} lost`]);
}

function wayFact({ endpoint, from, to, liveMs, state }: Move): string {
  if (liveMs === undefined) return `${endpoint} was to go from ${from} to ${to}, and has not come`;
  if (!state) return `${endpoint} came from ${from} to ${to} without its adapter's state`;
  return `${endpoint} went from ${from} to ${to} with ${whole(state.bytes)} bytes of adapter state`;
}

function stateFacts({ state, blackoutMs, sentOn }: Move): string[] {
  if (!state) {
    const gap = blackoutMs === undefined ? [] : [`got nothing for ${millis(blackoutMs)}`];
    return [...gap, `${count(sentOn, "frame")} sent on`];
  }
  const stood = state.standsMs === undefined ? [] : [`stood for ${millis(state.standsMs)}`];
  return [
    ...stood,
    `${count(state.heldFrames, "frame")} held meanwhile, ${whole(state.forwardedFrames)} sent after it`,
  ];
}
