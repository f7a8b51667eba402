/**
 * One direction of a link. What is sent on it arrives, or is lost under a cause, or is on the way: at any time
 * sent + duplicated = arrived + lost + cut + parted + full + tooLong + inFlight.
 *
 * The nth frame that a way has room for meets the nth throw of its dice, whatever else happens: a fault that is left out changes no other
 * frame's fate.
 */
import { checkInteger } from "../check.js";
import { NS_PER_MS } from "./clock.js";
import { flipped, type UnderlayFrame } from "./frame.js";
import {
  checkImpairment,
  checkRange,
  checkShape,
  combined,
  type Impairment,
  type ImpairmentOptions,
  type JitterShape,
  NO_IMPAIRMENT,
} from "./impairment.js";
import type { Random } from "./random.js";
import { headerBytes } from "./route.js";
import type { World } from "./world.js";

export interface WayOptions extends ImpairmentOptions {
  readonly jitter?: JitterShape;
  /** Bits a second, 1 to 1e15; by default a frame takes no time to be sent. */
  readonly rateBps?: number;
  /** Bytes that wait for the rate before frames are dropped as full, where the network sends; 1 MiB by default. */
  readonly bufferBytes?: number;
  /** Longest Ethernet payload, 68 to 65535; without, there is no bound. */
  readonly mtuBytes?: number;
}

export interface WayCounters {
  /** Frames that were sent on the way, arrived or not. */
  sent: number;
  arrived: number;
  arrivedBytes: number;
  /** By the probability of loss. */
  lost: number;
  /** Sent or on the way while the link was cut. */
  cut: number;
  /** For a host of another side. */
  parted: number;
  /** Beyond bufferBytes. */
  full: number;
  /** Beyond mtuBytes. */
  tooLong: number;
  inFlight: number;
  /** Second copies. */
  duplicated: number;
  reordered: number;
  corrupted: number;
}

/** Where a way ends. */
export interface WayEnd {
  /** False for a frame that must not come here, now. */
  accepts(frame: UnderlayFrame): boolean;
  deliver(frame: UnderlayFrame, nowNs: number): void;
}

/** Preamble, FCS and gap (IEEE 802.3): what a frame costs on the wire besides its bytes. */
const WIRE_OVERHEAD_BYTES = 24;
/** Shortest frame without FCS. */
const SHORTEST_BYTES = 60;

type Cause = "lost" | "cut" | "parted" | "full" | "tooLong";
const NOTE = { sent: 1, arrived: 2, lost: 3, cut: 4, parted: 5, full: 6, tooLong: 7 } as const;

/** 0, unless frames were made or have vanished: what is counted in, less what is counted out. */
export function imbalance(c: WayCounters): number {
  return c.sent + c.duplicated - (c.arrived + c.lost + c.cut + c.parted + c.full + c.tooLong + c.inFlight);
}

export class Way {
  readonly #world: World;
  readonly #end: WayEnd;
  readonly #part: number;
  readonly #dice: Random;
  readonly #jitterDice: Random;
  readonly #jitter: JitterShape;
  readonly #nsPerByte: number;
  readonly #bufferNs: number;
  readonly #mtuBytes: number;
  readonly #base: Impairment;
  readonly #layers = new Set<ImpairmentOptions>();
  #now: Impairment;
  #cuts = 0;
  /** Raised by a cut: frames of an earlier epoch are lost. */
  #epoch = 0;
  #busyUntilNs = 0;
  #lastArrivalNs = 0;
  readonly #counters: WayCounters = {
    ...{ sent: 0, arrived: 0, arrivedBytes: 0, lost: 0, cut: 0, parted: 0, full: 0, tooLong: 0, inFlight: 0 },
    ...{ duplicated: 0, reordered: 0, corrupted: 0 },
  };

  /** Throws ConfigError for an option out of its bounds. */
  constructor(world: World, name: string, end: WayEnd, options: WayOptions) {
    checkImpairment(options);
    checkRange("rateBps", options.rateBps, 1e15);
    const { jitter, rateBps, bufferBytes = 2 ** 20, mtuBytes, ...base } = options;
    this.#world = world;
    this.#end = end;
    this.#part = world.nextPart();
    this.#dice = world.random(`${name}/dice`);
    this.#jitterDice = world.random(`${name}/jitter`);
    this.#jitter = checkShape(jitter);
    this.#nsPerByte = rateBps ? 8e9 / rateBps : 0;
    this.#bufferNs = checkInteger("bufferBytes", bufferBytes, 0, 2 ** 40) * this.#nsPerByte;
    this.#mtuBytes = mtuBytes === undefined ? Number.POSITIVE_INFINITY : checkInteger("mtuBytes", mtuBytes, 68, 65535);
    this.#base = { ...NO_IMPAIRMENT, ...base };
    this.#now = this.#base;
  }

  get counters(): Readonly<WayCounters> {
    return { ...this.#counters };
  }

  get isCut(): boolean {
    return this.#cuts > 0;
  }

  /** Sends a frame that would rather wait than be dropped. Returns when its last bit has left, in ns. */
  send(frame: UnderlayFrame): number {
    this.#counters.sent++;
    const departsNs = this.#occupy(frame);
    this.#launch(frame, departsNs);
    return departsNs;
  }

  /** Sends a frame, unless too many bytes wait. */
  sendOrDrop(frame: UnderlayFrame): void {
    this.#counters.sent++;
    if (this.#busyUntilNs - this.#world.clock.nowNs > this.#bufferNs) this.#lose("full", frame);
    else this.#launch(frame, this.#occupy(frame));
  }

  /** Cuts the way; what is on it is lost. Cuts add up: it takes as many repairs. */
  cut(): void {
    this.#cuts++;
    const counters = this.#counters;
    this.#world.note(this.#part, NOTE.cut, counters.inFlight);
    counters.cut += counters.inFlight;
    counters.inFlight = 0;
    this.#epoch++;
  }

  repair(): void {
    this.#cuts--;
  }

  /** Lays an impairment over the way's own; returns what takes it away. */
  impair(layer: ImpairmentOptions): () => void {
    const own = { ...layer };
    this.#layers.add(own);
    this.#now = combined(this.#base, this.#layers);
    return () => {
      this.#layers.delete(own);
      this.#now = combined(this.#base, this.#layers);
    };
  }

  /** Takes the wire for a frame; returns until when. */
  #occupy({ originalLength }: UnderlayFrame): number {
    const { nowNs } = this.#world.clock;
    if (this.#nsPerByte === 0) return nowNs;
    const wireBytes = Math.max(originalLength, SHORTEST_BYTES) + WIRE_OVERHEAD_BYTES;
    this.#busyUntilNs = Math.max(this.#busyUntilNs, nowNs) + wireBytes * this.#nsPerByte;
    return Math.ceil(this.#busyUntilNs);
  }

  /** Throws the dice for a frame: as many whatever they decide. */
  #launch(frame: UnderlayFrame, departsNs: number): void {
    const [lossDie, corruptDie, bitDie] = [this.#dice.unit(), this.#dice.unit(), this.#dice.unit()];
    const [reorderDie, duplicateDie] = [this.#dice.unit(), this.#dice.unit()];
    const [delayNs, copyDelayNs] = [this.#delayNs(), this.#delayNs()];
    const cause = this.#lossOf(frame, lossDie);
    if (cause) this.#lose(cause, frame);
    else {
      const sent = this.#corrupted(frame, corruptDie, bitDie);
      this.#world.note(this.#part, NOTE.sent, sent.hash);
      this.#flyFirst(sent, departsNs + delayNs, reorderDie);
      if (duplicateDie < this.#now.duplicate) {
        this.#counters.duplicated++;
        this.#flyInOrder(sent, departsNs + copyDelayNs);
      }
    }
  }

  #lossOf({ originalLength, data }: UnderlayFrame, lossDie: number): Cause | undefined {
    if (originalLength - headerBytes(data) > this.#mtuBytes) return "tooLong";
    if (this.#cuts > 0) return "cut";
    return lossDie < this.#now.loss ? "lost" : undefined;
  }

  #corrupted(frame: UnderlayFrame, corruptDie: number, bitDie: number): UnderlayFrame {
    if (corruptDie >= this.#now.corrupt || frame.data.length === 0) return frame;
    this.#counters.corrupted++;
    return flipped(frame, Math.floor(bitDie * frame.data.length * 8));
  }

  #delayNs(): number {
    const { delayMs, jitterMs } = this.#now;
    const dice = this.#jitterDice;
    // Thrown always: a delay that ends must not shift the dice of later frames.
    const one = dice.unit();
    const share = this.#jitter === "uniform" ? one : (one + dice.unit() + dice.unit() + dice.unit()) / 4;
    return Math.round((delayMs + jitterMs * share) * NS_PER_MS);
  }

  #flyFirst(frame: UnderlayFrame, arrivesNs: number, reorderDie: number): void {
    const { reorder, reorderMs } = this.#now;
    if (reorderDie < reorder) {
      this.#counters.reordered++;
      this.#fly(frame, arrivesNs + Math.round(reorderMs * NS_PER_MS));
    } else this.#flyInOrder(frame, arrivesNs);
  }

  /** A frame that does not overtake those before it, even where its delay is shorter. */
  #flyInOrder(frame: UnderlayFrame, arrivesNs: number): void {
    this.#lastArrivalNs = Math.max(this.#lastArrivalNs, arrivesNs);
    this.#fly(frame, this.#lastArrivalNs);
  }

  #fly(frame: UnderlayFrame, arrivesNs: number): void {
    this.#counters.inFlight++;
    const epoch = this.#epoch;
    this.#world.move(arrivesNs, (nowNs) => {
      if (epoch === this.#epoch) this.#arrive(frame, nowNs);
    });
  }

  #arrive(frame: UnderlayFrame, nowNs: number): void {
    const counters = this.#counters;
    counters.inFlight--;
    if (this.#end.accepts(frame)) {
      counters.arrived++;
      counters.arrivedBytes += frame.data.length;
      this.#world.note(this.#part, NOTE.arrived, frame.hash);
      this.#end.deliver(frame, nowNs);
    } else this.#lose("parted", frame);
  }

  #lose(cause: Cause, frame: UnderlayFrame): void {
    this.#counters[cause]++;
    this.#world.note(this.#part, NOTE[cause], frame.hash);
  }
}
