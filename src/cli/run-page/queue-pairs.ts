/** System 3 on the page: numbers that VMs keep, and senders' packet sequence numbers when they turn to the new host. */
import type { ScenarioReport } from "../../scenario/run.js";
import { whole } from "../numbers.js";
import { count } from "./words.js";

type Move = ScenarioReport["moves"][number];

export function queuePairFacts({ moves, encapsulations }: ScenarioReport): string[] {
  const frames = encapsulations.find(({ encapsulation }) => encapsulation === "rocev2")?.frames ?? 0;
  return [
    ...moves.map(numberFact),
    ...moves.flatMap(passageFacts),
    ...(frames > 0 ? [`${count(frames, "frame")} sent by number`] : []),
    ...moves.map(({ from, to, stale }) => `${whole(stale)} to ${from} once their sender had turned to ${to}`),
  ];
}

function numberFact({ endpoint, from, to, gqpn }: Move): string {
  return `${endpoint} is queue pair ${gqpn.before ?? "-"} on ${from} and ${gqpn.after ?? "-"} on ${to}`;
}

function passageFacts({ from, to, passages }: Move): string[] {
  return passages.map(({ sender, last, first }) => {
    return `packet numbers from ${sender}: ${whole(last)} to ${from}, then ${whole(first)} to ${to}`;
  });
}
