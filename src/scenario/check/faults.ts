/** Names of hosts and links in what a scenario says of the underlay and of its faults. */
import type { Path, Refuse } from "../../document/parse.js";
import type { ScenarioText } from "../schema.js";
import { ONLY_UPLINK } from "./uplinks.js";

/** Every link goes by host.uplink. */
export function linkNames({ hosts }: ScenarioText): string[] {
  return Object.entries(hosts).flatMap(([host, { uplinks = [ONLY_UPLINK] }]) =>
    uplinks.map((uplink) => `${host}.${uplink}`),
  );
}

export function checkLinks(scenario: ScenarioText, refuse: Refuse): void {
  const known = linkNames(scenario);
  for (const name of Object.keys(scenario.underlay.links)) {
    if (!known.includes(name)) refuse(["underlay", "links", name], `one of ${known.join(", ")}`);
  }
}

export function checkFaults(scenario: ScenarioText, refuse: Refuse): void {
  const links = linkNames(scenario);
  const hosts = Object.keys(scenario.hosts);
  const checkHosts = (path: Path, names: readonly string[]) => {
    const at = names.findIndex((name) => !hosts.includes(name));
    if (at >= 0) refuse([...path, at], `one of ${hosts.join(", ")}`);
  };
  for (const [i, fault] of scenario.faults.entries()) {
    const path = ["faults", i];
    if ("link" in fault && !links.includes(fault.link)) refuse([...path, "link"], `one of ${links.join(", ")}`);
    if ("hosts" in fault && fault.hosts) checkHosts([...path, "hosts"], fault.hosts);
    if (fault.kind !== "partition") continue;
    for (const [side, names] of fault.sides.entries()) checkHosts([...path, "sides", side], names);
  }
}
