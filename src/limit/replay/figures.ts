/** What a replay found. Counts are of mbufs where nothing else is said. */
import type { CoursePoint } from "./course.js";
import type { Gauge } from "./gauge.js";
import { allReactions, type Reactions } from "./reaction.js";

/** Frames of a peer, or of all. */
interface FrameCounts {
  readonly frames: number;
  readonly refused: number;
  /** Taken frames that the consumer has served, and those that it has not at the end. */
  readonly drained: number;
  readonly waiting: number;
}

interface LevelFigures {
  /** Held is what is set aside: the limit, or what is in use where that is more. Means are over time. */
  readonly meanHeld: number;
  readonly meanInUse: number;
  readonly mostInUse: number;
  /** At the end. */
  readonly inUse: number;
  /** That were closed, and after which the limit was another. */
  readonly windows: number;
  readonly limitChanges: number;
  readonly reactions: Reactions;
}

/** Of one peer; means are since its first frame. */
export interface PeerFigures extends FrameCounts, LevelFigures {
  readonly peer: number;
  readonly firstMs: number;
  /** The limit at first, at its lowest and highest, and at the end. */
  readonly preset: number;
  readonly low: number;
  readonly high: number;
  readonly final: number;
}

/** Of all owners; means are over the whole trace. */
export interface Totals extends FrameCounts, LevelFigures {
  readonly mostHeld: number;
}

export interface LevelCourse {
  readonly held: readonly CoursePoint[];
  readonly inUse: readonly CoursePoint[];
}

export interface LimitReplayFigures {
  readonly totals: Totals;
  /** Those that sent something, by number. */
  readonly peers: readonly PeerFigures[];
  /** Of all owners, and of the peers that were followed. */
  readonly course: LevelCourse;
  readonly peerCourses: readonly (LevelCourse & { readonly peer: number })[];
}

export function totalsOf(peers: readonly PeerFigures[], held: Gauge, inUse: Gauge, nowMs: number): Totals {
  const sum = (of: (peer: PeerFigures) => number) => peers.reduce((all, peer) => all + of(peer), 0);
  return {
    frames: sum(({ frames }) => frames),
    refused: sum(({ refused }) => refused),
    drained: sum(({ drained }) => drained),
    waiting: sum(({ waiting }) => waiting),
    meanHeld: held.mean(nowMs),
    mostHeld: held.most,
    meanInUse: inUse.mean(nowMs),
    mostInUse: inUse.most,
    inUse: inUse.value,
    windows: sum(({ windows }) => windows),
    limitChanges: sum(({ limitChanges }) => limitChanges),
    reactions: allReactions(peers.map(({ reactions }) => reactions)),
  };
}
