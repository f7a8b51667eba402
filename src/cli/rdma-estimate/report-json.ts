/** What an estimate found, as --json prints it. */
import type { RdmaEstimate, RdmaEstimateFigures } from "../../index.js";
import type { TimedSummary } from "../timed-frames.js";
import type { Messages } from "./messages.js";

export type EstimateReport = ReturnType<typeof estimateReport>;
export type FiguresReport = ReturnType<typeof withAsked>;

const NS_PER_US = 1000;
const NS_PER_MS = 1e6;

export function estimateReport(
  file: string,
  { packets, frames, lengthNs, backwards, unread }: TimedSummary,
  messages: Messages,
  windowNs: number,
  estimate: RdmaEstimate,
) {
  const { mtuBytes, limitBytes, messagesMax, operation } = estimate.options;
  const windowUs = windowNs / NS_PER_US;
  const names = messages.destinationNames();
  const { totals, destinations } = estimate.finish();
  return {
    file,
    packets,
    frames,
    lengthMs: lengthNs / NS_PER_MS,
    windowUs,
    mtuBytes,
    limitBytes,
    messagesMax,
    operation,
    totals: withAsked(totals, windowUs),
    destinations: destinations.map(({ destination, ...figures }) => ({
      destination: names[destination] as string,
      ...withAsked(figures, windowUs),
    })),
    leftOut: messages.leftOut,
    backwards,
    ...unread,
  };
}

/** With the window that was asked for by itself. */
function withAsked({ streams, messages, payloadBytes, before, windows }: RdmaEstimateFigures, windowUs: number) {
  const after = windows.find((one) => one.windowUs === windowUs) as RdmaEstimateFigures["windows"][number];
  return { streams, messages, payloadBytes, before, after, windows };
}
