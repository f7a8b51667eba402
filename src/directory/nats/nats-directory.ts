/**
 * The directory on NATS servers, in JetStream's key-value buckets: the truth is in the bucket, decided by compare and set; nothing here is
 * believed longer than it takes to answer, but what a watch has delivered.
 */
import type { NatsConnection } from "@nats-io/nats-core";
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";
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
} from "../check.js";
import type { Block, ChangeListener, Directory, Watch } from "../directory.js";
import { DirectoryClosed } from "../errors.js";
import type { EndpointQuery, EndpointRecord, HostRecord, HostState, Resolution, WatchFilter } from "../records.js";
import { QUARANTINE_MS, WITHDRAWN_MS } from "../store.js";
import { Blocks } from "./blocks.js";
import { Bucket } from "./bucket.js";
import { Endpoints, found } from "./endpoints.js";
import { Hosts } from "./hosts.js";
import { IndexEntries } from "./index-entries.js";
import { endpointsOf } from "./keys.js";
import { NatsWatch } from "./watch.js";

/** Calls task every periodMs until the returned function is called. */
export type Repeat = (periodMs: number, task: () => void) => () => void;

export interface NatsDirectoryOptions {
  /** The bucket's name, and with -leases that of the leases: letters, digits, - and _. Default: ringlane. */
  readonly bucket?: string;
  /** Servers that keep each bucket: 1, 3 or 5. */
  readonly replicas?: number;
  /** How long a lease lasts: 10 s by default. The first to open a directory decides it. */
  readonly leaseMs?: number;
  /** How often a watch reads everything again. */
  readonly resyncMs?: number;
  /** How long an answer is waited for. */
  readonly timeoutMs?: number;
  readonly quarantineMs?: number;
  readonly withdrawnMs?: number;
  /** The time in milliseconds since 1970. */
  readonly now?: () => number;
  readonly repeat?: Repeat;
}

const LEASE_MS = 10_000;
const RESYNC_MS = 30_000;
const TIMEOUT_MS = 5_000;
const PERIOD_MAX_MS = 86_400_000;

export class NatsDirectory implements Directory {
  readonly #bucket: Bucket;
  readonly #hosts: Hosts;
  readonly #endpoints: Endpoints;
  readonly #blocks: Blocks;
  readonly #watches = new Set<NatsWatch>();
  readonly #withdrawnMs: number;
  readonly #now: () => number;
  readonly #ending: (() => void | Promise<void>)[] = [];
  #isClosed = false;

  private constructor(bucket: Bucket, leases: Bucket, options: NatsDirectoryOptions) {
    const { quarantineMs = QUARANTINE_MS, withdrawnMs = WITHDRAWN_MS, now = Date.now } = options;
    this.#bucket = bucket;
    this.#hosts = new Hosts(bucket, leases);
    this.#endpoints = new Endpoints(bucket, new IndexEntries(bucket));
    this.#blocks = new Blocks(bucket, this.#endpoints, quarantineMs, now);
    this.#withdrawnMs = withdrawnMs;
    this.#now = now;
  }

  /** A directory on a connection of the caller's, which stays his: close() leaves it open. */
  static async open(connection: NatsConnection, options: NatsDirectoryOptions = {}): Promise<NatsDirectory> {
    const { bucket = "ringlane", replicas = 1, leaseMs = LEASE_MS, resyncMs = RESYNC_MS } = options;
    const { timeoutMs = TIMEOUT_MS, repeat = repeatUnheld } = options;
    if (!/^[-\w]+$/.test(bucket)) throw new ConfigError("bucket", bucket, "letters, digits, - and _");
    if (![1, 3, 5].includes(replicas)) throw new ConfigError("replicas", replicas, "1, 3 or 5");
    // A server drops entries at most four times a second.
    checkInteger("leaseMs", leaseMs, 500, PERIOD_MAX_MS);
    checkInteger("resyncMs", resyncMs, 100, PERIOD_MAX_MS);
    checkInteger("timeoutMs", timeoutMs, 1, PERIOD_MAX_MS);
    const records = await Bucket.open(connection, bucket, { replicas, timeoutMs, maxAgeMs: 0 });
    const leases = await Bucket.open(connection, `${bucket}-leases`, { replicas, timeoutMs, maxAgeMs: leaseMs });
    const directory = new NatsDirectory(records, leases, options);
    directory.#keepUp(connection, leases.maxAgeMs / 2, resyncMs, repeat);
    return directory;
  }

  /** @internal Calls work when the directory is closed, after everything else. */
  onClose(work: () => Promise<void>): void {
    this.#ending.push(work);
  }

  async publishHost(host: HostRecord): Promise<void> {
    this.#checkOpen();
    await this.#hosts.publish(checkHost(host));
  }

  async resolveHost(name: string): Promise<HostState | undefined> {
    this.#checkOpen();
    return this.#hosts.resolve(checkName("name", name));
  }

  async publish(record: EndpointRecord): Promise<number> {
    this.#checkOpen();
    return this.#endpoints.publish(checkEndpoint(record));
  }

  async withdraw(vni: number, mac: string, generation: number): Promise<void> {
    this.#checkOpen();
    checkGeneration("generation", generation);
    await this.#endpoints.withdraw({ vni: checkVni("vni", vni), mac: checkMac("mac", mac), generation });
  }

  async resolve(query: EndpointQuery): Promise<Resolution | undefined> {
    this.#checkOpen();
    const answer = await this.#endpoints.find(checkQuery(query));
    const host = answer && (await this.#hosts.resolve(answer.endpoint.host));
    return answer && host && { endpoint: answer.endpoint, sequence: answer.revision, ...host };
  }

  async members(vni: number): Promise<readonly HostState[]> {
    this.#checkOpen();
    const entries = await this.#bucket.list(endpointsOf({ vni: checkVni("vni", vni) }));
    const names = new Set(entries.flatMap((entry) => found(entry)?.endpoint.host ?? []));
    const states = await Promise.all([...names].sort().map((name) => this.#hosts.resolve(name)));
    return states.filter((state) => state !== undefined);
  }

  async watch(filter: WatchFilter, listener: ChangeListener): Promise<Watch> {
    this.#checkOpen();
    const parts = { bucket: this.#bucket, hosts: this.#hosts, withdrawnMs: this.#withdrawnMs, now: this.#now };
    const watch = new NatsWatch(parts, checkFilter(filter), listener, (stopped) => this.#watches.delete(stopped));
    this.#watches.add(watch);
    try {
      await watch.resync();
    } catch (error) {
      watch.stop();
      throw error;
    }
    return watch;
  }

  async allocateBlock(host: string, size: number): Promise<Block> {
    this.#checkOpen();
    return this.#blocks.allocate(checkName("host", host), checkBlockSize(size));
  }

  async releaseBlock(host: string, block: Block): Promise<void> {
    this.#checkOpen();
    await this.#blocks.release(checkName("host", host), checkBlock(block));
  }

  async lease(host: string, ttlMs: number): Promise<number> {
    this.#checkOpen();
    return this.#hosts.lease(checkName("host", host), checkLease(ttlMs));
  }

  async renew(host: string): Promise<void> {
    this.#checkOpen();
    await this.#hosts.renew(checkName("host", host));
  }

  async leased(host: string): Promise<boolean> {
    this.#checkOpen();
    return this.#hosts.leased(checkName("host", host));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const watch of [...this.#watches]) watch.stop();
    for (const end of this.#ending) await end();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new DirectoryClosed();
  }

  /** Reads again after every reconnection, every resyncMs, and soon after a watch fell behind; asks for hosts every hostsMs. */
  #keepUp(connection: NatsConnection, hostsMs: number, resyncMs: number, repeat: Repeat): void {
    const status = connection.status()[Symbol.asyncIterator]();
    const listen = async () => {
      for (let next = await status.next(); !next.done; next = await status.next()) {
        if (next.value.type === "reconnect") this.#resyncAll();
      }
    };
    listen().catch(() => undefined);
    const stops = [repeat(resyncMs, () => this.#resyncIdle()), repeat(hostsMs, () => this.#checkIdle())];
    this.#ending.push(() => {
      for (const stop of stops) stop();
      status.return?.();
    });
  }

  #resyncAll(): void {
    for (const watch of this.#watches) watch.resync().catch(passOver);
  }

  #resyncIdle(): void {
    for (const watch of this.#watches) if (!watch.isBusy) watch.resync().catch(passOver);
  }

  #checkIdle(): void {
    for (const watch of this.#watches) {
      if (!watch.isBusy) (watch.isBehind ? watch.resync() : watch.checkHosts()).catch(passOver);
    }
  }
}

/** A watch that could not read stays behind, and is read again by the timer. */
function passOver(): void {}

/** A timer that keeps no process alive. */
function repeatUnheld(periodMs: number, task: () => void): () => void {
  const timer: unknown = setInterval(task, periodMs);
  if (typeof timer === "object" && timer !== null && "unref" in timer) (timer as NodeJS.Timeout).unref();
  return () => clearInterval(timer as NodeJS.Timeout);
}
