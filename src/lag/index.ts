/**
 * Selective link aggregation, as embedders see it. Of the files here
 *
 *   a running group has   group, admission, addresses, distribution with partner, moves, rebalancer and slow, predict; group-record and
 *                         partition-record are their places in memory
 *   whoever has none has  active, buckets, rebalance, flow, chooser, spread, polarization: no engine, no memory, no state
 *   both obey             options for ports, plan-rules for names, plan-schema for files
 */
export { type Active, type ActiveState, activePorts, type SetPolicy } from "./active.js";
export { assignBuckets, NO_PORT, type WeightedPort } from "./buckets.js";
export { type FlowChooser, type FlowPrediction, findFlow, predictFlow } from "./chooser.js";
export type { LagEvent } from "./events.js";
export type { Flow } from "./flow.js";
export { LagGroup } from "./group.js";
export * from "./lacp/index.js";
export type { Order } from "./moves.js";
export type { LagGroupOptions, Member, PartitionOptions, PortSetOptions, Selection } from "./options.js";
export { Partition, type PartitionCounters } from "./partition.js";
export { type PlanProblem, planProblems } from "./plan-rules.js";
export type { LagPlan, PartitionPlan } from "./plan-schema.js";
export {
  type Branch,
  detectPolarization,
  mend,
  type Polarization,
  type Remedy,
  type StagePick,
} from "./polarization.js";
export type { Prediction } from "./predict.js";
export {
  type BucketMove,
  OVS_THRESHOLDS,
  type RebalanceOptions,
  rebalance,
  type SmoothedBytes,
  smooth,
} from "./rebalance.js";
export type { GroupLacpOptions } from "./slow.js";
export {
  type Failure,
  type FlowSelection,
  type FlowSize,
  failures,
  type Imbalance,
  imbalanceOf,
  type Measure,
  type MemberSpread,
  Spread,
  type SpreadReport,
} from "./spread.js";
