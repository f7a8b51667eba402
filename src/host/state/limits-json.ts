/** A partition's limits from what JSON said: every field is looked at, and nothing else is taken along. */
import type { CarriedLimits, CarriedOwner } from "../../limit/controller/carried.js";
import { type CheckedPolicy, checkPolicy, LIMIT_MAX } from "../../limit/controller/policy-check.js";
import type { StepState } from "../../limit/controller/step.js";
import type { ConnectionHealth } from "../../limit/health/health.js";
import type { LimitPolicy } from "../../limit/policy.js";
import type { LimitWindow } from "../../limit/window.js";
import { refuse } from "../../migrate/state/refusal.js";

const WAITING = ["not", "ceiling", "wall"] as const;
const MOVED = ["not", "down", "up"] as const;
const CLOSED_BY = ["descriptors", "time", "pressure"] as const;
const HEALTH_COUNTS = [
  "segments",
  "dataSegments",
  "retransmissions",
  "outOfOrder",
  "duplicateAcks",
  "zeroWindows",
  "roundTrips",
] as const;
/** Steps of patience (controller/step.ts). */
const WRONG_MAX = 3;
/** Thirty years. */
const AGE_MS_MAX = 2 ** 40;

/** Ends the reading for what no partition's limits can be. */
export function readLimits(value: unknown): CarriedLimits {
  const given = new Fields("limits", value);
  const policy = readPolicy("policy", given.any("policy"));
  const peers = given.any("peerPolicy");
  const peerPolicy = peers === undefined ? undefined : readPolicy("peerPolicy", peers);
  const list = given.any("owners");
  if (!Array.isArray(list) || list.length === 0) return refuse("owners", list, "a list that begins with its own");
  const names = new Set<string>();
  const owners = list.map((owner: unknown, i): CarriedOwner => {
    const field = `owners[${i}]`;
    const peer = new Fields(field, owner).any("peer");
    if (i === 0) {
      if (peer !== undefined) refuse(`${field}.peer`, peer, "absent of the partition's own");
      return readOwner(field, owner, policy, undefined);
    }
    if (typeof peer !== "string" || names.has(peer)) return refuse(`${field}.peer`, peer, "a name that comes once");
    if (!peerPolicy) return refuse("peerPolicy", undefined, "given where there are peers");
    names.add(peer);
    return readOwner(field, owner, peerPolicy, peer);
  });
  return { policy, ...(peerPolicy && { peerPolicy }), owners };
}

function readPolicy(field: string, value: unknown): CheckedPolicy {
  const given = new Fields(field, value);
  for (const part of ["window", "reduce", "raise"]) given.fields(part);
  return checkPolicy(field, value as LimitPolicy);
}

function readOwner(field: string, value: unknown, policy: CheckedPolicy, peer: string | undefined): CarriedOwner {
  const given = new Fields(field, value);
  const limit = given.whole("limit", policy.floor, policy.ceiling);
  return {
    ...(peer !== undefined && { peer }),
    limit,
    mark: given.whole("mark", 0, limit),
    state: readState(given.fields("state")),
    waiting: given.word("waiting", WAITING),
    dormant: given.flag("dormant"),
    windowForMs: given.number("windowForMs", AGE_MS_MAX),
    seenForMs: given.number("seenForMs", AGE_MS_MAX),
  };
}

function readState(given: Fields): StepState {
  const span = given.any("span") === undefined ? undefined : readWindow(given.fields("span"));
  const state = {
    limit: given.whole("limit", 0, LIMIT_MAX),
    failing: given.whole("failing"),
    meeting: given.whole("meeting"),
    hold: given.whole("hold"),
    returned: given.whole("returned"),
    aboveMs: given.number("aboveMs", AGE_MS_MAX),
    stood: given.whole("stood"),
    wrong: given.whole("wrong", 0, WRONG_MAX),
    ill: given.flag("ill"),
    moved: given.word("moved", MOVED),
    pressed: given.flag("pressed"),
  };
  return span ? { ...state, span } : state;
}

function readWindow(given: Fields): LimitWindow {
  const times = given.any("heldMs") === undefined ? undefined : given.fields("heldMs");
  const health = given.any("health") === undefined ? undefined : given.fields("health");
  return {
    closedBy: given.word("closedBy", CLOSED_BY),
    ms: given.number("ms", AGE_MS_MAX),
    limit: given.whole("limit", 0, LIMIT_MAX),
    filled: given.whole("filled", Number.MIN_SAFE_INTEGER),
    returned: given.whole("returned"),
    inUse: given.whole("inUse"),
    high: given.whole("high"),
    low: given.whole("low"),
    frames: given.whole("frames", Number.MIN_SAFE_INTEGER),
    refused: given.whole("refused"),
    bytes: given.whole("bytes"),
    ...(times && { heldMs: { least: times.number("least", AGE_MS_MAX), most: times.number("most", AGE_MS_MAX) } }),
    ...(health && { health: readHealth(health) }),
  };
}

function readHealth(given: Fields): ConnectionHealth {
  const counts = Object.fromEntries(HEALTH_COUNTS.map((name) => [name, given.whole(name)]));
  const trips = given.any("roundTripMs") === undefined ? undefined : given.fields("roundTripMs");
  const bytes = given.any("bytesPerMbuf") === undefined ? undefined : given.number("bytesPerMbuf", Number.MAX_VALUE);
  return {
    ...(counts as Record<(typeof HEALTH_COUNTS)[number], number>),
    ...(trips && { roundTripMs: { least: trips.number("least", AGE_MS_MAX), mean: trips.number("mean", AGE_MS_MAX) } }),
    ...(bytes !== undefined && { bytesPerMbuf: bytes }),
  };
}

/** An object's own fields, each as it must be or the reading ends. */
class Fields {
  readonly #field: string;
  readonly #value: Readonly<Record<string, unknown>>;

  constructor(field: string, value: unknown) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(field, value, "an object");
    this.#field = field;
    this.#value = value as Record<string, unknown>;
  }

  any(name: string): unknown {
    return Object.hasOwn(this.#value, name) ? this.#value[name] : undefined;
  }

  fields(name: string): Fields {
    return new Fields(`${this.#field}.${name}`, this.any(name));
  }

  whole(name: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.any(name);
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
    return refuse(`${this.#field}.${name}`, value, `a whole number from ${min} to ${max}`);
  }

  number(name: string, max: number): number {
    const value = this.any(name);
    if (typeof value === "number" && value >= 0 && value <= max) return value;
    return refuse(`${this.#field}.${name}`, value, `a number from 0 to ${max}`);
  }

  flag(name: string): boolean {
    const value = this.any(name);
    return typeof value === "boolean" ? value : refuse(`${this.#field}.${name}`, value, "true or false");
  }

  word<const T extends string>(name: string, words: readonly T[]): T {
    const value = this.any(name);
    const word = words.find((one) => one === value);
    return word ?? refuse(`${this.#field}.${name}`, value, `one of ${words.join(", ")}`);
  }
}
