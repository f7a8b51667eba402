/** Two ends of a session and the connection between them, in virtual time: in order, until it is cut, and then some of it was lost. */
import { Aggregator, type SessionOptions } from "../../../src/rdma/aggregator/aggregator.js";
import { immOf, type Transfer } from "../../../src/rdma/aggregator/transfer.js";
import type { Random } from "../../helpers/property.js";

const FRAMING = { operation: "send", mtuBytes: 1024, ipVersion: 4 } as const;
export const DELAY_MS = 0.05;

interface Flight {
  readonly atMs: number;
  readonly transfer: Transfer;
}

/** One way: transfers under way, and acknowledgements on their way back. */
class Way {
  readonly from: Aggregator;
  readonly to: Aggregator;
  flights: Flight[] = [];
  acksMs: number[] = [];

  constructor(from: Aggregator, to: Aggregator) {
    this.from = from;
    this.to = to;
  }

  send(nowMs: number, slots: number, seen: (transfer: Transfer) => void): void {
    while (this.flights.length + this.acksMs.length < slots) {
      const transfer = this.from.take(nowMs);
      if (!transfer) return;
      seen(transfer);
      this.flights.push({ atMs: nowMs + DELAY_MS, transfer });
    }
  }

  arrive(nowMs: number): void {
    while (this.flights[0] && this.flights[0].atMs <= nowMs) this.#deliver(nowMs);
    while (this.acksMs[0] !== undefined && this.acksMs[0] <= nowMs) {
      this.acksMs.shift();
      this.from.acknowledged(1);
    }
  }

  /** What had arrived at the adapter was told; of what was acknowledged, a part was heard. */
  cut(nowMs: number, random: Random): void {
    for (let left = random.below(this.flights.length + 1); left > 0; left--) this.#deliver(nowMs);
    this.from.acknowledged(random.below(this.acksMs.length + 1));
    this.flights = [];
    this.acksMs = [];
  }

  #deliver(nowMs: number): void {
    const { transfer } = this.flights.shift() as Flight;
    if (transfer.kind === "aggregate") this.to.aggregate(transfer.messages);
    else this.to.immediate(immOf(transfer), transfer.bytes);
    this.acksMs.push(nowMs + DELAY_MS);
  }
}

export class SessionWire {
  nowMs = 0;
  readonly opener: Aggregator;
  taker: Aggregator;
  readonly sent: Transfer[] = [];
  readonly #slots: number;
  #ways: readonly Way[] = [];
  #isUp = false;

  constructor(options: Partial<SessionOptions> = {}, slots = 8) {
    this.opener = new Aggregator({ role: "opener", session: 1n, ...options });
    this.taker = new Aggregator({ role: "taker", session: 2n, ...options });
    this.#slots = slots;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Connects, unless an end is through with the session. */
  connect(): void {
    const { opener, taker } = this;
    const [ofOpener, ofTaker] = [opener.hello, taker.hello];
    this.#isUp = taker.connected(ofOpener, FRAMING);
    if (!this.#isUp) opener.fail("ECONNRESET");
    else this.#isUp = opener.connected({ ...ofTaker, peerSession: opener.session }, FRAMING);
    this.#ways = [new Way(opener, taker), new Way(taker, opener)];
  }

  cut(random: Random): void {
    for (const way of this.#ways) way.cut(this.nowMs, random);
    this.#ways = [];
    this.#isUp = false;
    this.opener.lost(this.nowMs);
    this.taker.lost(this.nowMs);
  }

  /** The taker is another one from now on, and knows nothing. */
  restartTaker(random: Random, options: Partial<SessionOptions> = {}): void {
    this.cut(random);
    this.taker = new Aggregator({ role: "taker", session: 3n, ...options });
  }

  step(ms = DELAY_MS / 2): void {
    this.nowMs += ms;
    for (const way of this.#ways) way.arrive(this.nowMs);
    this.send();
    this.opener.tick(this.nowMs);
    this.taker.tick(this.nowMs);
  }

  send(): void {
    for (const way of this.#ways) way.send(this.nowMs, this.#slots, (transfer) => void this.sent.push(transfer));
  }

  /** Steps so often. */
  run(steps = 100): void {
    for (let i = 0; i < steps; i++) this.step();
  }
}
