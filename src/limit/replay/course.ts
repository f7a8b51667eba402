/**
 * The course of a level in a bounded number of points. Time is cut into equal spans, and of each span the first, the last, the least and the
 * greatest level are kept (the M4 aggregation of Jugel et al., PVLDB 7(10), 2014): drawn at that width, it looks like the whole, and no peak
 * is lost however short it was.
 */

export type CoursePoint = readonly [ms: number, value: number];

export const COURSE_SPANS = 256;

interface Span {
  readonly first: CoursePoint;
  last: CoursePoint;
  least: CoursePoint;
  most: CoursePoint;
}

export class Course {
  readonly #spans: (Span | undefined)[] = [];
  readonly #spanMs: number;

  constructor(lengthMs: number, spans = COURSE_SPANS) {
    this.#spanMs = lengthMs > 0 ? lengthMs / spans : 1;
  }

  /** The level from this time on. Times are those from 0 to the length, in order. */
  add(ms: number, value: number): void {
    const at = Math.floor(ms / this.#spanMs);
    const span = this.#spans[at];
    const point: CoursePoint = [ms, value];
    if (!span) {
      this.#spans[at] = { first: point, last: point, least: point, most: point };
      return;
    }
    span.last = point;
    if (value < span.least[1]) span.least = point;
    if (value > span.most[1]) span.most = point;
  }

  /** In order of time; a level holds until the next point. */
  points(): CoursePoint[] {
    return this.#spans.flatMap((span) => {
      if (!span) return [];
      const inside = [span.least, span.most].toSorted(([a], [b]) => a - b);
      return [...new Set([span.first, ...inside, span.last])];
    });
  }
}
