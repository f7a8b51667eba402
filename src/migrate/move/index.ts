/** The move of a VM's adapters from host to host, without I/O. docs/migration-move.md has the protocol. */
export type { MoveAction, MoveEvent, MoveOutcome } from "./action.js";
export { type AnnouncedEndpoint, type AnnounceOptions, Announcer } from "./announcer.js";
export type { StateFault } from "./assembly.js";
export type { CopyReport } from "./copy.js";
export { type Arrival, type MoveMessage, type MovePacket, unknownMove } from "./message.js";
export type { MoveLimits, MoveOptions, SourceOptions } from "./options.js";
export type { DirectoryAnswer, DirectoryRequest, Ownership, OwnershipState, Start } from "./ownership.js";
export type { Chunk, DigestFunction, Manifest, Section } from "./section.js";
export { MoveSource, type SourceStep } from "./source.js";
export { IllegalTransition, type MoveState } from "./states.js";
export { MoveTarget, type TargetStep } from "./target.js";
export type { TrafficCounters } from "./traffic.js";
