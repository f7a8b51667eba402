/**
 * Hosts and their leases. Debian's server has one maximum age for a bucket, none for a key, so leases are a bucket of their own: a host
 * writes its entry again and again, and when the server has dropped it, the host is dead. Nobody's clock is compared with another's.
 */
import { ConfigError } from "../../errors.js";
import { LeaseExpired } from "../errors.js";
import { type HostRecord, type HostState, sameHost } from "../records.js";
import type { Bucket } from "./bucket.js";
import { EVERY_HOST, hostKey, nameToken } from "./keys.js";
import { type StoredHost, storedHost } from "./stored.js";

export class Hosts {
  readonly #bucket: Bucket;
  readonly #leases: Bucket;
  /** The lease entries that were written here, by host: renewing one takes no question. */
  readonly #revisions = new Map<string, number>();

  constructor(bucket: Bucket, leases: Bucket) {
    this.#bucket = bucket;
    this.#leases = leases;
  }

  async publish(host: HostRecord): Promise<void> {
    await this.#bucket.exchange<StoredHost>(hostKey(host.name), (stored) => {
      if (stored?.host !== undefined && sameHost(stored.host, host)) return undefined;
      return { host, leased: stored?.leased ?? false };
    });
  }

  async resolve(name: string): Promise<HostState | undefined> {
    const [entry, lease] = await Promise.all([this.#bucket.get(hostKey(name)), this.#leases.get(nameToken(name))]);
    return state(storedHost(entry), lease !== undefined);
  }

  /** All hosts, by name. */
  async all(): Promise<ReadonlyMap<string, HostState>> {
    const [entries, leases] = await Promise.all([this.#bucket.list(EVERY_HOST), this.#leases.list("*")]);
    const living = new Set(leases.map(({ key }) => key));
    const states = entries.flatMap((entry) => {
      const stored = storedHost(entry);
      return state(stored, stored?.host !== undefined && living.has(nameToken(stored.host.name))) ?? [];
    });
    return new Map(states.map((host) => [host.host.name, host]));
  }

  /** The bucket's age, which is every lease's. */
  async lease(name: string, ttlMs: number): Promise<number> {
    const grantedMs = this.#leases.maxAgeMs;
    if (ttlMs > grantedMs)
      throw new ConfigError("ttlMs", ttlMs, `at most ${grantedMs}, which the directory's leases last`);
    // The heartbeat first: a host that is said to have leases, and has none, would be dead for a moment.
    this.#revisions.set(name, await this.#leases.write(nameToken(name), 0));
    await this.#bucket.exchange<StoredHost>(hostKey(name), (stored) =>
      stored?.leased === true ? undefined : { ...stored, leased: true },
    );
    return grantedMs;
  }

  async leased(name: string): Promise<boolean> {
    return (await this.#leases.get(nameToken(name))) !== undefined;
  }

  async renew(name: string): Promise<void> {
    const key = nameToken(name);
    const mine = this.#revisions.get(name);
    const revision = mine && (await this.#leases.put(key, 0, mine));
    if (revision !== undefined) {
      this.#revisions.set(name, revision);
      return;
    }
    // Not the entry that was written here last: another's, one whose answer was lost, or none.
    this.#revisions.delete(name);
    const entry = await this.#leases.get(key);
    const next = entry && (await this.#leases.put(key, 0, entry.revision));
    if (next === undefined) throw new LeaseExpired(name);
    this.#revisions.set(name, next);
  }
}

function state(stored: StoredHost | undefined, isLeased: boolean): HostState | undefined {
  return stored?.host && { host: stored.host, alive: isLeased || !stored.leased };
}
