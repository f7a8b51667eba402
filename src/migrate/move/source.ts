/**
 * The side that has the VM and gives it away. It runs until the rest of the state is small, stops, sends that, and waits for the directory's
 * word: the target's claim, or its own. What goes wrong before is answered by a claim of its own (`fencing`), so that the target's can
 * no longer succeed. It lets go last, when the target has said that it runs and is known; until then it takes the VM back if the target's
 * lease ends.
 *
 * Steps:  idle → reserving → copying → quiescing → extracting → committing → lost → released
 *                    └───────────┴──────────┴──────────┴─ fencing ─┴──────────┴────→ ended (it runs here)
 */
import { type CopyReport, StateCopy } from "./copy.js";
import type { Arrival } from "./message.js";
import { checkMove, checkSource, type SourceOptions } from "./options.js";
import type { Section } from "./section.js";
import { type Row, Side, type Table } from "./side.js";

export type SourceStep =
  | "idle"
  | "reserving"
  | "copying"
  | "quiescing"
  | "extracting"
  | "committing"
  | "fencing"
  | "lost"
  | "released"
  | "ended";

export class MoveSource<F> extends Side<F, SourceStep> {
  readonly #failing: Row<F> = {
    failed: ({ reason }, nowMs) => this.#fence(reason, nowMs),
    cancel: (_, nowMs) => this.#fence("cancelled", nowMs),
  };

  readonly #learning: Row<F> = { live: ({ owner }, nowMs) => this.title.learn(owner, nowMs) };

  protected readonly table: Table<F, SourceStep> = {
    idle: { start: (_, nowMs) => this.#start(nowMs) },
    reserving: {
      reserved: () => this.#read(),
      refused: ({ reason }) => this.#stay(reason),
      ...this.#failing,
    },
    copying: { sections: ({ sections }) => this.#copy(sections), ...this.#failing },
    quiescing: { quiesced: () => this.#extract(), ...this.#failing },
    extracting: { sections: ({ sections }, nowMs) => this.#complete(sections, nowMs), ...this.#failing },
    committing: { ...this.#learning, ...this.#failing },
    fencing: this.#learning,
    lost: {
      ...this.#learning,
      surrendered: ({ arrivals }, nowMs) => this.#handOver(arrivals, nowMs),
      done: () => {
        this.#isTargetDone = true;
      },
      flushed: () => undefined,
    },
    released: {},
    ended: {
      // The VM came back before its adapters had been emptied.
      surrendered: ({ arrivals }) => this.act(...arrivals.map((arrival) => this.traffic.takeOver(arrival))),
      flushed: () => undefined,
      published: () => undefined,
      ...this.#learning,
    },
  };

  readonly #adapters: readonly string[];
  readonly #generation: number;
  readonly #stateBytes: number;
  readonly #stateCopy: StateCopy<F>;
  #round = 0;
  #startMs = 0;
  #isReading = false;
  #completeMs: number | undefined;
  /** The target may still claim the VM by this side's lease. */
  #isContested = true;
  /** Its adapters have begun again; what the record says of their beginning stays true when the lease ends in between. */
  #isBack = false;
  #isSurrendering = false;
  #isTargetDone = false;
  #reason = "";

  /** Throws ConfigError. */
  constructor(options: SourceOptions) {
    checkSource(options);
    const settings = checkMove(options);
    const { host } = settings;
    super(settings, "idle", "RUNNING", { host, generation: options.generation, start: "kept" });
    this.#adapters = [...options.adapters];
    this.#generation = options.generation;
    this.#stateBytes = options.stateBytes ?? settings.stateBytesMax;
    this.#stateCopy = new StateCopy(settings, this.channel);
  }

  get copied(): CopyReport {
    return this.#stateCopy.report;
  }

  get isOver(): boolean {
    return this.step === "released" || (this.step === "ended" && !this.#isContested);
  }

  protected deadlines(): readonly (number | undefined)[] {
    if (this.step === "lost") return [this.probeAtMs];
    if (!this.#isBeforeCommit()) return [];
    const { silenceMs, commitMs } = this.options;
    const { waitingSinceMs } = this.channel;
    return [
      this.step === "reserving" ? this.#startMs + silenceMs : undefined,
      waitingSinceMs === undefined ? undefined : waitingSinceMs + silenceMs,
      this.#completeMs === undefined ? undefined : this.#completeMs + commitMs,
    ];
  }

  protected settle(nowMs: number): void {
    if (this.step === "copying" && !this.#isReading && this.channel.backlog === 0) this.#read();
    if (this.step === "lost") this.probe(nowMs);
    else if (this.isPeerGone) this.#fence("the target has lost its memory", nowMs);
    else if (this.deadlines().some((time) => time !== undefined && time <= nowMs)) {
      this.#fence(this.#completeMs === undefined ? "the target is silent" : "the target does not commit", nowMs);
    }
    if (this.step === "ended" && this.title.isSure(nowMs) && this.isRunning) {
      this.#isContested &&= this.channel.backlog > 0 && !this.isPeerGone;
    }
    if (this.step === "idle" || this.step === "released" || !this.#isContested) return;
    const { host } = this.title.owner;
    if (host === this.options.host) this.#settleOwn(nowMs);
    else if (host === this.options.peer) this.#settleLost(nowMs);
    else this.taken("released", host);
  }

  protected arrive(arrival: Arrival<F>, nowMs: number): void {
    this.act(this.traffic.arrive(arrival, nowMs));
  }

  protected takeOver(arrival: Arrival<F>): void {
    this.act(this.traffic.takeOver(arrival));
  }

  #settleOwn(nowMs: number): void {
    const { title } = this;
    if (title.isSure(nowMs)) {
      if (title.owner.generation === this.#generation) return;
      if (this.step !== "ended") this.#back();
      else if (!this.isRunning) this.#resume();
      return;
    }
    this.freeze();
    this.#fence("the lease ended", nowMs);
    title.claim(title.owner.start, nowMs);
  }

  #settleLost(nowMs: number): void {
    const { title } = this;
    if (this.step !== "lost") {
      this.go("lost");
      this.#isTargetDone = false;
      this.#isBack = false;
      this.freeze();
      this.become("STOP");
      title.watch(true, nowMs);
      // A target that began otherwise than with the state has nothing of what the adapters hold.
      if (title.owner.start !== "state") {
        this.#isSurrendering = true;
        this.act({ type: "surrender" });
      } else this.#handOver([], nowMs);
    }
    if (title.isOwnerDead || this.isPeerGone) title.claim(title.owner.start === "state" ? "blank" : "kept", nowMs);
    // A claim that is under way may have been accepted: it is decided first.
    else if (this.#isTargetDone && !this.#isSurrendering && !title.isClaiming) this.#release();
  }

  #start(nowMs: number): void {
    this.go("reserving");
    this.#startMs = nowMs;
    this.channel.send({
      type: "reserve",
      host: this.options.host,
      generation: this.#generation,
      adapters: this.#adapters,
      stateBytes: this.#stateBytes,
    });
  }

  /** The next round, or at once the stop when there are to be none. */
  #read(): void {
    this.go("copying");
    this.become("PRE_COPY");
    if (this.#round < this.options.roundsMax) {
      this.#isReading = true;
      this.act({ type: "read", round: this.#round });
    } else this.#quiesce();
  }

  #copy(sections: readonly Section[]): void {
    if (!this.#isReading) return;
    this.#isReading = false;
    this.#round++;
    const { roundsMin, stopBytes } = this.options;
    if (this.#round <= roundsMin || this.#stateCopy.dirtyBytes(sections) > stopBytes)
      this.#stateCopy.sendRound(sections);
    else this.#quiesce();
  }

  #quiesce(): void {
    this.go("quiescing");
    this.become("STOP_COPY");
    this.traffic.hold();
    this.act({ type: "quiesce" });
  }

  #extract(): void {
    this.go("extracting");
    this.act({ type: "extract", round: this.#round });
  }

  #complete(sections: readonly Section[], nowMs: number): void {
    this.#stateCopy.sendRest(sections);
    this.go("committing");
    this.become("STOP");
    this.#completeMs = nowMs;
    this.title.watch(true, nowMs + this.options.retryMs);
  }

  /** From here the directory decides: the target may have committed, or be about to. */
  #fence(reason: string, nowMs: number): void {
    if (!this.#isBeforeCommit()) return;
    this.#reason = reason;
    this.go("fencing");
    this.title.claim("kept", nowMs);
  }

  #handOver(arrivals: readonly Arrival<F>[], nowMs: number): void {
    this.#isSurrendering = false;
    this.act(...this.traffic.handOver(arrivals, nowMs));
  }

  #release(): void {
    this.title.watch(false, 0);
    this.go("released");
    this.channel.send({ type: "released" });
    this.act({ type: "release" });
    this.end("moved", "");
  }

  /**
   * The directory says that it is this side's: what the other one has claimed by the record before fails from now on. Until the other
   * has heard of it, it may go by this side's lease.
   */
  #back(): void {
    const { title } = this;
    const isReturned = this.step === "lost";
    this.go("ended");
    title.watch(false, 0);
    this.become("RUNNING");
    if (this.isRunning) this.channel.send({ type: "kept", owner: title.owner });
    else this.#resume();
    if (isReturned) this.act({ type: "publish", generation: title.owner.generation }, { type: "announce" });
    this.end(isReturned ? "returned" : "stayed", isReturned ? "the target's lease ended" : this.#reason);
  }

  #resume(): void {
    this.become("RUNNING");
    this.channel.send({ type: "kept", owner: this.title.owner });
    const start = this.#isBack ? "kept" : this.title.owner.start;
    this.#isBack = true;
    this.act({ type: "resume", start }, ...this.traffic.run());
  }

  /** The target never had a part in it. */
  #stay(reason: string): void {
    this.#isContested = false;
    this.go("ended");
    this.become("RUNNING");
    this.end("stayed", reason);
  }

  #isBeforeCommit(): boolean {
    return ["reserving", "copying", "quiescing", "extracting", "committing"].includes(this.step);
  }
}
