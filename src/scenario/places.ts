/** Where an endpoint is on a host: its port there, its addresses, its set of uplinks, its mbufs. */
import type { AttachOptions, LimitPolicy, Port } from "../index.js";
import type { ScenarioHost } from "./hosts.js";
import type { Scenario } from "./parse.js";
import type { EndpointText } from "./schema.js";

/** What it is attached with on a host; the host has a port for it. */
export function placeOn(
  scenario: Scenario,
  name: string,
  { vnics, group, uplinks }: Pick<ScenarioHost, "vnics" | "group" | "uplinks">,
): AttachOptions {
  const text = scenario.endpoints[name] as EndpointText;
  const { network, mac, ips, labels, forwards, mbufs, partition = name } = text;
  const set = group ? setOn(scenario, text, uplinks) : {};
  return { partition, network, mac, ips, labels, forwards, ...limitsIn(mbufs), ...set, vnic: vnics.get(name) as Port };
}

/** Its set of a host's uplinks: those in the places of the ones that its first host's have. */
function setOn(scenario: Scenario, { members, backup, standalone, host }: EndpointText, uplinks: readonly Port[]) {
  const names = scenario.hosts[host]?.uplinks ?? [];
  const portOf = (name: string) => uplinks[names.indexOf(name)] as Port;
  return {
    ...(members && { members: members.map(portOf) }),
    ...(backup && { backup: backup.map(portOf) }),
    ...(standalone && { standalone: portOf(standalone) }),
  };
}

/** parseScenario has seen that these are limit policies. */
function limitsIn(mbufs: EndpointText["mbufs"]): Pick<AttachOptions, "mbufs"> {
  if (!mbufs) return {};
  const { peers, ...policy } = mbufs;
  return { mbufs: { policy: policy as LimitPolicy, ...(peers && { peers: peers as LimitPolicy }) } };
}
