/**
 * The directory in memory: nothing to install, in Node and in a page. It serves all hosts of one process, and has no timers: leases end
 * when `tick` says so, or, with a clock handed in, when somebody calls.
 */
import { checkInteger } from "../check.js";
import {
  checkBlock,
  checkBlockSize,
  checkEndpoint,
  checkFilter,
  checkGeneration,
  checkHost,
  checkLease,
  checkMac,
  checkName,
  checkQuery,
  checkVni,
} from "./check.js";
import type { Block, ChangeListener, Directory, Watch } from "./directory.js";
import { BlockInUse, BlocksExhausted, DirectoryClosed, LeaseExpired, StaleGeneration } from "./errors.js";
import type {
  DirectoryChange,
  EndpointQuery,
  EndpointRecord,
  HostRecord,
  HostState,
  Resolution,
  WatchFilter,
} from "./records.js";
import { DirectoryStore, type StoreOptions } from "./store.js";

export interface EmbeddedDirectoryOptions extends StoreOptions {
  /** The time in milliseconds, asked at every call; without it only `tick` tells the time. */
  readonly now?: () => number;
}

interface Watcher {
  readonly filter: WatchFilter;
  readonly listener: ChangeListener;
  /** Changes up to this one are in what the watcher was told first. */
  readonly since: number;
}

/** A change that is yet to be heard: by one watcher, who has just come, or by all whom it concerns. */
interface Pending {
  readonly change: DirectoryChange;
  readonly to?: Watcher;
}

export class EmbeddedDirectory implements Directory {
  readonly #store: DirectoryStore;
  readonly #now: (() => number) | undefined;
  readonly #watchers = new Set<Watcher>();
  /** Changes that watchers have yet to hear: a listener that publishes does not overtake the change it hears. */
  readonly #pending: Pending[] = [];
  #isTelling = false;
  #isClosed = false;

  constructor({ now, ...options }: EmbeddedDirectoryOptions = {}) {
    this.#store = new DirectoryStore(options);
    this.#now = now;
  }

  async publishHost(host: HostRecord): Promise<void> {
    this.#tell(this.#open().publishHost(checkHost(host)));
  }

  async resolveHost(name: string): Promise<HostState | undefined> {
    return this.#open().host(checkName("name", name));
  }

  async publish(record: EndpointRecord): Promise<number> {
    const endpoint = checkEndpoint(record);
    const outcome = this.#open().publish(endpoint);
    if (!outcome.accepted) throw new StaleGeneration(endpoint, outcome.generation, outcome.winner);
    this.#tell(outcome.changes);
    return outcome.sequence;
  }

  async withdraw(vni: number, mac: string, generation: number): Promise<void> {
    checkVni("vni", vni);
    checkMac("mac", mac);
    checkGeneration("generation", generation);
    const outcome = this.#open().withdraw(vni, mac, generation);
    if (!outcome.accepted) throw new StaleGeneration({ vni, mac, generation }, outcome.generation, outcome.winner);
    this.#tell(outcome.changes);
  }

  async resolve(query: EndpointQuery): Promise<Resolution | undefined> {
    return this.#open().resolve(checkQuery(query));
  }

  async members(vni: number): Promise<readonly HostState[]> {
    return this.#open().members(checkVni("vni", vni));
  }

  async watch(filter: WatchFilter, listener: ChangeListener): Promise<Watch> {
    const store = this.#open();
    const watcher = { filter: checkFilter(filter), listener, since: store.sequence };
    this.#watchers.add(watcher);
    for (const change of store.snapshot(filter)) this.#pending.push({ change, to: watcher });
    this.#drain();
    return {
      // Nothing can be missed: changes are told before the call that made them returns.
      resync: async () => {
        this.#open();
      },
      stop: () => this.#watchers.delete(watcher),
    };
  }

  async allocateBlock(host: string, size: number): Promise<Block> {
    checkName("host", host);
    const block = this.#open().allocateBlock(host, checkBlockSize(size));
    if (block === undefined) throw new BlocksExhausted(size);
    return block;
  }

  async releaseBlock(host: string, block: Block): Promise<void> {
    checkName("host", host);
    const obstacle = this.#open().releaseBlock(host, checkBlock(block));
    if (obstacle !== undefined) throw new BlockInUse(host, block, OBSTACLES[obstacle]);
  }

  async lease(host: string, ttlMs: number): Promise<number> {
    checkName("host", host);
    this.#tell(this.#open().lease(host, checkLease(ttlMs)));
    return ttlMs;
  }

  async renew(host: string): Promise<void> {
    if (!this.#open().renew(checkName("host", host))) throw new LeaseExpired(host);
  }

  async leased(host: string): Promise<boolean> {
    return this.#open().leased(checkName("host", host));
  }

  /** The time is nowMs: leases that ended by then have ended, and watchers have heard it. */
  tick(nowMs: number): void {
    checkInteger("nowMs", Math.floor(nowMs), 0, Number.MAX_SAFE_INTEGER);
    if (!this.#isClosed) this.#tell(this.#store.tick(nowMs));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watchers.clear();
  }

  /** The store, brought to the present. */
  #open(): DirectoryStore {
    if (this.#isClosed) throw new DirectoryClosed();
    if (this.#now !== undefined) this.#tell(this.#store.tick(this.#now()));
    return this.#store;
  }

  #tell(changes: readonly DirectoryChange[]): void {
    for (const change of changes) this.#pending.push({ change });
    this.#drain();
  }

  /** In order, also when a listener makes changes of its own. */
  #drain(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      for (const watcher of this.#watchers) if (this.#isFor(watcher, next)) hear(watcher.listener, next.change);
    }
    this.#isTelling = false;
  }

  #isFor(watcher: Watcher, { change, to }: Pending): boolean {
    if (to !== undefined) return to === watcher;
    return change.sequence > watcher.since && this.#concerns(watcher.filter, change);
  }

  #concerns(filter: WatchFilter, change: DirectoryChange): boolean {
    if (filter === "all") return true;
    if (change.type === "host") return this.#store.isMember(filter.vni, change.host.name);
    return filter.vni === (change.type === "endpoint" ? change.endpoint.vni : change.vni);
  }
}

/** A listener's error is its owner's, and keeps nobody else from hearing. */
function hear(listener: ChangeListener, change: DirectoryChange): void {
  try {
    listener(change);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

const OBSTACLES = {
  "not-owned": "they are not its own",
  published: "some of them are published",
} as const;
