/**
 * Rules become programs: for each pair of classes, what each protocol's frames get, and for TCP and UDP each destination port's. The
 * data plane then decides by three loads, or five where ports matter, however many rules there are. Pairs that the same rules are
 * about share a program; port maps and their pages are shared where they say the same.
 *
 *   pair → program: by protocol a decision, or a port map: by the port's high byte a page: by its low byte a decision
 *
 * Decision 0 is the network's default, decision n + 1 that of rule n: numbers that stay when classes are added.
 */
import { PROGRAM_ENTRIES, PROGRAM_F_PORTS } from "../../../assembly/layout.js";
import { ConfigError } from "../../errors.js";
import type { Classes } from "./classes.js";
import { ANY, inOrder, type PortRange, type Rule, TCP, UDP } from "./rule.js";

const PORTS = 65536;
const PAGE_PORTS = 256;
/** An entry of a program has 15 bits for a port map; pairs and port maps name programs and pages in 16. */
const PORT_MAPS_MAX = 0x8000;
const NUMBERED_MAX = 0x10000;

/** Lists of u16 that are kept once each. */
class Shared {
  readonly lists: Uint16Array[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #what: string;
  readonly #most: number;

  constructor(what: string, most: number) {
    this.#what = what;
    this.#most = most;
  }

  /** The list's number; the list is kept if it is a new one. */
  numberOf(list: Uint16Array): number {
    const key = runsOf(list);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.lists.length === this.#most) {
      throw new ConfigError(this.#what, `more than ${this.#most} different ones`, `at most ${this.#most}`);
    }
    this.#numbers.set(key, this.lists.length);
    return this.lists.push(list.slice()) - 1;
  }
}

/** Where a list changes, and to what. */
function runsOf(list: Uint16Array): string {
  const runs: number[] = [];
  let last = -1;
  for (let i = 0; i < list.length; i++) {
    const value = list[i] as number;
    if (value === last) continue;
    last = value;
    runs.push(i, value);
  }
  return runs.join();
}

export class Programs {
  readonly #classes: Classes;
  readonly #rules: readonly Rule[];
  /** The number of each rule's groups; -1 for any. */
  readonly #groups: readonly { readonly from: number; readonly to: number }[];
  /** For each class, which rules are about frames from it, and to it: a bit each, in the order of #rules. */
  readonly #from: Uint32Array[] = [];
  readonly #to: Uint32Array[] = [];
  readonly #byRules = new Map<string, number>();
  readonly #programs: Shared;
  readonly #portMaps: Shared;
  readonly #pages: Shared;
  readonly #rows: number[][] = [];

  /** name is the network's, for errors. */
  constructor(name: string, rules: readonly Rule[], groups: readonly string[], classes: Classes) {
    this.#classes = classes;
    this.#rules = inOrder(rules);
    const numberOf = (group: string) => (group === ANY ? -1 : groups.indexOf(group));
    this.#groups = this.#rules.map(({ from, to }) => ({ from: numberOf(from), to: numberOf(to) }));
    this.#programs = new Shared(`programs of networks.${name}`, NUMBERED_MAX);
    this.#portMaps = new Shared(`port maps of networks.${name}`, PORT_MAPS_MAX);
    this.#pages = new Shared(`pages of networks.${name}`, NUMBERED_MAX);
  }

  get programs(): readonly Uint16Array[] {
    return this.#programs.lists;
  }

  get portMaps(): readonly Uint16Array[] {
    return this.#portMaps.lists;
  }

  get pages(): readonly Uint16Array[] {
    return this.#pages.lists;
  }

  /** By source class and destination class a program's number. */
  get rows(): readonly (readonly number[])[] {
    return this.#rows;
  }

  /** Makes programs for the classes that were added. Throws ConfigError when there are too many different ones. */
  grow(): void {
    for (let added = this.#rows.length; added < this.#classes.count; added++) {
      this.#from[added] = this.#rulesOf(added, "from");
      this.#to[added] = this.#rulesOf(added, "to");
      const column = this.#rows.map((_, source) => this.#programOf(source, added));
      const row = Array.from({ length: added + 1 }, (_, destination) => this.#programOf(added, destination));
      for (const [source, program] of column.entries()) (this.#rows[source] as number[]).push(program);
      this.#rows.push(row);
    }
  }

  #rulesOf(number: number, side: "from" | "to"): Uint32Array {
    const groups = new Set([-1, ...this.#classes.groupsOf(number)]);
    const bits = new Uint32Array((this.#rules.length + 31) >> 5);
    for (const [i, group] of this.#groups.entries()) {
      if (groups.has(group[side])) bits[i >> 5] = (bits[i >> 5] as number) | (1 << (i & 31));
    }
    return bits;
  }

  #programOf(source: number, destination: number): number {
    const [from, to] = [this.#from[source] as Uint32Array, this.#to[destination] as Uint32Array];
    const both = from.map((bits, i) => bits & (to[i] as number));
    const key = both.join();
    const known = this.#byRules.get(key);
    if (known !== undefined) return known;
    const program = this.#programs.numberOf(this.#compile(this.#rules.filter((_, i) => hasBit(both, i))));
    this.#byRules.set(key, program);
    return program;
  }

  /** From the last rule that is asked to the first, each over what was there. */
  #compile(rules: readonly Rule[]): Uint16Array {
    const program = new Uint16Array(PROGRAM_ENTRIES);
    for (const rule of rules.toReversed()) {
      if (rule.protocols === undefined) program.fill(rule.index + 1);
      for (const protocol of rule.protocols ?? []) program[protocol] = rule.index + 1;
    }
    for (const protocol of [TCP, UDP]) {
      if (rules.some(({ protocols, ports }) => ports && protocols?.includes(protocol))) {
        program[protocol] = this.#portsEntry(rules, protocol);
      }
    }
    return program;
  }

  /** A decision when all ports have the same, else the number of a port map, with its flag. */
  #portsEntry(rules: readonly Rule[], protocol: number): number {
    const all = new Uint16Array(PORTS);
    for (const { index, protocols, ports = EVERY_PORT } of rules.toReversed()) {
      if (protocols && !protocols.includes(protocol)) continue;
      for (const { first, last } of ports) all.fill(index + 1, first, last + 1);
    }
    const [decision] = all as unknown as [number];
    if (all.every((other) => other === decision)) return decision;
    const map = new Uint16Array(PORTS / PAGE_PORTS);
    for (let page = 0; page < map.length; page++) {
      map[page] = this.#pages.numberOf(all.subarray(page * PAGE_PORTS, (page + 1) * PAGE_PORTS));
    }
    return this.#portMaps.numberOf(map) | PROGRAM_F_PORTS;
  }
}

const EVERY_PORT: readonly PortRange[] = [{ first: 0, last: PORTS - 1 }];

function hasBit(bits: Uint32Array, i: number): boolean {
  return (((bits[i >> 5] as number) >>> (i & 31)) & 1) === 1;
}
