/**
 * A fabric: hosts, the links between them, a directory, and what goes wrong, in virtual time and from one seed. It uses no clock, no timer, no
 * socket and no randomness of the machine's: the same calls on the same seed have the same digest.
 *
 *   const fabric = createFabric({ seed: 7, hosts: [alpha, beta], underlay: { delayMs: 0.05 } });
 *   fabric.play([{ kind: "cut", atMs: 10, forMs: 5, link: "alpha.uplink" }]);
 *   fabric.settle(1000);
 */
import type { Port } from "../buffer/port.js";
import type { Census } from "../census.js";
import type { Tap } from "../driver/loopback.js";
import { ConfigError } from "../errors.js";
import { toNs } from "./clock.js";
import { DirectoryLink, type DirectoryLinkOptions } from "./directory-link.js";
import { begin, checkFaults, type FaultHome } from "./faults.js";
import type { FabricHost } from "./host.js";
import { Link, type LinkOptions, sum } from "./link.js";
import { Network, type NetworkHome } from "./network.js";
import { Partitions } from "./partitions.js";
import type { Random } from "./random.js";
import type { Fault } from "./schedule.js";
import { Station, type StationHome } from "./station.js";
import { imbalance, type WayCounters } from "./way.js";
import { World } from "./world.js";

export interface FabricOptions {
  /** All that is random comes from it: 0 to 2^32 - 1. */
  readonly seed: number;
  readonly hosts?: readonly FabricHost[];
  /** With it, all uplinks of these hosts are linked to a network named "underlay", by such links. */
  readonly underlay?: LinkOptions;
  /** Sees frames as they leave their hosts, lost later or not; their timestampNs is the fabric's time. */
  readonly tap?: Tap;
  /** Nanoseconds since the Unix epoch at the fabric's time 0; 0 by default. */
  readonly startNs?: bigint;
}

/** Where everything is. */
export interface FabricCensus {
  readonly hosts: readonly (Census & { readonly host: string })[];
  /** Of all links together. */
  readonly links: Readonly<WayCounters>;
  /** Every mbuf of every engine is in one place, and every way has lost as many frames as it says. */
  readonly holds: boolean;
}

/** Makes a fabric. Throws ConfigError for a seed out of its bounds, for hosts of one name, for a bad option of a link. */
export function createFabric(options: FabricOptions): Fabric {
  const fabric = new Fabric(options);
  for (const host of options.hosts ?? []) fabric.addHost(host);
  const underlay = options.underlay && fabric.addNetwork("underlay", options.underlay);
  for (const { name } of options.hosts ?? []) underlay?.attach(name);
  return fabric;
}

export class Fabric {
  readonly #world: World;
  readonly #stations = new Map<string, Station>();
  readonly #links = new Set<Link>();
  /** By each of their uplinks' names. */
  readonly #linksByEnd = new Map<string, Link>();
  readonly #networks: Network[] = [];
  readonly #directories: DirectoryLink[] = [];
  readonly #partitions = new Partitions();
  readonly #stationHome: StationHome;
  readonly #networkHome: NetworkHome;
  readonly #faultHome: FaultHome;

  /** @internal Made by createFabric. */
  constructor({ seed, tap, startNs = 0n }: FabricOptions) {
    const world = new World(seed);
    this.#world = world;
    world.random("fabric"); // refuses a bad seed
    const isParted = (a: string, b: string) => this.#partitions.isParted(a, b);
    this.#stationHome = { world, tap, startNs, isParted };
    const station = (host: string) => this.#station(host);
    this.#networkHome = { world, station, join: (host, uplink, make) => this.#join([{ station: host, uplink }], make) };
    const part = (sides: readonly (readonly string[])[]) => this.#partitions.add(sides);
    const [hosts, links] = [this.#stations, this.#linksByEnd];
    this.#faultHome = {
      ...{ directories: this.#directories, link: (name) => this.link(name), part },
      get hostNames() {
        return [...hosts.keys()];
      },
      get linkNames() {
        return [...links.keys()];
      },
    };
  }

  get seed(): number {
    return this.#world.seed;
  }

  get nowMs(): number {
    return this.#world.clock.nowMs;
  }

  get hosts(): readonly FabricHost[] {
    return [...this.#stations.values()].map(({ host }) => host);
  }

  get links(): readonly Link[] {
    return [...this.#links];
  }

  get networks(): readonly Network[] {
    return this.#networks;
  }

  /** 16 hexadecimal digits that depend on every frame, its bytes, time and fate, on every message to a directory and on every fault. */
  get digest(): string {
    return this.#world.digest.hex;
  }

  /** Nothing is on its way and no fault is to come; hosts may still have timers. */
  get isQuiet(): boolean {
    return this.#world.moving === 0;
  }

  /** Frames that arrived at a host whose port did not take them, though the host had worked. */
  get refused(): number {
    return [...this.#stations.values()].reduce((count, station) => count + station.refused, 0);
  }

  /** A stream of random numbers of this seed; the same for the same name, and no other's. */
  random(name: string): Random {
    return this.#world.random(`user/${name}`);
  }

  /** Throws ConfigError when the name is taken. */
  addHost(host: FabricHost): void {
    if (this.#stations.has(host.name)) throw new ConfigError("host", host.name, "a name that no other host has");
    this.#stations.set(host.name, new Station(this.#stationHome, host));
  }

  /** A network that uplinks can be attached to; options are those of its links. */
  addNetwork(name: string, options: LinkOptions = {}): Network {
    if (this.#networks.some((other) => other.name === name)) {
      throw new ConfigError("network", name, "a name that no other network has");
    }
    const network = new Network(this.#networkHome, name, options);
    this.#networks.push(network);
    return network;
  }

  /** A cable between two uplinks, each "host.uplink". It goes by either name. */
  cable(a: string, b: string, options: LinkOptions = {}): Link {
    const [first, second] = [this.#uplink("a", a), this.#uplink("b", b)];
    if (a === b) throw new ConfigError("b", b, "another uplink than a");
    return this.#join([first, second], (name) => {
      const ends = [first.station.addEnd(first.uplink), second.station.addEnd(second.uplink)] as const;
      const link = new Link(this.#world, name, ends, options);
      ends[0].way = link.forth;
      ends[1].way = link.back;
      return link;
    });
  }

  /** The hosts' way to a directory. */
  addDirectory(options: DirectoryLinkOptions = {}): DirectoryLink {
    const name = `directory/${this.#directories.length}`;
    const directory = new DirectoryLink(this.#world, name, options, (host) => this.#stations.get(host)?.wake());
    this.#directories.push(directory);
    return directory;
  }

  /** The link of an uplink, "host.uplink". Throws ConfigError where there is none. */
  link(name: string): Link {
    const link = this.#linksByEnd.get(name);
    if (!link) throw new ConfigError("link", name, `one of ${[...this.#linksByEnd.keys()].join(", ")}`);
    return link;
  }

  /** Has something done at a time; all hosts work afterwards. What is past is done now. */
  at(ms: number, action: () => void): void {
    this.#world.move(toNs("ms", ms), () => {
      action();
      this.#wakeAll();
    });
  }

  /** Has faults happen, each at its time. Throws ConfigError, before any has been taken, for one that cannot be. */
  play(faults: readonly Fault[]): void {
    checkFaults(this.#faultHome, faults);
    for (const [i, fault] of faults.entries()) {
      const atNs = Math.max(toNs("atMs", fault.atMs), this.#world.clock.nowNs);
      this.#world.move(atNs, () => {
        this.#world.note(i, NOTE_BEGIN, 0);
        const end = begin(this.#faultHome, fault);
        if (fault.forMs === undefined) return;
        this.#world.move(atNs + toNs("forMs", fault.forMs), () => {
          this.#world.note(i, NOTE_END, 0);
          end();
        });
      });
    }
  }

  /** Lets time pass until untilMs, or for forMs. All hosts work at the beginning. */
  run(how: { readonly untilMs: number } | { readonly forMs: number }): void {
    const untilMs = "untilMs" in how ? how.untilMs : this.nowMs + how.forMs;
    this.#advance(toNs("untilMs", untilMs), () => false);
  }

  /** Lets time pass until the predicate is true, at most limitMs from now; returns whether it is. It is asked whenever time is about to pass. */
  runUntil(predicate: () => boolean, limitMs: number): boolean {
    return this.#advance(toNs("limitMs", this.nowMs + limitMs), predicate);
  }

  /** Lets time pass until the fabric is quiet, at most limitMs from now; returns whether it is. */
  settle(limitMs: number): boolean {
    return this.runUntil(() => this.isQuiet, limitMs);
  }

  census(): FabricCensus {
    const hosts = this.hosts.map(({ name, engine }) => ({ host: name, ...engine.census() }));
    const ways = this.links.flatMap(({ forth, back }) => [forth.counters, back.counters]);
    const holds = hosts.every((census) => census.holds) && ways.every((counters) => imbalance(counters) === 0);
    return { hosts, links: sum(ways), holds };
  }

  #advance(untilNs: number, isEnough: () => boolean): boolean {
    const { clock } = this.#world;
    this.#wakeAll();
    for (;;) {
      const nextNs = clock.nextNs ?? Number.POSITIVE_INFINITY;
      if (nextNs > clock.nowNs && isEnough()) return true;
      if (nextNs > untilNs) break;
      clock.advance();
    }
    clock.skipTo(untilNs);
    return isEnough();
  }

  #wakeAll(): void {
    for (const station of this.#stations.values()) station.wake();
  }

  #station(host: string): Station {
    const station = this.#stations.get(host);
    if (!station) throw new ConfigError("host", host, `one of ${[...this.#stations.keys()].join(", ")}`);
    return station;
  }

  #uplink(argument: string, name: string): { station: Station; uplink: Port } {
    for (const station of this.#stations.values()) {
      const uplink = station.host.uplinks.find((port) => nameOf(station, port) === name);
      if (uplink) return { station, uplink };
    }
    throw new ConfigError(argument, name, "host.uplink of a host of this fabric");
  }

  #join(ends: readonly { station: Station; uplink: Port }[], make: (name: string) => Link): Link {
    const names = ends.map(({ station, uplink }) => nameOf(station, uplink));
    const taken = names.find((name) => this.#linksByEnd.has(name));
    if (taken !== undefined) throw new ConfigError("uplink", taken, "an uplink without a link");
    const link = make(names[0] as string);
    this.#links.add(link);
    for (const name of names) this.#linksByEnd.set(name, link);
    return link;
  }
}

/** What the digest knows faults by. */
const NOTE_BEGIN = 21;
const NOTE_END = 22;

function nameOf({ host }: Station, uplink: Port): string {
  return `${host.name}.${uplink.name}`;
}
