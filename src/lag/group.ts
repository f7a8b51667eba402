/**
 * Selective link aggregation (US20110103396A1): the ports of an engine that several partitions share, each with a set of its own.
 *
 *   const group = engine.addLagGroup({ ports: [a, b, c] });
 *   group.addPartition({ name: "web", vnic, macs: ["02:00:00:00:00:01"], members: [a, b] });
 *   group.addPartition({ name: "db", vnic: other, macs: ["02:00:00:00:00:02"], standalone: c });
 *
 * Engine.poll moves the frames. What changes comes in by calls with the time (link, tick, setPorts), and what follows from it is
 * returned as events: nothing here has a clock of its own. Times are milliseconds of any clock that runs forward, such as
 * performance.now(); one that steps back stands still, and what is no number is refused by ConfigError.
 */
import {
  BURST_MAX,
  GROUP_F_SWITCH,
  GROUP_LEARNERS,
  GROUP_TUNNEL_COUNT,
  GROUP_TUNNELS,
  IDENTITY_TICK,
  PARTITION_LEARNED,
} from "../../assembly/layout.js";
import type { FrameOwner } from "../buffer/frame.js";
import type { Port } from "../buffer/port.js";
import { checkBoolean } from "../check.js";
import { ConfigError } from "../errors.js";
import type { FlowHasher } from "../hash/hasher.js";
import { Addresses } from "./addresses.js";
import { type Conversations, checkConversation, checkPlace } from "./admission.js";
import { type CarriedPartition, carriedOf, checkCarried, resumeCarried } from "./carried.js";
import { Distribution } from "./distribution.js";
import type { LagEvent } from "./events.js";
import type { Flow } from "./flow.js";
import { type GroupRecord, makeGroupRecord } from "./group-record.js";
import type { LacpPortReport } from "./lacp/report.js";
import { LearnedAddresses } from "./learned.js";
import {
  type GroupSettings,
  type LagGroupOptions,
  type PartitionOptions,
  type PortSetOptions,
  portSet,
} from "./options.js";
import { Partition } from "./partition.js";
import { PartitionRecord, partitionStride } from "./partition-record.js";
import { Oracle, type Prediction } from "./predict.js";
import type { LagLimits } from "./sizes.js";
import { makeLacp } from "./slow.js";

/** What a group needs of its engine. */
export interface LagHome {
  readonly owner: FrameOwner;
  readonly limits: LagLimits;
  /** Ports that the engine may have. */
  readonly enginePorts: number;
  /** Chooses how addresses are hashed. */
  readonly seed: bigint;
  /** Throws ConfigError for a port of another engine or with another reader, and for a tunnel of another engine. */
  checkPort(argument: string, port: Port): void;
  checkTunnel(tunnel: NonNullable<PartitionOptions["tunnel"]>): void;
  /** Where the engine's tunnels lie. */
  readonly tunnelTable: number;
}

export class LagGroup {
  readonly ports: readonly Port[];
  /** How frames are hashed. */
  readonly hasher: FlowHasher;
  /** @internal */
  readonly record: GroupRecord;
  readonly #home: LagHome;
  readonly #settings: GroupSettings;
  readonly #network: Port | undefined;
  readonly #conversations: Conversations;
  readonly #addresses: Addresses;
  readonly #learned: LearnedAddresses;
  readonly #distribution: Distribution;
  readonly #oracle: Oracle;
  readonly #partitions = new Map<string, Partition>();
  /** Records that no partition uses. */
  readonly #idle: PartitionRecord[];

  /** @internal Made by Engine.addLagGroup. */
  constructor(home: LagHome, hasher: FlowHasher, options: LagGroupOptions, settings: GroupSettings) {
    const { owner, limits } = home;
    // Whatever can be refused, before memory is taken: there is no giving it back.
    const lacp = options.lacp && makeLacp(options.lacp, options.ports.length, owner.pool.shape.payloadBytes);
    this.#home = home;
    this.#settings = settings;
    this.#network = options.network;
    this.#conversations = options.lacp?.conversations ?? false;
    this.ports = [...options.ports];
    this.hasher = hasher;
    this.record = makeGroupRecord(owner, limits, home.enginePorts, {
      ports: options.ports.map(({ record }) => record.ptr),
      flags: settings.role === "switch" ? GROUP_F_SWITCH : 0,
      network: options.network?.record.ptr ?? 0,
      hash: hasher.ptr,
      mask: settings.selection === "buckets" ? settings.buckets - 1 : 0,
    });
    const stride = partitionStride(limits.buckets);
    const recordAt = (i: number) => new PartitionRecord(owner.arena, this.record.partitions + i * stride, stride);
    this.#idle = Array.from({ length: limits.partitions }, (_, i) => recordAt(limits.partitions - 1 - i));
    const forgotten = () => {
      for (const { record } of this.partitions) owner.arena.u32[(record.ptr + PARTITION_LEARNED) >> 2] = 0;
    };
    this.#addresses = new Addresses(owner.kernels, this.record, limits.addresses, home.seed, forgotten);
    this.#learned = new LearnedAddresses(owner, this.record);
    this.#oracle = new Oracle(owner, this.record, hasher, this.ports);
    this.#distribution = new Distribution(owner, this.record, options, settings, lacp, () => this.partitions);
  }

  get partitions(): readonly Partition[] {
    return [...this.#partitions.values()];
  }

  get role(): "host" | "switch" {
    return this.#settings.role;
  }

  /** Buckets that were moved although something of them was still in flight: their move took too long. */
  get forcedMoves(): number {
    return this.#distribution.forced;
  }

  /** When tick has something to do; undefined when nothing runs. */
  get nextMs(): number | undefined {
    return this.#distribution.nextMs;
  }

  /** A port as LACP sees it; undefined without LACP. Throws ConfigError for a port that is not the group's. */
  lacp(port: Port): LacpPortReport | undefined {
    return this.#distribution.slow.report(this.#number(port));
  }

  /**
   * Where a flow of a partition goes now, and why. What the flow leaves out is made up. Throws ConfigError for what is no flow, and for
   * ports taken in turn.
   */
  predict(partition: Partition, flow: Partial<Flow>): Prediction {
    this.#checkPartition(partition);
    return this.#oracle.predict(partition, flow);
  }

  /**
   * A flow of a partition that goes to the port now, with everything that `fixed` says; undefined when what is fixed leaves the policy
   * nothing to tell flows apart by, or the port is not usable. Throws ConfigError for what is no flow, for ports taken in turn, and for a
   * port that is not the group's.
   */
  flowFor(partition: Partition, port: Port, fixed: Partial<Flow> = {}): Prediction | undefined {
    this.#checkPartition(partition);
    this.#number(port);
    return this.#oracle.flowFor(partition, port, fixed);
  }

  /** Adds a partition. Throws ConfigError, and nothing has changed, for a bad option. */
  addPartition(options: PartitionOptions, nowMs = 0): Partition {
    this.#home.owner.checkOpen();
    this.#advance(nowMs);
    const { name, vnic, tunnel } = options;
    if (this.#partitions.has(name)) throw new ConfigError("name", name, "a name that no partition of this group has");
    const record = this.#idle.at(-1);
    if (!record)
      throw new ConfigError("partitions", this.#partitions.size + 1, `at most ${this.#home.limits.partitions}`);
    if (vnic && this.#owns(vnic)) throw new ConfigError("vnic", vnic.name, "a port that no other partition has");
    checkPlace(this, this.#home, vnic, tunnel);
    const set = portSet(options, this.ports, this.#settings.selection);
    const home = { ports: this.ports, setPorts: this.#setPorts.bind(this), remove: this.#remove.bind(this) };
    const partition = new Partition(home, record, options, set, this.#settings.selection);
    this.#addresses.check(partition);
    checkConversation(this.#conversations, partition, set, this.partitions);
    this.#idle.pop();
    this.#partitions.set(name, partition);
    partition.start(this.#settings.selection === "buckets" ? this.#settings.buckets : 1);
    for (const key of partition.keys) this.#addresses.add(key, record.ptr);
    this.#setOwner(partition, record.ptr);
    this.#countLearners();
    this.#distribution.joinedOrLeft(partition);
    return partition;
  }

  /** What a partition of this group is, for another group to go on with. Throws ConfigError for one that was removed. */
  carried(partition: Partition, nowMs: number): CarriedPartition {
    this.#checkPartition(partition);
    return carriedOf(partition, this.ports, this.#learned.of(partition), nowMs);
  }

  /**
   * What another group's partition was: returns what makes this one go on there, and cannot fail. Buckets of ports that are down here are given
   * to others as this group does it. Throws ConfigError, and nothing has changed, for what this group or its partition cannot be.
   */
  prepareCarried(partition: Partition, carried: CarriedPartition): (nowMs: number) => void {
    this.#checkPartition(partition);
    const set = checkCarried(partition, this.ports, carried);
    checkConversation(this.#conversations, partition, set, this.partitions);
    this.#learned.check(partition, carried.learned);
    return (nowMs) => {
      this.#advance(nowMs);
      resumeCarried(partition, set, carried, nowMs);
      this.#learned.add(partition, carried.learned);
      this.#distribution.setResumed(partition);
    };
  }

  /** A driver says that a port's link is up or down. Throws ConfigError for a port that is not the group's. */
  link(port: Port, up: boolean, nowMs: number): LagEvent[] {
    this.#home.owner.checkOpen();
    const number = this.#number(port);
    checkBoolean("up", up);
    this.#advance(nowMs);
    return this.#distribution.link(number, up);
  }

  /** Whether a port's link is up, as its driver has said. Throws ConfigError for a port that is not the group's. */
  isUp(port: Port): boolean {
    return this.#distribution.isUp(this.#number(port));
  }

  /**
   * Time has passed: reads what peers said, forgets addresses, preempts, rebalances, forces moves that take too long. To be called
   * at nextMs, and soon after something has arrived.
   */
  tick(nowMs: number): LagEvent[] {
    this.#home.owner.checkOpen();
    this.#advance(nowMs);
    this.#home.owner.kernels.identityAge(this.record.identity, this.#settings.learnedSeconds);
    return this.#distribution.tick();
  }

  /** @internal Moves a burst of each port's frames both ways; returns how many. */
  poll(): number {
    const { kernels } = this.#home.owner;
    const { ptr } = this.record;
    for (const port of this.ports) port.reap();
    this.settle();
    let moved = 0;
    if (this.#network) moved += kernels.lagSendBurst(ptr, this.#network.record.ptr, BURST_MAX);
    for (const { vnic } of this.#partitions.values()) {
      if (vnic) moved += kernels.lagSendBurst(ptr, vnic.record.ptr, BURST_MAX);
    }
    for (const { vnic } of this.#partitions.values()) vnic?.reap();
    this.#network?.reap();
    for (const i of this.ports.keys()) moved += kernels.lagReceiveBurst(ptr, i, BURST_MAX);
    return moved;
  }

  /** @internal Sends what its own protocols have to say, and moves buckets that can be; for who moves the frames. */
  settle(): void {
    this.#distribution.slow.flush();
    this.#distribution.settle();
  }

  /** @internal True for a port whose frames it reads. */
  reads(port: Port): boolean {
    const isItsOwn = port === this.#network || this.ports.includes(port);
    return isItsOwn || this.partitions.some(({ vnic }) => vnic === port);
  }

  /** @internal Marks the mbufs that wait here in a census round; returns how many. */
  census(): number {
    const { kernels, pool } = this.#home.owner;
    return kernels.censusRing(pool.ptr, this.record.hold) + kernels.censusRing(pool.ptr, this.record.control);
  }

  #owns(vnic: Port): boolean {
    return this.#home.owner.arena.u32[(this.record.owners >> 2) + vnic.index] !== 0;
  }

  /** What a partition that has gone had sent is nobody's now. */
  #dropUnread({ vnic }: Partition): void {
    if (!vnic) return;
    while (this.#home.owner.kernels.lagSendBurst(this.record.ptr, vnic.record.ptr, BURST_MAX) > 0);
  }

  /** Without a partition that learns no stranger need be asked about. */
  #countLearners(): void {
    const learners = this.partitions.filter(({ learnedMax }) => learnedMax > 0).length;
    this.#home.owner.arena.u32[(this.record.ptr + GROUP_LEARNERS) >> 2] = learners;
  }

  /** Says whose vnic a port is, and where its tunnel is. */
  #setOwner({ vnic, tunnel }: Partition, owner: number): void {
    const { u32 } = this.#home.owner.arena;
    if (vnic) u32[(this.record.owners >> 2) + vnic.index] = owner;
    if (!tunnel) return;
    const count = (this.record.ptr + GROUP_TUNNEL_COUNT) >> 2;
    u32[(this.record.ptr + GROUP_TUNNELS) >> 2] = this.#home.tunnelTable;
    u32[count] = Math.max(u32[count] as number, tunnel.index + 1);
  }

  #setPorts(partition: Partition, options: PortSetOptions, nowMs: number): LagEvent[] {
    this.#checkPartition(partition);
    const set = portSet(options, this.ports, this.#settings.selection);
    checkConversation(this.#conversations, partition, set, this.partitions);
    this.#advance(nowMs);
    partition.replaceSet(set);
    return this.#distribution.setChanged(partition);
  }

  #remove(partition: Partition): void {
    this.#home.owner.checkOpen();
    if (this.#partitions.get(partition.name) !== partition) return;
    this.#distribution.drop(partition);
    this.#setOwner(partition, 0);
    for (const key of partition.keys) this.#addresses.remove(key);
    this.#home.owner.kernels.identityForget(this.record.identity, partition.record.ptr);
    partition.retire();
    partition.record.clear();
    this.#partitions.delete(partition.name);
    this.#idle.push(partition.record);
    this.#countLearners();
    this.#dropUnread(partition);
    this.#distribution.joinedOrLeft(partition);
  }

  #checkPartition(partition: Partition): void {
    this.#home.owner.checkOpen();
    if (this.#partitions.get(partition?.name) !== partition) {
      throw new ConfigError("partition", partition?.name, "of this group, and not removed from it");
    }
  }

  /** Time goes on, for the data plane too. */
  #advance(nowMs: number): void {
    const { arena } = this.#home.owner;
    arena.u32[(this.record.identity + IDENTITY_TICK) >> 2] = Math.floor(this.#distribution.advance(nowMs) / 1000);
  }

  #number(port: Port): number {
    const number = this.ports.indexOf(port);
    if (number < 0)
      throw new ConfigError("port", port.name, `a port of the group: ${this.ports.map(({ name }) => name).join(", ")}`);
    return number;
  }
}
