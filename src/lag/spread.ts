/**
 * How traffic spreads over the members of a LAG, and which flows a failing member moves: the figures of an audit.
 */
import { checkInteger } from "../check.js";
import { assignBuckets, NO_PORT, PORTS_MAX } from "./buckets.js";

export type Measure = "frames" | "bytes";

export interface MemberSpread {
  readonly member: number;
  readonly frames: number;
  readonly bytes: number;
  /** Flows of which the member carried a frame. */
  readonly flows: number;
}

export interface Imbalance {
  /** The busiest member over the mean of all: 1 is even, the number of members the worst. 1 without traffic. */
  readonly maxOverMean: number;
  /** Coefficient of variation: standard deviation (of all members, not a sample) over mean. 0 is even. */
  readonly cv: number;
}

export interface FlowSize {
  readonly flow: string | number;
  readonly frames: number;
  readonly bytes: number;
  /** More than one where a policy moves flows, such as round robin. */
  readonly members: readonly number[];
}

export interface SpreadReport {
  /** Each member, also those that carried nothing. */
  readonly members: readonly MemberSpread[];
  readonly imbalance: Imbalance;
  readonly largestFlows: readonly FlowSize[];
}

interface MemberSums {
  readonly member: number;
  frames: number;
  bytes: number;
  flows: number;
}

/** A flow's sums, and a bit for each member that carried it. */
interface Flow {
  frames: number;
  bytes: number;
  members: number;
}

const LARGEST_FLOWS = 10;

/** Counts frames by member and flow. */
export class Spread {
  readonly #members: MemberSums[];
  readonly #flows = new Map<string | number, Flow>();

  /** For members 0 to members-1, at most 32. */
  constructor(members: number) {
    checkInteger("members", members, 1, PORTS_MAX);
    this.#members = Array.from({ length: members }, (_, member) => ({ member, frames: 0, bytes: 0, flows: 0 }));
  }

  /** A frame of so many bytes, of a flow, went to a member. */
  add(member: number, bytes: number, flowKey: string | number): void {
    const sums = this.#members[checkInteger("member", member, 0, this.#members.length - 1)] as MemberSums;
    let flow = this.#flows.get(flowKey);
    if (flow === undefined) {
      flow = { frames: 0, bytes: 0, members: 0 };
      this.#flows.set(flowKey, flow);
    }
    if ((flow.members & (1 << member)) === 0) sums.flows++;
    flow.members |= 1 << member;
    flow.frames++;
    flow.bytes += bytes;
    sums.frames++;
    sums.bytes += bytes;
  }

  /** What was counted; the imbalance and the ten largest flows are of bytes, or of frames. */
  report(by: Measure = "bytes"): SpreadReport {
    const members = this.#members.map((sums) => ({ ...sums }));
    return { members, imbalance: imbalanceOf(members.map((sums) => sums[by])), largestFlows: this.#largest(by) };
  }

  /** Ties are broken by the other measure, then by who came first. */
  #largest(by: Measure): FlowSize[] {
    const other = by === "bytes" ? "frames" : "bytes";
    const largest: [string | number, Flow][] = [];
    for (const entry of this.#flows) {
      const flow = entry[1];
      const place = largest.findIndex(([, ranked]) => (flow[by] - ranked[by] || flow[other] - ranked[other]) > 0);
      if (place >= 0) largest.splice(place, 0, entry);
      else largest.push(entry);
      largest.length = Math.min(largest.length, LARGEST_FLOWS);
    }
    return largest.map(([flow, { frames, bytes, members }]) => ({ flow, frames, bytes, members: bitsOf(members) }));
  }
}

export function imbalanceOf(loads: readonly number[]): Imbalance {
  const mean = loads.reduce((sum, load) => sum + load, 0) / loads.length;
  if (mean === 0) return { maxOverMean: 1, cv: 0 };
  const variance = loads.reduce((sum, load) => sum + (load - mean) ** 2, 0) / loads.length;
  return { maxOverMean: Math.max(...loads) / mean, cv: Math.sqrt(variance) / mean };
}

/** How a flow's hash chooses its member. */
export type FlowSelection = { readonly kind: "modulo" } | { readonly kind: "buckets"; readonly buckets: number };

export interface Failure {
  readonly member: number;
  /** Flows of the member before it fails. */
  readonly flows: number;
  /** Flows that another member carries afterwards, or none when there is no other. */
  readonly moved: number;
  /** Those of them whose member lives. */
  readonly needlesslyMoved: number;
}

/**
 * What each member's failure would do to flows with these (unsigned 32-bit) hashes. By modulo, a flow goes to the member of number
 * hash mod members, and then to the survivor of number hash mod survivors; by buckets, to whoever owns bucket hash mod buckets. Throws
 * ConfigError for other than 1 to 32 members and 1 to 65536 buckets.
 */
export function failures(hashes: readonly number[], members: number, selection: FlowSelection): readonly Failure[] {
  checkInteger("members", members, 1, PORTS_MAX);
  const all = Array.from({ length: members }, (_, member) => member);
  const owners = ownersOf(all, selection);
  return all.map((failing) => {
    const left = ownersOf(
      all.filter((member) => member !== failing),
      selection,
      owners,
    );
    let [flows, moved, needlesslyMoved] = [0, 0, 0];
    for (const hash of hashes) {
      const before = owners[(hash >>> 0) % owners.length];
      const isMoved = before !== left[(hash >>> 0) % left.length];
      if (before === failing) flows++;
      else if (isMoved) needlesslyMoved++;
      if (isMoved) moved++;
    }
    return { member: failing, flows, moved, needlesslyMoved };
  });
}

/** The member of hash h is element h modulo length. */
function ownersOf(members: readonly number[], selection: FlowSelection, before?: Uint8Array): Uint8Array {
  if (selection.kind === "modulo") return Uint8Array.from(members.length > 0 ? members : [NO_PORT]);
  const nobody = new Uint8Array(checkInteger("buckets", selection.buckets, 1, 65536)).fill(NO_PORT);
  return assignBuckets(
    before ?? nobody,
    members.map((port) => ({ port, weight: 1 })),
  );
}

function bitsOf(mask: number): number[] {
  return Array.from({ length: PORTS_MAX }, (_, bit) => bit).filter((bit) => mask & (1 << bit));
}
