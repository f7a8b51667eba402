/** The bench as a whole: what each way to learn of a move costs, and that directory push loses nothing. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BlackoutOptions, type BlackoutScheme, measureBlackout, type SchemeReport } from "../../../src/index.js";
import { courseOf } from "../../../src/migrate/blackout/course.js";
import { FlatNetwork } from "../../../src/migrate/blackout/flat-network.js";
import { limitsFor, queueFor } from "../../../src/migrate/blackout/move-room.js";
import { checkBlackout } from "../../../src/migrate/blackout/options.js";
import { runPeer } from "../../../src/migrate/blackout/peer-run.js";
import { SenderTally } from "../../../src/migrate/blackout/tally.js";
import { wasmBytes } from "../../helpers/engines.js";
import { holdsAsync } from "../../helpers/property.js";

const wasm = wasmBytes("release");

async function measured(
  options: BlackoutOptions,
  ...asked: BlackoutScheme[]
): Promise<Record<BlackoutScheme, SchemeReport>> {
  const which = asked.length > 0 ? { schemes: asked } : {};
  const { schemes } = await measureBlackout({ wasm, repetitions: 2, framesPerSecond: 20_000, ...which, ...options });
  return Object.fromEntries(schemes.map((scheme) => [scheme.scheme, scheme])) as Record<BlackoutScheme, SchemeReport>;
}

/** Two links, a frame of 256 bytes on each at 10 Gb/s, and what the switch itself takes. */
const PATH_MS = 0.1;

const PUSH = "directory-push";
/** Eight messages between hosts and directory, of 0.375 to 0.5 ms, and what links and hosts take at most. */
const HEARD_MS = [8 * 0.375, 8 * 0.5 + 6 * PATH_MS] as const;

describe("four ways", () => {
  it("on the same course differ by what the network has to hear", async () => {
    const all = await measured({ transferMs: 10 });
    const p50 = (scheme: BlackoutScheme) => all[scheme].blackoutMs.p50;
    expect(p50("announcement")).toBeGreaterThanOrEqual(10);
    expect(p50("announcement")).toBeLessThan(10 + PATH_MS);
    // Three speakers of 7.5 to 10 ms.
    expect(p50("route-update")).toBeGreaterThanOrEqual(10 + 22.5);
    expect(p50("route-update")).toBeLessThan(10 + 30 + 4 * PATH_MS);
    // What waits for the VM is on the new host when the VM is.
    expect(p50("directory-push")).toBeGreaterThanOrEqual(10);
    expect(p50("directory-push")).toBeLessThan(10 + PATH_MS);
    expect(all["flood-and-learn"].blackoutMs.max).toBeLessThanOrEqual(10 + 100 + PATH_MS);
    for (const scheme of ["flood-and-learn", "announcement", "route-update"] as const) {
      expect(all[scheme].lost).toBe(all[scheme].sent);
      expect(all[scheme].lost).toBeGreaterThan(0);
    }
    expect(all["directory-push"]).toMatchObject({ lost: 0, twice: 0 });
    // Until senders hear of the claim, in two moves of three senders with 20 frames a ms; from then on they send to where the VM is to be.
    expect(all["directory-push"].viaOldHost).toBeGreaterThan(2 * 3 * 20 * HEARD_MS[0]);
    expect(all["directory-push"].viaOldHost).toBeLessThan(2 * 3 * 20 * HEARD_MS[1]);
  });

  it("see every frame of every sender, from the same first one", async () => {
    const all = await measured({});
    const [first, ...others] = Object.values(all).map(({ moves }) => moves.flatMap(({ senders }) => senders));
    for (const senders of others) {
      expect(senders.map(({ firstMs }) => firstMs)).toEqual(first?.map(({ firstMs }) => firstMs));
    }
    for (const { moves, lost } of Object.values(all)) {
      const runs = moves.flatMap(({ senders }) => senders.flatMap(({ fates }) => fates));
      const frames = runs.filter(({ fate }) => fate === "lost").reduce((sum, run) => sum + run.frames, 0);
      expect(frames).toBe(lost);
    }
  });

  it("are the same again from the same seed, and others from another", async () => {
    const [one, again, other] = [
      await measured({ seed: 9 }),
      await measured({ seed: 9 }),
      await measured({ seed: 10 }),
    ];
    expect(again).toEqual(one);
    expect(other["directory-push"]).not.toEqual(one["directory-push"]);
    expect(other["flood-and-learn"]).not.toEqual(one["flood-and-learn"]);
  });
});

describe("flood and learn", () => {
  it("of a quiet VM waits for the ageing time, then floods to everybody", async () => {
    const { "flood-and-learn": flood } = await measured({ quiet: true, ageingMs: 10_000 }, "flood-and-learn");
    // The VM was heard last 5 ms before its stop.
    expect(flood.blackoutMs.max).toBeGreaterThan(9_990);
    expect(flood.blackoutMs.max).toBeLessThan(9_996);
    expect(flood).toMatchObject({ floodsOn: true });
    expect(flood.floodedCopies).toBeGreaterThan(0);
    expect(flood.lost).toBeGreaterThan(2 * 3 * 20 * 9_990);
  });

  it("counts what is sent while nothing changes, and comes to the same as with every frame sent", () => {
    const settings = checkBlackout({ quiet: true, ageingMs: 10_000, framesPerSecond: 500, senders: 2 });
    const course = courseOf(settings, 0);
    const counted = runPeer(new FlatNetwork(settings, course, false), settings, course);
    const every = course.streams.map((stream) => new SenderTally(stream));
    const network = new FlatNetwork(settings, course, false);
    const frames = counted.reduce((sum, { count }) => sum + count, 0);
    for (let i = 0; i < frames; i++) {
      const [next] = every.toSorted((a, b) => a.nextMs - b.nextMs) as [SenderTally];
      next.add(network.send(every.indexOf(next), next.nextMs));
    }
    expect(frames).toBeGreaterThan(2 * 0.5 * 9_990);
    const figures = ({ fates, lost, blackoutMs, settledMs, floodedCopies, toOldHost }: SenderTally) => {
      return { fates, lost, blackoutMs, settledMs, floodedCopies, toOldHost };
    };
    expect(counted.map(figures)).toEqual(every.map(figures));
  });
});

describe("announcements", () => {
  it("that are lost are repaired by the next round that is not", async () => {
    const rounds = [0, 50, 200, 450, 800];
    const { announcement } = await measured(
      { quiet: true, ageingMs: 60_000, announceLoss: 0.6, repetitions: 40 },
      "announcement",
    );
    const found = announcement.moves.flatMap(({ senders }) => senders.map(({ blackoutMs }) => blackoutMs - 10));
    const atRound = found.map((ms) => rounds.findIndex((round) => ms >= round && ms < round + 2 * PATH_MS));
    const aged = found.filter((ms) => ms > 50_000);
    // Each blackout ends with a round, or by ageing where all five were lost.
    expect(atRound.filter((round) => round < 0)).toHaveLength(aged.length);
    expect(new Set(atRound.filter((round) => round >= 0)).size).toBeGreaterThan(2);
  });

  it("that are all lost leave flood and learn", async () => {
    const { announcement, "flood-and-learn": flood } = await measured(
      { announceLoss: 1 },
      "announcement",
      "flood-and-learn",
    );
    expect(announcement).toEqual({ ...flood, scheme: "announcement" });
  });
});

describe("route updates", () => {
  it("wait for the timers of the new VTEP's speaker and the reflector's", async () => {
    const { "route-update": routed } = await measured({ mraiMs: 1000, repetitions: 10 }, "route-update");
    expect(routed.blackoutMs.max).toBeLessThan(10 + 30 + 2 * 1000 + 1);
    expect(routed.blackoutMs.max).toBeGreaterThan(500);
  });

  it("cost copies instead of frames where the old VTEP may flood", async () => {
    const { "route-update": routed } = await measured({ oldVtep: "flood" }, "route-update");
    expect(routed.floodedCopies).toBeGreaterThan(0);
    expect(routed.viaOldHost).toBeGreaterThan(0);
    // What comes while the VM stands is lost all the same.
    expect(routed.lost).toBeGreaterThan(0);
    expect(routed.blackoutMs.max).toBeLessThan(10 + 2 * PATH_MS);
  });
});

describe("directory push", () => {
  it("loses nothing, doubles nothing, whatever the course, while the VM's queue has room", async () => {
    const options = fc.record({
      seed: fc.nat(),
      senders: fc.integer({ min: 1, max: 5 }),
      framesPerSecond: fc.constantFrom(1000, 10_000, 50_000),
      frameBytes: fc.constantFrom(60, 256, 1400),
      transferMs: fc.constantFrom(0, 0.5, 3, 20),
      linkDelayMs: fc.constantFrom(0, 0.02, 0.4),
      directoryDelayMs: fc.constantFrom(0, 0.5, 4),
      quiet: fc.boolean(),
      vmSendsMs: fc.constantFrom(0.5, 7),
    });
    await holdsAsync(
      fc.asyncProperty(options, async (some) => {
        const { "directory-push": pushed } = await measured({ ...some, repetitions: 1, sendOnMax: 4096 }, PUSH);
        expect(pushed).toMatchObject({ lost: 0, twice: 0, outOfOrder: 0, floodedCopies: 0 });
      }),
      25,
    );
  });

  it("takes as long as the hosts' move where the VM's own state takes no time", async () => {
    const { "directory-push": pushed } = await measured({ transferMs: 0, repetitions: 10 }, PUSH);
    const blackouts = pushed.moves.flatMap(({ senders }) => senders.map(({ blackoutMs }) => blackoutMs));
    expect(Math.min(...blackouts)).toBeGreaterThan(HEARD_MS[0]);
    expect(Math.max(...blackouts)).toBeLessThan(HEARD_MS[1]);
    expect(pushed).toMatchObject({ lost: 0, twice: 0, outOfOrder: 0, viaOldHost: pushed.sent });
  });

  it("loses what comes when queue and move have no room for more", async () => {
    const options = { framesPerSecond: 400_000, transferMs: 60, repetitions: 1 };
    const { "directory-push": pushed } = await measured(options, PUSH);
    const settings = checkBlackout(options);
    const queueSize = queueFor(settings);
    const room = queueSize + (limitsFor(settings, queueSize).holdMax ?? 0);
    expect(queueSize).toBe(32_768);
    expect(pushed.sent).toBeGreaterThan(3 * 59 * 400);
    expect(pushed.sent - pushed.lost).toBeGreaterThanOrEqual(room);
    expect(pushed.sent - pushed.lost).toBeLessThan(room + 50);
    expect(pushed).toMatchObject({ twice: 0, outOfOrder: 0 });
    expect(pushed.viaOldHost).toBeGreaterThan(3 * 400 * HEARD_MS[0]);
  });

  it("loses what the old host may not send on", async () => {
    const push = { transferMs: 0, framesPerSecond: 50_000, linkDelayMs: 0.5, repetitions: 1 };
    const [none, enough] = [
      await measured({ ...push, sendOnMax: 0 }, PUSH),
      await measured({ ...push, sendOnMax: 256 }, PUSH),
    ];
    expect(none["directory-push"].lost).toBeGreaterThan(0);
    expect(enough["directory-push"].lost).toBe(0);
  });
});

describe("options", () => {
  it.each<[BlackoutOptions, string]>([
    [{ senders: 0 }, "senders is 0; it must be a whole number from 1 to 32"],
    [{ announceLoss: 1.5 }, "announceLoss is 1.5; it must be a number from 0 to 1"],
    [{ ageingMs: 1000 }, "ageingMs is 1000; it must be a number from 10000 to 1000000000"],
    [{ transferMs: Number.NaN }, "transferMs is null; it must be a number from 0 to 60000"],
    [{ oldVtep: "withdraw" as never }, 'oldVtep is "withdraw"; it must be one of drop, flood'],
    [{ schemes: ["hope" as never] }, 'schemes[0] is "hope"; it must be one of flood-and-learn, announcement'],
    [
      { transferMs: 60_000 },
      "framesPerSecond is 100000; it must be at most 11110: directory push sends 2000000 frames",
    ],
    [{ framesPerSecond: 5e6 }, "it must be at most 1262626, which is what the VM's link takes of each of 3 senders"],
  ])("%j are refused", async (options, message) => {
    await expect(measureBlackout({ wasm, ...options })).rejects.toThrow(message);
  });
});
