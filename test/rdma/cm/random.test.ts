/**
 * Schedules of loss, duplication, delay and users' changes of mind, in virtual time from seeds. However it goes, both ends come to
 * the same end: established with parameters that fit, or over with a reason.
 */
import { describe, expect, it } from "vitest";
import type { CmAction, ConnectOptions, RtrParameters, RtsParameters } from "../../../src/rdma/cm/index.js";
import { Random } from "../../helpers/property.js";
import { ACCEPT, ACTIVE, CONNECT, type EndName, messageOf, PASSIVE, Pair } from "./pair.js";

const ENDS = ["active", "passive"] as const;
/** When the network becomes good, and time for the slowest exchange after it. */
const CALM_MS = 60_000;
const SETTLED_MS = CALM_MS + 300_000;

/** A pair with a plan of what users do when. */
class Chaos {
  readonly pair: Pair;
  readonly options: Required<Pick<ConnectOptions, "responderResources" | "initiatorDepth" | "pathMtuBytes">>;
  readonly #random: Random;
  readonly #plan: { readonly atMs: number; readonly end: EndName; readonly act: () => readonly CmAction[] }[] = [];

  constructor(random: Random) {
    this.#random = random;
    const pair = new Pair(ACTIVE, { ...PASSIVE, caAckDelay: random.between(10, 19) });
    this.pair = pair;
    const lossPercent = random.pick([0, 10, 30, 60, 90]);
    const slowestMs = random.pick([1, 50, 1_000, 5_000]);
    pair.copies = () =>
      pair.nowMs < CALM_MS && random.below(100) < lossPercent ? 0 : random.below(5) === 0 ? 1 + random.below(3) : 1;
    pair.delayMs = () => random.between(1, pair.nowMs < CALM_MS ? slowestMs : 100);
    pair.react = (end, { type }) => (type === "requested" ? this.#decide(end) : []);
    this.options = {
      responderResources: random.between(0, 16),
      initiatorDepth: random.between(0, 16),
      pathMtuBytes: random.pick([256, 512, 1024, 2048, 4096] as const),
    };
    pair.ends.passive.listen({ maxPathMtuBytes: random.pick([1024, 4096] as const) });
    const codes = { remoteCmResponseTimeout: random.between(14, 20), localCmResponseTimeout: random.between(14, 20) };
    const options = { ...CONNECT, ...this.options, ...codes, maxCmRetries: random.between(0, 15) };
    this.at(0, "active", () => pair.ends.active.connect(options, pair.nowMs));
    for (const end of ENDS) {
      if (random.below(4) === 0) this.at(random.below(CALM_MS), end, () => pair.ends[end].disconnect(pair.nowMs));
    }
  }

  at(atMs: number, end: EndName, act: () => readonly CmAction[]): void {
    this.#plan.push({ atMs, end, act });
  }

  runTo(untilMs: number): void {
    for (;;) {
      this.#plan.sort((a, b) => a.atMs - b.atMs);
      const [next] = this.#plan;
      // In steps, for what a user decides on the way.
      const atMs = Math.min(next?.atMs ?? untilMs, this.pair.nowMs + 50, untilMs);
      this.pair.runTo(Math.max(atMs, this.pair.nowMs));
      if (next && next.atMs <= this.pair.nowMs) {
        this.#plan.shift();
        this.pair.act(next.end, next.act());
      } else if (atMs >= untilMs) break;
    }
  }

  /** What the data path would find out: the peer of a connection is gone. Users end it then. */
  noticeHalfOpen(): boolean {
    const { active, passive } = this.pair.ends;
    const open = ENDS.filter((end) => this.pair.ends[end].state === "ESTABLISHED");
    if (open.length !== 1 || active.state === "DREQ_SENT" || passive.state === "DREQ_SENT") return false;
    const end = open[0] as EndName;
    this.pair.act(end, this.pair.ends[end].disconnect(this.pair.nowMs));
    return true;
  }

  #decide(end: EndName): readonly CmAction[] {
    const random = this.#random;
    const { pair } = this;
    const connection = pair.ends[end];
    const what = random.below(8);
    if (what === 0) return connection.reject("no-resources", pair.nowMs);
    const resources = { responderResources: random.between(0, 16), initiatorDepth: random.between(0, 16) };
    const accept = () => connection.accept({ ...ACCEPT, ...resources }, pair.nowMs);
    if (what < 4) return accept();
    if (what === 7) return [];
    this.at(pair.nowMs + random.below(20_000), end, accept);
    return what === 4 ? connection.delay(random.between(15, 22), pair.nowMs) : [];
  }
}

/** Ready to receive, then to send, then established, then one end; ERROR whenever it was ready. */
const STORY =
  /^(requested,?)?((RTR,)(RTS,established,)?)?((ERROR,)?(rejected|disconnected) by (local|peer): [a-z-]+,)?(closed,)?$/;

function check({ pair, options }: Chaos): "established" | "over" {
  for (const end of ENDS) {
    const told = pair.told(end);
    const story = told.map((word) => `${word},`).join("");
    expect(story, end).toMatch(STORY);
    const isOver = /rejected|disconnected/.test(story);
    expect(story.includes("ERROR"), story).toBe(isOver && story.includes("RTR"));
    expect(["CLOSED", "ESTABLISHED", "LISTEN"], story).toContain(pair.ends[end].state);
    expect(pair.ends[end].state === "CLOSED", story).toBe(isOver);
    expect(pair.ends[end].nextMs).toBeUndefined();
  }
  const [isActiveUp, isPassiveUp] = ENDS.map((end) => pair.ends[end].state === "ESTABLISHED");
  expect(isPassiveUp).toBe(isActiveUp);
  const [a, b] = ENDS.map((end) => ({
    rtr: pair.qp(end, "RTR")?.parameters,
    rts: pair.qp(end, "RTS")?.parameters,
  })) as [Parameters, Parameters];
  if (isActiveUp) {
    expect([a.rtr?.destQpn, b.rtr?.destQpn]).toEqual([ACCEPT.qpn, CONNECT.qpn]);
    expect([a.rtr?.pathMtuBytes, b.rtr?.pathMtuBytes]).toEqual([options.pathMtuBytes, options.pathMtuBytes]);
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(from.rts?.sqPsn).toBe(to.rtr?.rqPsn);
      expect(from.rts?.maxRdAtomic).toBe(to.rtr?.maxDestRdAtomic);
    }
    expect(a.rts?.retryCount).toBe(b.rts?.retryCount);
  }
  return isActiveUp ? "established" : "over";
}

interface Parameters {
  readonly rtr: RtrParameters | undefined;
  readonly rts: RtsParameters | undefined;
}

describe("random schedules", () => {
  it("end with both ends established, or with both over", () => {
    const random = new Random();
    const ends = { established: 0, over: 0, halfOpen: 0 };
    const types = new Set<string>();
    for (let schedule = 0; schedule < 400; schedule++) {
      const chaos = new Chaos(random);
      chaos.runTo(SETTLED_MS);
      if (chaos.noticeHalfOpen()) ends.halfOpen++;
      chaos.runTo(SETTLED_MS + 200_000);
      ends[check(chaos)]++;
      // Each message is sent so often at most, and answered: nobody talks without end.
      expect(chaos.pair.sent.length).toBeLessThan(400);
      for (const { mad } of chaos.pair.sent) types.add(messageOf(mad).type);
    }
    expect([...types].sort()).toEqual(["DREP", "DREQ", "MRA", "REJ", "REP", "REQ", "RTU"]);
    expect(Math.min(ends.established, ends.over)).toBeGreaterThan(20);
  });
});

describe("hostile peers", () => {
  it("100,000 mutated MADs make nobody throw, and every connection ends in time", () => {
    const random = new Random();
    let received = 0;
    while (received < 100_000) {
      const chaos = new Chaos(random);
      const { pair } = chaos;
      chaos.runTo(random.below(20_000));
      for (let step = 0; step < 200 && pair.sent.length > 0; step++) {
        const end = random.pick(ENDS);
        const mad = random.pick(pair.sent.slice(0, 40)).mad.slice();
        if (random.below(4) === 0) mad[17] = random.between(0x10, 0x1a);
        for (let n = random.below(3); n > 0; n--)
          mad[random.between(random.pick([0, 24]), random.pick([40, 255]))] = random.below(256);
        pair.act(end, pair.ends[end].receive(mad, pair.nowMs));
        if (random.below(20) === 0) chaos.runTo(pair.nowMs + random.below(2_000));
        received++;
      }
      pair.copies = () => 0;
      for (const end of ENDS) pair.act(end, pair.ends[end].disconnect(pair.nowMs));
      // Response timeouts may have been mutated to be long, but MRAs put nothing off for ever.
      for (let i = 0; i < 200 && ENDS.some((end) => pair.ends[end].nextMs !== undefined); i++) {
        const nextMs = Math.min(...ENDS.map((end) => pair.ends[end].nextMs ?? Number.POSITIVE_INFINITY));
        pair.runTo(Math.max(nextMs, pair.nowMs));
      }
      for (const end of ENDS) expect(["CLOSED", "LISTEN"]).toContain(pair.ends[end].state);
    }
  });
});
