/** The course of a scenario: time passes until the next frame is due, guests take what comes, and when all is sent the fabric comes to rest. */
import { earliest } from "../earliest.js";
import type { Fabric } from "../index.js";
import type { DeliveredFile } from "./delivered-file.js";
import type { Guest } from "./guest.js";
import type { Deliveries, Reaction } from "./judge/deliveries.js";
import type { Moves } from "./moves.js";
import type { Rails } from "./rails.js";
import type { Sockets } from "./sockets/sockets.js";
import type { Source } from "./traffic/source.js";
import type { Wire } from "./wire.js";

export interface Stage {
  readonly fabric: Fabric;
  readonly sources: readonly Source[];
  readonly sockets: Sockets;
  readonly guests: readonly Guest[];
  readonly deliveries: Deliveries;
  readonly moves: Moves;
  readonly rails: Rails;
  readonly wire: Wire;
  readonly file: DeliveredFile;
}

const NS_PER_MS = 1e6;
/** The fabric's time is whole nanoseconds. */
const ROUNDING_MS = 1e-6;
/** A port that had no room is asked again after so long. */
const RETRY_MS = 0.05;
/** All has been sent: faults and repairs that are to come may take so long, and held frames and repeated messages after that. */
const REST_MS = 3_600_000;
const AFTER_MS = 3_000;

export class Script {
  readonly #stage: Stage;
  readonly #startMs: number;
  #reactions: Reaction[] = [];
  #framesSent = 0;
  #retryMs = 0;

  /** It begins at the fabric's present time. */
  constructor(stage: Stage) {
    this.#stage = stage;
    this.#startMs = stage.fabric.nowMs;
  }

  async run(): Promise<void> {
    const { fabric, sources, sockets, moves } = this.#stage;
    for (;;) {
      for (const source of sources) await source.load();
      await sockets.load(moves.moving);
      this.#update();
      const nextMs = this.#nextMs();
      if (nextMs === undefined) break;
      await this.#pass(Math.max(nextMs, this.#retryMs));
      const untilMs = this.#sinceMs + ROUNDING_MS;
      for (const source of sources) if ((source.nextMs ?? Number.POSITIVE_INFINITY) <= untilMs) this.#send(source);
    }
    const isQuiet = () => sockets.isDone && fabric.isQuiet;
    await this.#pass(this.#sinceMs + REST_MS, isQuiet);
    await this.#pass(this.#sinceMs + AFTER_MS);
  }

  get #sinceMs(): number {
    return this.#stage.fabric.nowMs - this.#startMs;
  }

  #nextMs(): number | undefined {
    const { sources, moves } = this.#stage;
    return earliest([...sources.map(({ nextMs }) => nextMs), moves.nextMs]);
  }

  /** Lets time pass, and guests take and answer what comes, each at its time. */
  async #pass(untilMs: number, isEnough: () => boolean = () => false): Promise<void> {
    const { fabric, wire, file } = this.#stage;
    for (;;) {
      const leftMs = Math.max(0, this.#startMs + untilMs - fabric.nowMs);
      const waitMs = Math.min(leftMs, this.#patienceMs);
      const hasStopped = fabric.runUntil(() => this.#take() || isEnough(), waitMs);
      await wire.written;
      await file.written;
      this.#react();
      this.#update();
      const isOver = hasStopped ? isEnough() && this.#reactions.length === 0 : waitMs === leftMs;
      if (isOver) return;
    }
  }

  /** How long time may pass at once: guests try again to send what did not go, and agents have times of their own. */
  get #patienceMs(): number {
    const { sockets, fabric } = this.#stage;
    const retryMs = this.#reactions.length > 0 ? RETRY_MS : Number.POSITIVE_INFINITY;
    const dueMs = (sockets.nextMs ?? Number.POSITIVE_INFINITY) - fabric.nowMs;
    return Math.min(retryMs, Math.max(ROUNDING_MS, dueMs));
  }

  /** Takes what guests have been given, and has their agents work; true when one of them answers. */
  #take(): boolean {
    const { guests, sockets, deliveries, moves, file, fabric } = this.#stage;
    const timestampNs = BigInt(Math.round(fabric.nowMs * NS_PER_MS));
    const reactions: Reaction[] = [];
    moves.settle(fabric.nowMs);
    for (const delivery of guests.flatMap((guest) => guest.take())) {
      file.write(delivery, timestampNs);
      moves.delivered(delivery, fabric.nowMs);
      const reaction = deliveries.take(delivery);
      if (reaction) reactions.push(reaction);
      sockets.take(delivery);
    }
    reactions.push(...sockets.work(fabric.nowMs));
    this.#reactions.push(...reactions);
    return reactions.length > 0;
  }

  #react(): void {
    this.#reactions = this.#reactions.filter(({ guest, frame, stream }) => {
      if (!guest.send(frame.data, frame.originalLength, this.#nowNs)) return true;
      if (stream) this.#stage.deliveries.sent(stream, frame);
      return false;
    });
  }

  #send(source: Source): void {
    const { next } = source;
    if (!next) return;
    const { stream, frame } = next;
    if (!stream.from.send(frame.data, frame.originalLength, this.#nowNs)) {
      stream.waits++;
      this.#retryMs = this.#sinceMs + RETRY_MS;
      return;
    }
    source.taken();
    this.#framesSent++;
    this.#stage.deliveries.sent(stream, frame);
  }

  #update(): void {
    const { moves, rails, fabric } = this.#stage;
    moves.update(this.#sinceMs, this.#framesSent, fabric.nowMs);
    rails.update(this.#framesSent);
  }

  get #nowNs(): bigint {
    return BigInt(Math.round(this.#stage.fabric.nowMs * NS_PER_MS));
  }
}
