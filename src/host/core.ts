/**
 * A host: an engine, its overlay, and what it knows of the rest of the fabric. Without I/O: requests for the directory come out, answers
 * and changes go in, time is handed in. host.ts gives it a directory; sim/ gives it a fabric in virtual time.
 *
 *   residents   the partitions that are here        claims      how they come to be here, by the directory's word
 *   knowledge   endpoints that are elsewhere        networks    their policies, routes and watches
 *   stale       frames for those who have gone      redirects   what other hosts say of those
 *   neighbours, too-big   what guests are told      lease       that this host is alive
 *   moves       VMs that come with their adapters' state, or go
 *   word        what the directory says, done to all of these
 */
import { BURST_MAX } from "../../assembly/layout.js";
import type { Port } from "../buffer/port.js";
import type { DirectoryChange, HostRecord } from "../directory/records.js";
import { earliest } from "../earliest.js";
import type { Engine } from "../engine.js";
import { ConfigError } from "../errors.js";
import type { LagGroup } from "../lag/group.js";
import type { ControlFrame } from "../overlay/plane/control.js";
import type { OverlayCounters } from "../overlay/plane/counters.js";
import type { Policy } from "../overlay/policy/policy.js";
import type { Attachment } from "./attachment.js";
import { Claims } from "./claims.js";
import type { HostContext } from "./context.js";
import type { HostEvent } from "./events.js";
import { Knowledge } from "./knowledge.js";
import { Lease } from "./lease.js";
import { PartitionMbufs } from "./mbufs.js";
import { Moves } from "./moves/moves.js";
import type { HostMove, MoveRequest } from "./moves/options.js";
import { adapterStateOf } from "./moves/state.js";
import { Neighbours } from "./neighbours.js";
import { Networks } from "./networks.js";
import {
  type AttachOptions,
  checkAttachOptions,
  checkHostOptions,
  type HostOptions,
  type HostSettings,
  type HostTimes,
} from "./options.js";
import type { HostEngine } from "./plane.js";
import { Redirects } from "./redirects.js";
import { type AnyAnswer, type HostRequest, Requests } from "./requests.js";
import { postBytes, Residents } from "./residents.js";
import { StaleFrames } from "./stale.js";
import { Timers } from "./timers.js";
import { TooBigAnswers } from "./too-big.js";
import { DirectoryWord } from "./word.js";

/** Steps of the walk that forgets what has aged, at every step of the host. */
const AGE_STEPS = 256;
/** Between two events of that something is full. */
const FULL_MS = 1000;

export class HostCore<E extends HostEngine = Engine> {
  readonly engine: E;
  readonly name: string;
  readonly address: string;
  readonly #settings: HostSettings;
  readonly #plane: ReturnType<E["addOverlay"]>;
  readonly #requests = new Requests();
  readonly #timers = new Timers();
  readonly #networks: Networks;
  readonly #knowledge: Knowledge;
  readonly #residents: Residents;
  readonly #claims: Claims;
  readonly #neighbours: Neighbours;
  readonly #tooBig: TooBigAnswers;
  readonly #stale: StaleFrames;
  readonly #redirects: Redirects;
  readonly #mbufs: PartitionMbufs;
  readonly #lease: Lease;
  readonly #moves: Moves;
  readonly #word: DirectoryWord;
  readonly #leaseListeners = new Set<(untilMs: number) => void>();
  #events: HostEvent[] = [];
  #policy: Policy;
  #nowMs: number;
  #contactMs: number;
  #reachable = true;
  /** Until then it is not told again that something is full. */
  #fullUntilMs = Number.NEGATIVE_INFINITY;

  /** Throws ConfigError. */
  constructor(options: HostOptions<E>, nowMs = 0) {
    const settings = checkHostOptions(options);
    this.#settings = settings;
    this.#policy = options.policy;
    this.engine = options.engine;
    this.name = settings.record.name;
    this.address = settings.record.address;
    this.#nowMs = nowMs;
    this.#contactMs = nowMs;
    const { times } = settings;
    const ticks = (ms: number) => Math.ceil(ms / times.tickMs);
    this.#plane = this.engine.addOverlay({
      ...{ local: settings.local, uplinks: options.uplinks },
      ...{ strict: options.strict ?? false, nestedMax: options.nestedMax ?? 1 },
      ticks: {
        flow: ticks(times.flowMs),
        fragment: ticks(times.fragmentMs),
        miss: ticks(times.missMs),
        idle: ticks(times.idleMs),
        refresh: ticks(times.refreshMs),
        sendOn: ticks(times.sendOnMs),
      },
    }) as ReturnType<E["addOverlay"]>;
    const now = () => this.#nowMs;
    const context: HostContext = {
      ...{ name: this.name, options, settings, plane: this.#plane, requests: this.#requests, timers: this.#timers },
      ...{ now, ticks, tell: (event) => this.#events.push(event) },
    };
    this.#networks = new Networks(context);
    this.#knowledge = new Knowledge(context, this.#networks, (resolution) => this.#word.resolved(resolution));
    if (options.limits && options.limits !== this.engine.limits) {
      throw new ConfigError("limits", "another engine's", "what addLimits of this host's engine gave");
    }
    this.#mbufs = new PartitionMbufs(options.limits);
    this.#residents = new Residents(context, this.#networks, this.#knowledge, this.#mbufs);
    this.#redirects = new Redirects(context, this.#networks, this.#knowledge);
    const give = (port: number, frame: Uint8Array) => this.#residents.give(port, frame);
    this.#tooBig = new TooBigAnswers(give);
    this.#neighbours = new Neighbours({
      ...{ requests: this.#requests, now, absentMs: times.absentMs, leaseMs: times.leaseMs, give },
      resolved: (resolution) => this.#word.resolved(resolution),
    });
    this.#stale = new StaleFrames({
      ...{ timers: this.#timers, now, address: this.address },
      whereabouts: (vni, mac) => this.#knowledge.whereabouts(vni, mac, this.address.includes(":")),
      post: (port, frame) => postBytes(this.#uplinkAt(port), frame),
    });
    this.#claims = new Claims({
      ...{ requests: this.#requests, timers: this.#timers, now, host: this.name, settings },
      live: (attachment, record) => this.#word.admitted(attachment, record),
      resolved: (resolution) => this.#word.resolved(resolution),
      refused: (attachment, reason) => this.#word.refused(attachment, reason),
    });
    this.#lease = new Lease(
      {
        ...{ requests: this.#requests, timers: this.#timers, now },
        restored: () => this.#claims.restore(this.#residents.all().filter((one) => !this.#moves.of(one))),
        contact: (reachable) => this.#contact(reachable),
        grown: (untilMs) => {
          this.#moves.leased(untilMs);
          for (const listener of this.#leaseListeners) listener(untilMs);
        },
      },
      settings.record,
      times.hostLeaseMs,
    );
    this.#moves = new Moves({
      ...{
        context,
        residents: this.#residents,
        knowledge: this.#knowledge,
        networks: this.#networks,
        stale: this.#stale,
      },
      ...{ options: options.moves ?? {}, policy: () => this.#policy, leasedUntilMs: () => this.#lease.untilMs },
      checkPlace: (place) => checkAttachOptions(place, this.engine, this.uplinks),
      // An engine of another kind has no memory for states, and is refused.
      digest: (bytes, behind) => (this as unknown as HostCore).engine.migration.digest(bytes, behind),
      stateOf: (attachment, form) => adapterStateOf(this as unknown as HostCore, attachment, form),
    });
    this.#word = new DirectoryWord({
      ...{ context, networks: this.#networks, residents: this.#residents, knowledge: this.#knowledge },
      ...{ neighbours: this.#neighbours, claims: this.#claims, moves: this.#moves },
    });
    this.#setTime(nowMs);
    this.#lease.start();
    this.#networks.sweep();
  }

  get record(): HostRecord {
    return this.#settings.record;
  }

  get uplinks(): readonly Port[] {
    return this.#plane.uplinks;
  }

  get group(): LagGroup | undefined {
    return this.#plane.group;
  }

  get attachments(): readonly Attachment[] {
    return this.#residents.all();
  }

  get counters(): OverlayCounters & { readonly answeredNeighbours: number; readonly movedMessages: number } {
    return {
      ...this.#plane.counters,
      ...{ answeredNeighbours: this.#neighbours.answered, movedMessages: this.#stale.sent },
    };
  }

  /** @internal The time is nowMs, as far as it is later than what was said before; nothing is done that is due. */
  at(nowMs: number): void {
    this.#setTime(nowMs);
  }

  /** @internal */
  get times(): HostTimes {
    return this.#settings.times;
  }

  /** @internal For tests and benchmarks, and the parts of an adapter's state. */
  get plane(): ReturnType<E["addOverlay"]> {
    return this.#plane;
  }

  /**
   * Until then, by this host's clock, the directory takes it for alive, whatever happens; -Infinity without a lease. It is counted from when
   * the lease was asked for, so the directory's own ends later.
   */
  get leasedUntilMs(): number {
    return this.#lease.untilMs;
  }

  /** Calls listener whenever leasedUntilMs has grown, from within `answer`; returns what ends that. */
  onLeased(listener: (untilMs: number) => void): () => void {
    this.#leaseListeners.add(listener);
    return () => this.#leaseListeners.delete(listener);
  }

  /** Frames that a network's default, and each of its rules in the file's order, has decided here. */
  ruleHits(network: string | number): bigint[] {
    const known = this.#networks.get(this.#policy.network(network).vni);
    return known ? this.#plane.networks.policyHits(known.plane) : [];
  }

  /** When step has something to do although nothing arrives; undefined when nothing runs. */
  get nextMs(): number | undefined {
    return earliest([this.#timers.nextMs, this.group?.nextMs, this.#mbufs.nextMs, this.#moves.nextMs]);
  }

  /** Time is nowMs: moves frames until none can move, and does what is due. Returns the frames that moved. */
  step(nowMs: number): number {
    this.#setTime(nowMs);
    this.#fitting(() => this.#timers.run(this.#nowMs));
    let moved = 0;
    for (let burst = 1; burst > 0; moved += burst) {
      burst = this.engine.poll() + this.#work();
      // After every burst: a limit that is nearly reached is raised before the next one comes.
      for (const event of this.#mbufs.tick(this.#nowMs)) this.#events.push({ type: "limit", event });
    }
    // What the links' own protocols have heard is answered now, not when they next have something to say.
    if (this.group) {
      for (const event of this.group.tick(this.#nowMs)) this.#events.push({ type: "lag", event });
      moved += this.engine.poll();
    }
    this.#plane.age(AGE_STEPS);
    return moved;
  }

  /** What is to be asked of the directory; each is taken once. */
  takeRequests(): HostRequest[] {
    return this.#requests.take();
  }

  /** The directory's answer to a request. */
  answer(id: number, answer: AnyAnswer, nowMs: number): void {
    this.#setTime(nowMs);
    this.#contact(!("failure" in answer && answer.failure === "unavailable"));
    this.#fitting(() => this.#requests.answer(id, answer));
  }

  /** What happened since the last time. */
  takeEvents(): HostEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /**
   * A partition is to be here, and nowhere else: the directory is asked for its generation and number, and told; then its frames flow.
   * One that is on another host keeps its number, and stops there. Throws ConfigError for what cannot be, at once.
   */
  attach(options: AttachOptions, nowMs: number): Attachment {
    this.#setTime(nowMs);
    checkAttachOptions(options, this.engine, this.uplinks);
    const attachment = this.#residents.add(options, this.#policy);
    this.#claims.claim(attachment);
    return attachment;
  }

  /**
   * A VM's adapters go to another host with all that they hold, while frames for it keep coming: events say how it goes on. Returns the
   * move's name. Throws ConfigError for what cannot be, at once.
   */
  move(request: MoveRequest, nowMs: number): string {
    this.#setTime(nowMs);
    return this.#moves.begin(request);
  }

  /**
   * A move from here is not to be: the VM stays, unless the other host has it by now. Throws ConfigError for a name that no move from here
   * has.
   */
  cancelMove(name: string, nowMs: number): void {
    this.#setTime(nowMs);
    this.#moves.cancel(name);
  }

  /** True while a move has the attachment: another cannot begin, nor can it be detached. */
  isOnTheMove(attachment: Attachment): boolean {
    return this.#moves.of(attachment) !== undefined;
  }

  /** Moves from here and to here that are under way, or were lately. */
  get moves(): readonly HostMove[] {
    return this.#moves.all();
  }

  /**
   * A partition that is here, or comes here, will send to these MAC addresses of its network: the directory is asked about those that this
   * host does not know yet, a few at a time.
   */
  warm(attachment: Attachment, macs: Iterable<string>, nowMs: number): void {
    this.#setTime(nowMs);
    this.#fitting(() => this.#knowledge.warm(attachment.network, macs));
  }

  /** A partition is gone from here, and from the directory. Throws ConfigError for one that is on the move. */
  detach(attachment: Attachment, nowMs: number): void {
    this.#setTime(nowMs);
    if (!this.#residents.has(attachment)) return;
    if (this.#moves.of(attachment))
      throw new ConfigError("attachment", attachment.partition, "one that is not on the move");
    const { record, partition } = attachment;
    this.#claims.drop(attachment);
    this.#residents.erase(attachment, "detached");
    if (record) this.#claims.withdraw(record);
    this.#events.push({ type: "detached", partition });
  }

  /** Other rules from now on, for all networks: flows that old rules have let in are forgotten. Throws ConfigError. */
  setPolicy(policy: Policy, nowMs: number): void {
    this.#setTime(nowMs);
    for (const { vni } of this.#networks.all()) this.#plane.networks.checkPolicy(policy.network(vni));
    this.#policy = policy;
    for (const network of this.#networks.all()) {
      network.setPolicy(policy.network(network.vni));
      this.#knowledge.doubtAll(network);
      this.#knowledge.findWaypoints(network);
      this.#residents.describe(network);
      // Who gets copies was of no interest while nobody was flooded.
      if (network.policy.flood) this.#networks.askMembers(network);
    }
  }

  /** An uplink, by its place, is up or down: paths over it are used or not. With a LAG group, tell that. */
  link(uplink: number, up: boolean): void {
    this.#networks.link(uplink, up);
  }

  /** The directory says what has changed in a network that this host watches. */
  change(change: DirectoryChange, nowMs: number): void {
    this.#setTime(nowMs);
    this.#contact(true);
    this.#fitting(() => this.#word.changed(change));
  }

  /** Runs what writes into tables: one that is full is told of, and what it could not take is as if unknown. */
  #fitting(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      if (this.#nowMs < this.#fullUntilMs) return;
      this.#fullUntilMs = this.#nowMs + FULL_MS;
      this.#events.push({ type: "full", reason: error.message });
    }
  }

  /** What the data plane asks and hands over. Returns how many frames that was. */
  #work(): number {
    for (const ptr of this.#plane.questions()) this.#knowledge.ask(ptr);
    const frames = this.#plane.control.take();
    for (const frame of frames) this.#take(frame);
    this.#moves.step(frames.length < BURST_MAX);
    this.#stale.flush();
    return frames.length;
  }

  #take(frame: ControlFrame): void {
    if (frame.reason === "elsewhere") this.#stale.take(frame);
    else if (frame.reason === "queue-pair") {
      if (!this.#moves.take(frame)) this.#redirects.take(frame);
    } else if (frame.reason === "diverted") this.#moves.divert(frame);
    else if (frame.reason === "too-big") this.#tooBig.take(frame, this.#nowMs);
    else {
      // What a partition had asked before it went, nobody hears.
      frame.dispose();
      const resident = this.#residents.at(frame.port);
      if (resident) this.#neighbours.take(frame.port, resident.vni, frame.bytes);
    }
  }

  #uplinkAt(index: number): Port {
    return this.uplinks.find((port) => port.index === index) ?? (this.uplinks[0] as Port);
  }

  #contact(reachable: boolean): void {
    if (reachable) this.#contactMs = this.#nowMs;
    if (reachable !== this.#reachable) this.#events.push({ type: "directory", reachable });
    this.#reachable = reachable;
    this.#setTime(this.#nowMs);
  }

  #setTime(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    const { tickMs, leaseMs } = this.#settings.times;
    const tick = (ms: number) => Math.floor(ms / tickMs) >>> 0;
    this.#plane.setTime(tick(this.#nowMs), tick(this.#contactMs + leaseMs));
  }
}
