/**
 * One watch: follows the bucket, and reads everything again when it is told to, since a follower was seen to miss a write after a
 * server died. What is read again is compared with what was delivered, so nothing comes twice and nothing older after something newer.
 *
 * Hosts are asked for, not followed: those that the delivered endpoints are on, at the pace of leases. What a watcher costs depends on
 * whom it watches, not on how many hosts there are.
 */
import type { ChangeListener, Watch } from "../directory.js";
import { type DirectoryChange, type HostState, sameHost, type WatchFilter } from "../records.js";
import type { Bucket, Entry } from "./bucket.js";
import type { Hosts } from "./hosts.js";
import { endpointsOf, type Identity } from "./keys.js";
import { generationOf, storedEndpoint } from "./stored.js";

/** What was delivered last of an endpoint; no host when it was withdrawn. */
interface Delivered {
  readonly identity: Identity;
  readonly generation: number;
  readonly host: string | undefined;
}

export interface WatchParts {
  readonly bucket: Bucket;
  readonly hosts: Hosts;
  /** Withdrawals older than this, by the clock, are taken out of the bucket by whoever sees them. */
  readonly withdrawnMs: number;
  readonly now: () => number;
}

export class NatsWatch implements Watch {
  readonly #parts: WatchParts;
  readonly #filter: WatchFilter;
  readonly #listener: ChangeListener;
  readonly #onStop: (watch: NatsWatch) => void;
  readonly #delivered = new Map<string, Delivered>();
  readonly #hosts = new Map<string, HostState>();
  #stopFollowing: (() => void) | undefined;
  /** Everything happens in turn, entries in the order in which they came. */
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #sequence = 0;
  #isBehind = true;
  #isStopped = false;

  constructor(parts: WatchParts, filter: WatchFilter, listener: ChangeListener, onStop: (watch: NatsWatch) => void) {
    this.#parts = parts;
    this.#filter = filter;
    this.#listener = listener;
    this.#onStop = onStop;
  }

  /** True when something was missed for sure: reading again is due. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** True while something is still to be done. */
  get isBusy(): boolean {
    return this.#waiting > 0;
  }

  resync(): Promise<void> {
    return this.#inTurn(() => this.#readAll());
  }

  /** Asks for the hosts, and delivers who has died, come back or changed. */
  checkHosts(): Promise<void> {
    return this.#inTurn(() => this.#readHosts());
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopFollowing?.();
    this.#onStop(this);
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    this.#waiting++;
    const result = this.#turn.then(() => (this.#isStopped ? undefined : work()));
    this.#turn = result.catch(() => undefined).then(() => this.#waiting--);
    return result;
  }

  async #readAll(): Promise<void> {
    this.#isBehind = true;
    const { bucket } = this.#parts;
    // Following begins before reading: what is written in between comes twice rather than never.
    await this.#follow();
    const seen = new Set<string>();
    const entries = await bucket.list(endpointsOf(this.#filter));
    if (this.#filter === "all" && this.#hosts.size === 0) await this.#learnHosts();
    for (const entry of entries) {
      seen.add(entry.key);
      await this.#take(entry);
    }
    for (const key of [...this.#delivered.keys()]) {
      if (seen.has(key)) continue;
      // Not in the list, which may come from a server that lags: the leader has the last word.
      const entry = await bucket.get(key);
      if (entry === undefined) this.#forget(key);
      else await this.#take(entry);
    }
    await this.#readHosts();
    this.#isBehind = false;
  }

  async #follow(): Promise<void> {
    let isCurrent = true;
    const stop = await this.#parts.bucket.follow(
      endpointsOf(this.#filter),
      (entry) => {
        this.#inTurn(() => this.#take(entry)).catch(() => {
          this.#isBehind = true;
        });
      },
      () => {
        if (isCurrent) this.#isBehind = true;
      },
    );
    this.#stopFollowing?.();
    this.#stopFollowing = () => {
      isCurrent = false;
      stop();
    };
    if (this.#isStopped) this.#stopFollowing();
  }

  async #take(entry: Entry): Promise<void> {
    const stored = storedEndpoint(entry);
    if (stored === undefined) return;
    const { bucket, withdrawnMs, now } = this.#parts;
    const delivered = this.#delivered.get(entry.key);
    this.#sequence = Math.max(this.#sequence, entry.revision);
    const { endpoint, withdrawn } = stored;
    if (endpoint !== undefined) {
      if (generationOf(stored) <= (delivered?.generation ?? -1)) return;
      const host = await this.#host(endpoint.host);
      const { generation } = endpoint;
      this.#delivered.set(entry.key, { identity: endpoint, generation, host: endpoint.host });
      const alive = host?.alive ?? true;
      this.#deliver({ type: "endpoint", sequence: entry.revision, endpoint, host: host?.host, alive });
      return;
    }
    if (entry.createdMs + withdrawnMs <= now()) await bucket.remove(entry.key, entry.revision);
    if (delivered !== undefined && withdrawn.generation < delivered.generation) return;
    this.#delivered.set(entry.key, { identity: withdrawn, generation: withdrawn.generation, host: undefined });
    if (delivered?.host !== undefined) this.#deliver({ type: "withdrawn", sequence: entry.revision, ...withdrawn });
  }

  /** The key is gone from the bucket: it was withdrawn so long ago that nobody remembers. */
  #forget(key: string): void {
    const delivered = this.#delivered.get(key);
    this.#delivered.delete(key);
    if (delivered?.host === undefined) return;
    const { vni, mac } = delivered.identity;
    this.#deliver({ type: "withdrawn", sequence: this.#sequence, vni, mac, generation: delivered.generation });
  }

  async #host(name: string): Promise<HostState | undefined> {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const state = await this.#parts.hosts.resolve(name);
    if (state !== undefined) this.#hosts.set(name, state);
    return state;
  }

  async #learnHosts(): Promise<void> {
    for (const [name, state] of await this.#parts.hosts.all()) this.#hosts.set(name, state);
  }

  async #readHosts(): Promise<void> {
    for (const [name, state] of await this.#hostsNow()) {
      const known = this.#hosts.get(name);
      if (known !== undefined && known.alive === state.alive && sameHost(known.host, state.host)) continue;
      this.#hosts.set(name, state);
      this.#deliver({ type: "host", sequence: this.#sequence, ...state });
    }
  }

  async #hostsNow(): Promise<ReadonlyMap<string, HostState>> {
    const { hosts } = this.#parts;
    if (this.#filter === "all") return hosts.all();
    const names = new Set([...this.#delivered.values()].flatMap(({ host }) => host ?? []));
    for (const name of this.#hosts.keys()) if (!names.has(name)) this.#hosts.delete(name);
    const states = await Promise.all([...names].map((name) => hosts.resolve(name)));
    return new Map(states.flatMap((state) => (state === undefined ? [] : [[state.host.name, state] as const])));
  }

  #deliver(change: DirectoryChange): void {
    if (this.#isStopped) return;
    try {
      this.#listener(change);
    } catch (error) {
      // A listener's error is its owner's, and keeps nothing else from being delivered.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
