/** Dynamic mbuf limits (system 7): the public part. */
export type { LimitEvent } from "./event.js";
export type { ConnectionHealth } from "./health.js";
export type { Due, Ledger } from "./ledger.js";
export { Limiter, type LimiterOptions } from "./limiter.js";
export type { LimitPolicy, ReduceCriterion } from "./policy.js";
export { type CheckedPolicy, checkPolicy } from "./policy-check.js";
export { type LimitReason, reasonText } from "./reason.js";
export type { OwnerReport } from "./report.js";
export type { SeriesPoint } from "./series.js";
export type { LimiterSnapshot } from "./snapshot.js";
export { firstState, type StepResult, type StepState, step } from "./step.js";
export { type LimitTrace, recordTrace, replayTrace, type TracedLimiter, type TraceEntry } from "./trace.js";
export type { LimitWindow } from "./window.js";
