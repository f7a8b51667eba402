/** EVPN routes by RFC 7432, and a BGP speaker's times by RFC 4271. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { courseOf } from "../../../src/migrate/blackout/course.js";
import { MacRoutes } from "../../../src/migrate/blackout/mac-routes.js";
import { checkBlackout } from "../../../src/migrate/blackout/options.js";
import { routeUpdates } from "../../../src/migrate/blackout/route-update.js";
import { BgpSpeaker } from "../../../src/migrate/blackout/speaker.js";
import { Random } from "../../../src/sim/random.js";
import { holds } from "../../helpers/property.js";

const [LOW, HIGH] = [0xc0000201, 0xc0000202];

describe("routes of a MAC address", () => {
  it("with a lower sequence number lose, whenever they come", () => {
    const routes = new MacRoutes();
    expect(routes.learn({ vtep: HIGH, sequence: 3 })).toBe(true);
    expect(routes.learn({ vtep: LOW, sequence: 2 })).toBe(false);
    expect(routes.best).toEqual({ vtep: HIGH, sequence: 3 });
    expect(routes.learn({ vtep: LOW, sequence: 4 })).toBe(true);
    expect(routes.best).toEqual({ vtep: LOW, sequence: 4 });
  });

  it("with the same number go to the lowest address", () => {
    const routes = new MacRoutes();
    routes.learn({ vtep: HIGH, sequence: 1 });
    expect(routes.learn({ vtep: LOW, sequence: 1 })).toBe(true);
    expect(routes.learn({ vtep: HIGH, sequence: 1 })).toBe(false);
  });

  it("that are one's own get the next number where another has advertised, and 0 where nobody has", () => {
    const routes = new MacRoutes();
    expect(routes.local(LOW)).toEqual({ vtep: LOW, sequence: 0 });
    routes.learn({ vtep: HIGH, sequence: 7 });
    expect(routes.local(LOW)).toEqual({ vtep: LOW, sequence: 8 });
    expect(routes.local(HIGH)).toEqual({ vtep: HIGH, sequence: 7 });
  });

  it("come to the same best one in any order", () => {
    const route = fc.record({ vtep: fc.integer({ min: 1, max: 4 }), sequence: fc.integer({ min: 0, max: 4 }) });
    holds(
      fc.property(fc.array(route, { minLength: 1, maxLength: 12 }), (all) => {
        const routes = new MacRoutes();
        for (const one of all) routes.learn(one);
        const [best] = all.toSorted((a, b) => b.sequence - a.sequence || a.vtep - b.vtep);
        expect(routes.best).toEqual(best);
      }),
      500,
    );
  });
});

describe("a BGP speaker", () => {
  const speaker = (times: { updateDelayMs: number; mraiMs: number }, seed: number) =>
    new BgpSpeaker(times, new Random(seed, "speaker"));

  it("processes an update in three quarters of its time to all of it", () => {
    for (let seed = 0; seed < 100; seed++) {
      const doneMs = speaker({ updateDelayMs: 100, mraiMs: 0 }, seed).processed(1000);
      expect(doneMs).toBeGreaterThanOrEqual(1075);
      expect(doneMs).toBeLessThanOrEqual(1100);
    }
  });

  it("without an interval sends at once", () => {
    expect(speaker({ updateDelayMs: 100, mraiMs: 0 }, 1).advertised(0, 1000)).toBe(1000);
  });

  it("keeps the interval, less a quarter at most, for each peer by itself", () => {
    holds(
      fc.property(
        fc.nat(),
        fc.array(fc.integer({ min: 0, max: 9000 }), { minLength: 2, maxLength: 10 }),
        (seed, gaps) => {
          const one = speaker({ updateDelayMs: 0, mraiMs: 5000 }, seed);
          const lastMs = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
          let nowMs = 0;
          for (const [i, gap] of gaps.entries()) {
            nowMs += gap;
            const peer = i % 2;
            const sentMs = one.advertised(peer, nowMs);
            expect(sentMs).toBeGreaterThanOrEqual(nowMs);
            expect(sentMs - (lastMs[peer] as number)).toBeGreaterThanOrEqual(0.75 * 5000);
            if (nowMs >= (lastMs[peer] as number)) expect(sentMs - nowMs).toBeLessThanOrEqual(5000);
            lastMs[peer] = sentMs;
          }
        },
      ),
      300,
    );
  });
});

describe("an update by way of the reflector", () => {
  it("takes three speakers and four links, and has the next sequence number", () => {
    const settings = checkBlackout({ updateDelayMs: 40, linkDelayMs: 1, transferMs: 10, senders: 8 });
    const updates = routeUpdates(settings, courseOf(settings, 0), [LOW, HIGH]);
    expect(updates).toHaveLength(8);
    for (const { atMs, route } of updates) {
      expect(route).toEqual({ vtep: HIGH, sequence: 1 });
      expect(atMs).toBeGreaterThanOrEqual(10 + 3 * 30 + 4);
      expect(atMs).toBeLessThanOrEqual(10 + 3 * 40 + 4);
    }
  });
});
