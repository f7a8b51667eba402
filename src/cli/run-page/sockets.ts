/** System 5 on the page: messages and transfers, how much of the bytes is payload, and whether every stream came whole. */
import type { ScenarioReport } from "../../scenario/run.js";
import { whole } from "../numbers.js";
import { count, percent } from "./words.js";

export function socketFacts({ sockets }: ScenarioReport): string[] {
  if (sockets.length === 0) return [];
  const sum = (pick: (item: (typeof sockets)[number]) => number) =>
    sockets.reduce((total, item) => total + pick(item), 0);
  const streams = sum((item) => item.streams);
  const same = sum((item) => item.sameStreams);
  const payloadBytes = sum((item) => item.payloadBytes);
  const share =
    payloadBytes /
    Math.max(
      1,
      sum((item) => item.wireBytes),
    );
  const alone =
    payloadBytes /
    Math.max(
      1,
      sum((item) => item.alone.wireBytes),
    );
  return [
    `${count(
      sum((item) => item.messages),
      "message",
    )} of ${count(streams, "socket")} in ${count(
      sum((item) => item.transfers),
      "transfer",
    )}`,
    `${percent(share)} of the bytes are payload, ${percent(alone)} if each went alone`,
    `${whole(same)} of ${whole(streams)} have the same SHA-256 at both ends`,
  ];
}
