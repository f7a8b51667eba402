/** What a scenario's run comes to, in numbers. */
import { costsOf, framesOf } from "./frames.js";
import { dropsOf, hostsOf, setsOf } from "./hosts.js";
import { limitsOf } from "./limits.js";
import { type Run, sumOf } from "./run.js";
import { socketsOf } from "./sockets.js";
import { streamsOf } from "./streams.js";
import { unmetOf } from "./unmet.js";

export function reportOf(run: Run) {
  const counted = countedOf(run);
  const unmet = unmetOf(run.scenario, counted, run.fabric.census().holds);
  /** Everything was as the file says; otherwise unmet says what was not. */
  return { ...counted, unmet, ok: unmet.length === 0 };
}

export type Counted = ReturnType<typeof countedOf>;

function countedOf(run: Run) {
  const { scenario, fabric, directory, hosts, guests, streams, replays, deliveries, moves, wire, startMs } = run;
  const census = fabric.census();
  const damaged = replays.find(({ damage }) => damage);
  return {
    title: scenario.title,
    seed: fabric.seed,
    /** Two runs with the same digest were the same. */
    digest: fabric.digest,
    virtualMs: fabric.nowMs - startMs,
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
    },
    tooBigAnswers: deliveries.tooBigAnswers,
    floodCopies: deliveries.copies,
    waypoints: [...deliveries.forwarded].map(([{ name, host }, frames]) => ({ endpoint: name, host, frames })),
    moves: moves.begun.map(({ report }) => report),
    encapsulations: costsOf(wire),
    directory: directory.link.counters,
    hosts: hostsOf(hosts),
    /** Of each endpoint on a host with several uplinks: its frames by uplink, and those outside its set. */
    sets: setsOf(guests, hosts),
    /** What each owner of mbufs could hold, and what it was refused. */
    limits: limitsOf(hosts, guests),
    census: census.hosts,
    links: census.links,
  };
}
