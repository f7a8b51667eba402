/** A level that goes up and down in time: its mean, its extremes, and its course where that is wanted. */
import type { Course } from "./course.js";

export class Gauge {
  readonly #fromMs: number;
  readonly #course: Course | undefined;
  #value = 0;
  #sinceMs: number;
  /** Of value over time, up to the last change. */
  #area = 0;
  #most = 0;

  constructor(fromMs: number, course?: Course) {
    this.#fromMs = fromMs;
    this.#sinceMs = fromMs;
    this.#course = course;
  }

  get value(): number {
    return this.#value;
  }

  get most(): number {
    return this.#most;
  }

  /** The level from now on. Times do not go backwards. */
  set(nowMs: number, value: number): void {
    if (value === this.#value) return;
    this.#area += this.#value * (nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    this.#value = value;
    if (value > this.#most) this.#most = value;
    this.#course?.add(nowMs, value);
  }

  /** Mean over time; the level itself when no time has passed. */
  mean(nowMs: number): number {
    const ms = nowMs - this.#fromMs;
    return ms > 0 ? (this.#area + this.#value * (nowMs - this.#sinceMs)) / ms : this.#value;
  }
}
