/**
 * A key-value bucket of JetStream, with the little that the directory needs of it: read, compare and set by revision, remove, list,
 * follow. Reads ask the stream's leader, never a replica that may lag. Whatever NATS throws becomes DirectoryUnavailable, without
 * its text, which might quote a server's URL and the secret in it.
 */
import type { JetStreamManager } from "@nats-io/jetstream";
import { jetstream } from "@nats-io/jetstream";
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
  readonly #manager: JetStreamManager;
  readonly #timeoutMs: number;
  readonly maxAgeMs: number;

  private constructor(name: string, kv: KV, manager: JetStreamManager, timeoutMs: number, maxAgeMs: number) {
    this.#name = name;
    this.#kv = kv;
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
      return new Bucket(name, kv, await client.jetstreamManager(), options.timeoutMs, ttl);
    });
  }

  get(key: string): Promise<Entry | undefined> {
    return asking("get", async () => {
      const entry = await this.#kv.get(key);
      return entry === null ? undefined : read(entry);
    });
  }

  /** Writes if the key's revision is the one given (0: no such key), and returns the new one; undefined when it is not. */
  put(key: string, value: unknown, revision: number): Promise<number | undefined> {
    return asking("put", async () => {
      try {
        return await this.#kv.put(key, JSON.stringify(value), { previousSeq: revision });
      } catch (error) {
        if (WRONG_REVISION.includes(codeOf(error) ?? 0)) return undefined;
        throw error;
      }
    });
  }

  /**
   * Reads, lets change say what is to be there, and writes that, again and again until nobody came between. change returns
   * undefined to leave things as they are. Returns the entry's value and revision, as left or as written.
   */
  async exchange<T>(
    key: string,
    change: (value: T | undefined) => T | undefined,
  ): Promise<{ value: T | undefined; revision: number }> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const entry = await this.get(key);
      const before = entry?.value as T | undefined;
      const value = change(before);
      if (value === undefined) return { value: before, revision: entry?.revision ?? 0 };
      const revision = await this.put(key, value, entry?.revision ?? 0);
      if (revision !== undefined) return { value, revision };
    }
    throw new DirectoryUnavailable("exchange", "contention");
  }

  /** Takes the key away, unless it was written after the revision. Watchers are not told. */
  async remove(key: string, revision: number): Promise<void> {
    const range = { filter: `$KV.${this.#name}.${key}`, seq: revision + 1 };
    await asking("remove", () => this.#manager.streams.purge(`KV_${this.#name}`, range));
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
