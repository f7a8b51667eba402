/**
 * The directory's state and its rules, without I/O, timers or a clock: its time is what `tick` said last. The embedded directory and the
 * simulator keep one; the NATS directory obeys the same rules by other means.
 *
 * An endpoint is in one object, which every key's map points to: (vni, mac), (vni, ip), (vni, partition) and GQPN find it in one step.
 * Maps are keyed by the record's own strings, so a million endpoints cost no text of their own.
 */
import { BlockAllocator } from "../gqp/allocator.js";
import type { Block } from "./directory.js";
import { add, best, type Holders, remove } from "./holders.js";
import {
  type DirectoryChange,
  type EndpointQuery,
  type EndpointRecord,
  type HostRecord,
  type HostState,
  type Resolution,
  sameEndpoint,
  sameHost,
  type WatchFilter,
} from "./records.js";

/** What came of a claim. Refused: the generation that has to be exceeded, and who has it, unless it was withdrawn. */
export type Outcome =
  | { readonly accepted: true; readonly sequence: number; readonly changes: readonly DirectoryChange[] }
  | { readonly accepted: false; readonly generation: number; readonly winner: EndpointRecord | undefined };

export interface StoreOptions {
  /** How long a released block rests. */
  readonly quarantineMs?: number;
  /** How long a withdrawn endpoint's generation is remembered. */
  readonly withdrawnMs?: number;
}

export const QUARANTINE_MS = 300_000;
export const WITHDRAWN_MS = 600_000;

/** An endpoint and the number of the change that wrote it. */
interface Held {
  readonly endpoint: EndpointRecord;
  readonly sequence: number;
}

interface Network {
  readonly endpoints: Map<string, Held>;
  readonly ips: Map<string, Holders<Held>>;
  readonly partitions: Map<string, Holders<Held>>;
  /** How many endpoints a host has. */
  readonly hosts: Map<string, number>;
}

interface Host {
  record: HostRecord | undefined;
  /** Undefined: the host never took a lease. */
  leaseMs: number | undefined;
  expiryMs: number;
  alive: boolean;
}

export class DirectoryStore {
  readonly #quarantineMs: number;
  readonly #withdrawnMs: number;
  readonly #networks = new Map<number, Network>();
  readonly #gqpns = new Map<number, Held>();
  readonly #hosts = new Map<string, Host>();
  /** Generations of withdrawn endpoints, the oldest first. */
  readonly #withdrawn = new Map<string, { generation: number; untilMs: number }>();
  readonly #blocks = new BlockAllocator();
  #sequence = 0;
  #nowMs = 0;
  /** No lease ends before this. */
  #nextExpiryMs = Number.POSITIVE_INFINITY;
  #endpoints = 0;

  constructor({ quarantineMs = QUARANTINE_MS, withdrawnMs = WITHDRAWN_MS }: StoreOptions = {}) {
    this.#quarantineMs = quarantineMs;
    this.#withdrawnMs = withdrawnMs;
  }

  /** The number of the last change. */
  get sequence(): number {
    return this.#sequence;
  }

  /** How many endpoints there are. */
  get size(): number {
    return this.#endpoints;
  }

  /** No lease ends before this time; Infinity when there is none. */
  get nextExpiryMs(): number {
    return this.#nextExpiryMs;
  }

  publishHost(record: HostRecord): readonly DirectoryChange[] {
    const host = this.#hostOf(record.name);
    if (host.record !== undefined && sameHost(host.record, record)) return [];
    host.record = record;
    return [this.#hostChange(record, host.alive)];
  }

  host(name: string): HostState | undefined {
    const host = this.#hosts.get(name);
    return host?.record && { host: host.record, alive: host.alive };
  }

  publish(endpoint: EndpointRecord): Outcome {
    const { vni, mac, gqpn, generation } = endpoint;
    const held = this.#networks.get(vni)?.endpoints.get(mac);
    if (held !== undefined && sameEndpoint(held.endpoint, endpoint)) {
      return { accepted: true, sequence: held.sequence, changes: [] };
    }
    const owner = this.#gqpns.get(gqpn);
    const rival = owner === held ? undefined : owner;
    const known = held?.endpoint.generation ?? this.#withdrawn.get(identity(vni, mac))?.generation ?? -1;
    if (generation <= known) return { accepted: false, generation: known, winner: (held ?? rival)?.endpoint };
    if (rival !== undefined && generation <= rival.endpoint.generation) {
      return { accepted: false, generation: rival.endpoint.generation, winner: rival.endpoint };
    }

    const changes: DirectoryChange[] = [];
    if (rival !== undefined) changes.push(this.#withdraw(rival, rival.endpoint.generation));
    if (held !== undefined) this.#drop(held);
    this.#withdrawn.delete(identity(vni, mac));
    const sequence = ++this.#sequence;
    const placed = { endpoint, sequence };
    this.#place(placed);
    changes.push(this.#endpointChange(placed));
    return { accepted: true, sequence, changes };
  }

  withdraw(vni: number, mac: string, generation: number): Outcome {
    const held = this.#networks.get(vni)?.endpoints.get(mac);
    if (held !== undefined && held.endpoint.generation > generation) {
      return { accepted: false, generation: held.endpoint.generation, winner: held.endpoint };
    }
    if (held === undefined) {
      this.#remember(vni, mac, generation);
      return { accepted: true, sequence: this.#sequence, changes: [] };
    }
    const change = this.#withdraw(held, generation);
    return { accepted: true, sequence: change.sequence, changes: [change] };
  }

  resolve(query: EndpointQuery): Resolution | undefined {
    const held = this.#find(query);
    const host = held && this.#hosts.get(held.endpoint.host);
    if (held === undefined || host?.record === undefined) return undefined;
    return { endpoint: held.endpoint, host: host.record, alive: host.alive, sequence: held.sequence };
  }

  /** Hosts with endpoints of the network, by name. */
  members(vni: number): readonly HostState[] {
    const names = [...(this.#networks.get(vni)?.hosts.keys() ?? [])].sort();
    return names.map((name) => this.host(name)).filter((state) => state !== undefined);
  }

  /** True when the host has an endpoint in the network. */
  isMember(vni: number, host: string): boolean {
    return this.#networks.get(vni)?.hosts.has(host) ?? false;
  }

  /** Every endpoint that a watcher of the filter should know, as changes. */
  *snapshot(filter: WatchFilter): Generator<DirectoryChange> {
    const networks = filter === "all" ? this.#networks.keys() : [filter.vni];
    for (const vni of networks) {
      for (const held of this.#networks.get(vni)?.endpoints.values() ?? []) yield this.#endpointChange(held);
    }
  }

  /** The host's block; undefined when no size numbers in a row are free. */
  allocateBlock(host: string, size: number): Block | undefined {
    const first = this.#blocks.allocate(host, size, this.#nowMs);
    return first === undefined ? undefined : { first, size };
  }

  /** What is in the way, or undefined when the block was released. */
  releaseBlock(host: string, { first, size }: Block): "not-owned" | "published" | undefined {
    if (!this.#blocks.owns(host, first, size)) return "not-owned";
    for (let gqpn = first; gqpn < first + size; gqpn++) if (this.#gqpns.has(gqpn)) return "published";
    this.#blocks.release(host, first, size, this.#nowMs + this.#quarantineMs);
    return undefined;
  }

  /** The host is alive for leaseMs from the last tick. */
  lease(name: string, leaseMs: number): readonly DirectoryChange[] {
    const host = this.#hostOf(name);
    const revived = !host.alive;
    host.leaseMs = leaseMs;
    host.expiryMs = this.#nowMs + leaseMs;
    host.alive = true;
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, host.expiryMs);
    return revived && host.record !== undefined ? [this.#hostChange(host.record, true)] : [];
  }

  /** Whether the host has a lease. */
  leased(name: string): boolean {
    const host = this.#hosts.get(name);
    return host?.leaseMs !== undefined && host.alive;
  }

  /** False when the host has no lease. */
  renew(name: string): boolean {
    const host = this.#hosts.get(name);
    if (host?.leaseMs === undefined || !host.alive) return false;
    host.expiryMs = this.#nowMs + host.leaseMs;
    return true;
  }

  /** The time is nowMs: leases end, and what was withdrawn long ago is forgotten. Time does not go back. */
  tick(nowMs: number): readonly DirectoryChange[] {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    for (const [key, { untilMs }] of this.#withdrawn) {
      if (untilMs > this.#nowMs) break;
      this.#withdrawn.delete(key);
    }
    if (this.#nowMs < this.#nextExpiryMs) return [];
    const changes: DirectoryChange[] = [];
    this.#nextExpiryMs = Number.POSITIVE_INFINITY;
    for (const host of this.#hosts.values()) {
      if (host.leaseMs === undefined || !host.alive) continue;
      if (host.expiryMs > this.#nowMs) {
        this.#nextExpiryMs = Math.min(this.#nextExpiryMs, host.expiryMs);
        continue;
      }
      host.alive = false;
      if (host.record !== undefined) changes.push(this.#hostChange(host.record, false));
    }
    return changes;
  }

  #find(query: EndpointQuery): Held | undefined {
    if ("gqpn" in query) return this.#gqpns.get(query.gqpn);
    const network = this.#networks.get(query.vni);
    if ("mac" in query) return network?.endpoints.get(query.mac);
    return best("ip" in query ? network?.ips.get(query.ip) : network?.partitions.get(query.partition));
  }

  #place(held: Held): void {
    const { vni, mac, ips, partition, host, gqpn } = held.endpoint;
    const network = this.#networkOf(vni);
    network.endpoints.set(mac, held);
    for (const ip of ips) add(network.ips, ip, held);
    add(network.partitions, partition, held);
    network.hosts.set(host, (network.hosts.get(host) ?? 0) + 1);
    this.#gqpns.set(gqpn, held);
    this.#endpoints++;
  }

  #drop(held: Held): void {
    const { vni, mac, ips, partition, host, gqpn } = held.endpoint;
    const network = this.#networkOf(vni);
    network.endpoints.delete(mac);
    for (const ip of ips) remove(network.ips, ip, held);
    remove(network.partitions, partition, held);
    const left = (network.hosts.get(host) ?? 0) - 1;
    if (left > 0) network.hosts.set(host, left);
    else network.hosts.delete(host);
    this.#gqpns.delete(gqpn);
    this.#endpoints--;
    if (network.endpoints.size === 0) this.#networks.delete(vni);
  }

  #withdraw(held: Held, generation: number): DirectoryChange {
    const { vni, mac } = held.endpoint;
    this.#drop(held);
    this.#remember(vni, mac, generation);
    return { type: "withdrawn", sequence: ++this.#sequence, vni, mac, generation };
  }

  #remember(vni: number, mac: string, generation: number): void {
    const key = identity(vni, mac);
    const known = this.#withdrawn.get(key)?.generation ?? -1;
    this.#withdrawn.delete(key);
    const untilMs = this.#nowMs + this.#withdrawnMs;
    this.#withdrawn.set(key, { generation: Math.max(generation, known), untilMs });
  }

  #networkOf(vni: number): Network {
    let network = this.#networks.get(vni);
    if (network === undefined) {
      network = { endpoints: new Map(), ips: new Map(), partitions: new Map(), hosts: new Map() };
      this.#networks.set(vni, network);
    }
    return network;
  }

  #hostOf(name: string): Host {
    let host = this.#hosts.get(name);
    if (host === undefined) {
      host = { record: undefined, leaseMs: undefined, expiryMs: Number.POSITIVE_INFINITY, alive: true };
      this.#hosts.set(name, host);
    }
    return host;
  }

  #endpointChange({ endpoint, sequence }: Held): DirectoryChange {
    const host = this.#hosts.get(endpoint.host);
    return { type: "endpoint", sequence, endpoint, host: host?.record, alive: host?.alive ?? true };
  }

  #hostChange(host: HostRecord, alive: boolean): DirectoryChange {
    return { type: "host", sequence: ++this.#sequence, host, alive };
  }
}

function identity(vni: number, mac: string): string {
  return `${vni} ${mac}`;
}
