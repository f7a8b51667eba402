/** What an estimate found. */
import type { MessageWay, Tally } from "./tally.js";

export interface TransferFigures {
  readonly transfers: number;
  readonly packets: number;
  /** Headers, sub-headers and pads included; without frame check sequences and acknowledgements. */
  readonly wireBytes: number;
  /** Payload of messages in wire bytes; null where there are none. */
  readonly utilization: number | null;
}

export interface WindowFigures extends TransferFigures {
  readonly windowUs: number;
  /** As much as before. */
  readonly payloadBytes: number;
  /** By the way that they went. */
  readonly messages: Readonly<Record<MessageWay, number>>;
  /** From when a message came to when it left, over all messages. */
  readonly delayUs: { readonly p50: number; readonly p99: number; readonly most: number };
}

/** Of a destination, or of all. */
export interface EstimateFigures {
  readonly streams: number;
  readonly messages: number;
  readonly payloadBytes: number;
  /** Each message in a transfer of its own. */
  readonly before: TransferFigures;
  /** Consolidated, by window. */
  readonly windows: readonly WindowFigures[];
}

const NS_PER_US = 1000;

export function transferFigures({ transfers, packets, wireBytes, payloadBytes }: Tally): TransferFigures {
  return { transfers, packets, wireBytes, utilization: wireBytes === 0 ? null : payloadBytes / wireBytes };
}

export function windowFigures(windowNs: number, tally: Tally): WindowFigures {
  const { payloadBytes, messages, delays } = tally;
  const p50 = delays.percentileNs(0.5) / NS_PER_US;
  const p99 = delays.percentileNs(0.99) / NS_PER_US;
  return {
    windowUs: windowNs / NS_PER_US,
    ...transferFigures(tally),
    payloadBytes,
    messages: { ...messages },
    delayUs: { p50, p99, most: delays.mostNs / NS_PER_US },
  };
}
