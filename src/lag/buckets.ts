/**
 * Resilient buckets: a flow's hash names a bucket, and a bucket names a port. Hash modulo ports moves nearly every flow when a
 * port dies; here only the buckets move that have to.
 *
 * A member's quota is buckets * weight / sum of weights, a real number. It holds floor or ceil of that, which of the two is free:
 * whoever already holds more than floor keeps it while there is enough for that, so that the fewest buckets of live members move.
 * When a member of several of equal weight dies, that is none. Unequal weights can need a move besides: 8 buckets at 1 : 2 : 2
 * may lie 1, 3, 4 and at 1 : 2 must lie 3, 5 or 2, 6.
 */
import { GROUP_PORTS_MAX, OWNER_NONE } from "../../assembly/layout.js";
import { checkInteger } from "../check.js";
import { ConfigError } from "../errors.js";

/** The port of a bucket that nobody owns. */
export const NO_PORT = OWNER_NONE;
/** Ports are numbered from 0 to one less. */
export const PORTS_MAX = GROUP_PORTS_MAX;
export const WEIGHT_MAX = 1000;

export interface WeightedPort {
  /** Index in the group's list of ports, 0-31. */
  readonly port: number;
  /** 1-1000. */
  readonly weight: number;
}

/** A member's quota split into floor and rest, and what it holds. Whole numbers: fractions are in parts of the sum of weights. */
interface Share {
  readonly port: number;
  readonly floor: number;
  /** 0 for a quota that is whole. */
  readonly rest: number;
  /** Its buckets; once sorted, the one to give away first is the last. */
  readonly held: number[];
  target: number;
}

/**
 * The new assignment: the port of each bucket, NO_PORT everywhere without members. No bucket of a live member moves unless fairness
 * needs it, and then the idlest by load (bytes in the last window, by bucket), ties by bucket number. A member that comes (back) gets
 * floor of its quota, or ceil if the sum forces it. The order of members does not matter; `before` stays as it is. Throws ConfigError for
 * a port or weight out of its bounds, and for a port that is named twice.
 */
export function assignBuckets(
  before: Uint8Array,
  members: readonly WeightedPort[],
  load: ArrayLike<number> = [],
): Uint8Array {
  const after = before.slice();
  if (members.length === 0) return after.fill(NO_PORT);
  const sum = sumOfWeights(members);
  const shares = sharesOf(before.length, members, sum);
  const owners = new Map(shares.map((share) => [share.port, share.held]));
  const free: number[] = [];
  for (const [bucket, port] of before.entries()) (owners.get(port) ?? free).push(bucket);
  const busiestFirst = (a: number, b: number) => (load[b] ?? 0) - (load[a] ?? 0) || b - a;
  setTargets(shares, before.length, busiestFirst);
  for (const { held, target } of shares) {
    for (const bucket of held.slice(target)) free.push(bucket);
  }
  const ports = takeTurns(
    shares.filter(({ held, target }) => held.length < target),
    sum,
  );
  for (const bucket of free.sort((a, b) => a - b)) after[bucket] = ports.next().value ?? NO_PORT;
  return after;
}

function sharesOf(buckets: number, members: readonly WeightedPort[], sum: number): Share[] {
  return members
    .map(({ port, weight }) => {
      const rest = (buckets * weight) % sum;
      const floor = (buckets * weight - rest) / sum;
      return { port, floor, rest, held: [], target: floor };
    })
    .sort((a, b) => a.port - b.port);
}

function sumOfWeights(members: readonly WeightedPort[]): number {
  const ports = new Set<number>();
  let sum = 0;
  for (const { port, weight } of members) {
    checkInteger("port", port, 0, PORTS_MAX - 1);
    if (ports.has(port)) throw new ConfigError("port", port, "named once among the members");
    ports.add(port);
    sum += checkInteger("weight", weight, 1, WEIGHT_MAX);
  }
  return sum;
}

/** Says who gets ceil: first those who hold it, busiest bucket first; then members with buckets; then the largest remainder. */
function setTargets(shares: readonly Share[], buckets: number, busiestFirst: (a: number, b: number) => number): void {
  for (const { held, floor } of shares) {
    if (held.length > floor) held.sort(busiestFirst);
  }
  const above = shares.filter(({ held, floor, rest }) => rest > 0 && held.length > floor);
  const below = shares.filter(({ held, floor, rest }) => rest > 0 && held.length <= floor);
  const edge = ({ held, floor }: Share) => held[floor] as number;
  above.sort((a, b) => busiestFirst(edge(a), edge(b)));
  below.sort((a, b) => Number(b.held.length > 0) - Number(a.held.length > 0) || b.rest - a.rest);
  const extra = shares.reduce((left, { floor }) => left - floor, buckets);
  for (const share of [...above, ...below].slice(0, extra)) share.target++;
}

/**
 * Ports in turn, each as often as it lacks buckets and evenly spread: members of equal weight simply alternate. That is earliest
 * deadline first over windows: of a port whose part of all turns is p, turn k (from 0) may come after k/p turns and is due by
 * (k+1)/p. The parts are what quotas, not targets, lack, since these differ by rounding among equals.
 */
function* takeTurns(shares: readonly Share[], sumOfWeights: number): Generator<number, undefined> {
  const takers = shares.map(({ port, floor, rest, held, target }) => ({
    port,
    lack: (floor - held.length) * sumOfWeights + rest,
    left: target - held.length,
    taken: 0,
  }));
  const sum = takers.reduce((total, { lack }) => total + lack, 0);
  for (let turn = 1; ; turn++) {
    let next: (typeof takers)[number] | undefined;
    let nextMay = false;
    for (const taker of takers) {
      if (taker.left === 0) continue;
      const may = taker.taken * sum < turn * taker.lack;
      const isEarlier = next === undefined || (taker.taken + 1) * next.lack < (next.taken + 1) * taker.lack;
      if (may === nextMay ? isEarlier : may) [next, nextMay] = [taker, may];
    }
    if (next === undefined) return;
    next.left--;
    next.taken++;
    yield next.port;
  }
}
