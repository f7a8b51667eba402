/** `ringlane policy check POLICY.yaml`: is the file right, and who may send what to whom; with --from and --to one answer, and why. */
import { readFileSync } from "node:fs";
import { type Fabric, type FabricEndpoint, parseFabric } from "../../document/fabric.js";
import { ConfigError } from "../../index.js";
import type { Verdict } from "../../overlay/policy/decide.js";
import type { NetworkPolicy } from "../../overlay/policy/policy.js";
import { facts, printJson, table } from "../report.js";
import { type End, type Question, questionOf } from "./ends.js";
import { type Cell, cellText, matrixOf, setText } from "./matrix.js";
import { type Leg, type Way, wayOf } from "./path.js";
import { kindText, type Traffic } from "./traffic.js";

export interface CheckOptions {
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

/** Exit code 0; 1 when nothing of what was asked about is allowed, or there is no way for it. */
export async function policyCheck(file: string, { from, to, json }: CheckOptions): Promise<number> {
  const fabric = parseFabric(file, readFileSync(file, "utf8"));
  if (from === undefined && to === undefined) {
    printMatrices(file, fabric, json);
    return 0;
  }
  if (from === undefined) throw new ConfigError("--from", from, "given with --to");
  if (to === undefined) throw new ConfigError("--to", to, "given with --from");
  const question = questionOf(fabric, from, to);
  if (!question) {
    printElsewhere(from, to, json);
    return 1;
  }
  const passing = question.traffic.filter(({ verdict }) => verdict.action !== "deny");
  const ways = waysOf(fabric, question, passing);
  const isAllowed = passing.length > 0 && ways.every(({ isPossible }) => isPossible);
  if (json) printJson({ file, ...answerJson(question, ways, isAllowed) });
  else printAnswer(question, ways, passing.length > 0);
  return isAllowed ? 0 : 1;
}

/** A way for each waypoint that what passes goes through, or for none. */
function waysOf(fabric: Fabric, { network, from, to }: Question, passing: readonly Traffic[]): Way[] {
  const waypoints = [...new Set(passing.map(({ verdict }) => verdict.via))];
  return waypoints.flatMap((via) => wayOf(fabric, network, from.endpoint, to.endpoint, via) ?? []);
}

function printElsewhere(from: string, to: string, json: boolean | undefined): void {
  const reason = "the two are in different networks, and nothing crosses networks";
  if (json) printJson({ allowed: false, network: null, reason, traffic: [], ways: [] });
  else
    console.log(
      facts([
        ["allowed", "no"],
        ["from", from],
        ["to", to],
        ["because", reason],
      ]),
    );
}

function printAnswer({ network, from, to, traffic }: Question, ways: readonly Way[], isAllowed: boolean): void {
  const [{ verdict: first }, ...others] = traffic as [Traffic, ...Traffic[]];
  const isOne = others.length === 0;
  console.log(
    facts([
      ["allowed", isOne ? answerText(first) : isAllowed ? "in part" : "no"],
      ["network", networkText(network)],
      ["from", endText(from)],
      ["to", endText(to)],
      ...(isOne ? ([["because", first.reason]] as const) : []),
    ]),
  );
  if (!isOne) {
    const rows = traffic.map((kind) => [kindText(kind), answerText(kind.verdict), kind.verdict.reason]);
    console.log(`\n${table(["traffic", "allowed", "because"], rows)}`);
  }
  if (isAllowed && !to.endpoint)
    console.log("\nno endpoint of the file has this address: the path is shown as far as it is known");
  for (const way of ways) console.log(`\n${wayText(way)}`);
}

function answerText({ action, via, stateful }: Verdict): string {
  if (action === "deny") return "no";
  const how = action === "via" ? `yes, via ${via}` : "yes";
  return stateful ? `${how}, and what returns of it` : how;
}

function endText({ endpoint, ip }: End): string {
  if (!endpoint) return `${ip}, which no endpoint has`;
  const { name, partition, ips, host } = endpoint;
  const addresses = (ip === undefined ? ips : [ip]).join(", ") || "no IP address";
  return `${name}${partition === name ? "" : ` (partition ${partition})`}, ${addresses}, on ${host}`;
}

function networkText({ name, vni, tenant }: NetworkPolicy): string {
  return `${name}, VNI ${vni}${tenant === undefined ? "" : `, tenant ${tenant}`}`;
}

function wayText({ via, legs, mtuBytes, isPossible }: Way): string {
  const rows = legs.map(
    (leg, i) => [i === 0 ? (via === undefined ? "path" : `path via ${via}`) : "then", legText(leg)] as const,
  );
  return facts([...rows, ...(isPossible ? ([["largest IP packet", `${mtuBytes} bytes`]] as const) : [])]);
}

function legText({ from, fromAddress, to, toAddress, encapsulation, overhead }: Leg): string {
  if (from === to) return `within ${from}: local delivery, no encapsulation`;
  const ends = `${from} (${fromAddress}) to ${to} (${toAddress})`;
  if (!overhead) return `${ends}: none, as the hosts have no encapsulation in common for this network`;
  const { headerBytes, trailerBytes } = overhead;
  const behind = trailerBytes === 0 ? "" : ` and ${trailerBytes} behind`;
  return `${ends} in ${encapsulation}: ${headerBytes} bytes in front of each frame${behind}`;
}

function answerJson({ network, from, to, target, traffic }: Question, ways: readonly Way[], isAllowed: boolean) {
  return {
    allowed: isAllowed,
    network: { name: network.name, vni: network.vni, tenant: network.tenant ?? null },
    from: endJson(from),
    to: endJson(to),
    protocol: target.protocol ?? null,
    port: target.port ?? null,
    traffic: traffic.map(trafficJson),
    ways: ways.map(({ via, legs, mtuBytes, isPossible }) => ({
      via: via ?? null,
      possible: isPossible,
      mtuBytes: isPossible ? mtuBytes : null,
      legs: legs.map(legJson),
    })),
  };
}

function endJson({ endpoint, ip }: End) {
  const known = endpoint as FabricEndpoint | undefined;
  return {
    endpoint: known?.name ?? null,
    partition: known?.partition ?? null,
    ip: ip ?? null,
    host: known?.host ?? null,
  };
}

function trafficJson({ protocol, ports, verdict }: Traffic) {
  const { action, via, stateful, rule, reason } = verdict;
  const { index, name, line, from, to } = rule ?? {};
  return {
    protocol,
    ports: ports ?? null,
    action,
    via: via ?? null,
    stateful,
    rule: rule ? { index, name: name ?? null, line, from, to } : null,
    reason,
  };
}

function legJson({ from, fromAddress, to, toAddress, encapsulation, overhead }: Leg) {
  return {
    from: { host: from, address: fromAddress },
    to: { host: to, address: toAddress },
    local: from === to,
    encapsulation: encapsulation ?? null,
    headerBytes: overhead?.headerBytes ?? 0,
    trailerBytes: overhead?.trailerBytes ?? 0,
  };
}

function printMatrices(file: string, fabric: Fabric, json: boolean | undefined): void {
  const networks = [...fabric.policy.networks.values()].map((network) => ({
    network,
    cells: matrixOf(fabric, network),
  }));
  if (json) {
    const of = (cell: Cell) => ({ from: cell.from, to: cell.to, traffic: cell.traffic.map(trafficJson) });
    const matrices = networks.map(({ network, cells }) => ({
      network: { name: network.name, vni: network.vni, tenant: network.tenant ?? null },
      default: network.default,
      groups: network.groups,
      rules: network.rules.length,
      matrix: cells.flat().map(of),
    }));
    printJson({ file, endpoints: fabric.endpoints.size, hosts: fabric.hosts.size, networks: matrices });
    return;
  }
  for (const { network, cells } of networks) {
    const { groups, rules } = network;
    console.log(`${networkText(network)}: ${groups.length} groups, ${rules.length} rules, default ${network.default}`);
    const sets = cells.map(([first]) => setText((first as Cell).from));
    const rows = cells.map((row, i) => [sets[i] as string, ...row.map(cellText)]);
    console.log(`${table(["from \\ to", ...sets], rows)}\n`);
  }
  console.log(
    `${file} is right: ${networks.length} networks, ${fabric.endpoints.size} endpoints, ${fabric.hosts.size} hosts`,
  );
}
