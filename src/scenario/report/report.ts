/** What a scenario's run comes to, in numbers. */
import { castOf } from "./cast.js";
import { failuresOf } from "./failures.js";
import { costsOf, framesOf } from "./frames.js";
import { dropsOf, hostsOf, setsOf } from "./hosts.js";
import { limitsOf } from "./limits.js";
import { movesOf } from "./moves.js";
import { type Run, sumOf } from "./run.js";
import { socketsOf } from "./sockets.js";
import { refusedOthersOf, streamsOf } from "./streams.js";

export function reportOf(run: Run) {
  const counted = countedOf(run);
  const failures = failuresOf(run.scenario, counted, run.fabric.census().holds);
  /** Everything was as the file says; otherwise unmet says what was not, and failures whose promise that was. */
  return { ...counted, failures, unmet: failures.map(({ text }) => text), ok: failures.length === 0 };
}

export type Counted = ReturnType<typeof countedOf>;

function countedOf(run: Run) {
  const { scenario, fabric, directory, hosts, guests, streams, replays, deliveries, rails, startMs } = run;
  const census = fabric.census();
  const damaged = replays.find(({ damage }) => damage);
  return {
    title: scenario.title,
    seed: fabric.seed,
    /** Two runs with the same digest were the same. */
    digest: fabric.digest,
    virtualMs: fabric.nowMs - startMs,
    ...castOf(scenario, guests),
    captures: scenario.replays.map(({ capture }) => capture),
    damage: damaged?.damage && {
      capture: damaged.capture,
      byteOffset: damaged.damage.byteOffset,
      reason: damaged.damage.reason,
    },
    ...framesOf(run),
    drops: dropsOf(hosts),
    comparison: {
      identical: sumOf(streams, ({ identical }) => identical),
      altered: sumOf(streams, ({ altered }) => altered),
      missing: sumOf(streams, ({ missing }) => missing),
      duplicated: sumOf(streams, ({ duplicated }) => duplicated),
      overtaken: sumOf(streams, ({ overtaken }) => overtaken),
    },
    streams: streamsOf(run),
    /** What their messages cost, and how the streams' bytes came. */
    sockets: run.conversations.map(socketsOf),
    /** Frames of one network given to a guest of another, that policy was to stop, and that nobody sent to whoever got them. */
    isolation: {
      crossed: deliveries.crossed,
      deniedDelivered: sumOf(streams, ({ leaked }) => leaked),
      strays: deliveries.strays,
    },
    /** Talk about addresses, which hosts answer from the directory, and the answers that guests got. */
    neighbours: {
      asked: sumOf(streams, ({ neighbours }) => neighbours),
      answered: deliveries.answers,
      wrong: deliveries.wrongAnswers,
      /** Words of hosts that a VM has come to them, in networks that flood. */
      arrivals: deliveries.arrivals,
    },
    tooBigAnswers: deliveries.tooBigAnswers,
    floodCopies: deliveries.copies,
    waypoints: [...deliveries.forwarded].map(([{ name, host }, frames]) => ({ endpoint: name, host, frames })),
    moves: movesOf(run),
    encapsulations: costsOf(run.wire),
    directory: directory.link.counters,
    hosts: hostsOf(hosts),
    /** Of each endpoint on a host with several uplinks: its frames by uplink, and those outside its set. */
    sets: setsOf(guests, hosts),
    /** Of each switch that was out of service for a while, what became of the sets that have an uplink to it, and of the others. */
    outages: rails.outages.map(({ report }) => report),
    /** What each owner of mbufs could hold, and what it was refused. */
    limits: limitsOf(hosts, guests),
    /** Frames of streams that are not limited. */
    refusedOthers: refusedOthersOf(run),
    census: census.hosts,
    links: census.links,
  };
}
