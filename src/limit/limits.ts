/**
 * The limits of an engine's mbufs: who may hold how many of them, raised and lowered by how well they are used (system 7).
 *
 *   const engine = await createEngine({ limits: {} });
 *   const limits = engine.addLimits({ wall: 3000 });
 *   limits.addPartition("web", [vnic], { floor: 64, preset: 256, ceiling: 2048 }, { floor: 8, preset: 32, ceiling: 512 });
 *   for (const event of limits.tick(nowMs)) …; // every few milliseconds, and after every burst when there is much to do
 *
 * What arrives on a partition's port, what is delivered there, and what an RDMA device sends by it, is charged to the partition or, with a
 * policy for peers, what is delivered to the peer that it comes from, until its buffers are back in the pool. Frames beyond the limit are dropped as mbuf-limit, counted at the port on
 * which they arrived and in their owner's report.
 */
import { PORT_OWNER } from "../../assembly/layout.js";
import type { FrameOwner } from "../buffer/frame.js";
import type { Port } from "../buffer/port.js";
import { checkInteger, checkOneOf } from "../check.js";
import { ConfigError } from "../errors.js";
import type { CarriedLimits } from "./controller/carried.js";
import { Limiter, SERIES_MAX } from "./controller/limiter.js";
import type { OwnerReport } from "./controller/report.js";
import type { SeriesPoint } from "./controller/series.js";
import type { LimitEvent } from "./event.js";
import type { HealthMonitor } from "./health/monitor.js";
import { Accounts, type OwnerTotals } from "./plane/accounts.js";
import { batchLimit } from "./plane/batch-limit.js";
import { Healths, needsHealth } from "./plane/healths.js";
import { LedgerRecord } from "./plane/ledger-record.js";
import { Peers } from "./plane/peers.js";
import type { LimitCapacity } from "./plane/sizes.js";
import type { LimitPolicy } from "./policy.js";

export interface LimitsOptions {
  /** Mbufs that all owners together may hold, at most the engine's; those, by default. */
  readonly wall?: number;
  /** What a limit counts: mbufs that an owner holds, or mbufs that Port.takeBurst hands up at once. "held" by default. */
  readonly reading?: "held" | "batch";
  /** Windows of each owner that are kept for plots; none by default. */
  readonly series?: number;
  /** A peer that sent nothing for so long, and holds nothing, loses its record: 30000 by default. */
  readonly peerIdleMs?: number;
}

/** The engine: what follows connections, where it was asked for, and which ports are its own. */
export interface LimitsHome {
  readonly monitor: HealthMonitor | undefined;
  /** Throws ConfigError for another engine's. */
  readonly checkPort: (port: Port) => void;
}

/** What is known of an owner, and what it was charged for and refused since it has its record. */
export interface LimitReport extends OwnerReport, OwnerTotals {}

export class Limits {
  readonly #arena: FrameOwner["arena"];
  readonly #checkOpen: () => void;
  readonly #checkPort: (port: Port) => void;
  readonly #accounts: Accounts;
  readonly #ledger: LedgerRecord;
  readonly #limiter: Limiter;
  readonly #healths: Healths;
  readonly #peers: Peers;
  readonly #reading: "held" | "batch";
  readonly #ports = new Map<Port, string>();

  /** @internal Made by Engine.addLimits. */
  constructor(owner: FrameOwner, capacity: LimitCapacity, options: LimitsOptions, { monitor, checkPort }: LimitsHome) {
    const { kernels, arena, pool } = owner;
    const { mbufs } = pool.shape;
    // All options before anything takes memory, which is there once.
    this.#reading = checkOneOf("reading", options.reading ?? "held", ["held", "batch"]);
    const series = checkInteger("series", options.series ?? 0, 0, SERIES_MAX);
    // A batch takes mbufs from nobody: there it is the batch that is shared.
    const wall = checkInteger("wall", options.wall ?? mbufs, 1, mbufs);
    const peerIdleMs = checkInteger("peerIdleMs", options.peerIdleMs ?? 30_000, 1, 2 ** 31 - 1);
    this.#arena = arena;
    this.#checkOpen = () => owner.checkOpen();
    this.#checkPort = checkPort;
    this.#accounts = new Accounts(kernels, arena, capacity.partitions + capacity.peers);
    this.#limiter = new Limiter(this.#accounts, { wall, reading: this.#reading, series });
    this.#ledger = new LedgerRecord({ kernels, arena, pool: pool.ptr, mbufs }, capacity, this.#accounts.dueRing);
    this.#healths = new Healths(this.#accounts, this.#ledger, monitor);
    this.#accounts.measure(this.#healths);
    const home = { accounts: this.#accounts, ledger: this.#ledger, limiter: this.#limiter, healths: this.#healths };
    this.#peers = new Peers(home, capacity.peers, peerIdleMs);
  }

  /** Mbufs that all owners together may hold. */
  get wall(): number {
    return this.#limiter.wall;
  }

  /** Mbufs that are set aside for owners: never more than the wall. */
  get committed(): number {
    return this.#limiter.committed;
  }

  /** When tick next has something to do, if no frame makes it earlier; undefined while nothing happens. */
  get nextTickMs(): number | undefined {
    return this.#limiter.nextTickMs;
  }

  /**
   * Charges what arrives on the ports, and what is delivered there, to a partition; with a policy for peers, what is delivered to the peer that
   * it comes from, by IP address. Throws ConfigError, and nothing changes, for a bad policy, a name or port that is taken, or a wall too small
   * for all floors.
   */
  addPartition(name: string, ports: readonly Port[], policy: LimitPolicy = {}, peerPolicy?: LimitPolicy): void {
    this.#checkOpen();
    for (const [i, port] of ports.entries()) this.#checkFree(`ports[${i}]`, port);
    if (peerPolicy && this.#reading === "batch") {
      throw new ConfigError("peerPolicy", "given", 'absent with reading "batch": a batch is handed to a port');
    }
    this.#healths.check(`partitions.${name}`, policy);
    this.#healths.check(`partitions.${name}.peers`, peerPolicy);
    const owner = this.#limiter.addPartition(name, policy, peerPolicy);
    if (needsHealth(policy) || needsHealth(peerPolicy)) this.#healths.follow(owner);
    this.#healths.open(owner, policy);
    if (peerPolicy) this.#peers.addPartition(name, owner, peerPolicy);
    for (const port of ports) this.#own(port, name, owner);
  }

  /** Another port of a partition. Throws ConfigError for one that is taken, or a partition that is not there. */
  addPort(partition: string, port: Port): void {
    this.#checkOpen();
    this.#checkFree("port", port);
    this.#own(port, partition, this.#limiter.report(partition).owner);
  }

  /** The port's frames are nobody's from now on; those that are charged already stay so. */
  removePort(port: Port): void {
    this.#checkOpen();
    if (this.#ports.has(port)) this.#disown(port);
  }

  /** Counts the partition's frames no more. What it still holds stays set aside until it is back. */
  removePartition(name: string): void {
    this.#checkOpen();
    this.#limiter.report(name); // throws for a name that there is not
    for (const [port, owner] of this.#ports) if (owner === name) this.#disown(port);
    this.#peers.removePartition(name);
    this.#limiter.remove(name);
  }

  /** The time is nowMs: closes windows, moves limits, gives records to peers and takes them from idle ones. Returns what has changed. */
  tick(nowMs: number): LimitEvent[] {
    this.at(nowMs);
    const now = this.#limiter.nowMs;
    this.#healths.tick(now);
    this.#peers.tick(now);
    return this.#limiter.tick(now);
  }

  /** The time is nowMs, for what is charged and added from now on; limits stay as they are. A time before the last one counts as that. */
  at(nowMs: number): void {
    this.#checkOpen();
    this.#limiter.at(nowMs);
    this.#ledger.setNow(this.#limiter.nowMs);
  }

  /** What is known of a partition's own record, or of a peer's. Throws ConfigError for one that is not there. */
  report(partition: string, peer?: string): LimitReport {
    return this.#withTotals(this.#limiter.report(partition, peer));
  }

  /** All owners, also removed ones that still hold mbufs. */
  reports(): LimitReport[] {
    return this.#limiter.reports().map((report) => this.#withTotals(report));
  }

  /** An owner's last windows, as many as LimitsOptions.series says. */
  series(partition: string, peer?: string): readonly SeriesPoint[] {
    return this.#limiter.series(partition, peer);
  }

  /** What is known of a partition and its peers, for another host's limits to go on with. Throws ConfigError for one that is not there. */
  carried(partition: string, nowMs: number): CarriedLimits {
    return this.#limiter.carried(partition, nowMs);
  }

  /**
   * Returns what makes a partition go on here as it was elsewhere, with its peers, and cannot fail. Throws ConfigError, and nothing has
   * changed, for other policies than the partition has here, and where there is no room for its peers and their floors.
   */
  prepareCarried(partition: string, carried: CarriedLimits): (nowMs: number) => void {
    this.#checkOpen();
    const fresh = this.#limiter.checkCarried(partition, carried);
    this.#peers.check(partition, fresh);
    return (nowMs) => {
      this.at(nowMs);
      for (const { peer, owner } of this.#limiter.resume(partition, carried, nowMs)) {
        this.#peers.adopt(partition, peer, owner, nowMs);
      }
    };
  }

  /** True for a partition that is charged here. */
  has(partition: string): boolean {
    return this.#limiter.has(partition);
  }

  #withTotals(report: OwnerReport): LimitReport {
    return { ...report, ...this.#accounts.totals(report.owner) };
  }

  #checkFree(argument: string, port: Port): void {
    this.#checkPort(port);
    const owner = this.#ports.get(port);
    if (owner !== undefined) throw new ConfigError(argument, port.name, `a port that ${owner} does not have`);
  }

  #own(port: Port, name: string, owner: number): void {
    this.#ports.set(port, name);
    if (this.#reading === "batch") port.limitBatch(batchLimit(this.#accounts, owner));
    else this.#setOwner(port, this.#accounts.record(owner));
  }

  #disown(port: Port): void {
    this.#ports.delete(port);
    port.limitBatch(undefined);
    this.#setOwner(port, 0);
  }

  #setOwner(port: Port, record: number): void {
    this.#arena.u32[(port.record.ptr + PORT_OWNER) >> 2] = record;
  }
}
