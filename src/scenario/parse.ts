/** A scenario from YAML text. */
import { parseDocument, type Refuse } from "../document/parse.js";
import { type LagPlan, planProblems } from "../index.js";
import { type Scenario, ScenarioSchema } from "./schema.js";

/** Throws DocumentError for the first thing that is wrong. */
export function parseScenario(file: string, text: string): Scenario {
  return parseDocument(file, text, ScenarioSchema, checkReferences);
}

type HostText = Scenario["hosts"][string];

/** What the schema cannot say: names that stand for something said elsewhere in the file. */
function checkReferences(scenario: Scenario, refuse: Refuse): void {
  if (Object.keys(scenario.hosts).length !== 2) refuse(["hosts"], "two hosts: the underlay is a cable");
  const homes = checkPartitions(scenario, refuse);
  checkUplinks(scenario, refuse);
  for (const [i, { from, to }] of scenario.replays.entries()) {
    const names = [...homes.keys()].join(", ");
    if (!homes.has(from)) refuse(["replays", i, "from"], `one of ${names}`);
    if (!homes.has(to)) refuse(["replays", i, "to"], `one of ${names}`);
    if (homes.get(from) === homes.get(to)) refuse(["replays", i, "to"], `a partition on another host than ${from}`);
    const networkOf = (name: string) => scenario.hosts[homes.get(name) ?? ""]?.partitions[name]?.network;
    if (networkOf(from) !== networkOf(to)) refuse(["replays", i, "to"], `a partition on ${from}'s network`);
    const before = scenario.replays.findIndex((other) => other.from === from || other.to === to);
    if (before < i) refuse(["replays", i], `partitions that replay ${before} does not use`);
  }
  const addresses = Object.values(scenario.hosts).map(({ address }) => address);
  const families = new Set(addresses.map((address) => address.includes(":")));
  if (new Set(addresses).size < addresses.length) refuse(["hosts"], "addresses that differ");
  if (families.size > 1) refuse(["hosts"], "addresses that are all IPv4 or all IPv6");
}

/** Which host each partition is on. */
function checkPartitions({ hosts, networks }: Scenario, refuse: Refuse): Map<string, string> {
  const homes = new Map<string, string>();
  for (const [host, { partitions, uplinks }] of Object.entries(hosts)) {
    const used = new Set<string>();
    for (const [partition, { network }] of Object.entries(partitions)) {
      const path = ["hosts", host, "partitions", partition];
      if (homes.has(partition)) refuse(path, `a name that no partition of ${homes.get(partition)} has`);
      homes.set(partition, host);
      if (!Object.hasOwn(networks, network)) refuse([...path, "network"], `one of ${Object.keys(networks).join(", ")}`);
      const isTaken = !uplinks && used.has(network);
      if (isTaken) refuse([...path, "network"], `a network that no other partition of ${host} is in`);
      used.add(network);
    }
  }
  return homes;
}

/** Uplinks and sets obey the rules of plans. */
function checkUplinks({ hosts, networks, linkDown }: Scenario, refuse: Refuse): void {
  const [left, right] = Object.values(hosts) as [HostText, HostText];
  if (left.uplinks?.length !== right.uplinks?.length) refuse(["hosts"], "as many uplinks on one as on the other");
  for (const [host, { uplinks, partitions }] of Object.entries(hosts)) {
    for (const [name, { network, ...set }] of Object.entries(partitions)) {
      const [key] = uplinks ? [] : Object.keys(set);
      if (key) refuse(["hosts", host, "partitions", name, key], `uplinks on ${host}`);
    }
    if (!uplinks) continue;
    const shared = uplinks.findIndex((uplink) => Object.hasOwn(partitions, uplink));
    if (shared >= 0) refuse(["hosts", host, "uplinks", shared], "a name that no partition has");
    const planned = Object.entries(partitions).map(([name, { network, macs = [], ...set }]) => {
      return [name, { macs, vni: networks[network]?.vni, ...set }] as const;
    });
    const plan: LagPlan = { ports: uplinks, partitions: Object.fromEntries(planned) };
    for (const { path, bound } of planProblems(plan)) {
      refuse(["hosts", host, ...(path[0] === "ports" ? ["uplinks", ...path.slice(1)] : path)], bound);
    }
  }
  for (const [i, { host, uplink, fromFrame, toFrame }] of linkDown.entries()) {
    const uplinks = hosts[host]?.uplinks ?? [];
    if (!Object.hasOwn(hosts, host)) refuse(["linkDown", i, "host"], `one of ${Object.keys(hosts).join(", ")}`);
    if (!uplinks.includes(uplink)) refuse(["linkDown", i, "uplink"], `one of ${uplinks.join(", ")}`);
    if (toFrame <= fromFrame) refuse(["linkDown", i, "toFrame"], `more than ${fromFrame}`);
  }
}
