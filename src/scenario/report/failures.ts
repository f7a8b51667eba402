/** What is not as the scenario says, in words, with the system whose promise it was; none for what all of them have a part in. */
import type { Scenario } from "../parse.js";
import type { System } from "../systems.js";
import { refusedOf } from "./hosts.js";
import type { Counted } from "./report.js";
import { sumOf } from "./run.js";

export interface Failure {
  readonly system: System | undefined;
  readonly text: string;
}

/** Notes the text unless it is met. */
type Need = (isMet: boolean, text: string) => void;

/** Those of each system, in the order of the checks. */
const CHECKS: readonly (readonly [System | undefined, (report: Counted, need: Need) => void])[] = [
  ["overlay", checkIsolation],
  [undefined, checkCaptures],
  ["overlay", checkDenied],
  ["sockets", checkSockets],
  ["limits", checkLimited],
  ["migration", checkArrived],
  ["queue-pairs", checkNumbers],
  ["uplinks", checkUplinks],
  ["single-dma", checkDescriptors],
  [undefined, checkBuffers],
];

export function failuresOf({ expect }: Scenario, report: Counted, holds: boolean): Failure[] {
  const failures: Failure[] = [];
  const needOf = (system: System | undefined) => (isMet: boolean, text: string) =>
    void (isMet || failures.push({ system, text }));
  const need = needOf(undefined);
  const { comparison, damage, moves } = report;
  if (damage) need(false, `${damage.capture} is damaged at byte ${damage.byteOffset}: ${damage.reason}`);
  for (const key of ["missing", "altered", "duplicated"] as const) {
    need(comparison[key] <= expect[key], `${comparison[key]} frames ${key}, at most ${expect[key]} expected`);
  }
  if (comparison.missing > expect.missing) {
    for (const { endpoint, lost } of moves) {
      needOf("migration")(lost === 0, `${lost} of the frames missing are from or to ${endpoint}, which moved`);
    }
  }
  for (const [system, check] of CHECKS) check(report, needOf(system));
  need(holds, "the census of the fabric does not hold");
  return failures;
}

function checkIsolation({ isolation, neighbours }: Counted, need: Need): void {
  need(isolation.crossed === 0, `${isolation.crossed} frames of one network were given to a guest of another`);
  need(isolation.strays === 0, `${isolation.strays} frames were given to guests that they were not sent to`);
  need(neighbours.wrong === 0, `${neighbours.wrong} wrong answers about addresses`);
}

function checkCaptures({ foreignFrames }: Counted, need: Need): void {
  need(foreignFrames === 0, `${foreignFrames} frames of captures have another source than their two endpoints`);
}

function checkDenied({ streams }: Counted, need: Need): void {
  for (const { name, sent, denied } of streams) {
    if (!denied) continue;
    need(denied.delivered === 0, `${denied.delivered} frames of ${name} were delivered, and were to be denied`);
    need(denied.dropped === sent, `${denied.dropped} of the ${sent} frames of ${name} were dropped by policy`);
  }
}

function checkSockets({ sockets }: Counted, need: Need): void {
  for (const { name, streams, sameStreams, faults } of sockets) {
    const first = faults[0] === undefined ? "" : `: ${faults[0]}`;
    need(
      sameStreams === streams,
      `${streams - sameStreams} of the ${streams} streams of ${name} did not arrive whole${first}`,
    );
  }
}

/** Nothing but limits may have kept limited streams' frames, and they nobody else's. */
function checkLimited({ streams, drops, refusedOthers }: Counted, need: Need): void {
  const limited = streams.filter((stream) => stream.limited);
  const undelivered = sumOf(limited, (stream) => (stream.limited?.refused ?? 0) + (stream.limited?.lost ?? 0));
  const refused = refusedOf(drops);
  need(undelivered <= refused, `${undelivered - refused} frames of limited streams were lost to something else`);
  need(refusedOthers === 0, `${refusedOthers} frames of other streams were refused as mbuf-limit`);
}

function checkArrived({ moves }: Counted, need: Need): void {
  for (const { endpoint, liveMs } of moves) need(liveMs !== undefined, `${endpoint} has not come to its host`);
}

function checkNumbers({ moves }: Counted, need: Need): void {
  for (const { endpoint, gqpn, stale } of moves) {
    need(gqpn.before === gqpn.after, `the queue pair of ${endpoint} was ${gqpn.before}, and is ${gqpn.after}`);
    need(stale === 0, `${stale} stale frames after ${endpoint} had moved`);
  }
}

function checkUplinks({ sets, outages }: Counted, need: Need): void {
  const outside = sumOf(sets, (set) => set.outside);
  need(outside === 0, `${outside} frames outside their set of uplinks`);
  for (const { uplinks, sets: touched } of outages) {
    const name = uplinks.join(", ");
    const pulled = sumOf(touched, ({ sentByIt }) => sentByIt);
    need(pulled === 0, `${pulled} frames were sent by ${name} while out of service`);
    const others = sumOf(touched, ({ hasIt, buckets }) => (hasIt ? 0 : buckets));
    need(others === 0, `${others} buckets moved of partitions that do not have ${name}, which went out of service`);
  }
}

function checkDescriptors({ splitFrames, copiedAfterwardsBytesPerFrame }: Counted, need: Need): void {
  need(splitFrames === 0, `${splitFrames} frames that fit into a buffer took more than one descriptor`);
  need(copiedAfterwardsBytesPerFrame === 0, `${copiedAfterwardsBytesPerFrame} bytes a frame were copied after arrival`);
}

function checkBuffers({ census }: Counted, need: Need): void {
  for (const { host, lost, doubles } of census) {
    need(lost === 0 && doubles === 0, `on ${host} ${lost} buffers are lost, ${doubles} are in two places`);
  }
}
