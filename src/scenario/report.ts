/** What a scenario's run comes to, in numbers. */
import type { Host } from "./hosts.js";
import type { Stream } from "./run.js";
import type { Scenario } from "./schema.js";

export function reportOf(
  scenario: Scenario,
  hosts: ReadonlyMap<string, Host>,
  streams: readonly Stream[],
  engineMs: number,
) {
  const uplinks = [...hosts.values()].flatMap((host) => host.uplinks.map(({ counters }) => counters));
  const sum = (pick: (counters: (typeof uplinks)[number]) => number) =>
    uplinks.reduce((total, counters) => total + pick(counters), 0);
  const total = (pick: (stream: Stream) => number) => streams.reduce((all, stream) => all + pick(stream), 0);
  const underlayFrames = sum(({ txFrames }) => txFrames);
  const framesIn = total(({ from }) => from.counters.rxFrames);
  const bytesIn = total(({ from }) => from.counters.rxBytes);
  const copiedBytes = total(({ from }) => from.counters.copiedBytes);
  const perFrame = (count: number, frames: number) => (frames === 0 ? 0 : count / frames);
  const comparison = {
    identical: total(({ witness }) => witness.result.identical),
    altered: total(({ witness }) => witness.result.altered),
    missing: total(({ witness }) => witness.result.missing),
  };
  const { damage } = streams.find((stream) => stream.damage) ?? {};
  const census = [...hosts].map(([host, { engine }]) => ({ host, ...engine.census() }));
  const sets = setsOf(hosts);
  return {
    title: scenario.title,
    captures: scenario.replays.map(({ capture }) => capture),
    framesIn,
    bytesIn,
    framesOut: total(({ to }) => to.counters.txFrames),
    bytesOut: total(({ to }) => to.counters.txBytes),
    packetsNotTaken: total(({ notTaken }) => notTaken),
    descriptorsPerFrame: perFrame(
      sum(({ txDescriptors }) => txDescriptors),
      underlayFrames,
    ),
    doorbells: sum(({ txDoorbells }) => txDoorbells),
    /** The one copy, on arrival; what is copied between there and the wire; both by frame. */
    copiedInBytesPerFrame: perFrame(bytesIn, framesIn),
    copiedAfterwardsBytesPerFrame: perFrame(copiedBytes - bytesIn, framesIn),
    underlayFrames,
    underlayBytes: sum(({ txBytes }) => txBytes),
    drops: dropsOf(hosts),
    engineSeconds: engineMs / 1000,
    engineFramesPerSecond: engineMs === 0 ? 0 : Math.round((framesIn * 1000) / engineMs),
    damage: damage && { byteOffset: damage.byteOffset, reason: damage.reason },
    comparison,
    /** Of each partition of a host with several uplinks: its frames by uplink, and those outside its set. */
    sets,
    census,
    /** All captures were read, every frame came out as it went in, by its own links, and every buffer is accounted for. */
    ok:
      !damage &&
      comparison.altered === 0 &&
      comparison.missing === 0 &&
      sets.every(({ outside }) => outside === 0) &&
      census.every(({ holds }) => holds),
  };
}

function dropsOf(hosts: ReadonlyMap<string, Host>): Record<string, number> {
  const drops: Record<string, number> = {};
  for (const { engine } of hosts.values()) {
    for (const port of engine.ports) {
      for (const [cause, count] of Object.entries(port.counters.drops)) drops[cause] = (drops[cause] ?? 0) + count;
    }
  }
  return drops;
}

function setsOf(hosts: ReadonlyMap<string, Host>) {
  return [...hosts].flatMap(([host, { group }]) =>
    (group?.partitions ?? []).map(({ name, roles, counters }) => {
      const { sentByPort, receivedByPort, outsideAccepted, outsideDropped } = counters;
      const links = roles.map((role, i) => {
        const sent = sentByPort[i] as number;
        const received = receivedByPort[i] as number;
        return { uplink: group?.ports[i]?.name, role, sent, received };
      });
      const strayed = links.reduce((sum, { role, sent }) => sum + (role === "none" ? sent : 0), 0);
      return { host, partition: name, links, outside: strayed + outsideAccepted + outsideDropped };
    }),
  );
}
