/** What a scheme has come to, in all repetitions. */
import type { BlackoutScheme } from "./schemes.js";
import type { FateRun, SenderTally } from "./tally.js";

/** Times are in ms since the VM's stop. */
export interface SenderReport {
  readonly firstMs: number;
  readonly periodMs: number;
  /** From the last frame that the VM got at the old host to the first at the new one. */
  readonly blackoutMs: number;
  readonly settledMs: number;
  readonly lost: number;
  /** Of all its frames, in the order in which they were sent. */
  readonly fates: readonly FateRun[];
}

/** Of all senders and repetitions together. */
export interface SchemeCounts {
  /** Frames after the last one that came to the old host, to the last one that did not simply come to the new one. */
  readonly sent: number;
  readonly lost: number;
  readonly twice: number;
  readonly outOfOrder: number;
  /** Though the VM had stopped there. */
  readonly toOldHost: number;
  /** Held by the old host, or sent on by it, and delivered. */
  readonly viaOldHost: number;
  /** Copies of senders' frames besides the one that is needed. */
  readonly floodedCopies: number;
}

export interface SchemeReport extends SchemeCounts {
  readonly scheme: BlackoutScheme;
  /** Frames are still flooded when all is well. */
  readonly floodsOn: boolean;
  /** Over senders and repetitions. */
  readonly blackoutMs: { readonly p50: number; readonly max: number };
  /** By repetition, then by sender. */
  readonly moves: readonly { readonly senders: readonly SenderReport[] }[];
}

const COUNTS = ["lost", "twice", "outOfOrder", "toOldHost", "viaOldHost", "floodedCopies"] as const;

export function schemeReport(scheme: BlackoutScheme, moves: readonly (readonly SenderTally[])[]): SchemeReport {
  const all = moves.flat();
  const total = (of: (tally: SenderTally) => number) => all.reduce((sum, tally) => sum + of(tally), 0);
  const counts = Object.fromEntries(COUNTS.map((key) => [key, total((tally) => tally[key])]));
  const blackouts = all.map(({ blackoutMs = Number.NaN }) => blackoutMs).sort((a, b) => a - b);
  return {
    scheme,
    ...({ sent: total(({ windowFrames }) => windowFrames), ...counts } as unknown as SchemeCounts),
    floodsOn: all.some(({ floodsOn }) => floodsOn),
    blackoutMs: { p50: blackouts[Math.ceil(blackouts.length / 2) - 1] as number, max: blackouts.at(-1) as number },
    moves: moves.map((tallies) => ({ senders: tallies.map(senderReport) })),
  };
}

function senderReport(tally: SenderTally): SenderReport {
  const { stream, blackoutMs = Number.NaN, settledMs, lost, fates } = tally;
  return { ...stream, blackoutMs, settledMs, lost, fates };
}
