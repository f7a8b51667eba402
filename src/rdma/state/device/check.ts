/** What a device's section says of several things at once: numbers that must be there, lists that must agree, the device it is for. */
import * as layout from "../../../../assembly/layout.js";
import { demand } from "../../../migrate/state/refusal.js";
import type { RdmaDevice } from "../../verbs/device.js";
import { isKnownCompletion } from "../../verbs/words.js";
import { checkQp } from "./check-qp.js";
import type { DeviceImage } from "./image.js";
import { checkPath } from "./path.js";

/** Refuses (refusal.ts) what the device cannot become; it must be unused. */
export function checkDevice(image: DeviceImage, device: RdmaDevice): void {
  const { limits, queuePairs } = image;
  const { headroomBytes } = device.endpoint.owner.pool.shape;
  demand(device.isUnused, "device", "one with objects or memory of its own", "one of which nothing was made yet");
  demand(image.icrc === device.icrc, "isChecked", image.icrc, `the device's, ${device.icrc}`);
  checkRegions(image);
  for (const [i, path] of image.addresses.entries()) checkPath(path, `addresses[${i}]`, headroomBytes);
  for (const [i, { completions }] of image.completionQueues.entries()) {
    for (const [j, { status, opcode }] of completions.entries()) {
      const path = `completionQueues[${i}].completions[${j}]`;
      demand(isKnownCompletion(status, opcode), path, `status ${status}, opcode ${opcode}`, "words that there are");
    }
  }
  for (const [i, qp] of [...queuePairs.values()].entries()) checkQp(qp, `queuePairs[${i}]`, image, device);
  checkTurns(image);
  demand(limits.queuePairs >= queuePairs.size, "queuePairs.length", queuePairs.size, `at most ${limits.queuePairs}`);
}

function checkRegions({ regions, protectionDomains, limits, bytes }: DeviceImage): void {
  demand(regions.size === bytes.length, "regions", `${bytes.length} of ${regions.size} keys`, "one for each key");
  const places = new Set<number>();
  for (const [i, { key, pd }] of [...regions.values()].entries()) {
    const place = (key >>> 8) & (limits.regions - 1);
    demand(!places.has(place), `regions[${i}].key`, key, "one whose place no other has");
    places.add(place);
    demand(pd <= protectionDomains, `regions[${i}].pd`, pd, `at most ${protectionDomains}`);
  }
}

/** The lists name queue pairs, each once; who waits for a time is in the list of those, and who owes something in that of the active. */
function checkTurns({ queuePairs, active, timed, failed }: DeviceImage): void {
  for (const [name, list] of Object.entries({ active, timed, failed })) {
    const seen = new Set<number>();
    for (const [i, qpn] of list.entries()) {
      demand(queuePairs.has(qpn) && !seen.has(qpn), `${name}[${i}]`, qpn, "a queue pair that is there, once");
      seen.add(qpn);
    }
  }
  const [isActive, isTimed] = [new Set(active), new Set(timed)];
  for (const [i, { qpn, flags, reply, answers }] of [...queuePairs.values()].entries()) {
    const waits = (flags & (layout.QP_F_DEADLINE | layout.QP_F_RNR_WAIT)) !== 0;
    demand(
      isTimed.has(qpn) === waits,
      `queuePairs[${i}].flags`,
      flags,
      `those of one that is ${waits ? "" : "not "}timed`,
    );
    const owes = reply !== 0 || answers.length > 0;
    demand(!owes || isActive.has(qpn), `queuePairs[${i}].reply`, reply, "0, and no answers, of one that is not active");
  }
}
