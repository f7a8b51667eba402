/** Random failure schedules: never two run; exactly one does within a lease time; what is lost was in a killed host's memory. */
import { expect, it } from "vitest";
import { Random } from "../../helpers/property.js";
import { Chance } from "./chance.js";
import { drawSchedule } from "./failures.js";
import { judge } from "./judged.js";

const SCHEDULES = 10_000;

it(`${SCHEDULES} random failure schedules`, () => {
  const seed = new Random().below(2 ** 31);
  const ends = new Map<string, number>();
  let diedWithHost = 0;
  let doubled = 0;
  for (let salt = 0; salt < SCHEDULES; salt++) {
    const chance = new Chance(seed, `schedule ${salt}`);
    const schedule = drawSchedule(chance);
    const { wrong, runner, isOutside, world } = judge(chance, schedule);
    expect(wrong, `schedule ${salt}: ${JSON.stringify(schedule)}`).toEqual([]);
    const end = `${schedule.kills.length === 0 ? "alive" : "killed"}, ${isOutside ? "outside" : `${runner} runs`}`;
    ends.set(end, (ends.get(end) ?? 0) + 1);
    diedWithHost += world.count().diedWithHost;
    doubled += world.count().doubled;
  }
  console.log(Object.fromEntries([...ends].sort()), { diedWithHost, doubled });
});
