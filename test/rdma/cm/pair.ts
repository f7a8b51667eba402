/**
 * Two ends of a connection in virtual time. A test may lose, double or hold what is sent. The bench carries out actions and keeps what
 * happened; what the protocol should do is the tests' business.
 */
import {
  type CmAction,
  CmConnection,
  type CmIdentity,
  type CmMad,
  type ConnectOptions,
  decodeCmMad,
  type QueuePairState,
} from "../../../src/rdma/cm/index.js";

export const ACTIVE: CmIdentity = {
  localCommunicationId: 0xa0000001,
  transactionId: 0xa00000000000001n,
  caGuid: 0xa1n,
};
export const PASSIVE: CmIdentity = {
  localCommunicationId: 0xb0000002,
  transactionId: 0xb00000000000002n,
  caGuid: 0xb2n,
};
export const CONNECT: ConnectOptions = {
  service: { port: 7174, sourcePort: 40000 },
  local: "192.0.2.1",
  remote: "192.0.2.2",
  qpn: 0x11,
  startingPsn: 0x111111,
};
export const ACCEPT = { qpn: 0x22, startingPsn: 0x222222 };

export type EndName = "active" | "passive";
type Event = Exclude<CmAction, { type: "send" }>;

export interface Sent {
  readonly atMs: number;
  readonly from: EndName;
  readonly mad: Uint8Array;
}

interface Flying {
  readonly atMs: number;
  readonly to: EndName;
  readonly mad: Uint8Array;
}

export class Pair {
  readonly ends: Readonly<Record<EndName, CmConnection>>;
  readonly sent: Sent[] = [];
  readonly happened: { readonly atMs: number; readonly end: EndName; readonly event: Event }[] = [];
  nowMs = 0;
  /** How often a MAD arrives: 0 loses it. */
  copies: (sent: Sent) => number = () => 1;
  delayMs: (sent: Sent) => number = () => 1;
  /** What a user does when it is told something. */
  react: (end: EndName, event: Event) => readonly CmAction[] = () => [];
  #flying: Flying[] = [];

  constructor(active: CmIdentity = ACTIVE, passive: CmIdentity = PASSIVE) {
    this.ends = { active: new CmConnection(active), passive: new CmConnection(passive) };
  }

  act(end: EndName, actions: readonly CmAction[]): void {
    for (const action of actions) {
      if (action.type !== "send") {
        this.happened.push({ atMs: this.nowMs, end, event: action });
        this.act(end, this.react(end, action));
        continue;
      }
      const sent = { atMs: this.nowMs, from: end, mad: action.mad };
      this.sent.push(sent);
      const to = end === "active" ? "passive" : "active";
      for (let copies = this.copies(sent); copies > 0; copies--) {
        this.#flying.push({ atMs: this.nowMs + this.delayMs(sent), to, mad: action.mad });
      }
    }
  }

  /** Runs to the time, event by event: arrivals in order of time, then ticks. */
  runTo(untilMs: number): void {
    for (;;) {
      const arrival = this.#flying.reduce<Flying | undefined>((a, b) => (a && a.atMs <= b.atMs ? a : b), undefined);
      const ticks = (["active", "passive"] as const).map((end) => ({ end, atMs: this.ends[end].nextMs ?? Infinity }));
      const tick = ticks.reduce((a, b) => (a.atMs <= b.atMs ? a : b));
      const isArrival = arrival !== undefined && arrival.atMs <= tick.atMs;
      const atMs = isArrival ? arrival.atMs : tick.atMs;
      if (atMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      if (isArrival) {
        this.#flying.splice(this.#flying.indexOf(arrival), 1);
        this.act(arrival.to, this.ends[arrival.to].receive(arrival.mad, this.nowMs));
      } else this.act(tick.end, this.ends[tick.end].tick(this.nowMs));
    }
    this.nowMs = untilMs;
  }

  /** Listens and connects; the passive user accepts at once. */
  open(options: Partial<ConnectOptions> = {}): void {
    this.ends.passive.listen();
    this.react = (end, { type }) => (type === "requested" ? this.ends[end].accept(ACCEPT, this.nowMs) : []);
    this.act("active", this.ends.active.connect({ ...CONNECT, ...options }, this.nowMs));
  }

  /** Types of the messages that an end has sent. */
  said(from: EndName): string[] {
    return this.sent.filter((sent) => sent.from === from).map(({ mad }) => messageOf(mad).type);
  }

  /** What an end was told, in words. */
  told(end: EndName): string[] {
    return this.happened
      .filter((one) => one.end === end)
      .map(({ event }) => {
        if (event.type === "qp") return event.state;
        return "reason" in event ? `${event.type} by ${event.by}: ${event.reason}` : event.type;
      });
  }

  qp<S extends QueuePairState>(end: EndName, state: S): Extract<Event, { type: "qp"; state: S }> | undefined {
    for (const one of this.happened) {
      if (one.end === end && one.event.type === "qp" && one.event.state === state) {
        return one.event as Extract<Event, { type: "qp"; state: S }>;
      }
    }
    return undefined;
  }
}

export function messageOf(mad: Uint8Array): CmMad["message"] {
  return (decodeCmMad(mad) as CmMad).message;
}
