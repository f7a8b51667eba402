/**
 * Order at the new host. A sender's frames that still come by way of the old host are older than those it sends to the new one; so these
 * wait here, until the old host has said that it has sent on what it kept and the way round has had time to run empty: settleMs after the
 * sender's first frame on the new way. Where the old host says nothing, because it is gone, waiting ends waitMaxMs after the VM has begun
 * to run.
 */
import type { Arrival } from "./message.js";

export interface GateOptions {
  /** The longest that the way by the old host takes beyond the direct one. */
  readonly settleMs: number;
  readonly waitMaxMs: number;
}

interface Waiting<F> {
  readonly sinceMs: number;
  readonly arrivals: Arrival<F>[];
}

export class Gate<F> {
  readonly #options: GateOptions;
  readonly #senders = new Map<string, Waiting<F>>();
  /** Senders whose frames pass. */
  readonly #open = new Set<string>();
  #liveMs: number | undefined;
  #flushedMs: number | undefined;
  #size = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Frames that wait. */
  get size(): number {
    return this.#size;
  }

  get nextMs(): number | undefined {
    let next: number | undefined;
    for (const { sinceMs } of this.#senders.values()) {
      const atMs = this.#opensAt(sinceMs);
      if (atMs !== undefined && (next === undefined || atMs < next)) next = atMs;
    }
    return next;
  }

  *frames(): Generator<F> {
    for (const { arrivals } of this.#senders.values()) for (const { frame } of arrivals) yield frame;
  }

  /** The VM runs here from now on. */
  live(nowMs: number): void {
    this.#liveMs ??= nowMs;
  }

  /** The old host has sent on what it kept. */
  flushed(nowMs: number): void {
    this.#flushedMs ??= nowMs;
  }

  /** Whether a sender's frames pass; those of senders who were never heard do too, once no old host is waited for any more. */
  isOpen(sender: string, nowMs: number): boolean {
    if (this.#open.has(sender)) return true;
    return !this.#senders.has(sender) && nowMs >= (this.#liveMs ?? Infinity) + this.#options.waitMaxMs;
  }

  /** Every sender's frames pass. */
  isPassing(nowMs: number): boolean {
    return this.#size === 0 && nowMs >= (this.#liveMs ?? Infinity) + this.#options.waitMaxMs;
  }

  /** Keeps a frame of a sender for whom the gate is not open. */
  keep(arrival: Arrival<F>, nowMs: number): void {
    const waiting = this.#senders.get(arrival.sender) ?? { sinceMs: nowMs, arrivals: [] };
    waiting.arrivals.push(arrival);
    this.#senders.set(arrival.sender, waiting);
    this.#size++;
  }

  /** Frames that have waited long enough, in order. */
  take(nowMs: number): Arrival<F>[] {
    const due = [...this.#senders].filter(([, { sinceMs }]) => (this.#opensAt(sinceMs) ?? Infinity) <= nowMs);
    for (const [sender] of due) this.#open.add(sender);
    return this.#drop(due);
  }

  /** All that wait: they are another's now. */
  takeAll(): Arrival<F>[] {
    return this.#drop([...this.#senders]);
  }

  #drop(entries: readonly [string, Waiting<F>][]): Arrival<F>[] {
    const arrivals = entries.flatMap(([, waiting]) => waiting.arrivals);
    for (const [sender] of entries) this.#senders.delete(sender);
    this.#size -= arrivals.length;
    return arrivals;
  }

  #opensAt(sinceMs: number): number | undefined {
    if (this.#liveMs === undefined) return undefined;
    const { settleMs, waitMaxMs } = this.#options;
    const latestMs = this.#liveMs + waitMaxMs;
    if (this.#flushedMs === undefined) return latestMs;
    return Math.min(Math.max(this.#flushedMs, sinceMs + settleMs), Math.max(latestMs, sinceMs));
  }
}
