/**
 * A fabric in a file: its networks with their policy, who is in them, and the hosts that those are on. What refers to what is checked
 * here; scenarios say the same of theirs.
 */
import * as v from "valibot";
import { ENCAPSULATION_NAMES, LID_MAX } from "../directory/records.js";
import { Policy } from "../index.js";
import { refuseProblems } from "../overlay/policy/parse.js";
import { parseAddress } from "../overlay/policy/prefix.js";
import { NetworksSchema, type PolicyDefinition } from "../overlay/policy/schema.js";
import { type LineOf, type Path, parseDocument, type Refuse } from "./parse.js";
import { IpAddress, MacAddress, Name, Word } from "./words.js";

/** A VM's interface in a network. */
export const EndpointSchema = v.strictObject({
  network: Name,
  mac: MacAddress,
  ips: v.optional(v.array(IpAddress), []),
  /** The VM; by default it has the endpoint's name. */
  partition: v.optional(Word),
  labels: v.optional(v.record(Word, v.string()), {}),
  host: Name,
  /** A waypoint: what it sends may be from anybody. */
  forwards: v.optional(v.boolean(), false),
});

export const HostSchema = v.strictObject({
  /** Underlay address. */
  address: IpAddress,
  /** Its address in an InfiniBand underlay. */
  lid: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LID_MAX))),
  /** The largest IP packet of the underlay. */
  mtuBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(256), v.maxValue(65535)), 1500),
  /** What it takes, best first. */
  encapsulations: v.optional(v.pipe(v.array(v.picklist(ENCAPSULATION_NAMES)), v.minLength(1)), ["vxlan"]),
  uplinks: v.optional(v.array(Name)),
});

export const FabricSchema = v.strictObject({
  networks: NetworksSchema,
  endpoints: v.optional(v.record(Name, EndpointSchema), {}),
  hosts: v.optional(v.record(Name, HostSchema), {}),
});

export type FabricDefinition = v.InferOutput<typeof FabricSchema>;
export type FabricHost = v.InferOutput<typeof HostSchema>;
export type FabricEndpoint = v.InferOutput<typeof EndpointSchema> & {
  readonly name: string;
  readonly partition: string;
};

export interface Fabric {
  readonly policy: Policy;
  /** By name, as are hosts. */
  readonly endpoints: ReadonlyMap<string, FabricEndpoint>;
  readonly hosts: ReadonlyMap<string, FabricHost>;
}

/** The fabric that the text says. Throws DocumentError, with the place in the file, for the first thing that is wrong. */
export function parseFabric(file: string, text: string): Fabric {
  let lineOf: LineOf | undefined;
  const { networks, endpoints, hosts } = parseDocument(file, text, FabricSchema, (fabric, refuse, lines) => {
    checkFabric(fabric, refuse);
    lineOf = lines;
  });
  const named = Object.entries(endpoints).map(
    ([name, endpoint]) => [name, { ...endpoint, name, partition: endpoint.partition ?? name }] as const,
  );
  return { policy: new Policy({ networks }, lineOf), endpoints: new Map(named), hosts: new Map(Object.entries(hosts)) };
}

/** What the schema cannot say. */
export function checkFabric({ networks, endpoints, hosts }: FabricDefinition, refuse: Refuse): void {
  refuseProblems({ networks }, refuse);
  const families = new Set(Object.values(hosts).map(({ address }) => address.includes(":")));
  if (families.size > 1) refuse(["hosts"], "addresses that are all IPv4 or all IPv6");
  const taken = new Map<string, string>();
  const take = (path: Path, key: string, owner: string) => {
    const other = taken.get(key);
    if (other !== undefined) refuse(path, `another address than that of ${other}`);
    taken.set(key, owner);
  };
  for (const [name, { address }] of Object.entries(hosts)) {
    take(["hosts", name, "address"], `host ${parseAddress(address)?.value}`, name);
  }
  for (const [name, { network, host, mac, ips }] of Object.entries(endpoints)) {
    const path = ["endpoints", name];
    if (!Object.hasOwn(networks, network)) refuse([...path, "network"], `one of ${Object.keys(networks).join(", ")}`);
    if (!Object.hasOwn(hosts, host)) refuse([...path, "host"], `one of ${Object.keys(hosts).join(", ") || "none"}`);
    take([...path, "mac"], `${network} ${mac.toLowerCase()}`, name);
    for (const [i, ip] of ips.entries()) {
      const address = parseAddress(ip);
      take([...path, "ips", i], `${network} IPv${address?.version} ${address?.value}`, name);
    }
  }
  if (Object.keys(endpoints).length > 0) checkWaypoints(networks, endpoints, refuse);
}

/** A waypoint has to be in the network whose traffic goes through it. */
function checkWaypoints(
  networks: PolicyDefinition["networks"],
  endpoints: FabricDefinition["endpoints"],
  refuse: Refuse,
): void {
  for (const [name, { rules = [] }] of Object.entries(networks)) {
    const inside = Object.entries(endpoints).filter(([, { network }]) => network === name);
    const partitions = inside.map(([endpoint, { partition = endpoint }]) => partition);
    for (const [i, { via }] of rules.entries()) {
      if (via === undefined || partitions.includes(via)) continue;
      const known = [...new Set(partitions)].join(", ") || "none";
      refuse(["networks", name, "rules", i, "via"], `a partition with an endpoint in ${name} (${known})`);
    }
  }
}
