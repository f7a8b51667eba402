/** One failure at each step of a move, all of them: either side killed, each link cut, for a while or for ever, both ways or one. */
import { describe, expect, it } from "vitest";
import { Chance } from "./chance.js";
import { type Cut, type FailureSchedule, type Kill, PAIRS } from "./failures.js";
import { type Judgement, judge } from "./judged.js";

const LINKS = { delayMs: 0.2, jitterMs: 0.1, loss: 0, duplicate: 0, reorders: false };
/** Only for the jitter of links: nothing else is left to chance. */
const SEED = 1;
/** Longer than the target waits, and than a lease. */
const CUTS_MS = [20, 400, undefined];

interface Step {
  readonly atMs: number;
  readonly source: string;
  readonly target: string;
}

function move(schedule: Omit<FailureSchedule, "links">, options: Parameters<typeof judge>[2] = {}): Judgement {
  return judge(new Chance(SEED, "every step"), { links: LINKS, ...schedule }, options);
}

/** When something is done in a move to which nothing happens, from its beginning, and the moment behind it. */
function stepsOf(): Step[] {
  const steps = new Map<number, Step>();
  move(
    { cuts: [], kills: [] },
    {
      prepared: (world) => {
        const startMs = world.clock.nowMs;
        const [source, target] = world.hosts.map(({ machine }) => machine);
        world.onAction = (_, { type }) => {
          const atMs = world.clock.nowMs - startMs;
          if (type === "deliver" || atMs > 30) return;
          const step = { source: source?.step as string, target: target?.step as string };
          for (const justMs of [atMs, atMs + 1e-5]) steps.set(justMs, { atMs: justMs, ...step });
        };
      },
    },
  );
  return [...steps.values()];
}

const STEPS = stepsOf();

/** Every schedule holds; how they ended. */
function tally(schedules: (atMs: number) => Omit<FailureSchedule, "links">[]): Record<string, number> {
  const ends: Record<string, number> = {};
  for (const { atMs, source, target } of STEPS) {
    for (const schedule of schedules(atMs)) {
      const { wrong, runner, isOutside } = move(schedule);
      expect(wrong, `${source}, ${target}, seed ${SEED}: ${JSON.stringify(schedule)}`).toEqual([]);
      const end = runner ?? (isOutside ? "not part of the move" : "nobody");
      ends[end] = (ends[end] ?? 0) + 1;
    }
  }
  return ends;
}

describe(`a failure at each of ${STEPS.length} moments of a move`, () => {
  it("covers every step that a move without failures has", () => {
    const sources = ["reserving", "copying", "quiescing", "extracting", "committing", "lost", "released"];
    const targets = ["idle", "reserving", "receiving", "inserting", "claiming", "publishing", "done", "free"];
    expect([...new Set(STEPS.map(({ source }) => source))].sort()).toEqual(sources.sort());
    expect([...new Set(STEPS.map(({ target }) => target))].sort()).toEqual(targets.sort());
  });

  it.each([
    ["source", 0],
    ["target", 1],
  ] as const)("the %s is killed, and there again without memory or not", (_, host) => {
    const kills = (atMs: number): Kill[] => [undefined, 3, 300].map((restartMs) => ({ atMs, host, restartMs }));
    const ends = tally((atMs) => kills(atMs).map((kill) => ({ cuts: [], kills: [kill] })));
    console.log(host === 0 ? "source killed" : "target killed", ends);
    expect(ends.nobody).toBeUndefined();
  });

  it.each(PAIRS)("the link between %s and %s is cut", (a, b) => {
    const both: Cut["ways"] = [
      [a, b],
      [b, a],
    ];
    const ends = tally((atMs) => [
      ...CUTS_MS.map((forMs) => ({ cuts: [{ atMs, forMs, ways: both }], kills: [] })),
      ...both.map((way) => ({ cuts: [{ atMs, forMs: undefined, ways: [way] }], kills: [] })),
    ]);
    console.log(`${a}-${b} cut`, ends);
  });
});
