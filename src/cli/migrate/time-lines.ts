/** What became of every frame, drawn: a line a sender, a column for the frames of some time. */
import type { BlackoutReport, FrameFate, SenderReport } from "../../index.js";
import { middleMove, SCHEME_TITLES, settledMs } from "./bench-words.js";
import { TimeAxis } from "./time-axis.js";

const COLUMNS = 70;
const LABEL_COLUMNS = 13;
const SENDERS_DRAWN = 8;

/** Of frames of one column the first of these is shown: what is lost is looked for. */
const MARKS: readonly (readonly [FrameFate, mark: string, meaning: string])[] = [
  ["lost", "·", "lost"],
  ["via", "▚", "delivered at the new one, by way of the old"],
  ["there", "▄", "delivered at the new one"],
  ["here", "▀", "delivered at the old host"],
];

export function timeLines({ schemes }: BlackoutReport): string[] {
  const drawn = schemes.map((scheme) => ({ scheme, senders: middleMove(scheme) }));
  const firstMs = Math.min(...drawn.flatMap(({ senders }) => senders.map((sender) => sender.firstMs)));
  const axis = new TimeAxis(
    COLUMNS,
    firstMs,
    drawn.map(({ senders }) => settledMs(senders)),
  );
  const legend = MARKS.toReversed().map(([, mark, meaning]) => `${mark} ${meaning}`);
  const blocks = drawn.map(({ scheme, senders }) =>
    [SCHEME_TITLES[scheme.scheme], ...senders.slice(0, SENDERS_DRAWN).map((one, i) => line(axis, one, i))].join("\n"),
  );
  const [marks, labels] = axis.lines;
  const more = (drawn[0]?.senders.length ?? 0) - SENDERS_DRAWN;
  return [
    "Frames by when they were sent, since the VM's stop, in each scheme's middle move",
    `${legend.slice(0, 2).join("   ")}\n${legend.slice(2).join("   ")}`,
    ...blocks,
    ...(more > 0 ? [`and ${more} more senders each`] : []),
    `${" ".repeat(LABEL_COLUMNS)}${marks}\n${" ".repeat(LABEL_COLUMNS)}${labels}`,
  ];
}

function line(axis: TimeAxis, sender: SenderReport, i: number): string {
  const cells = Array.from({ length: axis.columns }, (_, column) => {
    return markOf(sender, axis.startMs(column), axis.startMs(column + 1));
  });
  const lost = `${sender.lost.toLocaleString("en-US")} lost`;
  return `${`  sender ${i + 1}`.padEnd(LABEL_COLUMNS)}${cells.join("")} ${lost.padStart(15)}`;
}

/** The mark of the frames that are sent in [fromMs, toMs); a blank where there are none. */
function markOf({ firstMs, periodMs, fates }: SenderReport, fromMs: number, toMs: number): string {
  const numberAt = (ms: number) => Math.max(0, Math.ceil((ms - firstMs) / periodMs));
  const [from, to] = [numberAt(fromMs), numberAt(toMs)];
  if (from >= to) return " ";
  const found = new Set<FrameFate>();
  let begin = 0;
  for (const [i, { fate, frames }] of fates.entries()) {
    // What the last frames had, all later ones would have.
    const end = i === fates.length - 1 ? Number.POSITIVE_INFINITY : begin + frames;
    if (begin < to && end > from) found.add(fate);
    begin = end;
  }
  return MARKS.find(([fate]) => found.has(fate))?.[1] ?? " ";
}
