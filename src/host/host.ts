/**
 * A host of an overlay, with its directory:
 *
 *   const host = createHost({ name: "alpha", engine, directory, address: "192.0.2.1", uplinks: [uplink], policy });
 *   host.start();
 *   const web = await host.attach({ partition: "web", network: "blue", vnic, mac: "02:00:00:00:00:01", ips: ["10.0.0.1"] });
 *
 * From then on what the partition sends on its vnic goes where policy and directory say, and it gets what is for it. start polls by a
 * timer; who has a loop of his own calls poll instead.
 */
import type { Port } from "../buffer/port.js";
import { checkBoolean, checkInteger } from "../check.js";
import type { Directory, Watch } from "../directory/directory.js";
import { BlocksExhausted, DirectoryUnavailable, LeaseExpired, StaleGeneration } from "../directory/errors.js";
import type { HostRecord } from "../directory/records.js";
import type { Engine } from "../engine.js";
import { ConfigError, RinglaneError } from "../errors.js";
import type { LagGroup } from "../lag/group.js";
import type { Policy } from "../overlay/policy/policy.js";
import type { Attachment } from "./attachment.js";
import { HostCore } from "./core.js";
import type { HostEvent } from "./events.js";
import type { HostMove, MoveRequest } from "./moves/options.js";
import type { AttachOptions, HostOptions } from "./options.js";
import type { AnyAnswer, HostRequest } from "./requests.js";

export interface CreateHostOptions extends HostOptions {
  readonly directory: Directory;
  /** The time in ms, of any clock that runs forward; performance.now by default. */
  readonly now?: () => number;
}

/** The directory did not agree that a partition is here. */
export class AttachRefused extends RinglaneError {
  constructor(partition: string, reason: string) {
    super("ATTACH_REFUSED", `${partition} cannot be attached: ${reason}`);
  }
}

/** Makes a host. Throws ConfigError for a bad option. */
export function createHost(options: CreateHostOptions): Host {
  return new Host(options);
}

/** How a move ended for the host that it began at, and why when the VM has not gone. */
export type MoveEnd = Pick<Extract<HostEvent, { type: "move-ended" }>, "outcome" | "reason">;

interface Pending {
  readonly attachment: Attachment;
  readonly resolve: (attachment: Attachment) => void;
  readonly reject: (error: Error) => void;
}

export class Host {
  readonly #core: HostCore;
  readonly #directory: Directory;
  readonly #now: () => number;
  readonly #watches = new Map<number, Promise<Watch>>();
  readonly #listeners = new Set<(event: HostEvent) => void>();
  readonly #pending = new Set<Pending>();
  /** Who waits for the end of a move, by its name. */
  readonly #moves = new Map<string, (end: MoveEnd) => void>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @internal Made by createHost. */
  constructor({ directory, now = () => performance.now(), ...options }: CreateHostOptions) {
    this.#core = new HostCore(options, now());
    this.#directory = directory;
    this.#now = now;
    this.#pump();
  }

  get name(): string {
    return this.#core.name;
  }

  get address(): string {
    return this.#core.address;
  }

  get engine(): Engine {
    return this.#core.engine;
  }

  get uplinks(): readonly Port[] {
    return this.#core.uplinks;
  }

  get record(): HostRecord {
    return this.#core.record;
  }

  get group(): LagGroup | undefined {
    return this.#core.group;
  }

  /** Partitions that are here, or are being claimed. */
  get attachments(): readonly Attachment[] {
    return this.#core.attachments;
  }

  /** Until then, by its clock, the directory takes it for alive; -Infinity without a lease. */
  get leasedUntilMs(): number {
    return this.#core.leasedUntilMs;
  }

  get counters(): HostCore["counters"] {
    return this.#core.counters;
  }

  /** Frames that a network's default, and each rule in the file's order, has decided here. */
  ruleHits(network: string | number): bigint[] {
    return this.#core.ruleHits(network);
  }

  /** Moves frames until none can move, and does what is due. Returns the frames that moved. */
  poll(): number {
    const moved = this.#core.step(this.#now());
    this.#pump();
    return moved;
  }

  /** Polls every so many ms, 1 to 1000; 2 by default. The timer does not keep a process alive. */
  start(everyMs = 2): void {
    checkInteger("everyMs", everyMs, 1, 1000);
    this.stop();
    this.#timer = setInterval(() => this.poll(), everyMs);
    if (typeof this.#timer === "object") this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Attaches a partition; resolves when the directory has agreed and frames flow. A partition that is on another host comes from there, with
   * its global queue-pair number. Throws ConfigError for a bad option, rejects with AttachRefused.
   */
  attach(options: AttachOptions): Promise<Attachment> {
    const attachment = this.#core.attach(options, this.#now());
    const settled = new Promise<Attachment>((resolve, reject) => {
      this.#pending.add({ attachment, resolve, reject });
    });
    this.#pump();
    return settled;
  }

  /**
   * Moves a VM's adapters to another host with all that they hold, while frames for it keep coming; resolves when the move is over, with how it
   * ended: "moved", or "stayed", "returned" or "taken" and why. Throws ConfigError for what cannot be, at once.
   */
  move(request: MoveRequest): Promise<MoveEnd> {
    const name = this.#core.move(request, this.#now());
    const ended = new Promise<MoveEnd>((resolve) => this.#moves.set(name, resolve));
    this.#pump();
    return ended;
  }

  /** The VM is to stay here, if nothing has been decided yet. Throws ConfigError for a name that no move from here has. */
  cancelMove(name: string): void {
    this.#core.cancelMove(name, this.#now());
    this.#pump();
  }

  /** Moves from here and to here that are under way, or were lately. */
  get moves(): readonly HostMove[] {
    return this.#core.moves;
  }

  /** The partition is gone, from here and from the directory. */
  detach(attachment: Attachment): void {
    this.#core.detach(attachment, this.#now());
    this.#pump();
  }

  /** Other rules from now on. Throws ConfigError when a network that is in use here is not in it. */
  setPolicy(policy: Policy): void {
    this.#core.setPolicy(policy, this.#now());
    this.#pump();
  }

  /** An uplink is up or down, as its driver says. With a LAG group, tell that. Throws ConfigError for a port that is no uplink of this host. */
  link(uplink: Port, up: boolean): void {
    const place = this.uplinks.indexOf(uplink);
    if (place < 0) {
      throw new ConfigError("uplink", uplink?.name, `one of ${this.uplinks.map(({ name }) => name).join(", ")}`);
    }
    this.#core.link(place, checkBoolean("up", up));
  }

  /** Calls listener with whatever happens; returns what ends that. */
  onEvent(listener: (event: HostEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Stops the timer and the watches, and rejects what waits for the directory. Partitions stay in the directory until the host's lease
   * ends.
   */
  async close(): Promise<void> {
    this.stop();
    for (const { attachment, reject } of this.#pending) {
      reject(new AttachRefused(attachment.partition, "the host was closed"));
    }
    this.#pending.clear();
    for (const resolve of this.#moves.values()) resolve({ outcome: "stayed", reason: "the host was closed" });
    this.#moves.clear();
    const watches = [...this.#watches.values()];
    this.#watches.clear();
    // One that could not be opened need not be stopped.
    for (const watch of await Promise.allSettled(watches)) if (watch.status === "fulfilled") watch.value.stop();
  }

  /** Sends the host's requests, and tells what has happened. */
  #pump(): void {
    for (const request of this.#core.takeRequests()) void this.#carryOut(request);
    for (const event of this.#core.takeEvents()) this.#tell(event);
  }

  async #carryOut(request: HostRequest): Promise<void> {
    const answer = await this.#ask(request).then((value): AnyAnswer => ({ value }), failureOf);
    this.#core.answer(request.id, answer, this.#now());
    this.#pump();
  }

  async #ask(request: HostRequest): Promise<unknown> {
    const directory = this.#directory;
    switch (request.kind) {
      case "publishHost":
        return directory.publishHost(request.host);
      case "lease":
        return directory.lease(this.name, request.ttlMs);
      case "renew":
        return directory.renew(this.name);
      case "leased":
        return directory.leased(this.name);
      case "allocate":
        return directory.allocateBlock(this.name, request.size);
      case "publish":
        return directory.publish(request.record);
      case "withdraw":
        return directory.withdraw(request.vni, request.mac, request.generation);
      case "resolve":
        return directory.resolve(request.query);
      case "host":
        return directory.resolveHost(request.name);
      case "members":
        return directory.members(request.vni);
      case "watch":
        return this.#watch(request.vni);
      case "unwatch":
        return this.#unwatch(request.vni);
    }
  }

  async #watch(vni: number): Promise<void> {
    if (this.#watches.has(vni)) return;
    const watch = this.#directory.watch({ vni }, (change) => {
      this.#core.change(change, this.#now());
      this.#pump();
    });
    this.#watches.set(vni, watch);
    // One that could not be opened is no watch: the host asks again.
    await watch.catch((error) => {
      this.#watches.delete(vni);
      throw error;
    });
  }

  async #unwatch(vni: number): Promise<void> {
    const watch = this.#watches.get(vni);
    this.#watches.delete(vni);
    (await watch)?.stop();
  }

  #tell(event: HostEvent): void {
    if (event.type === "move-ended" && event.side === "source") {
      const { outcome, reason } = event;
      this.#moves.get(event.move)?.({ outcome, reason });
      this.#moves.delete(event.move);
    }
    for (const pending of this.#pending) {
      const { attachment, resolve, reject } = pending;
      if (attachment.state === "claiming") continue;
      this.#pending.delete(pending);
      if (attachment.state === "live") resolve(attachment);
      else reject(new AttachRefused(attachment.partition, event.type === "refused" ? event.reason : attachment.state));
    }
    for (const listener of this.#listeners) listener(event);
  }
}

function failureOf(error: unknown): AnyAnswer {
  if (error instanceof DirectoryUnavailable) return { failure: "unavailable" };
  if (error instanceof StaleGeneration) return { failure: "stale", generation: error.generation };
  if (error instanceof LeaseExpired) return { failure: "lease-expired" };
  if (error instanceof BlocksExhausted || error instanceof RinglaneError)
    return { failure: "refused", reason: error.message };
  throw error;
}
