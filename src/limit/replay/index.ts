/** What limits would have done on a trace. */
export { type ComparisonFigures, type ComparisonOptions, LimitComparison } from "./comparison.js";
export { Consumer as ReplayConsumer, type Stall as ConsumerStall } from "./consumer.js";
export type { CoursePoint } from "./course.js";
export type {
  LevelCourse,
  LimitReplayFigures,
  PeerFigures as LimitPeerFigures,
  Totals as LimitTotals,
} from "./figures.js";
export { FixedLimits, type Keeper as LimitKeeper } from "./keeper.js";
export type { ReplayLedger } from "./ledger.js";
export { LimiterKeeper, type LimiterKeeperOptions } from "./limiter-keeper.js";
export type { Reactions as LimitReactions } from "./reaction.js";
export { LimitReplay, type LimitReplayOptions, type ReplayArrival } from "./replay.js";
