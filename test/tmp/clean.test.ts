import { test } from "vitest";
import { judge, scheduleOf } from "../host/moves/faults/judged.js";
test("clean", { timeout: 600000 }, async () => {
  for (const encapsulation of ["vxlan", "rocev2"] as const) {
    const j = await judge(7, { encapsulation, control: { loss: 0, duplicate: 0, reorder: 0 }, faults: [], kill: undefined, cancelMs: undefined });
    console.log(encapsulation, JSON.stringify(j));
  }
  for (const seed of [96076258, 96076259]) console.log(JSON.stringify(scheduleOf(seed)));
});
