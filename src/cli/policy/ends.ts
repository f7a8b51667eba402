/** Who --from and --to are: endpoints of the file, or an address that none of them has, and the rules that are about them. */
import type { Fabric, FabricEndpoint } from "../../document/fabric.js";
import { ConfigError } from "../../index.js";
import type { NetworkPolicy } from "../../overlay/policy/policy.js";
import { parseAddress } from "../../overlay/policy/prefix.js";
import { parseTarget, type Target } from "./target.js";
import { kindText, type RulesBetween, type Traffic, trafficBetween } from "./traffic.js";

export interface End {
  /** Undefined for an address that no endpoint has. */
  readonly endpoint: FabricEndpoint | undefined;
  /** The address that was asked about; undefined where there is none, or all of the endpoint's are treated alike. */
  readonly ip: string | undefined;
}

export interface Question {
  readonly network: NetworkPolicy;
  readonly from: End & { readonly endpoint: FabricEndpoint };
  readonly to: End;
  readonly target: Target;
  readonly traffic: readonly Traffic[];
}

/** Undefined when the two are in different networks. Throws ConfigError for who cannot be told. */
export function questionOf(fabric: Fabric, from: string, to: string): Question | undefined {
  const source = parseTarget("--from", from);
  if (source.protocol !== undefined)
    throw new ConfigError("--from", from, "an endpoint alone: what is sent is said in --to");
  const target = parseTarget("--to", to);
  const sender = onlyOne(fabric, "--from", source);
  const network = fabric.policy.network(sender.network);
  const receiver = receiverOf(fabric, sender, target);
  if (receiver && receiver.network !== sender.network) return undefined;
  if (receiver === sender) throw new ConfigError("--to", to, `another endpoint than --from`);
  const pairs = addressPairs(sender, source, receiver, target);
  const answers = pairs.map((pair) => trafficOf(network, sender, receiver, pair, target));
  const [[source0, destination0], traffic] = [pairs[0] as Pair, answers[0] as Traffic[]];
  const other = answers.findIndex((answer) => textOf(answer) !== textOf(traffic));
  if (other > 0) {
    const [a, b] = pairs[other] as Pair;
    const bound = `an address, as --from also: ${source0} to ${destination0} is decided otherwise than ${a} to ${b}`;
    throw new ConfigError("--to", to, bound);
  }
  const isOnly = pairs.length === 1;
  return {
    network,
    from: { endpoint: sender, ip: isOnly ? source0 : undefined },
    to: { endpoint: receiver, ip: isOnly ? destination0 : undefined },
    target,
    traffic,
  };
}

type Pair = readonly [source: string | undefined, destination: string | undefined];

function receiverOf(fabric: Fabric, sender: FabricEndpoint, target: Target): FabricEndpoint | undefined {
  if (!target.isAddress) return onlyOne(fabric, "--to", target);
  return [...fabric.endpoints.values()].find(
    ({ network, ips }) => network === sender.network && hasIp(ips, target.who),
  );
}

/** The one endpoint of that name, of the partition of that name, or with that address. */
function onlyOne({ endpoints }: Fabric, argument: string, { who, isAddress }: Target): FabricEndpoint {
  const named = endpoints.get(who);
  if (named) return named;
  const all = [...endpoints.values()];
  const [first, ...others] = all.filter(({ partition, ips }) => (isAddress ? hasIp(ips, who) : partition === who));
  if (!first) throw new ConfigError(argument, who, `one of ${[...endpoints.keys()].join(", ") || "the endpoints"}`);
  if (others.length === 0) return first;
  const names = [first, ...others].map(({ name, network }) => `${name} (in ${network})`);
  throw new ConfigError(argument, who, `one endpoint, not several: ${names.join(", ")}`);
}

/** Addresses of the same IP version; undefined stands for an endpoint without any. */
function addressPairs(
  sender: FabricEndpoint,
  source: Target,
  receiver: FabricEndpoint | undefined,
  target: Target,
): Pair[] {
  const sources = source.isAddress ? [source.who] : sender.ips;
  const destinations = target.isAddress ? [target.who] : (receiver?.ips ?? []);
  if (sources.length === 0 || destinations.length === 0) return [[sources[0], destinations[0]]];
  const pairs = sources.flatMap((from) => {
    return destinations.filter((to) => versionOf(from) === versionOf(to)).map((to): Pair => [from, to]);
  });
  if (pairs.length > 0) return pairs;
  const bound = `reached by ${sender.name}, which has no IPv${versionOf(destinations[0] as string)} address`;
  throw new ConfigError("--to", target.who, bound);
}

function trafficOf(
  network: NetworkPolicy,
  sender: FabricEndpoint,
  receiver: FabricEndpoint | undefined,
  [source, destination]: Pair,
  target: Target,
): Traffic[] {
  const groups = (endpoint: FabricEndpoint | undefined, ip: string | undefined) =>
    network.groupsOf(network.classOf({ partition: endpoint?.partition, labels: endpoint?.labels, ip }));
  const rules: RulesBetween = {
    ip: network.rulesAmong(groups(sender, source), groups(receiver, destination)),
    notIp: network.rulesAmong(groups(sender, undefined), groups(receiver, undefined)),
  };
  const ip = source ?? destination;
  return trafficBetween(network, rules, target, ip === undefined ? undefined : versionOf(ip) === 6);
}

function textOf(traffic: readonly Traffic[]): string {
  return traffic.map((kind) => `${kindText(kind)} ${kind.verdict.rule?.index}`).join();
}

function hasIp(ips: readonly string[], ip: string): boolean {
  const wanted = parseAddress(ip);
  return ips.some((own) => {
    const address = parseAddress(own);
    return address?.version === wanted?.version && address?.value === wanted?.value;
  });
}

function versionOf(ip: string): 4 | 6 {
  return ip.includes(":") ? 6 : 4;
}
