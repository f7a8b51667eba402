/** Dynamic mbuf limits (system 7): the public part. */

export { Limiter, type LimiterOptions } from "./controller/limiter.js";
export { type CheckedPolicy, checkPolicy } from "./controller/policy-check.js";
export { type LimitReason, reasonText } from "./controller/reason.js";
export type { OwnerReport } from "./controller/report.js";
export type { SeriesPoint } from "./controller/series.js";
export type { LimiterSnapshot } from "./controller/snapshot.js";
export {
  firstState as firstLimitState,
  type StepResult,
  type StepState,
  step as limitStep,
} from "./controller/step.js";
export { type LimitTrace, recordTrace, replayTrace, type TracedLimiter, type TraceEntry } from "./controller/trace.js";
export type { LimitEvent } from "./event.js";
export type { ConnectionHealth } from "./health/health.js";
export type { Due, Ledger } from "./ledger.js";
export { type LimitReport, Limits, type LimitsOptions } from "./limits.js";
export type { OwnerTotals } from "./plane/accounts.js";
export { createAccounts } from "./plane/own-accounts.js";
export type { LimitSizes } from "./plane/sizes.js";
export type { LimitPolicy, ReduceCriterion } from "./policy.js";
export type { LimitWindow } from "./window.js";
