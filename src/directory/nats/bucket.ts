/**
 * A key-value bucket of JetStream, with the little that the directory needs of it: read, compare and set by revision, remove, list,
 * follow. Reads ask the stream's leader, never a replica that may lag. Whatever NATS throws becomes DirectoryUnavailable, without
 * its text, which might quote a server's URL and the secret in it.
 *
 * Compare and set has a hole in servers such as Debian's 2.9.10, where a bucket has replicas: the leader compares before it replicates, so two
 * writes that arrive close together both pass, and the second buries the first. Message ids close it, since duplicates are found
 * when a message is stored: a write's id is its key and the revision that it expects, so of several only one is kept.
 */
import { type JetStreamClient, type JetStreamManager, jetstream } from "@nats-io/jetstream";
import { type KV, type KvEntry, Kvm, KvWatchInclude } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/nats-core";
import { DirectoryUnavailable } from "../errors.js";

/** A value that is there. A key's revisions rise, and no two changes in a bucket have the same. */
export interface Entry {
  readonly key: string;
  readonly value: unknown;
  readonly revision: number;
  /** When it was written, by the server's clock. */
  readonly createdMs: number;
}

export interface BucketOptions {
  readonly replicas: number;
  /** Entries go away by themselves after this; 0: never. */
  readonly maxAgeMs: number;
  readonly timeoutMs: number;
}

/** What the server answers when a key has another revision than the one said; the second number is that of newer servers. */
const WRONG_REVISION = [10071, 10164];
const ATTEMPTS = 64;

export class Bucket {
  readonly #name: string;
  readonly #kv: KV;
  readonly #client: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #timeoutMs: number;
  readonly maxAgeMs: number;

  private constructor(
    name: string,
    kv: KV,
    client: JetStreamClient,
    manager: JetStreamManager,
    timeoutMs: number,
    maxAgeMs: number,
  ) {
    this.#name = name;
    this.#kv = kv;
    this.#client = client;
    this.#manager = manager;
    this.#timeoutMs = timeoutMs;
    this.maxAgeMs = maxAgeMs;
  }

  /** The bucket of that name, made if it is not there; one that is keeps its replicas and its age. */
  static async open(connection: NatsConnection, name: string, options: BucketOptions): Promise<Bucket> {
    return asking("open", async () => {
      const client = jetstream(connection, { timeout: options.timeoutMs });
      const { replicas, maxAgeMs } = options;
      const kv = await new Kvm(client).create(name, { replicas, ttl: maxAgeMs, history: 1, allow_direct: false });
      const { ttl } = await kv.status();
      return new Bucket(name, kv, client, await client.jetstreamManager(), options.timeoutMs, ttl);
    });
  }

  get(key: string): Promise<Entry | undefined> {
    return asking("get", async () => {
      const entry = await this.#kv.get(key);
      return entry === null ? undefined : read(entry);
    });
  }

  /** Writes, whatever is there, and returns the revision. */
  write(key: string, value: unknown): Promise<number> {
    return asking("write", () => this.#kv.put(key, JSON.stringify(value)));
  }

  /** Writes if the key's revision is the one given (0: no such key), and returns the new one; undefined when it is not. */
  put(key: string, value: unknown, revision: number): Promise<number | undefined> {
    return this.#put(key, value, revision, `${key}:${revision}`);
  }

  /**
   * Reads, lets change say what is to be there, and writes that, again and again until nobody came between. change returns
   * undefined to leave things as they are. Returns the value, as left or as written.
   */
  async exchange<T>(key: string, change: (value: T | undefined) => T | undefined): Promise<T | undefined> {
    return this.#exchange(key, change, (revision) => `${key}:${revision}`);
  }

  /**
   * The same for keys that are removed and come back: until the server has forgotten the id of the first write, it would take another
   * first write for its duplicate. So first writes have no id, and of two that arrive together one may be lost.
   */
  async exchangeRemovable<T>(key: string, change: (value: T | undefined) => T | undefined): Promise<T | undefined> {
    return this.#exchange(key, change, (revision) => (revision === 0 ? undefined : `${key}:${revision}`));
  }

  async #exchange<T>(
    key: string,
    change: (value: T | undefined) => T | undefined,
    idOf: (revision: number) => string | undefined,
  ): Promise<T | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const entry = await this.get(key);
      const before = entry?.value as T | undefined;
      const value = change(before);
      if (value === undefined) return before;
      const expected = entry?.revision ?? 0;
      if ((await this.#put(key, value, expected, idOf(expected))) !== undefined) return value;
    }
    throw new DirectoryUnavailable("exchange", "contention");
  }

  #put(key: string, value: unknown, revision: number, msgID: string | undefined): Promise<number | undefined> {
    return asking("put", async () => {
      try {
        const options = { expect: { lastSubjectSequence: revision }, ...(msgID === undefined ? {} : { msgID }) };
        const { seq, duplicate } = await this.#client.publish(this.#subject(key), JSON.stringify(value), options);
        return duplicate ? undefined : seq;
      } catch (error) {
        if (WRONG_REVISION.includes(codeOf(error) ?? 0)) return undefined;
        throw error;
      }
    });
  }

  /** Takes the key away, unless it was written after the revision. Watchers are not told. */
  async remove(key: string, revision: number): Promise<void> {
    const range = { filter: this.#subject(key), seq: revision + 1 };
    await asking("remove", () => this.#manager.streams.purge(`KV_${this.#name}`, range));
  }

  /** Where a key's values are published, by NATS' definition of key-value buckets (ADR-8). */
  #subject(key: string): string {
    return `$KV.${this.#name}.${key}`;
  }

  /** Everything under the keys, which may have wildcards. */
  list(keys: string): Promise<Entry[]> {
    return asking("list", async () => {
      const history = await this.#kv.history({ key: keys });
      const late = setTimeout(() => history.stop(new Error("late")), this.#timeoutMs);
      try {
        const entries: Entry[] = [];
        for await (const entry of history) if (entry.operation === "PUT") entries.push(read(entry));
        return entries;
      } finally {
        clearTimeout(late);
      }
    });
  }

  /** Calls listener with everything that is written from now on; ended when nothing will come any more. Returns what stops it. */
  follow(keys: string, listener: (entry: Entry) => void, ended: () => void): Promise<() => void> {
    return asking("follow", async () => {
      const updates = await this.#kv.watch({ key: keys, include: KvWatchInclude.UpdatesOnly });
      const pump = async () => {
        for await (const entry of updates) if (entry.operation === "PUT") listener(read(entry));
      };
      pump().then(ended, ended);
      return () => updates.stop();
    });
  }
}

function read(entry: KvEntry): Entry {
  const { key, revision, created } = entry;
  return { key, value: entry.json(), revision, createdMs: created.getTime() };
}

/** The work's result, or DirectoryUnavailable. */
export async function asking<T>(operation: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    const name = error instanceof Error ? error.name : "unknown";
    throw new DirectoryUnavailable(operation, code === undefined ? name : `${name} ${code}`);
  }
}

/** The server's number for what went wrong. */
function codeOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "number" ? code : undefined;
}
