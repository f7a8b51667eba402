/** Random failures during a move between real hosts: never two run, exactly one does in time, and no frame is lost but for a known reason. */
import { expect, test } from "vitest";
import { Random } from "../../../helpers/property.js";
import { impairedScheduleOf, judge, scheduleOf } from "./judged.js";

test.each(["vxlan", "rocev2"] as const)(
  "nothing goes wrong by %s: every frame comes once, in order",
  async (encapsulation) => {
    const control = { loss: 0, duplicate: 0, reorder: 0 };
    const none = { encapsulation, control, faults: [], kill: undefined, cancelMs: undefined };
    const { wrong, outcomes, runner, frames } = await judge(7, none);
    expect({ wrong, outcomes, runner, explained: frames.explained }).toEqual({
      ...{ wrong: [], outcomes: ["moved", "moved"], runner: 1, explained: {} },
    });
    expect(frames.sent).toBeGreaterThan(2000);
  },
);

/** RINGLANE_MOVE_SCHEDULES=<n> for a long run. */
const SCHEDULES = Number(process.env.RINGLANE_MOVE_SCHEDULES ?? 150);

test.each([
  ["cuts, messages lost, doubled and late, hosts killed, moves cancelled", SCHEDULES, scheduleOf],
  ["the same with links that spoil every frame", Math.ceil(SCHEDULES / 3), impairedScheduleOf],
] as const)("random failure schedules: %s, %i times", { timeout: 3_600_000 }, async (_, count, draw) => {
  const first = new Random().below(2 ** 31);
  const ends: Record<string, number> = {};
  const explained: Record<string, number> = {};
  let sent = 0;
  for (let seed = first; seed < first + count; seed++) {
    const schedule = draw(seed);
    const { wrong, outcomes, runner, isOutside, frames } = await judge(seed, schedule);
    expect(wrong, `seed ${seed}: ${JSON.stringify(schedule)}`).toEqual([]);
    const owner = isOutside && runner === undefined ? "gone with its host" : `h${runner} runs`;
    const end = `${schedule.kill ? "killed" : "alive"}, ${outcomes.join(" and ")}, ${owner}`;
    ends[end] = (ends[end] ?? 0) + 1;
    for (const [name, dropped] of Object.entries(frames.explained)) explained[name] = (explained[name] ?? 0) + dropped;
    sent += frames.sent;
  }
  console.log(Object.fromEntries(Object.entries(ends).sort()), { sent, explained });
});
