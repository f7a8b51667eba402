/** The nodes of a run of many hosts: the control plane of each (HostCore) without an engine, and the directory that they ask. */
import type { DirectoryChange } from "../../directory/records.js";
import type { DirectoryStore } from "../../directory/store.js";
import type { HostCore } from "../../host/core.js";
import { perform } from "../../host/perform.js";
import type { AnyAnswer, HostRequest, RequestKind } from "../../host/requests.js";
import type { ScaleNode, Send } from "../scale.js";
import type { ScaleEngine } from "./plane.js";

export type ScaleMessage =
  | { readonly kind: "request"; readonly request: HostRequest }
  | { readonly kind: "answer"; readonly id: number; readonly answer: AnyAnswer }
  | { readonly kind: "changes"; readonly changes: readonly DirectoryChange[] }
  /** A host's own timer. */
  | { readonly kind: "wake" }
  /** From outside: what its owner has it do. */
  | { readonly kind: "do"; readonly act: (host: HostCore<ScaleEngine>, nowMs: number) => void };

const NS_MS = 1e-6;
/** Where the directory stands among the nodes; hosts follow. */
export const DIRECTORY = 0;

/** What a directory was asked, and what it has said without being asked. */
export type MessageCounts = Readonly<Record<RequestKind | "push", number>>;

export class DirectoryNode implements ScaleNode<ScaleMessage> {
  readonly #store: DirectoryStore;
  readonly #names: readonly string[];
  /** Who watches a network, and which networks a host watches. */
  readonly #watchers = new Map<number, Set<number>>();
  readonly #watched = new Map<string, Set<number>>();
  readonly #counts: Record<RequestKind | "push", number> = {
    ...{ publishHost: 0, lease: 0, renew: 0, leased: 0, allocate: 0, publish: 0, withdraw: 0, resolve: 0 },
    ...{ host: 0, members: 0 },
    ...{ watch: 0, unwatch: 0, push: 0 },
  };

  /** names are the hosts', in their order. */
  constructor(store: DirectoryStore, names: readonly string[]) {
    this.#store = store;
    this.#names = names;
  }

  get counts(): MessageCounts {
    return { ...this.#counts };
  }

  watchers(vni: number): number {
    return this.#watchers.get(vni)?.size ?? 0;
  }

  handle(message: ScaleMessage, from: number, send: Send<ScaleMessage>, nowMs: number): boolean {
    if (message.kind !== "request") return false;
    const { request } = message;
    this.#counts[request.kind]++;
    const name = this.#names[from - 1] as string;
    this.#tell(this.#store.tick(nowMs), send);
    const answer = perform(this.#store, name, request, (changes) => this.#tell(changes, send));
    send(from, { kind: "answer", id: request.id, answer });
    if (request.kind === "watch") this.#watch(request.vni, from, name, send);
    if (request.kind === "unwatch") {
      this.#watchers.get(request.vni)?.delete(from);
      this.#watched.get(name)?.delete(request.vni);
    }
    return false;
  }

  /** All that there is of the network comes in one message. */
  #watch(vni: number, from: number, name: string, send: Send<ScaleMessage>): void {
    setOf(this.#watchers, vni).add(from);
    setOf(this.#watched, name).add(vni);
    this.#push(from, [...this.#store.snapshot({ vni })], send);
  }

  #tell(changes: readonly DirectoryChange[], send: Send<ScaleMessage>): void {
    for (const change of changes) {
      for (const vni of this.#networksOf(change)) {
        for (const watcher of this.#watchers.get(vni) ?? []) this.#push(watcher, [change], send);
      }
    }
  }

  #push(to: number, changes: readonly DirectoryChange[], send: Send<ScaleMessage>): void {
    this.#counts.push++;
    send(to, { kind: "changes", changes });
  }

  #networksOf(change: DirectoryChange): Iterable<number> {
    if (change.type === "host") return this.#watched.get(change.host.name) ?? [];
    return [change.type === "endpoint" ? change.endpoint.vni : change.vni];
  }
}

export class HostNode implements ScaleNode<ScaleMessage> {
  readonly core: HostCore<ScaleEngine>;
  readonly #self: number;
  #condition:
    | { readonly isMet: (core: HostCore<ScaleEngine>) => boolean; readonly met: (nowMs: number) => void }
    | undefined;
  #wakesMs = Number.POSITIVE_INFINITY;

  constructor(core: HostCore<ScaleEngine>, self: number) {
    this.core = core;
    this.#self = self;
  }

  /** Calls met once, when the host has handled a message and the condition holds. */
  when(isMet: (core: HostCore<ScaleEngine>) => boolean, met: (nowMs: number) => void): void {
    this.#condition = { isMet, met };
  }

  handle(message: ScaleMessage, _from: number, send: Send<ScaleMessage>, nowMs: number): boolean {
    const { core } = this;
    const { endpoints } = core.plane;
    const before = endpoints.learned;
    if (message.kind === "answer") core.answer(message.id, message.answer, nowMs);
    else if (message.kind === "changes") for (const change of message.changes) core.change(change, nowMs);
    else if (message.kind === "do") {
      // The plane's time is that of the last step.
      core.step(nowMs);
      message.act(core, nowMs);
    } else if (message.kind === "wake") this.#wakesMs = Number.POSITIVE_INFINITY;
    core.step(nowMs);
    core.takeEvents();
    for (const request of core.takeRequests()) send(DIRECTORY, { kind: "request", request });
    const next = core.nextMs;
    if (next !== undefined && next < this.#wakesMs) {
      this.#wakesMs = next;
      // A nanosecond late, since time is rounded to whole ones: one that came early would find nothing due.
      send(this.#self, { kind: "wake" }, Math.max(0, next - nowMs) + NS_MS);
    }
    const condition = this.#condition;
    if (condition?.isMet(core)) {
      this.#condition = undefined;
      condition.met(nowMs);
    }
    return endpoints.learned > before;
  }
}

function setOf<K>(map: Map<K, Set<number>>, key: K): Set<number> {
  let set = map.get(key);
  if (!set) {
    set = new Set();
    map.set(key, set);
  }
  return set;
}
