/** What ping and perf both print. */
import type { Cell } from "../report.js";
import type { Packets } from "./client.js";

export function packetFacts(packets: Packets): (readonly [string, Cell])[] {
  const { sent, received, retransmitted, timeouts, sequenceNaks, rnrNaks, socketErrors } = packets;
  const why = `${timeouts} timeouts, ${sequenceNaks} sequence NAKs, ${rnrNaks} receiver not ready`;
  return [
    ["packets", `${sent} sent, ${received} received`],
    ["sent again", `${retransmitted} (${why})`],
    ...(socketErrors > 0 ? [["socket errors", socketErrors] as const] : []),
  ];
}
