/**
 * What a host asks of the directory. The host itself does not call it: it says what it wants, and whoever drives it brings the answers,
 * from a real directory (driver.ts) or in virtual time.
 */
import type { Block } from "../directory/directory.js";
import type { EndpointQuery, EndpointRecord, HostRecord, HostState, Resolution } from "../directory/records.js";

/** A question, and what its answer is made of. */
export interface RequestKinds {
  readonly publishHost: { ask: { readonly host: HostRecord }; answer: undefined };
  readonly lease: { ask: { readonly ttlMs: number }; answer: number };
  readonly renew: { ask: object; answer: undefined };
  /** Whether this host has a lease: nothing changes by it. */
  readonly leased: { ask: object; answer: boolean };
  readonly allocate: { ask: { readonly size: number }; answer: Block };
  readonly publish: { ask: { readonly record: EndpointRecord }; answer: number };
  readonly withdraw: {
    ask: { readonly vni: number; readonly mac: string; readonly generation: number };
    answer: undefined;
  };
  readonly resolve: { ask: { readonly query: EndpointQuery }; answer: Resolution | undefined };
  readonly host: { ask: { readonly name: string }; answer: HostState | undefined };
  readonly members: { ask: { readonly vni: number }; answer: readonly HostState[] };
  /** Changes of the network from now on go to HostCore.change; the answer says that they do. */
  readonly watch: { ask: { readonly vni: number }; answer: undefined };
  readonly unwatch: { ask: { readonly vni: number }; answer: undefined };
}

export type RequestKind = keyof RequestKinds;

export type HostRequest = {
  [K in RequestKind]: { readonly kind: K; readonly id: number } & RequestKinds[K]["ask"];
}[RequestKind];

/** Why a request failed: nobody could be reached, somebody else has it by a higher generation, the lease is over, or another reason. */
export type RequestFailure =
  | { readonly failure: "unavailable" }
  | { readonly failure: "stale"; readonly generation: number }
  | { readonly failure: "lease-expired" }
  | { readonly failure: "refused"; readonly reason: string };

export type RequestAnswer<K extends RequestKind> = { readonly value: RequestKinds[K]["answer"] } | RequestFailure;

/** Any request's. */
export type AnyAnswer = { readonly value: unknown } | RequestFailure;

/** Questions that wait for their answers. */
export class Requests {
  readonly #waiting = new Map<number, (answer: AnyAnswer) => void>();
  #outgoing: HostRequest[] = [];
  #next = 1;

  /** Requests that were not answered yet. */
  get open(): number {
    return this.#waiting.size;
  }

  ask<K extends RequestKind>(kind: K, ask: RequestKinds[K]["ask"], done: (answer: RequestAnswer<K>) => void): void {
    const id = this.#next++;
    this.#waiting.set(id, done as (answer: AnyAnswer) => void);
    this.#outgoing.push({ kind, id, ...ask } as unknown as HostRequest);
  }

  /** Those that nobody has taken yet. */
  take(): HostRequest[] {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    return outgoing;
  }

  /** Brings an answer; one that nobody waits for is nothing. */
  answer(id: number, answer: AnyAnswer): void {
    const done = this.#waiting.get(id);
    this.#waiting.delete(id);
    done?.(answer);
  }
}
