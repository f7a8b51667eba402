/**
 * What a benchmark file exports: a question, and the cases that answer it. In a case ringlane (or, where a question is about
 * ringlane's parts, one of them) stands against its peers on the same bytes, in the same rounds of the same run.
 */

/** Something that can be timed: nanoseconds an item, of a piece of work that lasts about so many seconds. */
export interface Contestant {
  readonly name: string;
  time(seconds: number): Promise<number>;
}

/** Plain JavaScript in the same process; the regression guard holds ratios to these, since they are there everywhere. */
export const PLAIN = "JavaScript";

export interface Case {
  readonly name: string;
  /** What a figure is: "ns a frame". */
  readonly unit: string;
  readonly ours: Contestant;
  readonly peers: readonly Contestant[];
  /** What ringlane wants to keep to. */
  readonly bounds?: readonly Bound[];
}

/** At most so many units; or, with a peer's name, at most so many times what that peer took, or so many units over it. */
export interface Bound {
  readonly most: number;
  readonly times?: string;
  readonly over?: string;
}

export interface Question {
  readonly name: string;
  /** What is inside the timed loop, what is not, and what was given up. */
  readonly measured: string;
  /** Takes long because of a program that cannot be timed in milliseconds: left out of --quick. */
  readonly slow?: boolean;
  /** Builds what the cases work on. */
  cases(): Promise<readonly Case[]>;
  /** What there is to see that is no time; not asked for by --quick. */
  shows?(): Promise<string>;
}
