/**
 * Moves buckets from busy ports to idle ones, as Open vSwitch's balance-slb and balance-tcp do every 10 s (its documentation,
 * topics/bonding, and what ofproto/bond.c of version 3 does). Only from the busiest to the idlest port, only while the busiest leads
 * by 1 Mbit/s and by 3 %, only for a tenth of the way to the middle or more, each bucket at most once a round.
 *
 * Where the sources differ, or we from them: the documentation wants the ratio of the two loads to fall by 0.1, which lets a move turn
 * the imbalance round, and the next one turn it back; the code wants, as here, a tenth of the way to the middle. It asks that of each
 * bucket, so that a port with all traffic in many small buckets keeps it; here small buckets count together. For 1 Mbit/s the code has
 * 100,000 bytes whatever the interval; here it is a rate. Open vSwitch takes the first bucket that will do; here it is the one that
 * gets nearest to the middle, since each move may reorder packets. Weights are ours: a port's level is its bytes by its weight.
 */
import type { WeightedPort } from "./buckets.js";

export interface RebalanceOptions {
  /** How often the caller should rebalance, 1 to 86400000; rebalance() itself takes no notice. */
  readonly intervalMs: number;
  /** The busiest port's lead, from 0: what it carries above its part at the idlest port's level. */
  readonly minLeadBitsPerSecond: number;
  /** The same as a part of that level, 0 to 1. */
  readonly minLeadPart: number;
  /** Part of the way to where the two ports are level that a move, or small moves together, must go; 0 to 0.5. */
  readonly minImprovement: number;
}

export const OVS_THRESHOLDS: RebalanceOptions = {
  intervalMs: 10_000,
  minLeadBitsPerSecond: 1e6,
  minLeadPart: 0.03,
  minImprovement: 0.1,
};

export interface BucketMove {
  readonly bucket: number;
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** A member, what it carries, and the buckets with traffic that have not moved in this round, smallest first. */
interface Side {
  readonly port: number;
  readonly weight: number;
  bytes: number;
  readonly buckets: number[];
}

/**
 * The moves of one round, in order: owner[b] is the port of bucket b, bytes[b] what went through it in windowMs. Buckets of ports that
 * are no members are left alone. After each move both ports' levels lie strictly between what they were before: the imbalance never
 * grows, and under constant load a round comes that moves nothing.
 */
export function rebalance(
  owner: Uint8Array,
  bytes: ArrayLike<number>,
  members: readonly WeightedPort[],
  windowMs: number,
  options: Partial<RebalanceOptions> = {},
): readonly BucketMove[] {
  const { minLeadBitsPerSecond, minLeadPart, minImprovement } = { ...OVS_THRESHOLDS, ...options };
  const sides = sidesOf(owner, bytes, members);
  const moves: BucketMove[] = [];
  while (sides.length > 1) {
    sides.sort((a, b) => levelOf(b) - levelOf(a) || a.port - b.port);
    const from = sides[0] as Side;
    const to = sides.at(-1) as Side;
    const even = levelOf(to) * from.weight;
    const lead = from.bytes - even;
    const isBusier = lead * 8000 >= minLeadBitsPerSecond * windowMs && lead >= minLeadPart * even;
    const at = isBusier ? bestBucket(from, to, bytes, minImprovement) : undefined;
    if (at === undefined) {
      sides.shift();
      continue;
    }
    const [bucket] = from.buckets.splice(at, 1) as [number];
    const moved = bytes[bucket] as number;
    from.bytes -= moved;
    to.bytes += moved;
    moves.push({ bucket, from: from.port, to: to.port, bytes: moved });
  }
  return moves;
}

/** Byte counts in which old windows fade: what Open vSwitch rebalances by. */
export interface SmoothedBytes {
  readonly bytes: Float64Array;
  /** The window that the counts stand for, to be given to rebalance() with them. */
  readonly windowMs: number;
}

/** Adds a window to half of what was counted before, as Open vSwitch does: a window counts for less than 1 % after 7 rounds. */
export function smooth(before: SmoothedBytes | undefined, bytes: ArrayLike<number>, windowMs: number): SmoothedBytes {
  const sum = Float64Array.from(bytes, (now, bucket) => now + (before?.bytes[bucket] ?? 0) / 2);
  return { bytes: sum, windowMs: windowMs + (before?.windowMs ?? 0) / 2 };
}

function sidesOf(owner: Uint8Array, bytes: ArrayLike<number>, members: readonly WeightedPort[]): Side[] {
  const sides = members.map(({ port, weight }): Side => ({ port, weight, bytes: 0, buckets: [] }));
  const byPort = new Map(sides.map((side) => [side.port, side]));
  for (const [bucket, port] of owner.entries()) {
    const side = byPort.get(port);
    const sent = bytes[bucket] ?? 0;
    if (side === undefined || sent === 0) continue;
    side.bytes += sent;
    side.buckets.push(bucket);
  }
  for (const { buckets } of sides) buckets.sort((a, b) => (bytes[a] as number) - (bytes[b] as number) || b - a);
  return sides;
}

function levelOf({ bytes, weight }: Side): number {
  return bytes / weight;
}

/** Index in from.buckets of the bucket that gets the two levels nearest to each other, if it may move. */
function bestBucket(from: Side, to: Side, bytes: ArrayLike<number>, minImprovement: number): number | undefined {
  const [high, low] = [levelOf(from), levelOf(to)];
  const middle = ((high - low) * from.weight * to.weight) / (from.weight + to.weight);
  const least = middle * minImprovement;
  const size = (at: number) => bytes[from.buckets[at] as number] as number;
  const staysBetween = (at: number) =>
    (from.bytes - size(at)) / from.weight > low && (to.bytes + size(at)) / to.weight < high;
  const above = firstIndex(from.buckets.length, (at) => size(at) > middle);
  const below = above - 1;
  const gainAbove = above < from.buckets.length && staysBetween(above) ? 2 * middle - size(above) : 0;
  const gainBelow = below >= 0 && staysBetween(below) ? size(below) : 0;
  if (gainAbove > gainBelow && gainAbove >= least) return above;
  let together = 0;
  for (let at = below; at >= 0 && together < least; at--) together += size(at);
  return gainBelow > 0 && together >= least ? below : undefined;
}

/** The first index below length for which the test holds, which then must hold for all that follow; or length. */
function firstIndex(length: number, test: (at: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const at = (low + high) >> 1;
    if (test(at)) high = at;
    else low = at + 1;
  }
  return low;
}
