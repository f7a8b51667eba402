/** Two ends of a session and the connection between them, in virtual time: in order, until it is cut, and then some of it was lost. */
import { Aggregator, type SessionOptions } from "../../../src/rdma/aggregator/aggregator.js";
import { immOf, type Transfer } from "../../../src/rdma/aggregator/transfer.js";
import type { Random } from "../../helpers/property.js";

const FRAMING = { operation: "send", mtuBytes: 1024, ipVersion: 4 } as const;
export const DELAY_MS = 0.05;

type End = "opener" | "taker";

interface Flight {
  readonly atMs: number;
  readonly transfer: Transfer;
}

/** One way: transfers under way, and acknowledgements on their way back. */
class Way {
  readonly #wire: SessionWire;
  readonly #from: End;
  readonly #to: End;
  flights: Flight[] = [];
  acksMs: number[] = [];

  constructor(wire: SessionWire, from: End, to: End) {
    this.#wire = wire;
    this.#from = from;
    this.#to = to;
  }

  send(nowMs: number, slots: number, seen: (transfer: Transfer) => void): void {
    while (this.flights.length + this.acksMs.length < slots) {
      const transfer = this.#wire[this.#from].take(this.#wire.clock(this.#from));
      if (!transfer) return;
      seen(transfer);
      this.flights.push({ atMs: nowMs + DELAY_MS, transfer });
    }
  }

  arrive(nowMs: number): void {
    while (this.flights[0] && this.flights[0].atMs <= nowMs) this.#deliver(nowMs);
    while (this.acksMs[0] !== undefined && this.acksMs[0] <= nowMs) {
      this.acksMs.shift();
      this.#wire[this.#from].acknowledged(1);
    }
  }

  /** What had arrived at the adapter was told; of what was acknowledged, a part was heard. */
  cut(nowMs: number, random: Random): void {
    for (let left = random.below(this.flights.length + 1); left > 0; left--) this.#deliver(nowMs);
    this.#wire[this.#from].acknowledged(random.below(this.acksMs.length + 1));
    this.flights = [];
    this.acksMs = [];
  }

  #deliver(nowMs: number): void {
    const { transfer } = this.flights.shift() as Flight;
    const to = this.#wire[this.#to];
    if (transfer.kind === "aggregate") to.aggregate(transfer.messages);
    else to.immediate(immOf(transfer), transfer.bytes);
    this.acksMs.push(nowMs + DELAY_MS);
  }
}

export class SessionWire {
  nowMs = 0;
  opener: Aggregator;
  taker: Aggregator;
  /** How far an end's clock is ahead: that of the host where it is. */
  readonly aheadMs = { opener: 0, taker: 0 };
  readonly sent: Transfer[] = [];
  readonly #slots: number;
  readonly #options: Partial<SessionOptions>;
  #ways: readonly Way[] = [];
  #isUp = false;

  constructor(options: Partial<SessionOptions> = {}, slots = 8) {
    this.opener = new Aggregator({ role: "opener", session: 1n, ...options });
    this.taker = new Aggregator({ role: "taker", session: 2n, ...options });
    this.#options = options;
    this.#slots = slots;
  }

  /** The time where an end is. */
  clock(end: End): number {
    return this.nowMs + this.aheadMs[end];
  }

  /** An end goes on elsewhere, by another clock; what is under way does not notice. Returns its snapshot. */
  move(end: End, aheadMs = 0): Uint8Array {
    const bytes = this[end].snapshot(this.clock(end));
    this.aheadMs[end] = aheadMs;
    const moved = Aggregator.restore(bytes, this.clock(end), this.#options);
    if (!(moved instanceof Aggregator)) throw new Error(JSON.stringify(moved));
    this[end] = moved;
    return bytes;
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
    this.#ways = [new Way(this, "opener", "taker"), new Way(this, "taker", "opener")];
  }

  cut(random: Random): void {
    for (const way of this.#ways) way.cut(this.nowMs, random);
    this.#ways = [];
    this.#isUp = false;
    this.opener.lost(this.clock("opener"));
    this.taker.lost(this.clock("taker"));
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
    this.opener.tick(this.clock("opener"));
    this.taker.tick(this.clock("taker"));
  }

  send(): void {
    for (const way of this.#ways) way.send(this.nowMs, this.#slots, (transfer) => void this.sent.push(transfer));
  }

  /** Steps so often. */
  run(steps = 100): void {
    for (let i = 0; i < steps; i++) this.step();
  }
}
