/**
 * Measures the health of peers' TCP connections (assembly/health). Feed it every frame of both directions, each for the peer that sent
 * it: Burst.health does, and the data plane can for itself. Nothing is kept of a connection but what its next segments are held
 * against.
 *
 *   const monitor = engine.healthMonitor();
 *   const peer = monitor.open();
 *   burst.load(packets); burst.parse(); burst.health(monitor, packets.map(() => peer));
 *   monitor.window(peer).retransmissions;
 */
import * as layout from "../../../assembly/layout.js";
import type { FrameOwner } from "../../buffer/frame.js";
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";
import { tableBytes } from "../../table/shape.js";
import type { ConnectionHealth } from "./health.js";
import { type HealthLimits, healthTables } from "./sizes.js";
import { type HealthCounts, healthOf, readCounts } from "./window.js";

const TICK_MS = 1000;
const NOW_MS_MAX = 2 ** 44;
/** Buckets of each table that age looks at, unless told otherwise. */
const AGE_STEPS = 64;

/** How a monitor itself fares. */
export interface HealthMonitorCounters {
  /** Connections that are followed now. */
  readonly connections: number;
  /** Connections that were begun, and that went because they were quiet. */
  readonly made: number;
  readonly aged: number;
  /** Segments whose connection found no room: counted for their peers, but not held against anything. */
  readonly refused: number;
  /** TCP frames that say too little: fragments, and headers that a capture cut off. */
  readonly skipped: number;
  /** Holes beyond the four of a direction: what fills them counts as a retransmission. */
  readonly forgottenHoles: number;
}

/** What a monitor needs of its engine. */
type MonitorOwner = Pick<FrameOwner, "kernels" | "arena" | "checkOpen">;

export class HealthMonitor {
  /** @internal Address of the record, for kernels. */
  readonly ptr: number;
  readonly #owner: MonitorOwner;
  readonly #limits: HealthLimits;
  readonly #peers: number;
  /** What each open peer's counters were when its window began. */
  readonly #windows = new Map<number, HealthCounts>();
  /** Numbers of peers that were shut. */
  readonly #shut: number[] = [];
  /** Numbers that were ever given. */
  #given = 0;
  #nowMs = 0;

  /** @internal Made by Engine.healthMonitor: takes what planHealth planned. */
  constructor(owner: MonitorOwner, limits: HealthLimits) {
    const { arena, kernels } = owner;
    this.#owner = owner;
    this.#limits = limits;
    this.ptr = arena.take(layout.MONITOR_BYTES);
    const [flows4, flows6] = healthTables(limits).map((shape) => {
      const table = arena.take(layout.TABLE_BYTES);
      const buckets = arena.take(tableBytes(shape));
      kernels.tableInit(table, buckets, shape.buckets, shape.keyBytes, shape.capacity, limits.seed);
      return table;
    }) as [number, number];
    const connections = arena.take(limits.connections * layout.CONNECTION_BYTES);
    const free = arena.take(limits.connections * 4);
    for (let i = 0; i < limits.connections; i++) {
      arena.u32[(free >> 2) + i] = connections + (limits.connections - 1 - i) * layout.CONNECTION_BYTES;
    }
    this.#peers = arena.take(limits.peers * layout.HEALTH_BYTES);
    for (const [offset, value] of [
      [layout.MONITOR_FLOWS4, flows4],
      [layout.MONITOR_FLOWS6, flows6],
      [layout.MONITOR_FREE, free],
      [layout.MONITOR_FREE_COUNT, limits.connections],
      [layout.MONITOR_IDLE_TICKS, Math.ceil((limits.idleSeconds * 1000) / TICK_MS)],
    ] as const) {
      arena.u32[(this.ptr + offset) >> 2] = value;
    }
  }

  /** Peers that can still be opened. */
  get room(): number {
    return this.#limits.peers - this.#windows.size;
  }

  /** A new peer's number: nothing has been seen of it. Throws ConfigError when there are as many as planned. */
  open(): number {
    this.#owner.checkOpen();
    checkInteger("health.peers", this.#windows.size + 1, 1, this.#limits.peers);
    const peer = this.#shut.pop() ?? this.#given++;
    const at = this.#recordOf(peer);
    this.#owner.arena.u8.fill(0, at, at + layout.HEALTH_BYTES);
    this.#windows.set(peer, this.#read(peer));
    return peer;
  }

  /** Forgets a peer; its number may come again. Its connections are followed on, for nobody. Throws ConfigError for one that is not open. */
  shut(peer: number): void {
    this.address(peer);
    this.#windows.delete(peer);
    this.#shut.push(peer);
  }

  /** What was seen since the last call, or since open. Throws ConfigError for a peer that is not open. */
  window(peer: number): ConnectionHealth {
    const at = this.address(peer);
    const now = this.#read(peer);
    const health = healthOf(now, this.#windows.get(peer), now.windowLeastUs);
    this.#windows.set(peer, now);
    this.#owner.arena.u64[(at + layout.HEALTH_WINDOW_LEAST_US) >> 3] = 0n;
    return health;
  }

  /** What was seen since open. Throws ConfigError for a peer that is not open. */
  totals(peer: number): ConnectionHealth {
    this.address(peer);
    const now = this.#read(peer);
    return healthOf(now, undefined, now.leastUs);
  }

  /**
   * Tells what time it is, in milliseconds of any clock: the time of frames that carry none. Looks at so many buckets of either table for
   * connections that have been quiet too long, and goes on there the next time; returns how many went.
   */
  age(nowMs: number, steps = AGE_STEPS): number {
    this.#owner.checkOpen();
    if (!(nowMs >= 0 && nowMs <= NOW_MS_MAX)) throw new ConfigError("nowMs", nowMs, `a number from 0 to ${NOW_MS_MAX}`);
    checkInteger("steps", steps, 0, 2 ** 24);
    const { arena, kernels } = this.#owner;
    // A clock that steps back stands still: what was quiet for less than nothing would be quiet for long.
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    const whole = Math.floor(this.#nowMs);
    const nowNs = BigInt(whole) * 1_000_000n + BigInt(Math.floor((this.#nowMs - whole) * 1e6));
    arena.u64[(this.ptr + layout.MONITOR_NOW_NS) >> 3] = nowNs;
    arena.u32[(this.ptr + layout.MONITOR_TICK) >> 2] = Math.floor(this.#nowMs / TICK_MS);
    return kernels.healthAge(this.ptr, steps);
  }

  get counters(): HealthMonitorCounters {
    this.#owner.checkOpen();
    const { u32, u64 } = this.#owner.arena;
    const count = (offset: number) => Number(u64[(this.ptr + offset) >> 3]);
    return {
      connections: this.#limits.connections - (u32[(this.ptr + layout.MONITOR_FREE_COUNT) >> 2] as number),
      made: count(layout.MONITOR_MADE),
      aged: count(layout.MONITOR_AGED),
      refused: count(layout.MONITOR_REFUSED),
      skipped: count(layout.MONITOR_SKIPPED),
      forgottenHoles: count(layout.MONITOR_FORGOTTEN),
    };
  }

  /** @internal Address of an open peer's health record, for kernels. Throws ConfigError. */
  address(peer: number): number {
    this.#owner.checkOpen();
    if (!this.#windows.has(peer)) throw new ConfigError("peer", peer, "one that is open");
    return this.#recordOf(peer);
  }

  /** @internal True when the monitor is this engine's. */
  belongsTo(owner: MonitorOwner): boolean {
    return this.#owner === owner;
  }

  #recordOf(peer: number): number {
    return this.#peers + peer * layout.HEALTH_BYTES;
  }

  #read(peer: number): HealthCounts {
    return readCounts(this.#owner.arena, this.#recordOf(peer));
  }
}
