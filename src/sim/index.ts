/** The fabric in virtual time, as it is to be used: public names of src/sim. */

export type {
  DirectoryCounters,
  DirectoryImpairment,
  DirectoryLink,
  DirectoryLinkOptions,
  Subscription,
  Watcher,
} from "./directory-link.js";
export { createFabric, Fabric, type FabricCensus, type FabricOptions } from "./fabric.js";
export { engineHost, type FabricHost } from "./host.js";
export type { Impairment, ImpairmentOptions, JitterShape } from "./impairment.js";
export type { Direction, Link, LinkOptions } from "./link.js";
export type { Network, NetworkCounters } from "./network.js";
export { SimDirectory } from "./overlay-host.js";
export { Random } from "./random.js";
export { OUTSIDE, type ScaleNode, type ScaleOptions, type ScaleReport, ScaleRun, type Send } from "./scale.js";
export { type Fault, type FaultTargets, randomFaults, type Schedule } from "./schedule.js";
export { scheduleText } from "./schedule-text.js";
export { type Fails, type Shrunk, shrinkSchedule } from "./shrink.js";
export type { Way, WayCounters, WayOptions } from "./way.js";
