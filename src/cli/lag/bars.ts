/** Bar charts in the terminal: a last column of a table, as wide as there is room. */
import { type Cell, table } from "../report.js";

const DEFAULT_COLUMNS = 80;
const BAR_MIN = 10;
const BAR_MAX = 60;
/** What a column takes besides its text: a space on either side and a line. */
const COLUMN_FRAME = 3;

/** The table, with a bar for each row's value; the longest is that of the greatest. */
export function barTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  values: readonly number[],
): string {
  const [line = ""] = table(head, rows).split("\n");
  const room = (process.stdout.columns ?? DEFAULT_COLUMNS) - line.length - COLUMN_FRAME;
  const width = Math.min(Math.max(room, BAR_MIN), BAR_MAX);
  const most = Math.max(...values);
  return table(
    [...head, ""],
    rows.map((row, i) => [...row, bar((values[i] as number) / most, width)]),
  );
}

/** Whole blocks, and at the end one of an eighth's precision; something stays to be seen of whatever is not nothing. */
function bar(part: number, width: number): string {
  const eighths = part > 0 ? Math.max(1, Math.round(part * width * 8)) : 0;
  const rest = eighths % 8;
  return "█".repeat(Math.floor(eighths / 8)) + (rest === 0 ? "" : String.fromCharCode(0x2590 - rest));
}
