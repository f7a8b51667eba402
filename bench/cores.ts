import { availableParallelism } from "node:os";
import { measureEngines } from "./cores/engines.js";
import { measureHandover } from "./cores/handover.js";
import type { Contestant, Question } from "./question.js";

const BURST = 32;
/** Workers need some time to be there; what is timed is a stretch of theirs. */
const STRETCH_MS = 150;
const CORES = 2;

/** What does a second core bring, and what does it cost a frame to go there? */
export const cores: Question = {
  name: "cores",
  measured:
    `two engines in two workers, sharing nothing, against one (the transmit loop on 64-byte frames, ns a frame of both together); and ` +
    `frames handed over from one to the other in bursts of ${BURST}: taken from a pool, posted, packed, copied, unpacked, received and freed, beside what one engine takes to encapsulate one. ` +
    "Measured by the workers' own clocks, not by benny, since two threads have to run at once.",
  slow: true,
  cases: async () => {
    if (availableParallelism() < CORES) return [];
    const one = engines(1);
    return [
      {
        name: "two engines",
        unit: "ns a frame",
        ours: engines(2),
        peers: [one],
        bounds: [{ most: 1 / 1.9, times: one.name }],
      },
      { name: "hand-over, 64 B", unit: "ns a frame", ours: handover(64), peers: [one], bounds: [{ most: 30 }] },
      { name: "hand-over, 1500 B", unit: "ns a frame", ours: handover(1500), peers: [one] },
    ];
  },
};

function engines(count: number): Contestant {
  const time = async () => 1e9 / (await measureEngines(count, STRETCH_MS));
  return { name: count === 1 ? "one engine" : `${count} engines`, time };
}

function handover(frameBytes: number): Contestant {
  return { name: "hand-over", time: () => measureHandover(BURST, frameBytes, STRETCH_MS) };
}
