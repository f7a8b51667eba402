/**
 * What becomes of frames that reach one side of a move. While the VM runs here they are its own; while nobody may run it they are held, as
 * many as the bound says; when it is the other's they are sent on, up to a bound in frames and in time. A frame that is not taken is
 * answered *moved*: its sender has it still, and asks the directory. Every frame is in exactly one place.
 */
import type { MoveAction } from "./action.js";
import type { Channel } from "./channel.js";
import type { Arrival } from "./message.js";

export interface TrafficLimits {
  readonly host: string;
  readonly peer: string;
  readonly holdMax: number;
  readonly forwardMax: number;
  readonly forwardMs: number;
}

export interface TrafficCounters {
  /** Held at some time, and the most at a time. */
  readonly heldFrames: number;
  readonly heldMaxFrames: number;
  /** Sent on: what had been held or was in the adapters, and what came afterwards. */
  readonly forwardedFrames: number;
  /** Answered *moved*: while nobody was known to have it, and when the other had. */
  readonly movedFrames: number;
}

export class Traffic<F> {
  readonly #limits: TrafficLimits;
  readonly #channel: Channel<F>;
  #mode: "run" | "hold" | "forward" | "away";
  #held: Arrival<F>[] = [];
  #forwardUntilMs = 0;
  #awayHost: string | undefined;
  #lateFrames = 0;
  readonly #counters = { heldFrames: 0, heldMaxFrames: 0, forwardedFrames: 0, movedFrames: 0 };

  constructor(limits: TrafficLimits, channel: Channel<F>, mode: "run" | "hold") {
    this.#limits = limits;
    this.#channel = channel;
    this.#mode = mode;
  }

  get mode(): "run" | "hold" | "forward" | "away" {
    return this.#mode;
  }

  get counters(): TrafficCounters {
    return { ...this.#counters };
  }

  get size(): number {
    return this.#held.length;
  }

  *frames(): Generator<F> {
    for (const { frame } of this.#held) yield frame;
  }

  /** A sender's frame; others holds those that are kept elsewhere in this host, and count. */
  arrive(arrival: Arrival<F>, nowMs: number, others = 0): MoveAction<F> {
    const { peer, holdMax, forwardMax } = this.#limits;
    if (this.#mode === "run") return { type: "deliver", ...arrival };
    if (this.#mode === "away") return this.moved(arrival, this.#awayHost);
    if (this.#mode === "hold") {
      if (this.#held.length + others >= holdMax) return this.moved(arrival);
      return this.keep(arrival);
    }
    if (this.#lateFrames >= forwardMax || nowMs >= this.#forwardUntilMs) return this.moved(arrival, peer);
    this.#lateFrames++;
    return this.forward(arrival);
  }

  /** A frame that the other side has sent on, or given back: it is taken, whatever the bound. */
  takeOver(arrival: Arrival<F>): MoveAction<F> {
    return this.#mode === "run" ? { type: "deliver", ...arrival } : this.keep(arrival);
  }

  keep(arrival: Arrival<F>): MoveAction<F> {
    this.#held.push(arrival);
    this.#counters.heldFrames++;
    this.#counters.heldMaxFrames = Math.max(this.#counters.heldMaxFrames, this.#held.length);
    return { type: "hold", ...arrival };
  }

  moved(arrival: Arrival<F>, host?: string): MoveAction<F> {
    this.#counters.movedFrames++;
    return { type: "moved", host, ...arrival };
  }

  hold(): void {
    this.#mode = "hold";
  }

  /** The VM runs here: what was sent on without being known to have arrived comes first, then what was held. */
  run(): MoveAction<F>[] {
    this.#mode = "run";
    const arrivals = [...this.#channel.takeBack(), ...this.#held];
    this.#held = [];
    return arrivals.map((arrival) => ({ type: "deliver", ...arrival }));
  }

  /** The VM is on a host that frames are not sent on to; those that are held are answered. */
  leave(host: string): MoveAction<F>[] {
    this.#mode = "away";
    this.#awayHost = host;
    const arrivals = this.#held;
    this.#held = [];
    return arrivals.map((arrival) => this.moved(arrival, host));
  }

  /** The VM is the other's: what the adapters had goes first, then what was held, and that it was all. */
  handOver(adapters: readonly Arrival<F>[], nowMs: number): MoveAction<F>[] {
    this.#mode = "forward";
    this.#forwardUntilMs = nowMs + this.#limits.forwardMs;
    const arrivals = [...adapters, ...this.#held];
    this.#held = [];
    const actions = arrivals.map((arrival) => this.forward(arrival));
    this.#channel.send({ type: "flushed" });
    return actions;
  }

  /** Sends a frame to the other side, whatever the bound: it is the other's by right. */
  forward(arrival: Arrival<F>): MoveAction<F> {
    this.#channel.send({ type: "frame", ...arrival });
    this.#counters.forwardedFrames++;
    return { type: "forward", ...arrival };
  }
}
