/** The replay itself, with limits that stay and limits that a script sets: figures by hand, and what must hold of any trace. */
import { describe, expect, it } from "vitest";
import type { Ledger } from "../../../src/limit/ledger.js";
import { Consumer, type Stall } from "../../../src/limit/replay/consumer.js";
import { FixedLimits, type Keeper } from "../../../src/limit/replay/keeper.js";
import { LimitReplay, type ReplayArrival } from "../../../src/limit/replay/replay.js";
import { Random } from "../../helpers/property.js";
import { ModelLedger } from "../../model/ledger.js";

const MBUF_BYTES = 2048;
const A_FRAME_A_MS = 1000;

interface Setting {
  readonly keeper: (ledger: Ledger) => Keeper;
  readonly stalls?: readonly Stall[];
  readonly lengthMs: number;
}

function replayOf({ keeper, stalls = [], lengthMs }: Setting, ledger = new ModelLedger()): LimitReplay {
  const consumer = new Consumer(A_FRAME_A_MS, stalls);
  return new LimitReplay({ ledger, keeper, consumer, mbufBytes: MBUF_BYTES, lengthMs, followed: [0] });
}

const fixed = (limit: number) => (ledger: Ledger) => new FixedLimits(ledger, () => limit);

describe("limits that stay", () => {
  it("has the figures that a pencil has", () => {
    const replay = replayOf({ keeper: fixed(2), lengthMs: 20 });
    const frames = [
      [0, 100, true],
      [0, 2048, true],
      [0, 0, false], // a third mbuf, for a frame of no bytes
      [10, 5000, false], // three mbufs
      [10, 4096, true], // two
    ] as const;
    for (const [atMs, lengthBytes, isTaken] of frames) {
      expect(replay.arrive({ peer: 0, atMs, lengthBytes })).toBe(isTaken);
    }
    const { totals, peers, course, peerCourses } = replay.finish(20);
    const expected = {
      frames: 5,
      refused: 2,
      drained: 3,
      waiting: 0,
      meanHeld: 2,
      // Two for a millisecond, one for a millisecond, and two for another, of twenty.
      meanInUse: 5 / 20,
      mostInUse: 2,
      inUse: 0,
      windows: 0,
      limitChanges: 0,
      // No window was ever closed.
      reactions: { count: 0, mostWindows: 0, meanWindows: 0, mostMs: 0, unanswered: 0 },
    };
    expect(totals).toEqual({ ...expected, mostHeld: 2 });
    expect(peers).toEqual([{ ...expected, peer: 0, firstMs: 0, preset: 2, low: 2, high: 2, final: 2 }]);
    const inUse = [
      [0, 1],
      [0, 2],
      [1, 1],
      [2, 0],
      [10, 2],
      [11, 0],
    ];
    expect(course.inUse).toEqual(inUse);
    expect(course.held).toEqual([[0, 2]]);
    expect(peerCourses).toEqual([{ peer: 0, held: course.held, inUse }]);
  });

  it("means of a peer are since its first frame, those of all over the whole trace", () => {
    const replay = replayOf({ keeper: fixed(8), lengthMs: 20 });
    replay.arrive({ peer: 0, atMs: 0, lengthBytes: 1 });
    replay.arrive({ peer: 7, atMs: 15, lengthBytes: 1 });
    const { totals, peers } = replay.finish(20);
    expect(peers.map(({ peer, firstMs, meanHeld, meanInUse }) => [peer, firstMs, meanHeld, meanInUse])).toEqual([
      [0, 0, 8, 1 / 20],
      [7, 15, 8, 1 / 5],
    ]);
    expect([totals.meanHeld, totals.mostHeld, totals.meanInUse]).toEqual([10, 16, 2 / 20]);
  });

  it("a frame leaves before another comes at the same time", () => {
    const replay = replayOf({ keeper: fixed(1), lengthMs: 2 });
    const taken = [0, 1, 1.5, 2].map((atMs) => replay.arrive({ peer: 0, atMs, lengthBytes: 1 }));
    expect(taken).toEqual([true, true, false, true]);
    expect(replay.finish(2).totals).toMatchObject({ drained: 2, waiting: 1, inUse: 1 });
  });

  it("a peer that nobody reads fills its own limit, and no other's", () => {
    const stalls = [{ peer: 0, fromMs: 0, toMs: Number.POSITIVE_INFINITY }];
    const replay = replayOf({ keeper: fixed(4), stalls, lengthMs: 100 });
    for (let atMs = 0; atMs <= 100; atMs++) {
      for (let i = 0; i < 10; i++) replay.arrive({ peer: 0, atMs, lengthBytes: 1 });
      replay.arrive({ peer: 1, atMs, lengthBytes: 1 });
    }
    const [hostile, other] = replay.finish(100).peers;
    expect(hostile).toMatchObject({ frames: 1010, refused: 1006, drained: 0, waiting: 4, inUse: 4 });
    expect(other).toMatchObject({ frames: 101, refused: 0, drained: 100 });
  });

  it("a trace of one time has levels for means", () => {
    const replay = replayOf({ keeper: fixed(4), lengthMs: 0 });
    for (let i = 0; i < 3; i++) replay.arrive({ peer: 0, atMs: 0, lengthBytes: 1 });
    expect(replay.finish(0).totals).toMatchObject({ meanHeld: 4, meanInUse: 3 });
  });

  it("a trace of nothing has nothing", () => {
    const { totals, peers } = replayOf({ keeper: fixed(4), lengthMs: 0 }).finish(0);
    expect(peers).toEqual([]);
    expect(totals).toMatchObject({ frames: 0, meanHeld: 0, mostHeld: 0 });
  });
});

/** Sets a limit every ten milliseconds, from a list; and says when it was asked. */
class Scripted implements Keeper {
  nextMs = 10;
  readonly settleMs = 30;
  readonly ticks: number[] = [];
  readonly #ledger: Ledger;
  readonly #limits: number[];
  #owner: number | undefined;

  constructor(ledger: Ledger, limits: readonly number[]) {
    this.#ledger = ledger;
    this.#limits = [...limits];
  }

  admit(): number {
    this.#owner = this.#ledger.open(4, 3, 1000);
    return this.#owner;
  }

  tick(nowMs: number): void {
    this.ticks.push(nowMs);
    if (nowMs >= this.nextMs) this.nextMs = nowMs + 10;
    if (this.#owner === undefined) return;
    this.#ledger.close(this.#owner);
    const limit = this.#limits.shift();
    if (limit !== undefined) this.#ledger.set(this.#owner, limit, limit - 1);
  }
}

describe("limits that move", () => {
  it("holds what is in use when the limit sinks below it", () => {
    let keeper: Scripted | undefined;
    const replay = replayOf({
      keeper: (ledger) => {
        keeper = new Scripted(ledger, [8, 2, 2, 2]);
        return keeper;
      },
      stalls: [{ peer: 0, fromMs: 0, toMs: 25 }],
      lengthMs: 40,
    });
    // The mark is three: the fourth frame makes the window due, and the keeper raises at once.
    for (let i = 0; i < 6; i++) expect(replay.arrive({ peer: 0, atMs: 0, lengthBytes: 1 })).toBe(true);
    const { peers } = replay.finish(40);
    // Held: 8 to 10 ms, then the six in use to 26 ms, five, four, three, and two from 29 ms on.
    expect(peers[0]).toMatchObject({ preset: 4, low: 2, high: 8, final: 2, limitChanges: 2, windows: 5 });
    expect(peers[0]?.meanHeld).toBeCloseTo((8 * 10 + 6 * 16 + 5 + 4 + 3 + 2 * 11) / 40, 12);
    expect(keeper?.ticks).toEqual([0, 10, 20, 30, 40]);
  });

  it("sleeps through a silence once nothing changes any more", () => {
    let keeper: Scripted | undefined;
    const year = 365 * 24 * 3600 * 1000;
    const replay = replayOf({
      keeper: (ledger) => {
        keeper = new Scripted(ledger, [4, 3, 3, 2]);
        return keeper;
      },
      lengthMs: 50 * year,
    });
    replay.arrive({ peer: 0, atMs: 0, lengthBytes: 1 });
    replay.arrive({ peer: 0, atMs: 50 * year, lengthBytes: 1 });
    expect(replay.finish(50 * year).peers[0]).toMatchObject({ final: 2, drained: 1 });
    // Changes at 20 and 40 ms; four more without one; then the arrival wakes it.
    expect(keeper?.ticks).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 50 * year]);
  });
});

describe("any trace", () => {
  function randomRun(salt: number) {
    const random = new Random(salt);
    const ledger = new ModelLedger();
    const limits = Array.from({ length: 200 }, () => random.between(1, 40));
    const stalls = [{ peer: 1, fromMs: random.below(50), toMs: 50 + random.below(100) }];
    const keeper = (watched: Ledger): Keeper => {
      const owners: number[] = [];
      return {
        nextMs: Number.POSITIVE_INFINITY,
        settleMs: 0,
        admit: () => {
          owners.push(watched.open(8, 6, 16));
          return owners.at(-1) as number;
        },
        tick: () => {
          for (const { owner } of watched.due()) {
            watched.close(owner);
            const limit = limits.shift() ?? 8;
            watched.set(owner, limit, limit - 1);
          }
        },
      };
    };
    const replay = replayOf({ keeper, stalls, lengthMs: 400 }, ledger);
    const decisions: boolean[] = [];
    let atMs = 0;
    for (let i = 0; i < 500; i++) {
      if (random.below(4) === 0) atMs = Math.min(400, atMs + random.below(12));
      const arrival: ReplayArrival = { peer: random.below(4), atMs, lengthBytes: random.below(9000) };
      decisions.push(replay.arrive(arrival));
    }
    return { decisions, figures: replay.finish(400), ledger };
  }

  it.each([1, 2, 3, 4, 5])("loses no frame and no mbuf, and decides twice alike (%i)", (salt) => {
    const { decisions, figures, ledger } = randomRun(salt);
    const { peers, totals } = figures;
    for (const peer of peers) {
      expect(peer.frames).toBe(peer.refused + peer.drained + peer.waiting);
      expect(peer.waiting === 0).toBe(peer.inUse === 0);
    }
    // Owners are numbered as they come, peers are not.
    const inUse = peers.map((_, owner) => ledger.inUse(owner));
    expect(inUse.toSorted()).toEqual(peers.map((peer) => peer.inUse).toSorted());
    expect(totals.frames).toBe(500);
    expect(totals.refused).toBe(decisions.filter((isTaken) => !isTaken).length);
    expect(totals.refused).toBeGreaterThan(0);
    expect(totals.mostInUse).toBeLessThanOrEqual(totals.mostHeld);
    expect(randomRun(salt)).toEqual({ decisions, figures, ledger: expect.anything() });
  });
});
