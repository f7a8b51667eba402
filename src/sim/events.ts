/**
 * Events in the order of their time, those of one time in the order in which they were added: a binary heap in arrays of numbers, so that
 * an event costs its object and two numbers. Times are whole nanoseconds, exact up to 2^53: 104 days.
 */
import { checkInteger } from "../check.js";

/** Something that happens at its time. */
export interface SimEvent {
  fire(nowNs: number): void;
}

export class EventQueue {
  #times = new Float64Array(64);
  /** How many events were added before this one. */
  #turns = new Float64Array(64);
  #events: (SimEvent | undefined)[] = [];
  #added = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** When the first event is due; undefined when there is none. */
  get nextNs(): number | undefined {
    return this.#length === 0 ? undefined : this.#times[0];
  }

  /** Throws ConfigError for a time that is no whole number of nanoseconds from 0 on. */
  push(timeNs: number, event: SimEvent): void {
    checkInteger("timeNs", timeNs, 0, Number.MAX_SAFE_INTEGER);
    if (this.#length === this.#times.length) this.#grow();
    const times = this.#times;
    const turns = this.#turns;
    const events = this.#events;
    let at = this.#length++;
    // The new event is the last of its time, so it rises only past later ones.
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const parentNs = times[parent] as number;
      if (parentNs <= timeNs) break;
      times[at] = parentNs;
      turns[at] = turns[parent] as number;
      events[at] = events[parent];
      at = parent;
    }
    times[at] = timeNs;
    turns[at] = this.#added++;
    events[at] = event;
  }

  /** Takes the first event out; undefined when there is none. */
  pop(): SimEvent | undefined {
    if (this.#length === 0) return undefined;
    const first = this.#events[0];
    const last = --this.#length;
    const [timeNs, turn, event] = [this.#times[last] as number, this.#turns[last] as number, this.#events[last]];
    // What has happened must not be kept alive.
    this.#events[last] = undefined;
    if (last > 0) this.#sink(timeNs, turn, event);
    return first;
  }

  /** Puts an event in at the top's place, and lets it sink past those before it. */
  #sink(timeNs: number, turn: number, event: SimEvent | undefined): void {
    const times = this.#times;
    const turns = this.#turns;
    const events = this.#events;
    const length = this.#length;
    let at = 0;
    for (let child = 1; child < length; child = 2 * at + 1) {
      const right = child + 1;
      if (right < length && this.#isBefore(right, times[child] as number, turns[child] as number)) child = right;
      if (!this.#isBefore(child, timeNs, turn)) break;
      times[at] = times[child] as number;
      turns[at] = turns[child] as number;
      events[at] = events[child];
      at = child;
    }
    times[at] = timeNs;
    turns[at] = turn;
    events[at] = event;
  }

  #isBefore(at: number, timeNs: number, turn: number): boolean {
    const atNs = this.#times[at] as number;
    return atNs < timeNs || (atNs === timeNs && (this.#turns[at] as number) < turn);
  }

  #grow(): void {
    const [times, turns] = [this.#times, this.#turns];
    this.#times = new Float64Array(2 * times.length);
    this.#turns = new Float64Array(2 * turns.length);
    this.#times.set(times);
    this.#turns.set(turns);
  }
}
