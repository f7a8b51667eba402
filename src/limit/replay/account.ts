/** What a replay writes down of one peer: its limit, what it holds and has in use, and how fast its limit answers. */
import type { LimitWindow } from "../window.js";
import type { Course } from "./course.js";
import type { LevelCourse, PeerFigures } from "./figures.js";
import { Gauge } from "./gauge.js";
import { ReactionMeter } from "./reaction.js";

export interface Courses {
  readonly held: Course;
  readonly inUse: Course;
}

export class Account {
  readonly peer: number;
  readonly held: Gauge;
  readonly inUse: Gauge;
  readonly #reaction = new ReactionMeter();
  readonly #firstMs: number;
  readonly #courses: Courses | undefined;
  /** Undefined until there is an owner for the peer. */
  #preset: number | undefined;
  #limit = 0;
  #mark = 0;
  #low = 0;
  #high = 0;
  #frames = 0;
  #refused = 0;
  #drained = 0;
  #windows = 0;
  #limitChanges = 0;

  constructor(peer: number, nowMs: number, courses?: Courses) {
    this.peer = peer;
    this.held = new Gauge(nowMs, courses?.held);
    this.inUse = new Gauge(nowMs, courses?.inUse);
    this.#courses = courses;
    this.#firstMs = nowMs;
  }

  /** There is an owner for the peer from now on. */
  open(nowMs: number, limit: number, mark: number): void {
    this.#preset = limit;
    this.#limit = limit;
    this.#mark = mark;
    this.#low = limit;
    this.#high = limit;
    this.#weigh(nowMs);
  }

  /** True when it is another limit than before. */
  setLimit(nowMs: number, limit: number, mark: number): boolean {
    const isAnother = limit !== this.#limit;
    if (limit > this.#limit) this.#reaction.raise(nowMs);
    if (isAnother) this.#limitChanges++;
    this.#limit = limit;
    this.#mark = mark;
    this.#low = Math.min(this.#low, limit);
    this.#high = Math.max(this.#high, limit);
    this.#weigh(nowMs);
    return isAnother;
  }

  window(nowMs: number, window: Pick<LimitWindow, "high" | "refused">): void {
    this.#windows++;
    this.#reaction.window(window, this.#mark, nowMs);
  }

  arrive(nowMs: number, mbufs: number, isTaken: boolean): void {
    this.#frames++;
    if (isTaken) this.#use(nowMs, mbufs);
    else this.#refused++;
  }

  depart(nowMs: number, mbufs: number): void {
    this.#drained++;
    this.#use(nowMs, -mbufs);
  }

  figures(nowMs: number): PeerFigures {
    return {
      peer: this.peer,
      firstMs: this.#firstMs,
      frames: this.#frames,
      refused: this.#refused,
      drained: this.#drained,
      preset: this.#preset ?? 0,
      low: this.#low,
      high: this.#high,
      final: this.#limit,
      meanHeld: this.held.mean(nowMs),
      meanInUse: this.inUse.mean(nowMs),
      mostInUse: this.inUse.most,
      inUse: this.inUse.value,
      waiting: this.#frames - this.#refused - this.#drained,
      windows: this.#windows,
      limitChanges: this.#limitChanges,
      reactions: this.#reaction.reactions,
    };
  }

  /** Undefined when it was not followed. */
  get course(): LevelCourse | undefined {
    return this.#courses && { held: this.#courses.held.points(), inUse: this.#courses.inUse.points() };
  }

  #use(nowMs: number, mbufs: number): void {
    this.inUse.set(nowMs, this.inUse.value + mbufs);
    this.#weigh(nowMs);
  }

  #weigh(nowMs: number): void {
    this.held.set(nowMs, Math.max(this.#limit, this.inUse.value));
  }
}
