/** What `ringlane run --tables` prints of sockets: transfers and utilization, beside those of a transfer a message, and whether all came whole. */
import type { ScenarioReport } from "../../scenario/run.js";
import { whole } from "../numbers.js";

type Line = readonly [name: string, value: string];

export function socketLines({ sockets }: ScenarioReport): Line[] {
  return sockets.flatMap((told): Line[] => {
    const { name, streams, messages, transfers, messagesPerTransfer, utilization, alone, addedDelayNs } = told;
    const { payloadBytes, wireBytes, sameStreams } = told;
    const each = `${whole(messages)} messages of ${whole(streams)} streams in ${whole(transfers)} transfers`;
    const use = `${percent(utilization)} of ${whole(wireBytes)} bytes are payload`;
    const delay = `added delay p50 ${micros(addedDelayNs.p50)}, p99 ${micros(addedDelayNs.p99)}`;
    const same = `${whole(sameStreams)} of ${whole(streams)} streams, ${whole(payloadBytes)} bytes`;
    return [
      [name, `${each}, ${rounded(messagesPerTransfer)} in each; ${use}, ${percent(alone.utilization)} one by one`],
      ["", `${delay}; SHA-256 equal at both ends: ${same}`],
    ];
  });
}

function percent(share: number): string {
  return `${rounded(share * 100)} %`;
}

function micros(ns: number): string {
  return `${rounded(ns / 1000)} us`;
}

function rounded(n: number): string {
  return n.toLocaleString("en-US", { maximumFractionDigits: 1 });
}
