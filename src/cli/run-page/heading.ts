/** What this was: the scenario's title, who took part, and how long it took in its own time. */
import type { ScenarioReport } from "../../scenario/run.js";
import { wrapped } from "./lines.js";
import { count, names, rounded } from "./words.js";

export function headingLines(report: ScenarioReport): string[] {
  const { title, hosts, networks, virtualMs, seed, framesIn, streams, captures } = report;
  const apart = networks.map(({ name, tenant, endpoints }) => {
    return `${tenant === undefined ? name : `${name} of tenant ${tenant}`} (${names(endpoints)})`;
  });
  const replayed = captures.length === 0 ? "" : `, some replayed from ${count(new Set(captures).size, "capture")}`;
  const sent = `${count(framesIn, "frame")} sent in ${count(streams.length, "stream")}${replayed}`;
  return [
    title,
    "",
    ...wrapped(`${count(hosts.length, "host")}${linksText(report)}: ${names(hosts.map(({ host }) => host))}`),
    ...wrapped(`${count(networks.length, "network")}: ${apart.join(", ")}`),
    ...wrapped(`${rounded(virtualMs / 1000, 2)} s of virtual time, seed ${seed}: ${sent}`),
  ];
}

function linksText({ sets }: ScenarioReport): string {
  const uplinks = sets[0]?.links.length ?? 1;
  return uplinks === 1 ? "" : ` with ${count(uplinks, "uplink")} each`;
}
