/** A partition of a group, as its owner sees it: who it is, which ports it may use, what was counted for it. */
import {
  COUNTER_FLOODED,
  COUNTER_HELD,
  COUNTER_LEARN_REFUSED,
  COUNTER_OUTSIDE_ACCEPTED,
  COUNTER_OUTSIDE_DROPPED,
  COUNTER_RECEIVED_BY,
  COUNTER_RECEIVED_BYTES,
  COUNTER_RECEIVED_FRAMES,
  COUNTER_SENT_BY,
  COUNTER_SENT_BYTES,
  COUNTER_SENT_FRAMES,
  MODE_BUCKETS,
  MODE_MODULO,
  MODE_TURN,
  NET_TUNNELS,
} from "../../assembly/layout.js";
import type { Port } from "../buffer/port.js";
import { checkInteger, checkOneOf } from "../check.js";
import { ConfigError } from "../errors.js";
import { parseMac } from "../overlay/address.js";
import type { Tunnel } from "../overlay/tunnel.js";
import { type Active, type ActiveState, activePorts, INITIAL } from "./active.js";
import { identityKey } from "./addresses.js";
import { NO_PORT, type WeightedPort } from "./buckets.js";
import type { LagEvent } from "./events.js";
import type { PartitionOptions, PortSet, PortSetOptions, Selection } from "./options.js";
import type { PartitionRecord } from "./partition-record.js";

const MODES = { buckets: MODE_BUCKETS, modulo: MODE_MODULO, turn: MODE_TURN } as const;
const LEARN_MAX = 65_535;

/** What a partition needs of its group. */
export interface PartitionHome {
  readonly ports: readonly Port[];
  /** Replaces the partition's set, now. */
  setPorts(partition: Partition, options: PortSetOptions, nowMs: number): LagEvent[];
  remove(partition: Partition): void;
}

/** Counts since the partition was added. Frames by port are in the order of the group's ports. */
export interface PartitionCounters {
  readonly sentFrames: number;
  readonly sentBytes: number;
  readonly receivedFrames: number;
  readonly receivedBytes: number;
  readonly sentByPort: readonly number[];
  readonly receivedByPort: readonly number[];
  /** Frames that arrived by a port outside the set. */
  readonly outsideAccepted: number;
  readonly outsideDropped: number;
  /** Frames that were held while their bucket moved. */
  readonly held: number;
  /** Copies of broadcasts and multicasts, in both directions. */
  readonly flooded: number;
  /** Addresses that were not learned: too many, no room, or somebody else's. */
  readonly learnRefused: number;
}

export class Partition {
  readonly name: string;
  readonly vnic: Port | undefined;
  readonly tunnel: Tunnel | undefined;
  /** 802.1Q VLAN, 0 for none. */
  readonly vlan: number;
  /** What LACP tells its frames by, where it tells; 0 for none. */
  readonly conversation: number;
  readonly macs: readonly string[];
  /** Addresses that may be learned from what it sends. */
  readonly learnedMax: number;
  /** @internal Keys of its addresses. */
  readonly keys: readonly bigint[];
  /** @internal */
  readonly record: PartitionRecord;
  /** @internal When its ports are to be asked again though nothing has happened. */
  preemptAtMs: number | undefined;
  /** @internal The members that its buckets were last given to. */
  assigned: readonly WeightedPort[] = [];
  /** @internal What was said about frames from outside the set. */
  readonly outside: "drop" | "accept" | undefined;
  readonly #home: PartitionHome;
  /** How its ports are chosen. */
  readonly selects: Selection;
  #set: PortSet;
  #state: ActiveState = INITIAL;
  #active: readonly number[] = [];
  /** What was counted, once it is no more. */
  #last: PartitionCounters | undefined;

  /** @internal Made by LagGroup.addPartition. */
  constructor(
    home: PartitionHome,
    record: PartitionRecord,
    options: PartitionOptions,
    set: PortSet,
    selection: Selection,
  ) {
    const { name, vnic, tunnel } = options;
    if (options.vlan !== undefined && tunnel)
      throw new ConfigError("vlan", options.vlan, "left out of a partition with a tunnel");
    this.#home = home;
    this.#set = set;
    this.selects = selection;
    this.name = name;
    this.vnic = vnic;
    this.tunnel = tunnel;
    this.vlan = options.vlan === undefined ? 0 : checkInteger("vlan", options.vlan, 1, 4094);
    this.conversation = checkInteger("conversation", options.conversation ?? this.vlan, 0, 4095);
    this.macs = checkList("macs", options.macs ?? []);
    this.keys = this.macs.map((mac, i) => identityKey(unicast(`macs[${i}]`, mac), this.net));
    this.record = record;
    this.outside = options.outside && checkOneOf("outside", options.outside, ["drop", "accept"]);
    this.learnedMax = checkInteger("learn", options.learn ?? 0, 0, LEARN_MAX);
  }

  /** @internal The network of its addresses, as the data plane numbers it. */
  get net(): number {
    return this.tunnel ? NET_TUNNELS + this.tunnel.index : this.vlan;
  }

  /** @internal */
  get set(): PortSet {
    return this.#set;
  }

  /** What each port of the group is to this partition. */
  get roles(): readonly ("member" | "backup" | "standalone" | "none")[] {
    const { policy, isStandalone } = this.#set;
    return this.#home.ports.map((_, i) => {
      if (policy.backup.includes(i)) return "backup";
      if (!policy.primary.includes(i)) return "none";
      return isStandalone ? "standalone" : "member";
    });
  }

  /** The ports that carry its traffic now. */
  get activePorts(): readonly Port[] {
    return this.#active.map((i) => this.#home.ports[i] as Port);
  }

  /** For each bucket the port that owns it, or will when it has moved; undefined where no port is usable. */
  get owners(): readonly (Port | undefined)[] {
    if (this.#last) return [];
    return [...this.record.destinations()].map((i) => (i === NO_PORT ? undefined : this.#home.ports[i]));
  }

  /** Buckets that move now. */
  get moving(): number {
    return this.#last ? 0 : this.record.moving;
  }

  get counters(): PartitionCounters {
    if (this.#last) return this.#last;
    const at = (index: number) => this.record.counter(index);
    const byPort = (first: number) => this.#home.ports.map((_, i) => at(first + i));
    return {
      sentFrames: at(COUNTER_SENT_FRAMES),
      sentBytes: at(COUNTER_SENT_BYTES),
      receivedFrames: at(COUNTER_RECEIVED_FRAMES),
      receivedBytes: at(COUNTER_RECEIVED_BYTES),
      sentByPort: byPort(COUNTER_SENT_BY),
      receivedByPort: byPort(COUNTER_RECEIVED_BY),
      outsideAccepted: at(COUNTER_OUTSIDE_ACCEPTED),
      outsideDropped: at(COUNTER_OUTSIDE_DROPPED),
      held: at(COUNTER_HELD),
      flooded: at(COUNTER_FLOODED),
      learnRefused: at(COUNTER_LEARN_REFUSED),
    };
  }

  /**
   * Gives the partition another set, under traffic: from now on no frame of it is posted on a port outside the set, and none is lost.
   * Throws ConfigError, and nothing has changed, for a bad set, and for a partition that was removed.
   */
  setPorts(options: PortSetOptions, nowMs: number): LagEvent[] {
    return this.#home.setPorts(this, options, nowMs);
  }

  /** Takes the partition out of its group; frames that are held for it go with it, counted. */
  remove(): void {
    this.#home.remove(this);
  }

  /** @internal Writes the partition's record, with so many buckets that are nobody's yet. */
  start(buckets: number): void {
    const { record, vnic, tunnel, net, learnedMax } = this;
    const mode = MODES[this.selects];
    record.init({ mode, vnic: vnic?.record.ptr ?? 0, tunnel: tunnel?.ptr ?? 0, net, learnedMax }, buckets);
    record.ports = this.#set.bits;
  }

  /** @internal What is used of its set, and since when that could be its members. */
  get using(): ActiveState {
    return this.#state;
  }

  /** @internal It goes on with what was used of its set elsewhere. */
  resume(state: ActiveState): void {
    this.#state = state;
  }

  /** @internal It is no more: its record is another's. */
  retire(): void {
    this.#last = this.counters;
    this.#active = [];
  }

  /** @internal Another set; what it means for the buckets is the group's to say. */
  replaceSet(set: PortSet): void {
    this.#set = set;
    this.record.ports = set.bits;
  }

  /** @internal Which ports carry its traffic, now that these are usable. */
  update(usable: ReadonlySet<number>, nowMs: number): Active {
    const active = activePorts(this.#set.policy, this.#state, usable, nowMs);
    this.#state = active.state;
    this.#active = active.ports;
    this.preemptAtMs = active.nextMs;
    return active;
  }
}

function checkList<T>(argument: string, list: readonly T[]): readonly T[] {
  if (!Array.isArray(list)) throw new ConfigError(argument, list, "a list");
  return list;
}

function unicast(key: string, text: string): Uint8Array {
  const mac = parseMac(key, text);
  if (((mac[0] as number) & 1) !== 0) throw new ConfigError(key, text, "the address of one station");
  return mac;
}
