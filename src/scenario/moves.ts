/** Moves that are to come, and those that have begun. */
import { earliest } from "../earliest.js";
import type { Delivery, Guest } from "./guest.js";
import type { ScenarioHost } from "./hosts.js";
import { Move } from "./move.js";
import type { MoveText } from "./schema.js";
import type { Wire } from "./wire.js";

const NEVER = Number.POSITIVE_INFINITY;
/** Whoever could not go yet is asked again. */
const AGAIN_MS = 1;

export class Moves {
  readonly begun: Move[] = [];
  readonly #guests: ReadonlyMap<string, Guest>;
  readonly #hosts: ReadonlyMap<string, ScenarioHost>;
  readonly #wire: Wire;
  #waiting: readonly MoveText[];
  #againMs = 0;

  constructor(
    texts: readonly MoveText[],
    guests: ReadonlyMap<string, Guest>,
    hosts: ReadonlyMap<string, ScenarioHost>,
    wire: Wire,
  ) {
    this.#waiting = texts;
    this.#guests = guests;
    this.#hosts = hosts;
    this.#wire = wire;
  }

  /** Who is to move yet. */
  get moving(): ReadonlySet<Guest> {
    return new Set(this.#waiting.flatMap(({ endpoint }) => this.#guests.get(endpoint) ?? []));
  }

  /** When one is to begin by the time, in ms from the beginning; undefined when none is. */
  get nextMs(): number | undefined {
    return earliest(this.#waiting.map(({ atMs }) => (atMs === undefined ? undefined : Math.max(atMs, this.#againMs))));
  }

  /** Begins those that are due; who is on the move still goes on when that is over. */
  update(sinceMs: number, framesSent: number, nowMs: number): void {
    const isDue = ({ atMs = NEVER, afterFrames = NEVER }: MoveText) => atMs <= sinceMs || afterFrames <= framesSent;
    const isFree = ({ endpoint, state }: MoveText) => !state || !this.#guests.get(endpoint)?.isOnTheMove;
    for (const text of this.#waiting.filter(isDue)) {
      if (!isFree(text)) {
        this.#againMs = sinceMs + AGAIN_MS;
        continue;
      }
      this.#waiting = this.#waiting.filter((other) => other !== text);
      this.#begin(text, nowMs);
    }
  }

  /** Ends those that have come to their end by now. */
  settle(nowMs: number): void {
    for (const move of this.begun) move.settle(nowMs);
  }

  delivered(delivery: Delivery, nowMs: number): void {
    for (const move of this.begun) move.delivered(delivery, nowMs);
  }

  #begin({ endpoint, to, state }: MoveText, nowMs: number): void {
    const guest = this.#guests.get(endpoint) as Guest;
    const last = this.begun.findLast((move) => move.guest === guest);
    if (last) this.#wire.watches.delete(last.watch);
    last?.close();
    const move = new Move(guest, this.#hosts.get(to) as ScenarioHost, [...this.#hosts.values()], state, nowMs);
    this.#wire.watches.add(move.watch);
    this.begun.push(move);
  }
}
