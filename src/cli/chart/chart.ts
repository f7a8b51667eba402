/** What a chart shows: levels over time, or any lines over a common axis. How it is drawn is for terminal.ts and svg.ts to say. */

export interface Series {
  readonly name: string;
  /** In order of x. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** A step holds its level until the next point. */
  readonly form: "step" | "line";
}

export interface Chart {
  readonly title: string;
  /** With their units. */
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** The ends of the x axis; those of the points by default. */
  readonly xRange?: readonly [from: number, to: number];
}

/** From the first x of any series to the last. */
export function rangeOf({ series, xRange }: Chart): readonly [from: number, to: number] {
  if (xRange) return xRange;
  const ends = series.flatMap(({ points }) => [points[0]?.[0] ?? [], points.at(-1)?.[0] ?? []].flat());
  return ends.length === 0 ? [0, 0] : [Math.min(...ends), Math.max(...ends)];
}
