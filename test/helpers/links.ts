/**
 * Engines joined by cables in virtual time, a millisecond a step. What is taken from a port arrives at the cable's other end after the
 * cable's delay, in order; it is completed when it leaves or when it has arrived, those of one step in any order. A cable that is cut
 * loses what is on it and what is sent on it, silently: whoever should know of it must be told.
 */
import type { Outgoing } from "../../src/buffer/outgoing.js";
import type { Port } from "../../src/buffer/port.js";
import type { Engine } from "../../src/engine.js";
import type { LagEvent } from "../../src/lag/events.js";
import type { LagGroup } from "../../src/lag/group.js";
import { bytesOf } from "./ports.js";
import type { Random } from "./property.js";

export interface LinkOptions {
  /** When a frame's buffer is given back. */
  readonly completes: "leaving" | "arriving";
  readonly random: Random;
  /** Frames that a cable takes in a step and direction; as many as come by default. */
  readonly framesPerMs?: number;
}

interface Flying {
  readonly arrivesMs: number;
  readonly bytes: Uint8Array;
  readonly frame: Outgoing | undefined;
}

/** One direction of a cable. */
interface Way {
  readonly from: Port;
  readonly to: Port;
  readonly cable: Cable;
  flying: Flying[];
  /** Taken from the port, before the cable. */
  readonly waiting: Outgoing[];
}

export interface Cable {
  readonly ends: readonly [Port, Port];
  readonly delayMs: number;
  isCut: boolean;
  /** The devices at its ends stand still: nothing is taken, nothing completed. */
  isStalled: boolean;
  /** What was lost on it. */
  readonly lost: Uint8Array[];
}

export class Links {
  nowMs = 0;
  readonly cables: Cable[] = [];
  readonly events: LagEvent[] = [];
  readonly #engines: readonly Engine[];
  readonly #groups: readonly LagGroup[];
  readonly #options: LinkOptions;
  readonly #ways: Way[] = [];

  constructor(engines: readonly Engine[], groups: readonly LagGroup[], options: LinkOptions) {
    this.#engines = engines;
    this.#groups = groups;
    this.#options = options;
  }

  join(a: Port, b: Port, delayMs: number): Cable {
    const cable: Cable = { ends: [a, b], delayMs, isCut: false, isStalled: false, lost: [] };
    this.cables.push(cable);
    for (const [from, to] of [[a, b] as const, [b, a] as const]) {
      this.#ways.push({ from, to, cable, flying: [], waiting: [] });
    }
    return cable;
  }

  /** Cuts a cable, or mends it; what is on it is lost. The groups at its ends know nothing until they are told. */
  setCut(cable: Cable, isCut: boolean): void {
    cable.isCut = isCut;
    if (!isCut) return;
    for (const way of this.#ways.filter((way) => way.cable === cable)) {
      for (const { bytes, frame } of way.flying.splice(0)) {
        cable.lost.push(bytes);
        if (frame) way.from.complete([frame]);
      }
    }
  }

  /** Tells the groups at a cable's ends what has become of it. */
  tell(cable: Cable): void {
    for (const group of this.#groups) {
      for (const port of cable.ends.filter((end) => group.ports.includes(end))) {
        this.events.push(...group.link(port, !cable.isCut, this.nowMs));
      }
    }
  }

  /** Lets time pass, a step after the other; each begins with `each`. */
  run(ms: number, each: (nowMs: number) => void = () => {}): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs++) {
      for (const way of this.#ways) this.#arrive(way);
      each(this.nowMs);
      const moved = this.#poll();
      for (const group of this.#groups) {
        const isDue = (group.nextMs ?? Number.POSITIVE_INFINITY) <= this.nowMs;
        if (moved > 0 || isDue) this.events.push(...group.tick(this.nowMs));
      }
      for (const way of this.#ways) this.#leave(way);
    }
  }

  /** Frames that are on cables or wait for one. */
  get inFlight(): number {
    return this.#ways.reduce((sum, { flying, waiting }) => sum + flying.length + waiting.length, 0);
  }

  #poll(): number {
    let all = 0;
    for (let moved = -1; moved !== 0; all += moved) {
      moved = this.#engines.reduce((sum, engine) => sum + engine.poll(), 0);
    }
    return all;
  }

  #arrive(way: Way): void {
    if (way.cable.isStalled) return;
    const due = way.flying.filter(({ arrivesMs }) => arrivesMs <= this.nowMs);
    way.flying = way.flying.slice(due.length);
    for (const { bytes } of due) if (!way.to.receive(bytes)) throw new Error(`${way.to.name} took no frame`);
    way.from.complete(this.#shuffled(due.flatMap(({ frame }) => frame ?? [])));
  }

  #leave(way: Way): void {
    const { from, cable, waiting } = way;
    if (cable.isStalled) return;
    for (let frames = from.takeBurst(); frames.length > 0; frames = from.takeBurst()) waiting.push(...frames);
    const taken = waiting.splice(0, this.#options.framesPerMs ?? waiting.length);
    const isLater = this.#options.completes === "arriving" && !cable.isCut;
    for (const frame of taken) {
      const bytes = bytesOf(frame);
      if (cable.isCut) cable.lost.push(bytes);
      else way.flying.push({ arrivesMs: this.nowMs + 1 + cable.delayMs, bytes, frame: isLater ? frame : undefined });
    }
    if (!isLater) from.complete(this.#shuffled(taken));
  }

  #shuffled<T>(list: readonly T[]): T[] {
    const rest = [...list];
    return list.map(() => rest.splice(this.#options.random.below(rest.length), 1)[0] as T);
  }
}
