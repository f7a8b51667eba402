/**
 * A switch that is out of service for a while, as the sets of uplinks see it: what each has sent meanwhile by the uplink that led to it and by
 * others, and buckets of it that went elsewhere, when it went out and when it came back.
 */
import type { LagEvent, Partition, Port } from "../index.js";
import type { Guest } from "./guest.js";
import type { ScenarioHost } from "./hosts.js";

/** A set, and what it had sent by each uplink when the outage began. */
interface Watched {
  readonly host: string;
  readonly partition: string;
  readonly lag: Partition;
  readonly sentBefore: readonly number[];
  readonly hasIt: boolean;
  buckets: number;
}

export class Outage {
  readonly #rail: number;
  readonly #uplinks: readonly Port[];
  readonly #fromMs: number;
  readonly #sets: readonly Watched[];
  #toMs: number | undefined;
  /** By set, in their order. */
  #sent: readonly (readonly number[])[] | undefined;

  /** Begins now: the hosts have not been told yet. */
  constructor(rail: number, hosts: readonly ScenarioHost[], guests: readonly Guest[], nowMs: number) {
    this.#rail = rail;
    this.#uplinks = hosts.flatMap(({ uplinks }) => uplinks[rail] ?? []);
    this.#fromMs = nowMs;
    this.#sets = guests.flatMap((guest) => {
      const lag = guest.attachment?.lag;
      if (!lag) return [];
      const hasIt = lag.roles[rail] !== "none";
      return { host: guest.host, partition: guest.name, lag, sentBefore: lag.counters.sentByPort, hasIt, buckets: 0 };
    });
  }

  /** A host has been told, which this has come of. */
  told(host: string, events: readonly LagEvent[]): void {
    for (const event of events) {
      if (event.type !== "active") continue;
      const set = this.#sets.find((other) => other.host === host && other.lag.name === event.partition);
      if (set) set.buckets += event.buckets;
    }
  }

  /** The switch is back. */
  end(nowMs: number): void {
    this.#toMs = nowMs;
    this.#sent = this.#sets.map(({ lag }) => lag.counters.sentByPort);
  }

  get report() {
    return {
      uplinks: this.#uplinks.map(({ name }) => name),
      fromMs: this.#fromMs,
      /** undefined: it was still out at the end. */
      toMs: this.#toMs,
      sets: this.#sets.map(({ host, partition, lag, sentBefore, hasIt, buckets }, i) => {
        const sent = (this.#sent?.[i] ?? lag.counters.sentByPort).map((count, port) => count - (sentBefore[port] ?? 0));
        const sentByIt = sent[this.#rail] ?? 0;
        return { host, partition, hasIt, sentByIt, sentByOthers: sum(sent) - sentByIt, buckets };
      }),
    };
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
