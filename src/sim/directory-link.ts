/**
 * The way to a directory and back, in virtual time. A store answers at once; here a request takes its time to reach it, and the answer to
 * come back, and either may be lost: then the host hears "unavailable" when its patience ends, and cannot know whether the store has done what
 * was asked. Events that the store pushes come in order; one that is lost is missed silently, and the host is told to read all again
 * some time later, when whoever watches the watch has noticed.
 */
import { NS_PER_MS } from "./clock.js";
import { checkImpairment, checkRange, combined, type Impairment, NO_IMPAIRMENT } from "./impairment.js";
import type { Random } from "./random.js";
import type { World } from "./world.js";

export interface DirectoryLinkOptions {
  /** One way, in ms; 0.5 by default. */
  readonly delayMs?: number;
  /** Besides, from 0 to this; 0 by default. */
  readonly jitterMs?: number;
  /** Probability that a request, an answer or an event is lost; 0 by default. */
  readonly loss?: number;
  /** How long a host waits for an answer; 1000 by default. */
  readonly timeoutMs?: number;
  /** How long after an event was lost, or the directory could be reached again, a watcher is told to read all again; 1000 by default. */
  readonly resyncMs?: number;
}

/** What a fault lays over a host's way to the directory. */
export type DirectoryImpairment = Partial<Pick<Impairment, "loss" | "delayMs" | "jitterMs">>;

export interface Watcher<E> {
  /** An event, in the order in which they were pushed; some may be missing. */
  take(event: E): void;
  /** Events were missed: read all again. */
  resync(): void;
}

export interface Subscription<E> {
  push(event: E): void;
  close(): void;
}

export interface DirectoryCounters {
  /** Calls of ask. */
  asked: number;
  answered: number;
  unavailable: number;
  pushed: number;
  taken: number;
  missed: number;
  resyncs: number;
}

const NOTE = { asked: 11, answered: 12, unavailable: 13, taken: 14, missed: 15, resync: 16 } as const;

/** A host's side: its dice, and what faults lie on it. */
interface Side {
  readonly random: Random;
  readonly layers: Set<DirectoryImpairment>;
  readonly watches: Set<Watch<unknown>>;
  impairment: Impairment;
  cuts: number;
  /** Raised by a cut: messages of an earlier epoch are lost. */
  epoch: number;
}

export class DirectoryLink {
  readonly #world: World;
  readonly #wake: (host: string) => void;
  readonly #name: string;
  readonly #part: number;
  readonly #base: Impairment;
  readonly #timeoutNs: number;
  readonly #resyncNs: number;
  readonly #sides = new Map<string, Side>();
  readonly #counters: DirectoryCounters = {
    ...{ asked: 0, answered: 0, unavailable: 0, pushed: 0, taken: 0, missed: 0, resyncs: 0 },
  };

  /** @internal Made by Fabric.addDirectory; wake has a host work after it was told something. */
  constructor(world: World, name: string, options: DirectoryLinkOptions, wake: (host: string) => void) {
    const { timeoutMs = 1000, resyncMs = 1000, delayMs = 0.5, ...rest } = options;
    checkImpairment({ delayMs, ...rest });
    checkRange("timeoutMs", timeoutMs, 86_400_000);
    checkRange("resyncMs", resyncMs, 86_400_000);
    this.#world = world;
    this.#wake = wake;
    this.#name = name;
    this.#part = world.nextPart();
    this.#base = { ...NO_IMPAIRMENT, delayMs, ...rest };
    this.#timeoutNs = Math.round(timeoutMs * NS_PER_MS);
    this.#resyncNs = Math.round(resyncMs * NS_PER_MS);
  }

  get counters(): Readonly<DirectoryCounters> {
    return { ...this.#counters };
  }

  /**
   * Has the directory do something for a host: operation is called when the request is there, or never; done once, with its result when the
   * answer is back in time, else with "unavailable".
   */
  ask<T>(host: string, operation: () => T, done: (result: T | "unavailable") => void): void {
    const side = this.#side(host);
    const end = (result: T | "unavailable", counter: "answered" | "unavailable") => {
      this.#count(counter, NOTE[counter]);
      done(result);
      this.#wake(host);
    };
    this.#count("asked", NOTE.asked);
    let isWaiting = true;
    const giveUp = this.#world.move(this.#world.clock.nowNs + this.#timeoutNs, () => {
      isWaiting = false;
      end("unavailable", "unavailable");
    });
    this.#carry(side, () => {
      const result = operation();
      this.#carry(side, () => {
        if (!isWaiting) return;
        giveUp();
        end(result, "answered");
      });
    });
  }

  /** A stream of events to a host; the caller pushes what the store says. */
  watch<E>(host: string, watcher: Watcher<E>): Subscription<E> {
    const side = this.#side(host);
    const watch = new Watch<E>(watcher);
    side.watches.add(watch as Watch<unknown>);
    return {
      push: (event) => this.#push(host, side, watch, event),
      close: () => {
        watch.isOpen = false;
        side.watches.delete(watch as Watch<unknown>);
      },
    };
  }

  /** Cuts a host off; what is on the way is lost. Returns what repairs it: then all its watchers are told to read again. */
  cut(host: string): () => void {
    const side = this.#side(host);
    side.cuts++;
    side.epoch++;
    return () => {
      if (--side.cuts > 0) return;
      for (const watch of side.watches) this.#resyncLater(host, side, watch);
    };
  }

  /** Lays an impairment over a host's way; returns what takes it away. */
  impair(host: string, layer: DirectoryImpairment): () => void {
    const side = this.#side(host);
    const own = { ...layer };
    side.layers.add(own);
    side.impairment = combined(this.#base, side.layers);
    return () => {
      side.layers.delete(own);
      side.impairment = combined(this.#base, side.layers);
    };
  }

  #push<E>(host: string, side: Side, watch: Watch<E>, event: E): void {
    this.#counters.pushed++;
    const arrivesNs = this.#arrivalNs(side);
    const miss = () => {
      this.#count("missed", NOTE.missed);
      this.#resyncLater(host, side, watch);
    };
    if (arrivesNs === undefined) {
      miss();
      return;
    }
    // One stream: no event overtakes another.
    watch.lastNs = Math.max(watch.lastNs, arrivesNs);
    const { epoch } = side;
    this.#world.move(watch.lastNs, () => {
      if (!watch.isOpen) return;
      if (epoch !== side.epoch) {
        miss();
        return;
      }
      this.#count("taken", NOTE.taken);
      watch.watcher.take(event);
      this.#wake(host);
    });
  }

  /** A repair, or the loss of the first event of several, has the watcher told; while the host is cut off nobody can. */
  #resyncLater(host: string, side: Side, watch: Watch<unknown> | Watch<never>): void {
    if (side.cuts > 0 || watch.isResyncing) return;
    watch.isResyncing = true;
    this.#world.move(this.#world.clock.nowNs + this.#resyncNs, () => {
      watch.isResyncing = false;
      if (!watch.isOpen || side.cuts > 0) return;
      this.#count("resyncs", NOTE.resync);
      watch.watcher.resync();
      this.#wake(host);
    });
  }

  /** Carries a message one way, unless it is lost. */
  #carry(side: Side, arrive: () => void): void {
    const arrivesNs = this.#arrivalNs(side);
    if (arrivesNs === undefined) return;
    const { epoch } = side;
    this.#world.move(arrivesNs, () => {
      if (epoch === side.epoch) arrive();
    });
  }

  /** When a message that is sent now arrives; undefined for one that is lost. */
  #arrivalNs({ random, impairment, cuts }: Side): number | undefined {
    const [lossDie, jitterDie] = [random.unit(), random.unit()];
    if (cuts > 0 || lossDie < impairment.loss) return undefined;
    const delayMs = impairment.delayMs + impairment.jitterMs * jitterDie;
    return this.#world.clock.nowNs + Math.round(delayMs * NS_PER_MS);
  }

  #count(counter: keyof DirectoryCounters, note: number): void {
    this.#counters[counter]++;
    this.#world.note(this.#part, note, 0);
  }

  #side(host: string): Side {
    const known = this.#sides.get(host);
    if (known) return known;
    const random = this.#world.random(`${this.#name}/${host}`);
    const side: Side = { cuts: 0, epoch: 0, random, layers: new Set(), watches: new Set(), impairment: this.#base };
    this.#sides.set(host, side);
    return side;
  }
}

class Watch<E> {
  readonly watcher: Watcher<E>;
  isOpen = true;
  isResyncing = false;
  /** When the last event that was pushed arrives. */
  lastNs = 0;

  constructor(watcher: Watcher<E>) {
    this.watcher = watcher;
  }
}
