/**
 * Which ports carry which partition's traffic: link states, LACP and each set's policy come in, buckets go to their owners. The clock
 * is an argument throughout.
 */
import {
  PARTITION_F_ACCEPT_OUTSIDE,
  PARTITION_F_FLOOD_ANY,
  PARTITION_F_LEARN,
  PARTITION_F_MEASURE,
} from "../../assembly/layout.js";
import type { FrameOwner } from "../buffer/frame.js";
import type { Port } from "../buffer/port.js";
import { earliest } from "../earliest.js";
import { ConfigError } from "../errors.js";
import { assignBuckets, NO_PORT, type WeightedPort } from "./buckets.js";
import type { LagEvent } from "./events.js";
import type { GroupRecord } from "./group-record.js";
import type { LacpAction } from "./lacp/action.js";
import type { LacpSystem } from "./lacp/system.js";
import { Moves } from "./moves.js";
import { type GroupSettings, type LagGroupOptions, weighted } from "./options.js";
import type { Partition } from "./partition.js";
import { conversationPorts, conversationsOf, distributingPorts, isAgreed } from "./partner.js";
import { keepUneven, Rebalancer } from "./rebalancer.js";
import { SlowProtocols } from "./slow.js";

export class Distribution {
  readonly #owner: FrameOwner;
  readonly #record: GroupRecord;
  readonly #ports: readonly Port[];
  readonly #settings: GroupSettings;
  readonly #rebalancer: Rebalancer | undefined;
  readonly #conversations: boolean;
  readonly #partitions: () => readonly Partition[];
  readonly #up: Set<number>;
  readonly #moves: Moves;
  readonly slow: SlowProtocols;
  #nowMs = 0;
  /** What happened in a call that returns no events. */
  readonly #unsaid: LagEvent[] = [];

  constructor(
    owner: FrameOwner,
    record: GroupRecord,
    options: LagGroupOptions,
    settings: GroupSettings,
    lacp: LacpSystem | undefined,
    partitions: () => readonly Partition[],
  ) {
    this.#owner = owner;
    this.#record = record;
    this.#ports = options.ports;
    this.#settings = settings;
    this.#rebalancer = options.rebalance && new Rebalancer(options.rebalance);
    this.#conversations = (options.lacp?.conversations ?? false) !== false;
    this.#partitions = partitions;
    this.#moves = new Moves(settings.order, settings.moveTimeoutMs);
    this.slow = new SlowProtocols(owner, record, options.ports, lacp);
    // With LACP nothing is sent before a partner agrees, and that needs a link that a driver says is up.
    this.#up = new Set(options.lacp ? [] : options.ports.keys());
  }

  /** Buckets whose move took too long, and that were moved all the same. */
  get forced(): number {
    return this.#moves.forced;
  }

  get nextMs(): number | undefined {
    const preemptions = this.#partitions().map(({ preemptAtMs }) => preemptAtMs);
    return earliest([...preemptions, this.#rebalancer?.nextMs, this.#moves.nextMs, this.slow.nextMs]);
  }

  /** Moves the clock on; one that steps back stands still. Throws ConfigError for no time. */
  advance(nowMs: number): number {
    if (!Number.isFinite(nowMs)) throw new ConfigError("nowMs", nowMs, "a finite number of milliseconds");
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    return this.#nowMs;
  }

  /** A link of the group is up, or down. */
  link(port: number, up: boolean): LagEvent[] {
    if (up) this.#up.add(port);
    else this.#up.delete(port);
    if (!up) this.#moves.abandon(port);
    return [...this.#said(), ...this.#heard(this.slow.link(port, up, this.#nowMs)), ...this.#refresh()];
  }

  tick(): LagEvent[] {
    const nowMs = this.#nowMs;
    const actions = this.slow.tick(nowMs);
    const events = [...this.#said(), ...this.#heard(actions)];
    this.#moves.tick(nowMs);
    // What the partner has said may be for all; otherwise only what was waited for can have changed.
    const isDue = ({ preemptAtMs }: Partition) => preemptAtMs !== undefined && preemptAtMs <= nowMs;
    events.push(...this.#refresh(actions.length > 0 ? undefined : this.#partitions().filter(isDue)));
    events.push(...this.#rebalance(nowMs));
    return events;
  }

  /** A partition has another set. */
  setChanged(partition: Partition): LagEvent[] {
    return [...this.#said(), ...this.#partitionsChanged([partition])];
  }

  /** A partition goes on where it was elsewhere; what follows from that here is said later. */
  setResumed(partition: Partition): void {
    this.#unsaid.push(...this.#partitionsChanged([partition]));
  }

  /** A partition has come, or has gone; what else happens by that is said later. */
  joinedOrLeft(partition: Partition): void {
    const { name } = partition;
    const some = this.#partitions().includes(partition) ? [partition] : [];
    const others = this.#partitionsChanged(some).filter((event) => event.type !== "active" || event.partition !== name);
    this.#unsaid.push(...others);
  }

  /** What has changed for some partitions changes nothing for others, unless the partner is told of it or has said something. */
  #partitionsChanged(some: readonly Partition[]): LagEvent[] {
    const actions = this.slow.tick(this.#nowMs);
    if (this.#conversations)
      actions.push(...this.slow.setConversations(conversationsOf(this.#partitions()), this.#nowMs));
    const heard = this.#heard(actions);
    const isTheirs = actions.length === 0 && !this.#conversations;
    return [...heard, ...this.#refresh(isTheirs ? some : this.#partitions())];
  }

  #said(): LagEvent[] {
    return this.#unsaid.splice(0);
  }

  /** Whether a port's link is up, as its driver has said. */
  isUp(port: number): boolean {
    return this.#up.has(port);
  }

  /** Has the partitions' buckets follow what is usable now. */
  #refresh(some = this.#partitions()): LagEvent[] {
    const nowMs = this.#nowMs;
    const events: LagEvent[] = [];
    for (const partition of some) {
      const before = partition.activePorts;
      const active = partition.update(this.#usable(partition), nowMs);
      this.#writeFlags(partition);
      const members = this.#members(partition, active.ports);
      partition.record.live = members.reduce((bits, { port }) => bits | (1 << port), 0) >>> 0;
      const buckets = this.#assign(partition, members, nowMs);
      const ports = partition.activePorts.map(({ name }) => name);
      const isNew = ports.length !== before.length || before.some(({ name }, i) => ports[i] !== name);
      if (!isNew && buckets === 0) continue;
      events.push({
        type: "active",
        partition: partition.name,
        using: active.state.using,
        ports,
        reason: active.reason,
        buckets,
      });
    }
    this.#sendMarkers();
    this.settle();
    return events;
  }

  /** Lets buckets settle whose frames have left. */
  settle(): void {
    if (this.#moves.unsettled) this.#moves.unsettled = this.#owner.kernels.lagSettle(this.#record.ptr) > 0;
  }

  /** A partition goes: what is held for it is dropped, counted. */
  drop({ record }: Partition): void {
    this.#moves.forget(record);
    for (let bucket = 0; bucket < record.buckets; bucket++) {
      if (record.place(bucket).next !== undefined) record.move(bucket, NO_PORT, "forced");
    }
    this.#owner.kernels.lagSettle(this.#record.ptr);
  }

  /** Ports that could carry a partition's traffic: members by LACP where it is spoken, a link of its own by its state alone. */
  #usable({ set }: Partition): ReadonlySet<number> {
    return set.isStandalone || !this.slow.speaksLacp ? this.#up : distributingPorts(this.slow, set);
  }

  /** The active ports with their weights; the one that the conversation takes, where the partner distributes by it, too. */
  #members({ set, conversation }: Partition, active: readonly number[]): WeightedPort[] {
    const agreed = set.isStandalone ? [] : conversationPorts(this.slow, conversation, active);
    return weighted(set, agreed.length > 0 ? agreed : active);
  }

  /** Gives the buckets to the members; returns how many go elsewhere. */
  #assign(partition: Partition, members: readonly WeightedPort[], nowMs: number): number {
    const { record, assigned } = partition;
    const weightOf = new Map(assigned.map(({ port, weight }) => [port, weight]));
    const isSame =
      members.length === assigned.length && members.every(({ port, weight }) => weightOf.get(port) === weight);
    if (isSame && members.length > 0) return 0;
    partition.assigned = members;
    const before = record.destinations();
    if (this.#settings.selection !== "buckets") {
      const ports = members.map(({ port }) => port).sort((a, b) => a - b);
      const after = Uint8Array.from(ports.length === 0 ? [NO_PORT] : ports);
      if (after.length === before.length && after.every((port, i) => port === before[i])) return 0;
      record.setOwners(after);
      return after.length;
    }
    const isReweighted = members.some(({ port, weight }) => (weightOf.get(port) ?? weight) !== weight);
    const keeps = this.#rebalancer && !isReweighted;
    const after = keeps ? keepUneven(before, members) : assignBuckets(before, members);
    return this.#moves.begin(record, after, (port) => this.#isSending(port), nowMs);
  }

  /** True for a port whose queue still drains: what waits there can be waited for. */
  #isSending(port: number): boolean {
    return port !== NO_PORT && this.#up.has(port);
  }

  #rebalance(nowMs: number): LagEvent[] {
    const windowMs = this.#rebalancer?.takeWindow(nowMs);
    if (!this.#rebalancer || windowMs === undefined) return [];
    const events: LagEvent[] = [];
    for (const partition of this.#partitions()) {
      const { record, set, name } = partition;
      const active = partition.activePorts.map((port) => this.#ports.indexOf(port));
      const after = record.destinations();
      for (const move of this.#rebalancer.round(partition, weighted(set, active), windowMs)) {
        after[move.bucket] = move.to;
        const [from, to] = [this.#nameOf(move.from), this.#nameOf(move.to)];
        events.push({ type: "rebalanced", partition: name, bucket: move.bucket, from, to, bytes: move.bytes });
      }
      this.#moves.begin(record, after, (port) => this.#isSending(port), nowMs);
    }
    this.#sendMarkers();
    this.settle();
    return events;
  }

  /** Where the peer would not answer a marker, what has left the queue has to do. */
  #sendMarkers(): void {
    for (const { port, transactionId } of this.#moves.markersDue()) {
      if (!this.slow.sendMarker(port, transactionId, this.#nowMs)) this.#moves.answered(port, transactionId);
    }
  }

  #heard(actions: readonly LacpAction[]): LagEvent[] {
    const events: LagEvent[] = [];
    for (const action of actions) {
      const port = this.#nameOf(action.port - 1);
      if (action.type === "marker-response") this.#moves.answered(action.port - 1, action.transactionId);
      if (action.type === "churn") events.push({ type: "churn", port, end: action.end, churning: action.churning });
      if (action.type === "state") {
        if (!action.distributing) this.#moves.abandon(action.port - 1);
        events.push({ type: "lacp", port, collecting: action.collecting, distributing: action.distributing });
      }
    }
    return events;
  }

  /** Policies that follow the partner: one that does not know of partitions sends where it likes. */
  #writeFlags({ record, outside, learnedMax, set }: Partition): void {
    const isUnaware = this.slow.speaksLacp && !isAgreed(this.slow, set.policy.primary);
    const accepts = outside === undefined ? isUnaware : outside === "accept";
    const { floods } = this.#settings;
    const takesAny = floods === undefined ? isUnaware : floods === "any";
    record.flags =
      (accepts ? PARTITION_F_ACCEPT_OUTSIDE : 0) |
      (takesAny ? PARTITION_F_FLOOD_ANY : 0) |
      (this.#rebalancer ? PARTITION_F_MEASURE : 0) |
      (learnedMax > 0 ? PARTITION_F_LEARN : 0);
  }

  #nameOf(port: number): string {
    return (this.#ports[port] as Port).name;
  }
}
