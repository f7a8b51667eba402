/**
 * What a partition is in its group, in words that mean the same in another host's group: ports by their places in the group's list, times
 * relative to now. A bucket that moves is where it goes, since what its move waits for, frames in the old port's queue, is on that host's
 * links and not on another's.
 */
import { COUNTER_RECEIVED_BY, COUNTER_SENT_BY, GROUP_PORTS_MAX } from "../../assembly/layout.js";
import type { Port } from "../buffer/port.js";
import { ConfigError } from "../errors.js";
import type { ActiveState } from "./active.js";
import { NO_PORT } from "./buckets.js";
import type { LearnedAddress } from "./learned.js";
import { type PortSet, type PortSetOptions, portSet, weighted } from "./options.js";
import type { Partition } from "./partition.js";

type CarriedRole = Partition["roles"][number];

/** What a port of the group is to the partition. */
export interface CarriedPlace {
  readonly role: CarriedRole;
  /** 1 to 1000; 1 for one that is not of the set. */
  readonly weight: number;
  /** Buckets were last given to it. */
  readonly isAssigned: boolean;
  readonly sentFrames: bigint;
  readonly receivedFrames: bigint;
}

export interface CarriedPartition {
  readonly mode: Partition["selects"];
  /** Up to the last port that is of its set or has counted something. */
  readonly places: readonly CarriedPlace[];
  readonly minLinks: number;
  readonly preemptionDelayMs: number;
  readonly preempt: boolean;
  readonly using: ActiveState["using"];
  /** For how long its members could have been used; undefined while they cannot be. */
  readonly readyForMs: number | undefined;
  readonly turn: number;
  /** The place that owns each bucket, NO_PORT where none does. */
  readonly owners: Uint8Array;
  /** Bytes that each bucket has sent since they were last taken. */
  readonly loads: BigUint64Array;
  /** Those that are not of a port, in the order of their numbers. */
  readonly counters: readonly bigint[];
  readonly learned: readonly LearnedAddress[];
}

/** Counters that are not of a port. */
export const CARRIED_COUNTERS = COUNTER_SENT_BY;

export function carriedOf(
  partition: Partition,
  ports: readonly Port[],
  learned: readonly LearnedAddress[],
  nowMs: number,
): CarriedPartition {
  const { record, set, assigned, using, roles } = partition;
  const { counters } = record;
  const isAssigned = new Set(assigned.map(({ port }) => port));
  const places = ports.map((_, i) => ({
    role: roles[i] as CarriedRole,
    weight: set.weights.get(i) ?? 1,
    isAssigned: isAssigned.has(i),
    sentFrames: counters[COUNTER_SENT_BY + i] as bigint,
    receivedFrames: counters[COUNTER_RECEIVED_BY + i] as bigint,
  }));
  const last = places.findLastIndex(
    ({ role, sentFrames, receivedFrames }) => role !== "none" || sentFrames + receivedFrames > 0n,
  );
  const since = using.primaryReadySinceMs;
  const { minLinks, preemptionDelayMs, preempt } = set.policy;
  return {
    mode: partition.selects,
    places: places.slice(0, last + 1),
    ...{ minLinks, preemptionDelayMs, preempt },
    using: using.using,
    readyForMs: since === undefined ? undefined : Math.min(Math.max(0, Math.round(nowMs - since)), 2 ** 32 - 1),
    turn: record.turn,
    owners: record.destinations(),
    loads: record.loads.slice(),
    counters: [...counters.subarray(0, CARRIED_COUNTERS)],
    learned,
  };
}

/** The set of a carried partition in this group. Throws ConfigError for what the partition here cannot be. */
export function checkCarried(partition: Partition, ports: readonly Port[], carried: CarriedPartition): PortSet {
  const { mode, places, owners, using } = carried;
  const { record, selects } = partition;
  if (mode !== selects) throw new ConfigError("mode", mode, `${selects}, as this group selects`);
  if (places.length > ports.length) {
    throw new ConfigError("places.length", places.length, `at most ${ports.length}, the uplinks of this group`);
  }
  if (mode === "buckets" && owners.length !== record.buckets) {
    throw new ConfigError("owners.length", owners.length, `${record.buckets}, the buckets of this group`);
  }
  if (owners.length < 1 || owners.length > Math.max(record.buckets, GROUP_PORTS_MAX)) {
    throw new ConfigError("owners.length", owners.length, "as many as buckets, or ports that are taken in turn");
  }
  if (record.moving > 0) throw new ConfigError("moving", record.moving, "0: the buckets of the partition here move");
  if (using === "primary" && carried.readyForMs === undefined) {
    throw new ConfigError("readyForMs", undefined, "given while members carry");
  }
  const set = portSet(setOptions(carried, ports), ports, selects);
  checkPlaces(places, owners);
  return set;
}

/** The set as it would be asked for. Throws ConfigError for one link of its own with what only members have. */
function setOptions(carried: CarriedPartition, ports: readonly Port[]): PortSetOptions {
  const { places, minLinks, preemptionDelayMs, preempt } = carried;
  const of = (role: CarriedRole) =>
    places.flatMap((place, i) => (place.role === role ? [{ port: ports[i] as Port, weight: place.weight }] : []));
  const [members, backup, [standalone, another]] = [of("member"), of("backup"), of("standalone")];
  if (another) throw new ConfigError("places", another.port.name, "one port that is standalone");
  if (standalone) {
    const isAlone = members.length + backup.length === 0 && minLinks === 1 && preemptionDelayMs === 0 && preempt;
    if (isAlone) return { standalone: standalone.port };
    throw new ConfigError("places", standalone.port.name, "standalone without members, backups and a way between them");
  }
  return { members, ...(backup.length > 0 && { backup }), minLinks, preemptionDelayMs, preempt };
}

function checkPlaces(places: readonly CarriedPlace[], owners: Uint8Array): void {
  for (const [i, { role, weight, isAssigned }] of places.entries()) {
    const isOfSet = role !== "none";
    if (!isOfSet && weight !== 1) throw new ConfigError(`places[${i}].weight`, weight, "1 outside the set");
    if (role === "standalone" && weight !== 1)
      throw new ConfigError(`places[${i}].weight`, weight, "1 of a single port");
    if (!isOfSet && isAssigned) throw new ConfigError(`places[${i}].isAssigned`, isAssigned, "false outside the set");
  }
  const isAny = places.some(({ isAssigned }) => isAssigned);
  for (const [bucket, owner] of owners.entries()) {
    const isGood = isAny ? places[owner]?.isAssigned === true : owner === NO_PORT;
    if (!isGood) throw new ConfigError(`owners[${bucket}]`, owner, "a port to which buckets were given, or none");
  }
  const last = places.at(-1);
  if (last && last.role === "none" && last.sentFrames + last.receivedFrames === 0n) {
    throw new ConfigError("places.length", places.length, "up to the last that is of the set, or has counted");
  }
}

/** Writes what was found possible. The buckets are where they were; what that means for ports that are down is the group's to say. */
export function resumeCarried(partition: Partition, set: PortSet, carried: CarriedPartition, nowMs: number): void {
  const { record } = partition;
  const { places, using, readyForMs, owners, loads, turn } = carried;
  partition.replaceSet(set);
  partition.resume({ using, primaryReadySinceMs: readyForMs === undefined ? undefined : nowMs - readyForMs });
  partition.assigned = weighted(
    set,
    places.flatMap(({ isAssigned }, i) => (isAssigned ? [i] : [])),
  );
  record.setOwners(owners);
  record.loads.set(loads);
  record.turn = turn;
  const { counters } = record;
  counters.fill(0n);
  counters.set(carried.counters);
  for (const [i, { sentFrames, receivedFrames }] of places.entries()) {
    counters[COUNTER_SENT_BY + i] = sentFrames;
    counters[COUNTER_RECEIVED_BY + i] = receivedFrames;
  }
}
