/**
 * Endpoints in the bucket: claims by generation, decided by compare and set on the record's key; questions by any key.
 *
 * A global queue-pair number is claimed by records under different keys, which NATS cannot compare in one step. So each claimant puts
 * itself into the number's index entry, writes its record, and then writes the entry once more and looks at all who are in it: of two
 * claimants at least the later sees the other's record. The loser withdraws itself, or is withdrawn.
 */
import { DirectoryUnavailable, StaleGeneration } from "../errors.js";
import { type EndpointQuery, type EndpointRecord, outranks, sameEndpoint } from "../records.js";
import type { Bucket, Entry } from "./bucket.js";
import { type IndexEntries, isSame } from "./index-entries.js";
import { endpointKey, type Identity, indexKey, indexKeys } from "./keys.js";
import { generationOf, storedEndpoint } from "./stored.js";

/** An endpoint and the revision that wrote it. */
export interface FoundEndpoint {
  readonly endpoint: EndpointRecord;
  readonly revision: number;
}

const ATTEMPTS = 64;

export class Endpoints {
  readonly #bucket: Bucket;
  readonly #index: IndexEntries;

  constructor(bucket: Bucket, index: IndexEntries) {
    this.#bucket = bucket;
    this.#index = index;
  }

  /** See Directory.publish. */
  async publish(endpoint: EndpointRecord): Promise<number> {
    const key = endpointKey(endpoint);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const entry = await this.#bucket.get(key);
      const stored = storedEndpoint(entry);
      if (entry !== undefined && stored?.endpoint !== undefined && sameEndpoint(stored.endpoint, endpoint)) {
        // Said again, perhaps because the first time ended halfway: the rest is done now.
        const { ips, vni, partition } = endpoint;
        await this.#enter(endpoint, [...ips.map((ip) => indexKey({ vni, ip })), indexKey({ vni, partition })]);
        await this.#settle({ endpoint, revision: entry.revision });
        return entry.revision;
      }
      const rival = await this.#rival(endpoint);
      if (generationOf(stored) >= endpoint.generation) {
        throw new StaleGeneration(endpoint, generationOf(stored), stored?.endpoint ?? rival?.endpoint);
      }
      if (rival !== undefined && rival.endpoint.generation >= endpoint.generation)
        throw stale(endpoint, rival.endpoint);

      const before = stored?.endpoint === undefined ? [] : indexKeys(stored.endpoint);
      const after = indexKeys(endpoint);
      const fresh = after.filter((name) => !before.includes(name));
      const number = indexKey({ gqpn: endpoint.gqpn });
      await this.#enter(endpoint, fresh);
      const revision = await this.#bucket.put(key, { endpoint }, entry?.revision ?? 0);
      if (revision === undefined) continue; // Somebody was quicker: look again.
      await this.#enter(
        endpoint,
        fresh.filter((name) => name !== number),
      );
      await this.#leave(
        endpoint,
        before.filter((name) => !after.includes(name)),
      );
      if (rival !== undefined || fresh.includes(number)) await this.#settle({ endpoint, revision });
      return revision;
    }
    throw new DirectoryUnavailable("publish", "contention");
  }

  /** See Directory.withdraw. */
  async withdraw(claim: Identity & { readonly generation: number }): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const entry = await this.#bucket.get(endpointKey(claim));
      const stored = storedEndpoint(entry);
      const known = generationOf(stored);
      if (stored?.endpoint !== undefined && known > claim.generation) throw stale(claim, stored.endpoint);
      if (stored?.withdrawn !== undefined && known >= claim.generation) return;
      if (await this.#bury(claim, entry)) return;
    }
    throw new DirectoryUnavailable("withdraw", "contention");
  }

  /** The endpoint that a question means, or undefined. */
  async find(query: EndpointQuery): Promise<FoundEndpoint | undefined> {
    if ("mac" in query) return found(await this.#bucket.get(endpointKey(query)));
    const key = indexKey(query);
    const holders = await this.#holders(key, await this.#index.read(key));
    return best(holders, "gqpn" in query ? precedes : (a, b) => outranks(a.endpoint, b.endpoint));
  }

  /** True when somebody has the number. */
  async isPublished(indexEntry: Entry): Promise<boolean> {
    const identities = Array.isArray(indexEntry.value) ? indexEntry.value : [];
    return (await this.#holders(indexEntry.key, identities)).length > 0;
  }

  /** The strongest other endpoint that has the number. */
  async #rival(endpoint: EndpointRecord): Promise<FoundEndpoint | undefined> {
    const key = indexKey({ gqpn: endpoint.gqpn });
    const others = (await this.#index.read(key)).filter((other) => !isSame(other, endpoint));
    return best(await this.#holders(key, others), precedes);
  }

  /** Those of the identities whose records say that they have the key. */
  async #holders(key: string, identities: readonly Identity[]): Promise<FoundEndpoint[]> {
    const entries = await Promise.all(identities.map((identity) => this.#bucket.get(endpointKey(identity))));
    return entries.flatMap((entry) => found(entry) ?? []).filter(({ endpoint }) => indexKeys(endpoint).includes(key));
  }

  /** Decides who has the number, once ours is written. StaleGeneration when it is somebody else; ours is withdrawn then. */
  async #settle(ours: FoundEndpoint): Promise<void> {
    const key = indexKey({ gqpn: ours.endpoint.gqpn });
    const claimants = await this.#index.put(key, ours.endpoint);
    const others = claimants.filter((other) => !isSame(other, ours.endpoint));
    for (const rival of await this.#holders(key, others)) {
      const loser = precedes(ours, rival) ? rival.endpoint : ours.endpoint;
      try {
        await this.withdraw(loser);
      } catch (error) {
        // The loser has moved on, with a higher generation: whoever wrote that looks at the number too.
        if (!(error instanceof StaleGeneration)) throw error;
      }
      if (loser === ours.endpoint) throw stale(ours.endpoint, rival.endpoint);
    }
  }

  /** Puts the withdrawal in the entry's place; false when somebody else wrote meanwhile. */
  async #bury(claim: Identity & { readonly generation: number }, entry: Entry | undefined): Promise<boolean> {
    const { vni, mac, generation } = claim;
    const withdrawn = { vni, mac, generation };
    const revision = await this.#bucket.put(endpointKey(claim), { withdrawn }, entry?.revision ?? 0);
    if (revision === undefined) return false;
    const buried = storedEndpoint(entry)?.endpoint;
    if (buried !== undefined) await this.#leave(claim, indexKeys(buried));
    return true;
  }

  async #enter(identity: Identity, keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => this.#index.put(key, identity)));
  }

  async #leave(identity: Identity, keys: readonly string[]): Promise<void> {
    await this.#index.drop(keys, identity, async () => {
      const now = found(await this.#bucket.get(endpointKey(identity)))?.endpoint;
      const named = now === undefined ? [] : indexKeys(now);
      return (key) => named.includes(key);
    });
  }
}

/** What is there, unless it was withdrawn. */
export function found(entry: Entry | undefined): FoundEndpoint | undefined {
  const endpoint = storedEndpoint(entry)?.endpoint;
  return endpoint === undefined || entry === undefined ? undefined : { endpoint, revision: entry.revision };
}

/** Of two that have a number: the higher generation, of equals the one that was written first. */
function precedes(a: FoundEndpoint, b: FoundEndpoint): boolean {
  const lead = a.endpoint.generation - b.endpoint.generation;
  return lead === 0 ? a.revision < b.revision : lead > 0;
}

function best(
  holders: readonly FoundEndpoint[],
  isBetter: (a: FoundEndpoint, b: FoundEndpoint) => boolean,
): FoundEndpoint | undefined {
  const [first, ...others] = holders;
  return first && others.reduce((champion, other) => (isBetter(other, champion) ? other : champion), first);
}

function stale(claim: Identity & { readonly generation: number }, winner: EndpointRecord): StaleGeneration {
  return new StaleGeneration(claim, winner.generation, winner);
}
