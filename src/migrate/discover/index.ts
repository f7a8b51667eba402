/**
 * Discovery of migration targets, as embedders see it. Of the files here
 *
 *   a vnic and an adapter     route says how its state gets in, compare what is needed and had, placement takes the best route
 *   a VM and a host           assign puts all vnics on adapters or says what is missing, candidate sums up and ranks
 *   while a move goes on      reservations promise room (lease), recheck holds them against what adapters report later
 */
export type { RoomOf } from "./assign.js";
export type { MigrationCandidate } from "./candidate.js";
export { nativeFields } from "./compare.js";
export { type DiscoverOptions, discoverTargets } from "./discover.js";
export { FIELDS as MIGRATION_FIELDS, type FieldName, type FieldRule, type FieldVerdict } from "./field.js";
export type { LeasedPlacement, PlacementMiss, RoomLease } from "./lease.js";
export type { MigrationVerdict, Placement as MigrationPlacement } from "./placement.js";
export {
  type Recheck,
  type ReservationOptions,
  Reservations,
  type ReserveAnswer,
  type ReserveRequest,
} from "./reservations.js";
export type { Route as StateRoute } from "./route.js";
