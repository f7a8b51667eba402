/** System 4 on the page: tenants apart, what policy did, and what encapsulation costs. */
import type { ScenarioReport } from "../../scenario/run.js";
import { whole } from "../numbers.js";
import { count, rounded } from "./words.js";

const NAMES: Readonly<Record<string, string>> = {
  vxlan: "VXLAN",
  "vxlan-gpe": "VXLAN-GPE",
  geneve: "Geneve",
  nvgre: "NVGRE",
  rocev2: "RoCEv2",
};

export function overlayFacts(report: ScenarioReport): string[] {
  const { streams, waypoints, encapsulations } = report;
  if (streams.length === 0) return [];
  const costs = encapsulations.map(({ encapsulation, headerBytesPerFrame, trailerBytesPerFrame }) => {
    const bytes = rounded(headerBytesPerFrame + trailerBytesPerFrame, 1);
    return `${NAMES[encapsulation] ?? encapsulation} adds ${bytes} bytes a frame`;
  });
  return [
    isolationFact(report),
    ...streams.flatMap(deniedFacts),
    ...waypoints.map(({ endpoint, frames }) => `${count(frames, "frame")} by way of ${endpoint}`),
    ...costs,
  ];
}

function deniedFacts({ name, sent, denied }: ScenarioReport["streams"][number]): string[] {
  if (!denied) return [];
  return [`${name}: ${whole(denied.dropped)} of ${whole(sent)} denied by policy, ${whole(denied.delivered)} delivered`];
}

function isolationFact({ networks, sharedAddresses, isolation }: ScenarioReport): string {
  if (networks.length < 2) return `${count(isolation.strays, "frame")} given to a VM that they were not sent to`;
  const networksText = count(networks.length, "network");
  const shared = sharedAddresses.length;
  const apart =
    shared === 0 ? networksText : `${networksText} with ${count(shared, "IP address", "IP addresses")} in common`;
  return `${apart}: ${count(isolation.crossed, "frame")} given to a VM of another`;
}
