/** A series in as many values as a terminal has columns. Of each column the greatest value is shown: peaks are what one looks for. */
import type { Series } from "./chart.js";

/** The greatest value in each of so many spans of equal width; undefined before the series begins. */
export function columnsOf(
  { points, form }: Series,
  [from, to]: readonly [number, number],
  count: number,
): (number | undefined)[] {
  const width = (to - from) / count;
  const columns: (number | undefined)[] = [];
  let next = 0;
  let value: number | undefined;
  for (let column = 0; column < count; column++) {
    const end = column === count - 1 ? Number.POSITIVE_INFINITY : from + (column + 1) * width;
    // A level holds on; a line is somewhere between the points.
    let most = form === "step" ? value : between(points, next, from + (column + 0.5) * width);
    for (let point = points[next]; point && point[0] < end; point = points[++next]) {
      value = point[1];
      most = Math.max(most ?? value, value);
    }
    columns.push(most);
  }
  return columns;
}

/** Where the line is at x, on its way to the next point; undefined before its first and behind its last. */
function between(points: Series["points"], next: number, x: number): number | undefined {
  const [before, after] = [points[next - 1], points[next]];
  if (!before || !after) return undefined;
  const part = (x - before[0]) / (after[0] - before[0]);
  return before[1] + Math.min(1, Math.max(0, part)) * (after[1] - before[1]);
}
