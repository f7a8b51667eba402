/** Who sends what to whom, and who moves where: names, and what cannot be. */
import type { Path, Refuse } from "../../document/parse.js";
import { parseAddress } from "../../overlay/policy/prefix.js";
import type { EndpointText, ScenarioText } from "../schema.js";

export function checkReplays(scenario: ScenarioText, refuse: Refuse): void {
  const { replays, flows, sockets } = scenario;
  if (replays.length + flows.length + sockets.length === 0) refuse(["replays"], "a replay, a flow, or sockets");
  for (const [i, { from, to, expect }] of replays.entries()) {
    checkEnds(scenario, ["replays", i], from, to, refuse);
    checkVia(scenario, ["replays", i, "expect"], from, expect, refuse);
    const ends = new Set([from, to]);
    const before = replays.findIndex((other) => ends.has(other.from) || ends.has(other.to));
    if (before < i) refuse(["replays", i], `endpoints that replay ${before} does not use`);
  }
}

export function checkFlows(scenario: ScenarioText, refuse: Refuse): void {
  const { endpoints, flows } = scenario;
  for (const [i, { from, to, protocol, port, bytes, expect }] of flows.entries()) {
    const path = ["flows", i];
    checkEnds(scenario, path, from, to, refuse);
    if (protocol === "icmp" && port !== undefined) refuse([...path, "port"], "no port with icmp");
    if (protocol !== "icmp" && port === undefined) refuse([...path, "port"], "a port, but it is missing");
    if (protocol === "tcp" && bytes !== undefined) refuse([...path, "bytes"], "no payload with tcp");
    checkVersions(endpoints, [...path, "to"], from, to, refuse);
    checkVia(scenario, [...path, "expect"], from, expect, refuse);
  }
}

function checkVia({ endpoints }: ScenarioText, path: Path, from: string, expect: string, refuse: Refuse): void {
  const via = viaOf(expect);
  if (via === undefined) return;
  const { network } = endpoints[from] as EndpointText;
  const waypoints = Object.entries(endpoints).filter(([, other]) => other.forwards && other.network === network);
  const partitions = waypoints.map(([name, { partition = name }]) => partition);
  if (!partitions.includes(via)) refuse(path, `via a partition that forwards (${partitions.join(", ") || "none"})`);
}

/** The partition in "via fw"; undefined in what says none. */
export function viaOf(expect: string): string | undefined {
  return expect.startsWith("via ") ? expect.slice(4) : undefined;
}

export function checkVersions(
  endpoints: ScenarioText["endpoints"],
  path: Path,
  from: string,
  to: string,
  refuse: Refuse,
): void {
  if (versionBetween(endpoints[from]?.ips ?? [], endpoints[to]?.ips ?? [])) return;
  refuse(path, `an endpoint with an address of the IP version of ${from}'s`);
}

/** The IP version that both have an address of; 4 where both are possible. */
export function versionBetween(from: readonly string[], to: readonly string[]): 4 | 6 | undefined {
  const has = (ips: readonly string[], version: 4 | 6) => ips.some((ip) => parseAddress(ip)?.version === version);
  return ([4, 6] as const).find((version) => has(from, version) && has(to, version));
}

export function checkEnds({ endpoints }: ScenarioText, path: Path, from: string, to: string, refuse: Refuse): void {
  const names = Object.keys(endpoints).join(", ") || "none";
  if (!Object.hasOwn(endpoints, from)) refuse([...path, "from"], `one of ${names}`);
  if (!Object.hasOwn(endpoints, to)) refuse([...path, "to"], `one of ${names}`);
  if (from === to) refuse([...path, "to"], `another endpoint than ${from}`);
  if (endpoints[from]?.network !== endpoints[to]?.network) refuse([...path, "to"], `an endpoint of ${from}'s network`);
}

export function checkMoves({ endpoints, hosts, moves }: ScenarioText, refuse: Refuse): void {
  for (const [i, { endpoint, to, atMs, afterFrames }] of moves.entries()) {
    const path = ["moves", i];
    if (!Object.hasOwn(endpoints, endpoint))
      refuse([...path, "endpoint"], `one of ${Object.keys(endpoints).join(", ")}`);
    if (!Object.hasOwn(hosts, to)) refuse([...path, "to"], `one of ${Object.keys(hosts).join(", ")}`);
    if ((atMs === undefined) === (afterFrames === undefined)) refuse(path, "either atMs or afterFrames");
    const before = moves.slice(0, i).findLast((other) => other.endpoint === endpoint);
    if ((before?.to ?? endpoints[endpoint]?.host) === to)
      refuse([...path, "to"], `another host than ${to}, where it is`);
  }
}
