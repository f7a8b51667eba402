/**
 * Two hosts, a directory, senders, and the links between them, in virtual time from one seed. Senders number the frames of their flows, send
 * to the host that they believe in, hear late of changes, and send again what was answered *moved*. After everything that happens the
 * world looks at who runs; it knows of every copy of a frame where it is.
 */
import type { Arrival, MoveAction, MoveOptions } from "../../../src/migrate/move/index.js";
import { MoveSource, MoveTarget } from "../../../src/migrate/move/index.js";
import { Clock } from "../../../src/sim/clock.js";
import { Adapter, senderOf, type TestFrame } from "./adapter.js";
import type { Chance } from "./chance.js";
import { crc32c } from "./crc32c.js";
import { TestDirectory } from "./directory.js";
import { TestHost } from "./host.js";
import { Link } from "./link.js";

export interface WorldOptions {
  readonly adapters?: number;
  readonly bulkBytes?: number;
  /** Between two frames of a flow. */
  readonly intervalMs?: number;
  /** How late senders hear of a change, at most. */
  readonly hearMs?: number;
  readonly limits?: Partial<MoveOptions>;
}

/** Where a copy of a frame is known to have been. */
interface Trace {
  accepted: boolean;
  delivered: number;
  lostOnLink: boolean;
}

export interface Delivery {
  readonly frame: TestFrame;
  readonly host: string;
  readonly atMs: number;
}

const RESEND_MS = 10;
export const PLACES = ["alpha", "beta"] as const;

export class World {
  readonly clock = new Clock();
  readonly chance: Chance;
  readonly directory: TestDirectory;
  readonly links = new Map<string, Link>();
  readonly hosts: readonly [TestHost, TestHost];
  readonly deliveries: Delivery[] = [];
  /** Frames that were in a host's memory when it was killed, by copy. */
  readonly killed = new Set<number>();
  /** What was found to be wrong. */
  readonly wrong: string[] = [];
  /** Called after each action of a host. */
  onAction: (host: TestHost, action: MoveAction<TestFrame>) => void = () => undefined;
  resent = 0;
  readonly #options: Required<WorldOptions>;
  readonly #traces: Trace[] = [];
  readonly #beliefs: { host: string; generation: number }[];
  readonly #nextSeq: number[];
  readonly #resending = new Set<string>();
  #moves = 0;
  #isSending = true;

  constructor(chance: Chance, options: WorldOptions = {}) {
    const { adapters = 2, bulkBytes = 600, intervalMs = 4, hearMs = 10, limits = {} } = options;
    this.#options = { adapters, bulkBytes, intervalMs, hearMs, limits };
    this.chance = chance;
    this.directory = new TestDirectory(this.clock, PLACES, "alpha", adapters);
    this.directory.listener = (flow, host, generation) => this.#changed(flow, host, generation);
    const [alpha, beta] = PLACES.map((name) => this.#host(name)) as [TestHost, TestHost];
    this.hosts = [alpha, beta];
    alpha.peer = beta;
    beta.peer = alpha;
    this.#beliefs = Array.from({ length: adapters }, () => ({ host: "alpha", generation: 1 }));
    this.#nextSeq = Array.from({ length: adapters }, () => 0);
    alpha.boot();
    beta.boot();
    this.run(5);
    for (let flow = 0; flow < adapters; flow++) this.#send(flow);
  }

  get sentFrames(): number {
    return this.#nextSeq.reduce((sum, seq) => sum + seq, 0);
  }

  link(from: string, to: string): Link {
    const key = `${from}>${to}`;
    let link = this.links.get(key);
    if (link === undefined) {
      link = new Link(this.clock, this.chance);
      this.links.set(key, link);
    }
    return link;
  }

  /** New machines for a move, by host; the source already runs. Frames reach the VM by them from now on. */
  prepare(from: TestHost): { source: MoveSource<TestFrame>; target: MoveTarget<TestFrame> } {
    const to = from.peer;
    const move = `move-${++this.#moves}`;
    const { limits } = this.#options;
    const common = { move, digest: crc32c, retryMs: 5, commitMs: 40, silenceMs: 40, gateMs: 40, ...limits };
    const source = new MoveSource<TestFrame>({
      ...{ ...common, host: from.name, peer: to.name, leasedUntilMs: from.leasedUntilMs },
      adapters: from.adapters.map(({ name }) => name),
      generation: this.directory.owner.generation,
      stateBytes: 65_536,
    });
    const target = new MoveTarget<TestFrame>({
      ...{ ...common, host: to.name, peer: from.name, leasedUntilMs: to.leasedUntilMs },
    });
    from.machine = source;
    to.machine = target;
    from.isRunning = true;
    return { source, target };
  }

  /** Lets time pass. */
  run(forMs: number, isOver: () => boolean = () => false): void {
    const untilNs = this.clock.nowNs + Math.round(forMs * 1e6);
    while ((this.clock.nextNs ?? Infinity) <= untilNs) {
      this.clock.advance();
      if (isOver()) return;
    }
    this.clock.skipTo(untilNs);
  }

  stopSending(): void {
    this.#isSending = false;
  }

  kill(host: TestHost): void {
    for (const { copy } of host.frames()) this.killed.add(copy);
    host.kill();
  }

  get running(): readonly TestHost[] {
    return this.hosts.filter(({ isAlive, isRunning }) => isAlive && isRunning);
  }

  /** Copies that a host took and that are nowhere any more, though no killed host had them in its memory. */
  missing(): number[] {
    const inMemory = new Set(
      this.hosts.flatMap((host) => (host.isAlive ? [...host.frames()] : [])).map(({ copy }) => copy),
    );
    return this.#traces.flatMap(({ accepted, delivered, lostOnLink }, copy) => {
      const isGone = accepted && delivered === 0 && !lostOnLink && !inMemory.has(copy) && !this.killed.has(copy);
      return isGone ? [copy] : [];
    });
  }

  /** Copies that are in some living host's memory. */
  waiting(): number {
    return this.hosts.reduce((sum, host) => sum + (host.isAlive ? [...host.frames()].length : 0), 0);
  }

  /** Copies that the guest got more than once, and those that went with a killed host. */
  count() {
    const doubled = this.#traces.filter(({ delivered }) => delivered > 1).length;
    const diedWithHost = [...this.killed].filter((copy) => this.#traces[copy]?.delivered === 0).length;
    return { doubled, diedWithHost };
  }

  #host(name: string): TestHost {
    const { adapters, bulkBytes } = this.#options;
    const list = Array.from({ length: adapters }, (_, i) => new Adapter(`a${i}`, bulkBytes));
    const other = name === "alpha" ? "beta" : "alpha";
    const links = {
      toPeer: this.link(name, other),
      toDirectory: this.link(name, "directory"),
      fromDirectory: this.link("directory", name),
      toSenders: this.link(name, "senders"),
    };
    return new TestHost(
      name,
      {
        clock: this.clock,
        directory: this.directory,
        delivered: (frame, host) => this.#delivered(frame, host),
        accepted: ({ copy }) => {
          (this.#traces[copy] as Trace).accepted = true;
        },
        answeredMoved: (arrival) => this.#resend(arrival),
        lost: ({ copy }) => {
          (this.#traces[copy] as Trace).lostOnLink = true;
        },
        acted: (host, action) => this.#acted(host, action),
      },
      links,
      list,
    );
  }

  #acted(host: TestHost, action: MoveAction<TestFrame>): void {
    if (this.running.length > 1) this.wrong.push(`two run at ${this.clock.nowMs} ms`);
    this.onAction(host, action);
  }

  #delivered(frame: TestFrame, host: TestHost): void {
    (this.#traces[frame.copy] as Trace).delivered++;
    this.deliveries.push({ frame, host: host.name, atMs: this.clock.nowMs });
  }

  #send(flow: number): void {
    if (!this.#isSending) return;
    const seq = this.#nextSeq[flow] as number;
    this.#nextSeq[flow] = seq + 1;
    this.#sendTo((this.#beliefs[flow] as { host: string }).host, flow, seq);
    this.clock.after(Math.round(this.#options.intervalMs * 1e6), { fire: () => this.#send(flow) });
  }

  #sendTo(name: string, flow: number, seq: number): void {
    const host = this.hosts.find((each) => each.name === name) as TestHost;
    this.link("senders", name).send(() => {
      const frame = { flow, seq, copy: this.#traces.length };
      this.#traces.push({ accepted: false, delivered: 0, lostOnLink: false });
      host.arrive({ frame, sender: senderOf(frame) });
    });
  }

  /** Its sender asks the directory and sends it again. */
  #resend({ frame: { flow, seq } }: Arrival<TestFrame>): void {
    // Links double what is sent and what is answered: a frame goes again once for all its copies.
    const key = `${flow}/${seq}`;
    if (this.#resending.has(key)) return;
    this.#resending.add(key);
    this.clock.after(RESEND_MS * 1e6, {
      fire: () => {
        this.#resending.delete(key);
        if (!this.#isSending) return;
        this.resent++;
        const { host, generation } = this.directory.hostOf(flow);
        this.#changedTo(flow, host, generation);
        this.#sendTo(host, flow, seq);
      },
    });
  }

  /** Watchers hear late, each at its time. */
  #changed(flow: number, host: string, generation: number): void {
    const lateNs = this.chance.below(Math.round(this.#options.hearMs * 1e6) + 1);
    this.clock.after(lateNs, { fire: () => this.#changedTo(flow, host, generation) });
  }

  #changedTo(flow: number, host: string, generation: number): void {
    const belief = this.#beliefs[flow] as { host: string; generation: number };
    if (generation > belief.generation) this.#beliefs[flow] = { host, generation };
  }
}
