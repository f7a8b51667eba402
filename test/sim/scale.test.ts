/** The harness for many hosts, with the plainest protocol that can be counted by hand: a directory that tells all. */
import { describe, expect, test } from "vitest";
import { OUTSIDE, type ScaleNode, ScaleRun, type Send } from "../../src/sim/scale.js";

type Word = "news" | "tick" | number;

/** Tells every host each number that comes from outside. */
class Teller implements ScaleNode<Word> {
  readonly #hosts: number;

  constructor(hosts: number) {
    this.#hosts = hosts;
  }

  handle(message: Word, from: number, send: Send<Word>): boolean {
    if (from !== OUTSIDE) return false;
    for (let host = 1; host <= this.#hosts; host++) send(host, message);
    return true;
  }
}

/** Knows the highest number that it was told, and says so after 5 ms. */
class Listener implements ScaleNode<Word> {
  readonly heard: string[] = [];
  readonly #self: number;
  #highest = 0;

  constructor(self: number) {
    this.#self = self;
  }

  handle(message: Word, from: number, send: Send<Word>, nowMs: number): boolean {
    this.heard.push(`${message} from ${from} at ${nowMs}`);
    if (message === "tick") send(0, "news", 1);
    if (typeof message !== "number" || message <= this.#highest) return false;
    this.#highest = message;
    send(this.#self, "tick", 5);
    return true;
  }
}

function makeRun(hosts: number, options: { delayMs?: number; jitterMs?: number; loss?: number } = {}, seed = 1) {
  const listeners = Array.from({ length: hosts }, (_, i) => new Listener(i + 1));
  const run = new ScaleRun<Word>([new Teller(hosts), ...listeners], { seed, ...options });
  return { run, listeners };
}

describe("a run of many hosts", () => {
  test("counts messages and timers, and says when the last host knew", () => {
    const { run, listeners } = makeRun(3, { delayMs: 2 });
    const report = run.measure(() => run.post(0, 7), 1000);
    expect(report).toEqual({
      ...{ messages: 6, lost: 0, timers: 3, convergedMs: 2, lastedMs: 10, peakPending: 3, isQuiet: true },
    });
    expect(listeners.map(({ heard }) => heard)).toEqual([1, 2, 3].map((i) => ["7 from 0 at 2", `tick from ${i} at 7`]));
    // What is known already is no news; the time goes on.
    expect(run.measure(() => run.post(0, 7, 3), 1000)).toMatchObject({
      messages: 3,
      timers: 0,
      convergedMs: 3,
      lastedMs: 5,
    });
    expect([run.nowMs, listeners[0]?.heard.at(-1)]).toEqual([15, "7 from 0 at 15"]);
  });

  test("ends at its limit", () => {
    const { run } = makeRun(3, { delayMs: 2 });
    expect(run.measure(() => run.post(0, 7), 4)).toMatchObject({ isQuiet: false, lastedMs: 4, messages: 3 });
    expect(run.measure(() => {}, 100)).toMatchObject({ isQuiet: true, messages: 3, convergedMs: 0 });
  });

  test("loses messages, not timers, by its seed", () => {
    const play = (seed: number) => {
      const { run, listeners } = makeRun(2000, { loss: 0.25, jitterMs: 3 }, seed);
      const report = run.measure(() => run.post(0, 1), 1000);
      expect(listeners.filter(({ heard }) => heard.length > 0).length).toBe(report.timers);
      return report;
    };
    const report = play(1);
    expect(Math.abs(report.timers - 1500)).toBeLessThan(100);
    expect(report.messages).toBe(2000 + report.timers);
    expect(play(1)).toEqual(report);
    expect(play(2)).not.toEqual(report);
  });

  test("carries ten thousand hosts' messages and keeps nothing of them", () => {
    const { run, listeners } = makeRun(10_000, { jitterMs: 1 });
    for (let round = 1; round <= 5; round++) {
      const report = run.measure(() => run.post(0, round), 1000);
      expect(report).toMatchObject({ messages: 20_000, timers: 10_000, isQuiet: true });
      expect(report.peakPending).toBeLessThanOrEqual(10_000);
    }
    for (const { heard } of listeners) expect(heard.length).toBe(10);
  });

  test("refuses nodes that are none, sending from outside, and bad options", () => {
    let kept: Send<Word> = () => {};
    const node: ScaleNode<Word> = {
      handle(_, __, send) {
        kept = send;
        return true;
      },
    };
    const run = new ScaleRun<Word>([node], { seed: 1 });
    expect(() => run.post(1, 7)).toThrow(/^to is 1/);
    run.measure(() => run.post(0, 7), 10);
    expect(() => kept(0, 7)).toThrow(/^send is/);
    expect(() => makeRun(1, { loss: 2 })).toThrow(/^loss is 2/);
    expect(() => makeRun(1, { delayMs: -1 })).toThrow(/^delayMs is -1/);
  });
});
