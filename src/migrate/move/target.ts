/**
 * The side that gets the VM. It keeps room, takes the state, inserts it into every adapter, and only then claims the VM in the directory:
 * one claim for all adapters. Accepted, it runs; refused, it forgets everything. When the source falls silent it looks into the directory,
 * and when the source's lease has ended there it claims the VM with what is always at hand: adapters as after a reset.
 *
 * Steps:  idle → reserving → receiving → inserting → claiming → publishing → done → free
 *                                └─ failed ─┴───────────┴─ gone (the source has it)
 */
import { StateAssembly } from "./assembly.js";
import { Gate } from "./gate.js";
import type { Arrival, MoveMessage } from "./message.js";
import { checkMove, type MoveOptions } from "./options.js";
import type { Ownership, Start } from "./ownership.js";
import type { Manifest, Section } from "./section.js";
import { type Row, Side, type Table } from "./side.js";

export type TargetStep =
  | "idle"
  | "reserving"
  | "receiving"
  | "inserting"
  | "failed"
  | "claiming"
  | "publishing"
  | "done"
  | "free"
  | "gone";

type Reservation<F> = Extract<MoveMessage<F>, { type: "reserve" }>;

export class MoveTarget<F> extends Side<F, TargetStep> {
  /** Wherever the source may still say how things stand with it. */
  readonly #listening: Row<F> = {
    kept: ({ owner }, nowMs) => this.#hearKept(owner, nowMs),
    flushed: (_, nowMs) => this.#gate.flushed(nowMs),
  };

  protected readonly table: Table<F, TargetStep> = {
    idle: { reserve: (message) => this.#reserve(message) },
    reserving: {
      room: () => this.#reserved(),
      "no-room": ({ reason }) => this.#refuse(reason),
      kept: ({ owner }, nowMs) => this.#hearKept(owner, nowMs),
    },
    receiving: {
      chunk: ({ chunk }) => this.#failIf(this.#assembly?.add(chunk)),
      complete: ({ manifest }) => this.#insert(manifest),
      ...this.#listening,
    },
    inserting: {
      inserted: ({ adapter }, nowMs) => this.#inserted(adapter, nowMs),
      "insert-failed": ({ adapter, reason }) => this.#failIf(`${adapter}: ${reason}`),
      ...this.#listening,
    },
    failed: this.#listening,
    claiming: this.#listening,
    publishing: { published: () => this.#published(), ...this.#listening },
    done: { released: () => this.#released(), ...this.#listening },
    free: { flushed: (_, nowMs) => this.#gate.flushed(nowMs) },
    gone: {
      kept: () => undefined,
      surrendered: ({ arrivals }, nowMs) => this.act(...this.traffic.handOver(arrivals, nowMs)),
    },
  };

  readonly #gate: Gate<F>;
  #reservation: Reservation<F> | undefined;
  #assembly: StateAssembly | undefined;
  readonly #missing = new Set<string>();
  /** What its adapters begin with, once it is decided. */
  #start: Start | undefined;
  #hasRun = false;
  /** The newest record by which the source says it has it. */
  #keptGeneration = -1;
  /** Source and directory have been told, or are being told. */
  #isTold = false;
  #isSilent = false;

  /** Throws ConfigError. */
  constructor(options: MoveOptions) {
    const settings = checkMove(options);
    // Of the record nothing is known yet but that every one is newer.
    super(settings, "idle", "STOP", { host: settings.peer, generation: -1, start: "kept" });
    this.#gate = new Gate({ settleMs: settings.settleMs, waitMaxMs: settings.gateMs });
  }

  get isOver(): boolean {
    return this.step === "free" || this.step === "gone";
  }

  /** Of the state, as far as it has come. */
  get receivedBytes(): number {
    return this.#assembly?.lenBytes ?? 0;
  }

  /** Sections of which a whole round has come, and the newest of each. */
  received(): readonly Section[] {
    return this.#assembly?.sections() ?? [];
  }

  /** No sender's frames wait for older ones any more, and none will. */
  isPassing(nowMs: number): boolean {
    return this.isRunning && this.#gate.isPassing(nowMs);
  }

  override *frames(): Generator<F> {
    yield* super.frames();
    yield* this.#gate.frames();
  }

  protected deadlines(): readonly (number | undefined)[] {
    return [this.#gate.nextMs, this.#isInvolved() ? this.probeAtMs : undefined, this.#silentAtMs()];
  }

  protected settle(nowMs: number): void {
    for (const arrival of this.#gate.take(nowMs)) this.act(this.traffic.takeOver(arrival));
    if (!this.#isInvolved()) return;
    this.probe(nowMs);
    const { host } = this.title.owner;
    if (host === this.options.host) this.#settleOwn(nowMs);
    else if (host === this.options.peer) this.#settleAnothers(nowMs);
    else {
      this.#empty();
      this.taken("gone", host);
    }
  }

  /** Newer frames wait behind older ones that come by way of the source. */
  protected arrive(arrival: Arrival<F>, nowMs: number): void {
    const { size } = this.traffic;
    if (this.step === "gone" || this.#gate.isOpen(arrival.sender, nowMs)) {
      this.act(this.traffic.arrive(arrival, nowMs, this.#gate.size));
    } else if (size + this.#gate.size >= this.options.holdMax) this.act(this.traffic.moved(arrival));
    else {
      this.#gate.keep(arrival, nowMs);
      this.act({ type: "hold", ...arrival });
    }
  }

  protected takeOver(arrival: Arrival<F>): void {
    const isBack = this.step === "gone" && this.traffic.mode === "forward";
    this.act(isBack ? this.traffic.forward(arrival) : this.traffic.takeOver(arrival));
  }

  /** Its adapters have frames that the source has not: it has run, or the source took it back without them. */
  #isHolder(): boolean {
    return this.#hasRun || this.title.owner.start === "blank";
  }

  /** The record is not the one any more that the move began with. */
  #isNewer(): boolean {
    return this.title.owner.generation > (this.#reservation as Reservation<F>).generation;
  }

  #isInvolved(): boolean {
    return !["idle", "reserving", "free", "gone"].includes(this.step);
  }

  /** When to begin to look into the directory. */
  #silentAtMs(): number | undefined {
    const isWaiting = this.step === "receiving" || this.step === "inserting";
    return isWaiting && !this.#isSilent ? this.heardMs + this.options.silenceMs : undefined;
  }

  #settleOwn(nowMs: number): void {
    if (!this.title.isSure(nowMs)) {
      this.freeze();
      this.title.claim(this.#start as Start, nowMs);
    } else if (!this.isRunning) this.#run(nowMs);
    if (this.step === "done" && this.isPeerGone) this.#released();
  }

  /**
   * The source has it. By a newer record than the move began with, it has taken it back, and says so when it knows (`kept`); it may have
   * died before.
   */
  #settleAnothers(nowMs: number): void {
    const { title } = this;
    const isNewer = this.#isNewer();
    this.#isSilent = nowMs >= this.heardMs + this.options.silenceMs;
    title.watch(isNewer || this.#isSilent || this.step === "failed" || this.step === "claiming", nowMs);
    if (title.isClaiming) return;
    if (title.owner.generation <= this.#keptGeneration) this.#lose(nowMs);
    if (this.step === "gone" || !(title.isOwnerDead || this.isPeerGone)) return;
    if (!isNewer && this.#start !== undefined) return;
    // What it has inserted is older than what the source has done since, unless the source has begun with nothing.
    this.#start = this.#isHolder() ? "kept" : "blank";
    this.#isTold = false;
    this.go("claiming");
    title.claim(this.#start, nowMs);
  }

  /** What the source has said counts when no claim of this side's is to be decided first. */
  #hearKept(owner: Ownership, nowMs: number): void {
    this.#keptGeneration = Math.max(this.#keptGeneration, owner.generation);
    this.title.learn(owner, nowMs);
  }

  #reserve(message: Reservation<F>): void {
    const { host, generation, adapters, stateBytes } = message;
    const { peer, stateBytesMax } = this.options;
    this.#reservation = message;
    if (host !== peer) this.#refuse(`the source is ${host}, not ${peer}`);
    else if (stateBytes > stateBytesMax) this.#refuse(`a state of ${stateBytes} bytes exceeds ${stateBytesMax}`);
    else {
      this.title.learn({ host, generation, start: "kept" }, 0);
      this.go("reserving");
      this.act({ type: "reserve", adapters, stateBytes });
    }
  }

  #reserved(): void {
    const { adapters, stateBytes } = this.#reservation as Reservation<F>;
    this.#assembly = new StateAssembly(adapters, stateBytes, this.options.digest);
    this.go("receiving");
    this.become("RESUMING");
    this.channel.send({ type: "reserved" });
  }

  #refuse(reason: string): void {
    this.go("gone");
    this.#empty();
    this.act(...this.traffic.leave(this.options.peer));
    this.channel.send({ type: "refused", reason });
    this.end("stayed", reason);
  }

  /** Not when the source has taken the VM back meanwhile: the state is an old one. */
  #insert(manifest: Manifest): void {
    if (this.#isNewer()) return;
    const sections = (this.#assembly as StateAssembly).finish(manifest);
    if (typeof sections === "string") {
      this.#failIf(sections);
      return;
    }
    const { adapters } = this.#reservation as Reservation<F>;
    this.go("inserting");
    for (const adapter of adapters) {
      this.#missing.add(adapter);
      this.act({ type: "insert", adapter, sections: sections.filter((section) => section.adapter === adapter) });
    }
  }

  #inserted(adapter: string, nowMs: number): void {
    this.#missing.delete(adapter);
    // Only the first claim may begin with the state, for the same reason.
    if (this.#missing.size > 0 || this.#isNewer()) return;
    this.#start = "state";
    this.go("claiming");
    this.title.claim("state", nowMs);
  }

  #failIf(reason: string | undefined): void {
    if (reason === undefined) return;
    this.go("failed");
    this.become("ERROR");
    this.channel.send({ type: "failed", reason });
  }

  #run(nowMs: number): void {
    this.#resume();
    if (this.#isTold) return;
    this.#isTold = true;
    this.#gate.live(nowMs);
    this.go("publishing");
    this.channel.send({ type: "live", owner: this.title.owner });
    this.act({ type: "publish", generation: this.title.owner.generation }, { type: "announce" });
  }

  #published(): void {
    this.go("done");
    this.channel.send({ type: "done" });
  }

  /** The source claims it no more, so a lease that ends decides nothing any more. */
  #released(): void {
    this.go("free");
    this.title.watch(false, 0);
    this.end("moved", "");
    // It may have been stopped by its lease, between the last claim and now.
    if (!this.isRunning) this.#resume();
  }

  #resume(): void {
    const start = this.#hasRun ? "kept" : (this.#start as Start);
    this.#hasRun = true;
    this.become("RUNNING");
    this.act({ type: "resume", start }, ...this.traffic.run());
  }

  #lose(nowMs: number): void {
    this.go("gone");
    this.title.watch(false, 0);
    this.freeze();
    this.become("STOP");
    this.#empty();
    if (this.#isHolder()) {
      this.act({ type: "surrender" });
      this.end("returned", "this host's lease ended");
    } else {
      this.act(...this.traffic.handOver([], nowMs));
      this.act({ type: "discard" });
      this.end("stayed", "the source has kept it");
    }
  }

  /** What waits in the gate is kept with the rest, behind it. */
  #empty(): void {
    for (const arrival of this.#gate.takeAll()) this.traffic.keep(arrival);
  }
}
