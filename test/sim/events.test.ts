import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { Clock, toNs } from "../../src/sim/clock.js";
import { EventQueue } from "../../src/sim/events.js";
import { Random } from "../helpers/property.js";

const nothing = { fire() {} };

describe("an event queue", () => {
  test("gives events by time, those of one time as they came, whatever is added between", () => {
    const random = new Random();
    const queue = new EventQueue();
    const names = new Map<object, number>();
    /** The twin: a list, sorted whenever it is asked. */
    const twin: { timeNs: number; name: number }[] = [];
    let name = 0;
    let nowNs = 0;
    for (let step = 0; step < 20_000; step++) {
      if (twin.length === 0 || random.below(100) < (step < 10_000 ? 55 : 45)) {
        const event = { fire() {} };
        const timeNs = nowNs + random.below(40);
        names.set(event, name);
        queue.push(timeNs, event);
        const at = twin.findIndex((other) => other.timeNs > timeNs);
        twin.splice(at < 0 ? twin.length : at, 0, { timeNs, name: name++ });
        continue;
      }
      const first = twin.shift();
      nowNs = queue.nextNs as number;
      expect([nowNs, names.get(queue.pop() as object)]).toEqual([first?.timeNs, first?.name]);
      expect(queue.length).toBe(twin.length);
    }
    expect(name).toBeGreaterThan(5000);
  });

  test("is empty when all are out, and takes no time that is none", () => {
    const queue = new EventQueue();
    expect([queue.nextNs, queue.pop(), queue.length]).toEqual([undefined, undefined, 0]);
    for (const timeNs of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => queue.push(timeNs, nothing)).toThrow(ConfigError);
    }
    expect(queue.length).toBe(0);
  });

  test("keeps nothing alive that has happened", () => {
    const queue = new EventQueue();
    for (let i = 0; i < 200; i++) queue.push(i, nothing);
    while (queue.pop());
    queue.push(7, nothing);
    expect([queue.nextNs, queue.pop(), queue.pop()]).toEqual([7, nothing, undefined]);
  });
});

describe("virtual time", () => {
  test("jumps to the next event, and takes what is added for the present along", () => {
    const clock = new Clock();
    const seen: string[] = [];
    const note = (name: string, then?: () => void) => ({
      fire(nowNs: number) {
        seen.push(`${name} ${nowNs} ${clock.nowMs}`);
        then?.();
      },
    });
    clock.at(
      5_000_000,
      note("b", () => clock.at(1, note("past is now"))),
    );
    clock.after(2_000_000, note("a"));
    expect([clock.nextNs, clock.pending, clock.advance(), clock.advance(), clock.advance()]).toEqual([2e6, 2, 1, 2, 0]);
    expect(seen).toEqual(["a 2000000 2", "b 5000000 5", "past is now 5000000 5"]);
    clock.skipTo(9_000_000);
    clock.skipTo(8_000_000);
    expect([clock.nowMs, clock.fired]).toEqual([9, 3]);
  });

  test("is counted in whole nanoseconds; sums of milliseconds do not drift", () => {
    expect([toNs("t", 0.1 + 0.2), toNs("t", 1e-6), toNs("t", 0)]).toEqual([300_000, 1, 0]);
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e10]) expect(() => toNs("t", ms)).toThrow(ConfigError);
  });
});
