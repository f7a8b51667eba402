/** Uplinks and the sets that endpoints have of them: they obey the rules of plans (lag/plan-rules.ts). */
import type { Path, Refuse } from "../../document/parse.js";
import { type LagPlan, planProblems } from "../../index.js";
import type { EndpointText, ScenarioText } from "../schema.js";

/** RFC 791: what every host must be able to take. A host of an overlay takes no less (src/host/options.ts). */
const MTU_MIN = 576;
/** The uplink of a host that names none. */
export const ONLY_UPLINK = "uplink";

const SET_KEYS = ["members", "backup", "standalone"] as const;

export function checkUplinks({ hosts, networks, endpoints }: ScenarioText, refuse: Refuse): void {
  const counts = new Set(Object.values(hosts).map(({ uplinks }) => uplinks?.length));
  if (counts.size > 1) refuse(["hosts"], "as many uplinks on one as on the other");
  for (const [host, { uplinks, mtuBytes, encapsulations }] of Object.entries(hosts)) {
    const path = ["hosts", host];
    if (mtuBytes < MTU_MIN) refuse([...path, "mtuBytes"], `>=${MTU_MIN}, received ${mtuBytes}`);
    const native = encapsulations.indexOf("infiniband");
    if (native >= 0) refuse([...path, "encapsulations", native], "one that IP carries");
    const shared = (uplinks ?? [ONLY_UPLINK]).findIndex((uplink) => Object.hasOwn(endpoints, uplink));
    if (shared >= 0) refuse(uplinks ? [...path, "uplinks", shared] : ["endpoints", ONLY_UPLINK], "a name of its own");
    const here = Object.entries(endpoints).filter(([, endpoint]) => endpoint.host === host);
    if (uplinks) checkSets(path, uplinks, here, networks, refuse);
    else checkNoSets(host, here, refuse);
  }
}

type Here = readonly (readonly [name: string, endpoint: EndpointText])[];

function checkSets(path: Path, ports: string[], here: Here, networks: ScenarioText["networks"], refuse: Refuse): void {
  const all = ports.slice(0, 8);
  const planned = here.map(([name, { network, mac, members, backup, standalone }]) => {
    const primary =
      standalone === undefined ? { members: members ?? all } : { standalone, ...(members && { members }) };
    const partition = { macs: [mac], vni: networks[network]?.vni, ...primary, ...(backup && { backup }) };
    return [name, partition] as const;
  });
  // A plan has a partition; a host of a scenario may be one that endpoints only move to.
  const nobody = { macs: ["02:00:00:00:00:01"], members: all };
  const plan: LagPlan = { ports, partitions: planned.length > 0 ? Object.fromEntries(planned) : { nobody } };
  for (const { path: at, bound } of planProblems(plan)) {
    const [section, name = "", key = "", ...rest] = at;
    if (section === "ports") refuse([...path, "uplinks", ...at.slice(1)], bound);
    refuse(["endpoints", name, ...(key === "macs" ? ["mac"] : [key, ...rest])], bound);
  }
}

function checkNoSets(host: string, here: Here, refuse: Refuse): void {
  for (const [name, endpoint] of here) {
    const key = SET_KEYS.find((set) => endpoint[set] !== undefined);
    if (key) refuse(["endpoints", name, key], `uplinks on ${host}`);
  }
}

export function checkLinkDown({ hosts, linkDown }: ScenarioText, refuse: Refuse): void {
  for (const [i, { host, uplink, fromFrame, toFrame }] of linkDown.entries()) {
    const uplinks = hosts[host]?.uplinks ?? [];
    if (!Object.hasOwn(hosts, host)) refuse(["linkDown", i, "host"], `one of ${Object.keys(hosts).join(", ")}`);
    if (!uplinks.includes(uplink))
      refuse(["linkDown", i, "uplink"], `one of ${uplinks.join(", ") || "several uplinks"}`);
    if (toFrame <= fromFrame) refuse(["linkDown", i, "toFrame"], `more than ${fromFrame}`);
  }
}
