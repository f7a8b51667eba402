/** Random policies in which rules meet: few groups, few addresses, ports that touch. */

import type { End, ModelGroup, ModelNetwork, ModelRule } from "../model/policy.js";
import type { Random } from "./property.js";

export const PARTITIONS = ["web1", "web2", "db1", "fw", "gw"] as const;
const LABELS = [{ role: "web" }, { role: "db" }, { role: "db", zone: "a" }, { zone: "a" }, { zone: "b" }] as const;
export const IPS = [
  "0.0.0.0",
  "10.0.0.1",
  "10.0.0.255",
  "10.0.1.0",
  "10.255.255.255",
  "11.0.0.0",
  "192.0.2.7",
  "255.255.255.255",
  "::",
  "2001:db8::1",
  "2001:db8:0:1::",
  "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
  "2001:db9::",
  "fd00::a",
  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
] as const;
const PREFIXES = [
  "0.0.0.0/0",
  "10.0.0.0/8",
  "10.0.0.0/24",
  "10.0.0.1/32",
  "10.0.1.0/24",
  "128.0.0.0/1",
  "255.255.255.255/32",
  "::/0",
  "2001:db8::/32",
  "2001:db8::/64",
  "2001:db8::1/128",
  "8000::/1",
  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
] as const;
const PORTS = [0, 1, 22, 255, 256, 443, 511, 512, 5432, 8000, 8080, 65535] as const;
const PROTOCOLS = [1, 6, 17, 47, 58, 132, 255, undefined] as const;

export function randomNetwork(random: Random, rules: number, vni = 42): ModelNetwork {
  const groups = Object.fromEntries(
    Array.from({ length: random.between(1, 6) }, (_, i) => [`g${i}`, randomGroup(random)]),
  );
  return {
    vni,
    ...(random.below(2) === 0 && { default: random.pick(["deny", "allow"] as const) }),
    groups,
    rules: Array.from({ length: rules }, () => randomRule(random, ["any", ...Object.keys(groups)])),
  };
}

function randomGroup(random: Random): ModelGroup {
  const kinds = random.between(1, 7);
  const some = <T>(list: readonly T[]) => Array.from({ length: random.below(4) }, () => random.pick(list));
  return {
    ...((kinds & 1) !== 0 && { partitions: some(PARTITIONS) }),
    ...((kinds & 2) !== 0 && { labels: random.pick(LABELS) }),
    ...((kinds & 4) !== 0 && { prefixes: some(PREFIXES) }),
  };
}

function randomRule(random: Random, groups: readonly string[]): ModelRule {
  const action = random.pick(["allow", "deny", "via"] as const);
  const protocol = random.pick(["any", "tcp", "tcp", "udp", "icmp", 6, 17, 1, 47, 255, undefined] as const);
  const hasPorts =
    (protocol === "tcp" || protocol === "udp" || protocol === 6 || protocol === 17) && random.below(4) > 0;
  return {
    from: random.pick(groups),
    to: random.pick(groups),
    action,
    ...(action === "via" && { via: random.pick(PARTITIONS) }),
    ...(protocol !== undefined && { protocol }),
    ...(hasPorts && { ports: randomPorts(random) }),
    ...(random.below(2) === 0 && { priority: random.between(-2, 2) }),
    ...(action !== "deny" && random.below(3) === 0 && { stateful: random.below(2) === 0 }),
  };
}

function randomPorts(random: Random): NonNullable<ModelRule["ports"]> {
  const one = () => {
    const [a, b] = [random.pick(PORTS), random.pick(PORTS)];
    return random.below(2) === 0 ? a : `${Math.min(a, b)}-${Math.max(a, b)}`;
  };
  return random.below(2) === 0 ? one() : [one(), one()];
}

/** An endpoint with an address, one without, or an address alone. */
export function randomEnd(random: Random): End {
  const partition = random.below(3) > 0 ? random.pick(PARTITIONS) : undefined;
  return {
    ...(partition !== undefined && { partition, labels: random.pick([{}, ...LABELS]) }),
    ...((partition === undefined || random.below(4) > 0) && { ip: random.pick(IPS) }),
  };
}

export function randomAsked(random: Random): { readonly protocol: number | undefined; readonly port: number } {
  const protocol = random.pick(PROTOCOLS);
  const hasPorts = protocol === 6 || protocol === 17;
  const near = Math.min(65535, Math.max(0, random.pick(PORTS) + random.between(-1, 1)));
  return { protocol, port: hasPorts ? (random.below(2) === 0 ? near : random.below(65536)) : 0 };
}
