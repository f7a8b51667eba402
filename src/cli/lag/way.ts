/**
 * A way: how frames get to their member. Their hash names a bucket, and that has an owner; by modulo, each member has one bucket. Without
 * a plan there is one way for all frames, with a plan one for each partition.
 */
import { assignBuckets, type BurstFrame, NO_PORT } from "../../index.js";
import { hex, type Selection } from "./options.js";

export class Way {
  readonly index: number;
  /** The partition; undefined without a plan. */
  readonly name: string | undefined;
  /** Members that frames take, in the order of their turns. */
  readonly members: readonly number[];
  /** The member of each bucket. */
  readonly owners: Uint8Array;
  /** Frames that have gone this way, which says whose turn it is. */
  frames = 0;

  constructor(index: number, name: string | undefined, members: readonly number[], owners: Uint8Array) {
    this.index = index;
    this.name = name;
    this.members = members;
    this.owners = owners;
  }

  memberOf(hash: number): number {
    return this.owners[hash % this.owners.length] as number;
  }

  /** Whose turn it is for the next frame. */
  get turn(): number {
    return this.members[this.frames % this.members.length] as number;
  }

  /** Why the next frame goes to the member of that name; hash is undefined where it is by turn. */
  reason(policy: string, hash: number | undefined, name: string): string {
    const place = this.name === undefined ? policy : `${this.name}: ${policy}`;
    if (hash === undefined) return `${place}: frame ${this.frames} mod ${this.members.length}, ${name}`;
    const bucket = hash % this.owners.length;
    const isPlain = this.name === undefined && this.owners.length === this.members.length;
    return `${place}: hash ${hex(hash)} mod ${this.owners.length} = ${bucket}${isPlain ? "" : `, owned by ${name}`}`;
  }
}

/** All ways of an audit. */
export interface Ways {
  /** Names of the members. */
  readonly names: readonly string[];
  readonly all: readonly Way[];
  /** True when a frame's way may depend on what it carries in VXLAN. */
  readonly looksInside: boolean;
  /** The way of a frame, and of what is in its VXLAN where there is some; undefined when it belongs to nobody. */
  wayOf(frame: Uint8Array, inside: BurstFrame | undefined): Way | undefined;
}

/** Without a plan: one way, to members alike. */
export function evenWays(members: number, selection: Selection): Ways {
  const all = Array.from({ length: members }, (_, member) => member);
  const way = new Way(0, undefined, all, evenOwners(all, selection));
  return { names: all.map((member) => `member ${member}`), all: [way], looksInside: false, wayOf: () => way };
}

function evenOwners(members: readonly number[], selection: Selection): Uint8Array {
  if (selection.kind !== "buckets") return Uint8Array.from(members);
  return assignBuckets(
    new Uint8Array(selection.buckets).fill(NO_PORT),
    members.map((port) => ({ port, weight: 1 })),
  );
}
