/**
 * Virtual time: it stands still while an event happens, and jumps to the next. Nothing here knows the time of day. Milliseconds are for
 * people and hosts, whole nanoseconds for the order of events.
 */
import { ConfigError, RinglaneError } from "../errors.js";
import { EventQueue, type SimEvent } from "./events.js";

export const NS_PER_MS = 1e6;
/** Events of one instant beyond which time is held to stand still: hosts that answer each other without delay. */
const STANDSTILL_EVENTS = 50_000_000;

/** The nearest whole nanosecond. Throws ConfigError for what is no time. */
export function toNs(argument: string, ms: number): number {
  const ns = Math.round(ms * NS_PER_MS);
  if (Number.isSafeInteger(ns) && ns >= 0) return ns;
  throw new ConfigError(argument, ms, `milliseconds, from 0 to ${Math.floor(Number.MAX_SAFE_INTEGER / NS_PER_MS)}`);
}

export class Clock {
  readonly #queue = new EventQueue();
  #nowNs = 0;
  #fired = 0;

  get nowNs(): number {
    return this.#nowNs;
  }

  get nowMs(): number {
    return this.#nowNs / NS_PER_MS;
  }

  /** Events that have happened. */
  get fired(): number {
    return this.#fired;
  }

  /** Events to come. */
  get pending(): number {
    return this.#queue.length;
  }

  /** When the next event is due; undefined when there is none. */
  get nextNs(): number | undefined {
    return this.#queue.nextNs;
  }

  /** An event at a time; the past is now. */
  at(timeNs: number, event: SimEvent): void {
    this.#queue.push(Math.max(timeNs, this.#nowNs), event);
  }

  after(delayNs: number, event: SimEvent): void {
    this.#queue.push(this.#nowNs + delayNs, event);
  }

  /** Lets everything happen that is due at the next event's time, also what is added meanwhile. Returns how many events. */
  advance(): number {
    const timeNs = this.#queue.nextNs;
    if (timeNs === undefined) return 0;
    this.#nowNs = timeNs;
    let count = 0;
    for (; this.#queue.nextNs === timeNs; count++) {
      if (count === STANDSTILL_EVENTS) throw new RinglaneError("STANDSTILL", `time stands still at ${this.nowMs} ms`);
      this.#queue.pop()?.fire(timeNs);
    }
    this.#fired += count;
    return count;
  }

  /** Jumps to a time before which nothing is due. */
  skipTo(timeNs: number): void {
    this.#nowNs = Math.max(this.#nowNs, timeNs);
  }
}
