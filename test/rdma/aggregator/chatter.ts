/** Users of streams that write, read, pause, end and break off as a seed says, and the account of what came where. */
import type { Aggregator } from "../../../src/rdma/aggregator/aggregator.js";
import type { StreamEvent } from "../../../src/rdma/aggregator/event.js";
import type { Random } from "../../helpers/property.js";

/** One end's user of one stream. Bytes tell their own place, so that any of them that is lost, twice or elsewhere shows. */
class Talker {
  readonly salt: number;
  isOpen = false;
  isClosed = false;
  error: string | undefined;
  hasEnd = false;
  received = 0;
  written = 0;
  unread = 0;
  /** The first byte that came wrong. */
  wrong: string | undefined;
  readonly #target: number;
  #ended = false;

  constructor(salt: number, target: number) {
    this.salt = salt;
    this.#target = target;
  }

  get isDone(): boolean {
    return this.#ended;
  }

  step(end: Aggregator, stream: number, nowMs: number, random: Random): void {
    if (!this.isOpen || this.isClosed) return;
    if (this.unread > 0 && random.below(3) > 0) {
      const used = 1 + random.below(this.unread);
      end.consumed(stream, used);
      this.unread -= used;
    }
    if (this.#ended) return;
    if (this.written < this.#target) {
      const length = Math.min(
        this.#target - this.written,
        random.below(8) === 0 ? random.below(9000) : 1 + random.below(200),
      );
      const bytes = Uint8Array.from({ length }, (_, i) => byteAt(this.salt, this.written + i));
      this.written += end.write(stream, bytes, nowMs, random.below(20) === 0);
    } else {
      this.#ended = true;
      end.end(stream);
    }
  }

  data(bytes: Uint8Array, salt: number): void {
    for (const [i, byte] of bytes.entries()) {
      if (byte !== byteAt(salt, this.received + i)) this.wrong ??= `byte ${this.received + i}`;
    }
    if (this.hasEnd || this.isClosed) this.wrong ??= "bytes after the end";
    this.received += bytes.length;
    this.unread += bytes.length;
  }
}

function byteAt(salt: number, offset: number): number {
  return Math.imul(salt * 31 + offset + 1, 0x9e3779b1) >>> 24;
}

/** Two ends' users: a stream's opener has salt 2k, its taker 2k + 1, whatever number the stream has. */
export class Chatter {
  readonly openers: Talker[] = [];
  readonly takers: (Talker | undefined)[] = [];
  readonly #opener: Aggregator;
  readonly #random: Random;
  /** By the streams' numbers now. */
  readonly #byOpener = new Map<number, number>();
  readonly #byTaker = new Map<number, number>();
  readonly #refused: number;

  constructor(opener: Aggregator, random: Random, refusedShare = 0.05) {
    this.#opener = opener;
    this.#random = random;
    this.#refused = refusedShare;
  }

  open(): void {
    const k = this.openers.length;
    // The port tells the taker whose stream it is.
    const stream = this.#opener.open(k, 50_000);
    if (stream === undefined) return;
    this.openers.push(new Talker(2 * k, this.#random.below(6000)));
    this.takers.push(undefined);
    this.#byOpener.set(stream, k);
  }

  get isOver(): boolean {
    return this.openers.every(({ isClosed }) => isClosed) && this.takers.every((talker) => talker?.isClosed ?? true);
  }

  step(opener: Aggregator, taker: Aggregator, nowMs: number): void {
    this.#hear(opener, this.#byOpener, (k) => this.openers[k], taker);
    this.#hear(taker, this.#byTaker, (k) => this.takers[k], taker);
    for (const [stream, k] of this.#byOpener) this.#turn(opener, stream, this.openers[k], nowMs);
    for (const [stream, k] of this.#byTaker) this.#turn(taker, stream, this.takers[k], nowMs);
  }

  /** What is not as it must be, in words. */
  faults(): string[] {
    const found: string[] = [];
    for (const [k, opener] of this.openers.entries()) {
      const taker = this.takers[k];
      for (const [name, one, other] of [
        ["opener", opener, taker],
        ["taker", taker, opener],
      ] as const) {
        if (one?.wrong) found.push(`${name} ${k}: ${one.wrong}`);
        if (one && other && one.received > other.written) found.push(`${name} ${k}: more than was written`);
        const isWhole = one?.isClosed && one.error === undefined && !this.#brokeOff.has(one);
        if (isWhole && one.received !== other?.written) found.push(`${name} ${k}: ended in order without all bytes`);
      }
    }
    return found;
  }

  readonly #brokeOff = new Set<Talker>();

  #turn(end: Aggregator, stream: number, talker: Talker | undefined, nowMs: number): void {
    if (!talker) return;
    talker.step(end, stream, nowMs, this.#random);
    if (talker.isOpen && !talker.isClosed && this.#random.below(2000) === 0) {
      this.#brokeOff.add(talker);
      end.reset(stream);
    }
  }

  #hear(
    end: Aggregator,
    streams: Map<number, number>,
    find: (k: number) => Talker | undefined,
    taker: Aggregator,
  ): void {
    for (const event of end.takeEvents()) {
      if (event.type === "incoming") this.#incoming(event, taker);
      const k = streams.get(event.stream);
      const talker = k === undefined ? undefined : find(k);
      if (!talker || k === undefined) continue;
      if (event.type === "open") talker.isOpen = true;
      if (event.type === "data") talker.data(event.bytes, talker.salt ^ 1);
      if (event.type === "end") talker.hasEnd = true;
      if (event.type === "close") {
        talker.isClosed = true;
        talker.error = event.error;
        streams.delete(event.stream);
      }
    }
  }

  #incoming({ stream, port }: Extract<StreamEvent, { type: "incoming" }>, taker: Aggregator): void {
    if (this.#random.below(1000) < this.#refused * 1000) {
      taker.refuse(stream);
      return;
    }
    const talker = new Talker(2 * port + 1, this.#random.below(6000));
    talker.isOpen = true;
    this.takers[port] = talker;
    this.#byTaker.set(stream, port);
    taker.accept(stream);
  }
}
