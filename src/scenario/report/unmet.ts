/** What is not as the scenario says, in words. */
import type { Scenario } from "../parse.js";
import { refusedOf } from "./hosts.js";
import type { Counted } from "./report.js";
import { sumOf } from "./run.js";

export function unmetOf({ expect }: Scenario, report: Counted, holds: boolean): string[] {
  const unmet: string[] = [];
  const need = (isMet: boolean, text: string) => void (isMet || unmet.push(text));
  const { comparison, isolation, neighbours, damage, foreignFrames } = report;
  if (damage) unmet.push(`${damage.capture} is damaged at byte ${damage.byteOffset}: ${damage.reason}`);
  for (const key of ["missing", "altered", "duplicated"] as const) {
    need(comparison[key] <= expect[key], `${comparison[key]} frames ${key}, at most ${expect[key]} expected`);
  }
  need(isolation.crossed === 0, `${isolation.crossed} frames of one network were given to a guest of another`);
  need(isolation.strays === 0, `${isolation.strays} frames were given to guests that they were not sent to`);
  need(neighbours.wrong === 0, `${neighbours.wrong} wrong answers about addresses`);
  need(foreignFrames === 0, `${foreignFrames} frames of captures have another source than their two endpoints`);
  for (const { name, sent, denied } of report.streams) {
    if (!denied) continue;
    need(denied.delivered === 0, `${denied.delivered} frames of ${name} were delivered, and were to be denied`);
    need(denied.dropped === sent, `${denied.dropped} of the ${sent} frames of ${name} were dropped by policy`);
  }
  for (const { name, streams, sameStreams, faults } of report.sockets) {
    const first = faults[0] === undefined ? "" : `: ${faults[0]}`;
    need(
      sameStreams === streams,
      `${streams - sameStreams} of the ${streams} streams of ${name} did not arrive whole${first}`,
    );
  }
  checkLimited(report, need);
  for (const { endpoint, gqpn, liveMs, stale } of report.moves) {
    need(liveMs !== undefined, `${endpoint} has not come to its host`);
    need(gqpn.before === gqpn.after, `the queue pair of ${endpoint} was ${gqpn.before}, and is ${gqpn.after}`);
    need(stale === 0, `${stale} stale frames after ${endpoint} had moved`);
  }
  const outside = sumOf(report.sets, (set) => set.outside);
  need(outside === 0, `${outside} frames outside their set of uplinks`);
  for (const { host, lost, doubles } of report.census) {
    need(lost === 0 && doubles === 0, `on ${host} ${lost} buffers are lost, ${doubles} are in two places`);
  }
  need(holds, "the census of the fabric does not hold");
  return unmet;
}

/** Nothing but limits may have kept limited streams' frames, and they nobody else's. */
function checkLimited({ streams, drops }: Counted, need: (isMet: boolean, text: string) => void): void {
  const limited = streams.filter((stream) => stream.limited);
  const undelivered = sumOf(limited, (stream) => (stream.limited?.refused ?? 0) + (stream.limited?.lost ?? 0));
  const refused = refusedOf(drops);
  need(undelivered <= refused, `${undelivered - refused} frames of limited streams were lost to something else`);
  // What is the hosts' to answer, or nobody's, is missed by nobody.
  const others = refused - undelivered - sumOf(limited, ({ neighbours, unflooded }) => neighbours + unflooded);
  need(others <= 0, `${others} frames of other streams were refused as mbuf-limit`);
}
