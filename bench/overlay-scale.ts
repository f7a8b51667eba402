/**
 * npm run scale [-- --hosts N] [--endpoints N] [--networks N] [--moves N] [--seed N]
 *
 * A whole fabric of overlay hosts in virtual time, 10,000 of them by default, and one of a tenth of the size beside it: the bytes that a host
 * keeps by what it talks to, the directory's messages, and how long a move takes. The large one needs some 9 GiB and a quarter of an hour of one core.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { type Move, makeScaleFabric, type ScaleFabric } from "../src/sim/overlay-scale/fabric.js";
import { Random } from "../src/sim/random.js";
import { machine } from "./report.js";

const { values } = parseArgs({
  options: {
    hosts: { type: "string", default: "10000" },
    endpoints: { type: "string", default: "1000000" },
    networks: { type: "string", default: "16000" },
    moves: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
  },
});
const [hosts, endpoints, networks, moves, seed] = Object.values(values).map(Number) as [
  number,
  number,
  number,
  number,
  number,
];
const TALKS = [10, 100, 1000];
/** Endpoints of a network on one host. */
const TOGETHER = 4;
const POPULATE_MS = 20_000;
const REST_MS = 10_000;
const wasm = new Uint8Array(readFileSync(new URL("../build/ringlane.wasm", import.meta.url)));

interface Result {
  readonly column: string;
  readonly cells: readonly (readonly [what: string, value: string])[];
}

console.log(`${machine()}; seed ${seed}; half a millisecond to the directory and up to another half, each way`);
const small = await measure(hosts / 10, endpoints / 10, networks / 10);
const large = await measure(hosts, endpoints, networks);
const table = new Table({
  head: ["", small.column, large.column],
  colAligns: ["left", "right", "right"],
  style: { head: [], border: [], compact: true },
});
for (const [i, [what, value]] of large.cells.entries()) table.push([what, small.cells[i]?.[1] ?? "", value]);
console.log(table.toString());

async function measure(hosts: number, endpoints: number, networks: number): Promise<Result> {
  const startedMs = performance.now();
  const fabric = await makeScaleFabric({ hosts, endpoints, networks, together: TOGETHER, seed, wasm });
  const begun = fabric.populate(POPULATE_MS);
  if (fabric.live !== endpoints) throw new Error(`${fabric.live} of ${endpoints} endpoints are live`);
  const { push, watch, allocate } = fabric.directory.counts;
  const resting = fabric.rest(REST_MS);
  const own = fabric.bytesOf(0);
  // Each from another host, which has done nothing so far.
  const kept = TALKS.map((count, i) => {
    const before = fabric.bytesOf(i);
    fabric.talk(i, count);
    return [`  and more, talking to ${count} endpoints`, whole(fabric.bytesOf(i) - before)] as const;
  });
  const costs = moveSome(fabric);
  const redirected = costs.flatMap(({ redirectedMs }) => redirectedMs);
  return {
    column: `${whole(hosts)} hosts, ${whole(endpoints)} endpoints, ${whole(networks)} networks`,
    cells: [
      [`bytes a host keeps of its own ${endpoints / hosts} endpoints`, whole(own)],
      ...kept,
      ["messages to begin with, an endpoint", (begun.messages / endpoints).toFixed(2)],
      ["  of which pushed to watching hosts", (push / endpoints).toFixed(2)],
      ["  watches, and blocks of 128 numbers", `${whole(watch)}, ${whole(allocate)}`],
      ["messages a second while nothing happens", whole((resting.messages * 1000) / REST_MS)],
      ["a move: questions to the directory, as many answers", spread(costs.map(({ asked }) => asked))],
      ["a move: changes pushed to watching hosts", spread(costs.map(({ pushed }) => pushed))],
      ["a move: ms until live on the new host", spread(costs.map(({ liveMs }) => liveMs))],
      ["a move: hosts that send to the endpoint", spread(costs.map(({ redirectedMs }) => redirectedMs.length))],
      ["a move: ms until each sends to the new place", spread(redirected)],
      ["wall time of the run, s", whole((performance.now() - startedMs) / 1000)],
      ["memory of the run, MiB", whole(process.memoryUsage().rss / 2 ** 20)],
    ],
  };
}

/** Endpoints to other hosts, each once. */
function moveSome(fabric: ScaleFabric): Move[] {
  const { hosts, networks } = fabric.layout.sizes;
  const random = new Random(seed, "moves");
  const moved = new Set<string>();
  const costs: Move[] = [];
  while (costs.length < moves) {
    const place = random.pick(fabric.layout.placesOf(random.between(0, networks - 1)));
    if (moved.has(place.mac)) continue;
    moved.add(place.mac);
    costs.push(fabric.move(place, (place.home + random.between(1, hosts - 1)) % hosts));
  }
  return costs;
}

function spread(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] as number;
  const text = (value: number) => (Number.isInteger(value) ? whole(value) : value.toFixed(2));
  return `${text(at(0.5))} (at most ${text(at(1))})`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
