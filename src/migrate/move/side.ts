/**
 * What source and target have in common: events and the time go in, actions come out, and nothing else happens. A table says for each step
 * what may be told in it; anything else is counted (`ignored`) and changes nothing. Frames, packets, answers and leases are for every
 * step; after each event `settle` looks at whose the VM is, and acts by that.
 */
import { earliest } from "../../earliest.js";
import { ConfigError } from "../../errors.js";
import type { MoveAction, MoveEvent, MoveOutcome } from "./action.js";
import { Channel } from "./channel.js";
import type { Arrival, MoveMessage, MovePacket } from "./message.js";
import type { CheckedMove } from "./options.js";
import type { Ownership } from "./ownership.js";
import { type MoveState, wayTo } from "./states.js";
import { Title } from "./title.js";
import { Traffic, type TrafficCounters } from "./traffic.js";

type ForEveryStep = "packet" | "answer" | "leased" | "frame" | "tick";

/** What a step's row may speak of: the driver's words and the peer's. */
export type Told<F> = Exclude<MoveEvent<F> | MoveMessage<F>, { readonly type: ForEveryStep | "void" | "probe" }>;

/** What may be told in a step, and what follows. */
export type Row<F> = {
  readonly [K in Told<F>["type"]]?: (told: Extract<Told<F>, { type: K }>, nowMs: number) => void;
};

export type Table<F, Step extends string> = Readonly<Record<Step, Row<F>>>;

export abstract class Side<F, Step extends string> {
  protected readonly options: CheckedMove;
  protected readonly channel: Channel<F>;
  protected readonly traffic: Traffic<F>;
  protected readonly title: Title;
  /** When the peer was heard last. */
  protected heardMs = Number.NEGATIVE_INFINITY;
  /** The peer is there again without memory: it runs nothing, and will not. */
  protected isPeerGone = false;
  protected abstract readonly table: Table<F, Step>;
  readonly #ignored = new Map<string, number>();
  #step: Step;
  #state: MoveState;
  #nowMs = Number.NEGATIVE_INFINITY;
  #actions: MoveAction<F>[] = [];
  #outcome: MoveOutcome | undefined;

  /** What is known of the record at the beginning. */
  protected constructor(options: CheckedMove, step: Step, state: MoveState, owner: Ownership) {
    const { host, retryMs, leasedUntilMs } = options;
    this.options = options;
    this.#step = step;
    this.#state = state;
    this.channel = new Channel(options);
    this.title = new Title({ host, retryMs, leasedUntilMs, owner, isSure: owner.host === host });
    this.traffic = new Traffic(options, this.channel, state === "RUNNING" ? "run" : "hold");
  }

  /** VFIO's word for where the adapters are. */
  get state(): MoveState {
    return this.#state;
  }

  /** Where the move is; docs/migration-move.md has the words. */
  get step(): Step {
    return this.#step;
  }

  /** Whose the VM is, by the newest record that was seen. */
  get owner(): Ownership {
    return this.title.owner;
  }

  /** Nothing that the other side does, and no lease that ends, decides anything for this one any more. */
  abstract get isOver(): boolean;

  /** The VM runs here. */
  get isRunning(): boolean {
    return this.traffic.mode === "run";
  }

  /** How it ended; undefined while it goes on. */
  get outcome(): MoveOutcome | undefined {
    return this.#outcome;
  }

  /** Frames that may wait here, in one place. */
  get holdMax(): number {
    return this.options.holdMax;
  }

  get counters(): TrafficCounters & { readonly resentMessages: number } {
    return { ...this.traffic.counters, resentMessages: this.channel.resent };
  }

  /** What came in a step that has no use for it, by "step/word". */
  get ignored(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#ignored);
  }

  /** Frames in this machine's keeping, those included whose arrival at the other side is not known. */
  *frames(): Generator<F> {
    yield* this.traffic.frames();
    yield* this.channel.frames();
  }

  /** When to say `tick`, at the latest; undefined: not before something else happens. */
  get nextMs(): number | undefined {
    return earliest([this.channel.nextMs, this.title.nextMs, ...this.deadlines()]);
  }

  /** An event, and what is to be done about it. Throws ConfigError for a time that is none, and IllegalTransition for our own bugs. */
  handle(event: MoveEvent<F>, nowMs: number): MoveAction<F>[] {
    if (!Number.isFinite(nowMs)) throw new ConfigError("nowMs", nowMs, "a finite number of milliseconds");
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    this.#actions = [];
    // A lease that has ended stops the VM before anything else happens.
    this.settle(this.#nowMs);
    this.#take(event, this.#nowMs);
    this.settle(this.#nowMs);
    for (const question of this.title.ask(this.#nowMs)) this.act({ type: "ask", question });
    for (const packet of this.channel.take(this.#nowMs)) this.act({ type: "send", packet });
    return this.#actions;
  }

  /** When a silent peer is to be asked whether it is there. */
  protected get probeAtMs(): number | undefined {
    return this.isPeerGone || this.channel.backlog > 0 ? undefined : this.heardMs + this.options.silenceMs;
  }

  protected probe(nowMs: number): void {
    if (this.probeAtMs !== undefined && this.probeAtMs <= nowMs) this.channel.send({ type: "probe" });
  }

  /** Acts by whose the VM is, and by what is overdue. */
  protected abstract settle(nowMs: number): void;
  /** A frame of a sender. */
  protected abstract arrive(arrival: Arrival<F>, nowMs: number): void;
  /** A frame that the other side has sent on. */
  protected abstract takeOver(arrival: Arrival<F>): void;
  /** Times of this side's own. */
  protected abstract deadlines(): readonly (number | undefined)[];

  protected act(...actions: readonly MoveAction<F>[]): void {
    this.#actions.push(...actions);
  }

  protected go(step: Step): void {
    this.#step = step;
  }

  /** Takes the adapters to a state, by way of those between. */
  protected become(to: MoveState): void {
    if (this.#state === to) return;
    for (const next of wayTo(this.#state, to)) {
      this.act({ type: "state", from: this.#state, to: next });
      this.#state = next;
    }
  }

  /** Stops the VM, if it runs here, without waiting for the adapters. */
  protected freeze(): void {
    if (!this.isRunning) return;
    this.act({ type: "freeze" });
    this.traffic.hold();
    this.become("STOP");
  }

  /** A third host has claimed the VM: nothing is left to do here. */
  protected taken(step: Step, host: string): void {
    this.go(step);
    this.title.watch(false, 0);
    this.act({ type: "freeze" }, ...this.traffic.leave(host));
    this.become("ERROR");
    this.end("taken", "a third host has claimed the VM");
  }

  protected end(outcome: MoveOutcome, reason: string): void {
    if (this.#outcome === outcome) return;
    this.#outcome = outcome;
    this.act({ type: "ended", outcome, reason });
  }

  #take(event: MoveEvent<F>, nowMs: number): void {
    switch (event.type) {
      case "packet":
        this.#receive(event.packet, nowMs);
        return;
      case "answer":
        if (!this.title.answer(event.answer, nowMs)) this.#ignore("answer");
        return;
      case "leased":
        this.title.leased(event.untilMs, nowMs);
        return;
      case "frame":
        this.arrive({ frame: event.frame, sender: event.sender }, nowMs);
        return;
      case "tick":
        return;
      default:
        this.#tell(event, nowMs);
    }
  }

  #receive(packet: MovePacket<F>, nowMs: number): void {
    if (packet.isUnknown && packet.move === this.options.move) {
      this.isPeerGone = true;
    } else if (packet.move === this.options.move) {
      this.heardMs = nowMs;
      for (const message of this.channel.receive(packet)) {
        this.#hear(message, nowMs);
        // The next one may be for the step that this one leads to.
        this.settle(nowMs);
      }
    } else this.#ignore("packet");
  }

  #hear(message: MoveMessage<F>, nowMs: number): void {
    if (message.type === "frame") this.takeOver({ frame: message.frame, sender: message.sender });
    else if (message.type !== "void" && message.type !== "probe") this.#tell(message, nowMs);
  }

  #tell(told: Told<F>, nowMs: number): void {
    const handler = this.table[this.#step][told.type] as ((told: Told<F>, nowMs: number) => void) | undefined;
    if (handler === undefined) this.#ignore(told.type);
    else handler(told, nowMs);
  }

  #ignore(word: string): void {
    const key = `${this.#step}/${word}`;
    this.#ignored.set(key, (this.#ignored.get(key) ?? 0) + 1);
  }
}
