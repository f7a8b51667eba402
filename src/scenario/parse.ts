/** A scenario from YAML text. */
import { parseDocument, type Refuse } from "../document/parse.js";
import { type Scenario, ScenarioSchema } from "./schema.js";

/** Throws DocumentError for the first thing that is wrong. */
export function parseScenario(file: string, text: string): Scenario {
  return parseDocument(file, text, ScenarioSchema, checkReferences);
}

/** What the schema cannot say: names that stand for something said elsewhere in the file. */
function checkReferences(scenario: Scenario, refuse: Refuse): void {
  const homes = new Map<string, string>();
  if (Object.keys(scenario.hosts).length !== 2) refuse(["hosts"], "two hosts: the underlay is a cable");
  for (const [host, { partitions }] of Object.entries(scenario.hosts)) {
    const networks = new Set<string>();
    for (const [partition, { network }] of Object.entries(partitions)) {
      const path = ["hosts", host, "partitions", partition];
      if (homes.has(partition)) refuse(path, `a name that no partition of ${homes.get(partition)} has`);
      homes.set(partition, host);
      if (!Object.hasOwn(scenario.networks, network)) {
        refuse([...path, "network"], `one of ${Object.keys(scenario.networks).join(", ")}`);
      }
      if (networks.has(network)) refuse([...path, "network"], `a network that no other partition of ${host} is in`);
      networks.add(network);
    }
  }
  const { from, to } = scenario.replay;
  const names = [...homes.keys()].join(", ");
  if (!homes.has(from)) refuse(["replay", "from"], `one of ${names}`);
  if (!homes.has(to)) refuse(["replay", "to"], `one of ${names}`);
  if (homes.get(from) === homes.get(to)) refuse(["replay", "to"], `a partition on another host than ${from}`);
  const networkOf = (name: string) => scenario.hosts[homes.get(name) ?? ""]?.partitions[name]?.network;
  if (networkOf(from) !== networkOf(to)) refuse(["replay", "to"], `a partition on ${from}'s network`);
  const addresses = Object.values(scenario.hosts).map(({ address }) => address);
  const families = new Set(addresses.map((address) => address.includes(":")));
  if (new Set(addresses).size < addresses.length) refuse(["hosts"], "addresses that differ");
  if (families.size > 1) refuse(["hosts"], "addresses that are all IPv4 or all IPv6");
}
