/** Schemes in words, and the move that stands for the others of its scheme. */
import type { BlackoutScheme, SchemeReport, SenderReport } from "../../index.js";

export const SCHEME_TITLES: Readonly<Record<BlackoutScheme, string>> = {
  "flood-and-learn": "flood and learn",
  announcement: "announcement",
  "route-update": "route update",
  "directory-push": "directory push",
};

/** The senders of the move in the middle, when moves are in the order of their longest blackout. */
export function middleMove({ moves }: SchemeReport): readonly SenderReport[] {
  const longest = ({ senders }: SchemeReport["moves"][number]) =>
    Math.max(...senders.map(({ blackoutMs }) => blackoutMs));
  const sorted = moves.toSorted((a, b) => longest(a) - longest(b));
  return sorted[Math.ceil(sorted.length / 2) - 1]?.senders ?? [];
}

/** When the last sender of these is well. */
export function settledMs(senders: readonly SenderReport[]): number {
  return Math.max(...senders.map((sender) => sender.settledMs));
}
