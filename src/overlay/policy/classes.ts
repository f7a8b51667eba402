/**
 * Classes: distinct sets of groups. Rules speak of groups, so two addresses that are in the same groups are treated alike, and what
 * a frame may do is known from the classes of its two ends. Class 0 is that of no group. Prefixes make classes at once, and ranges
 * of addresses that have them; partitions and labels do as endpoints appear.
 */
import { ConfigError } from "../../errors.js";
import { type Address, parseAddress, parsePrefix } from "./prefix.js";
import type { GroupDefinition } from "./schema.js";

/** What is known of one end of a frame: an endpoint with one of its addresses, or a bare address. */
export interface Subject {
  readonly partition?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Left out for an endpoint's frames that are not IP. */
  readonly ip?: string | undefined;
}

/** Addresses from first up to the next range's have this class. */
export interface ClassRange {
  readonly first: bigint;
  readonly class: number;
}

export class Classes {
  /** Numbers of groups, ascending, by class. */
  readonly #sets: (readonly number[])[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #byPartition = new Map<string, number[]>();
  readonly #byLabels: { readonly group: number; readonly labels: readonly (readonly [string, string])[] }[] = [];
  /** Ascending and without gaps, the first from 0 on. */
  readonly ranges4: readonly ClassRange[];
  readonly ranges6: readonly ClassRange[];

  /** Groups are numbered as they come. */
  constructor(groups: readonly GroupDefinition[]) {
    this.#numberOf([]);
    for (const [group, { partitions = [], labels }] of groups.entries()) {
      for (const partition of new Set(partitions)) {
        this.#byPartition.set(partition, [...(this.#byPartition.get(partition) ?? []), group]);
      }
      if (labels) this.#byLabels.push({ group, labels: Object.entries(labels) });
    }
    this.ranges4 = this.#rangesOf(groups, 4);
    this.ranges6 = this.#rangesOf(groups, 6);
  }

  get count(): number {
    return this.#sets.length;
  }

  /** Numbers of the groups that a class stands for, ascending. */
  groupsOf(number: number): readonly number[] {
    return this.#sets[number] as readonly number[];
  }

  /** The class of a subject, a new one if it is the first of its kind. Throws ConfigError for what is no IP address. */
  classOf({ partition, labels = {}, ip }: Subject): number {
    const groups = new Set(partition === undefined ? [] : this.#byPartition.get(partition));
    for (const { group, labels: wanted } of this.#byLabels) {
      if (wanted.every(([key, value]) => labels[key] === value)) groups.add(group);
    }
    if (ip !== undefined) {
      const address = parseAddress(ip);
      if (!address) throw new ConfigError("ip", ip, "an IPv4 or IPv6 address");
      for (const group of this.groupsOf(this.classOfAddress(address))) groups.add(group);
    }
    return this.#numberOf([...groups]);
  }

  /** By prefixes alone. */
  classOfAddress({ version, value }: Address): number {
    const ranges = version === 4 ? this.ranges4 : this.ranges6;
    let [low, high] = [0, ranges.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((ranges[middle] as ClassRange).first <= value) low = middle;
      else high = middle;
    }
    return (ranges[low] as ClassRange).class;
  }

  /** Forgets the classes from count on. */
  truncate(count: number): void {
    for (const set of this.#sets.splice(count)) this.#numbers.delete(set.join());
  }

  #numberOf(groups: readonly number[]): number {
    const set = groups.toSorted((a, b) => a - b);
    const key = set.join();
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#sets.length);
    return this.#sets.push(set) - 1;
  }

  /** Walks over the addresses where a prefix begins or ends, keeping how many prefixes of each group are open. */
  #rangesOf(groups: readonly GroupDefinition[], version: 4 | 6): ClassRange[] {
    const ends: { readonly at: bigint; readonly group: number; readonly by: 1 | -1 }[] = [];
    for (const [group, { prefixes = [] }] of groups.entries()) {
      for (const text of prefixes) {
        const prefix = parsePrefix(text);
        if (prefix?.version !== version) continue;
        ends.push({ at: prefix.first, group, by: 1 }, { at: prefix.last + 1n, group, by: -1 });
      }
    }
    ends.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    const end = 1n << (version === 4 ? 32n : 128n);
    const open = new Map<number, number>();
    const ranges: ClassRange[] = [{ first: 0n, class: 0 }];
    for (const [i, { at, group, by }] of ends.entries()) {
      const count = (open.get(group) ?? 0) + by;
      if (count === 0) open.delete(group);
      else open.set(group, count);
      if (ends[i + 1]?.at === at || at === end) continue;
      const number = this.#numberOf([...open.keys()]);
      if (at === 0n) ranges.pop();
      if (ranges.at(-1)?.class !== number) ranges.push({ first: at, class: number });
    }
    return ranges;
  }
}
