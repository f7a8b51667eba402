/** Sockets: who is at their ends, and whether their packets fit into what the underlay leaves. */
import type { Path, Refuse } from "../../document/parse.js";
import { overlayMtu } from "../../index.js";
import { SESSION_PORT } from "../../rdma/agent/options.js";
import { PATH_MTUS } from "../../rdma/estimate/wire-cost.js";
import { everOn } from "../cast.js";
import type { EndpointText, ScenarioText } from "../schema.js";
import type { SocketsText } from "../sockets-schema.js";
import { checkEnds, checkVersions, versionBetween } from "./traffic.js";

/** Around the payload of a SEND with an immediate: UDP 8, BTH 12, immediate 4, ICRC 4, and IP. */
const PACKET_BYTES = 8 + 12 + 4 + 4;
const IP_BYTES = { 4: 20, 6: 40 } as const;

export function checkSockets(scenario: ScenarioText, refuse: Refuse): void {
  const { sockets, endpoints } = scenario;
  for (const [i, text] of sockets.entries()) {
    const path = ["sockets", i];
    const { from, to, port, mtu } = text;
    checkEnds(scenario, path, from, to, refuse);
    checkVersions(endpoints, [...path, "to"], from, to, refuse);
    if (port === SESSION_PORT)
      refuse([...path, "port"], `another than ${SESSION_PORT}, where agents agree on sessions`);
    const before = sockets.slice(0, i);
    // Between two endpoints there is one session, whose counters are those of one item.
    const same = before.findIndex((other) => [other.from, other.to].every((end) => end === from || end === to));
    if (same >= 0) refuse(path, `endpoints that sockets ${same} does not join`);
    const own = before.find((other) => other.from === from);
    if (own && own.mtu !== mtu) refuse([...path, "mtu"], `${own.mtu}, which ${from} has with ${own.to}, too`);
    checkMtu(scenario, [...path, "mtu"], text, refuse);
  }
}

/** Where one of the two ever is, the other's packets must fit. */
function checkMtu(scenario: ScenarioText, path: Path, { from, to, mtu }: SocketsText, refuse: Refuse): void {
  const { endpoints, hosts } = scenario;
  const [source, target] = [endpoints[from] as EndpointText, endpoints[to] as EndpointText];
  const version = versionBetween(source.ips, target.ips) ?? 4;
  const places = Object.keys(hosts).filter((host) =>
    everOn(scenario, host).some((name) => name === from || name === to),
  );
  if (places.length < 2) return;
  for (const host of places) {
    const room = roomOn(scenario, host, source.network) - IP_BYTES[version] - PACKET_BYTES;
    if (mtu <= room) continue;
    const most = PATH_MTUS.findLast((bytes) => bytes <= room);
    refuse(path, `at most ${most ?? 0}, for which mtuBytes of ${host} has room, received ${mtu}`);
  }
}

/** The longest IP packet that a host's underlay has room for, in the network's encapsulation or the leanest. */
function roomOn({ hosts, networks }: ScenarioText, host: string, network: string): number {
  const { address, mtuBytes, encapsulations } = hosts[host] as ScenarioText["hosts"][string];
  const own = networks[network]?.encapsulation;
  const ipVersion = address.includes(":") ? 6 : 4;
  const rooms = (own ? [own] : encapsulations).map((encapsulation) => {
    return overlayMtu(mtuBytes, { encapsulation, ipVersion }).ipMtuBytes;
  });
  return Math.max(...rooms);
}
