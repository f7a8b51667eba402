/** The hosts of a scenario: an engine each, with a port for each partition and one uplink, or several in a LAG group. */
import { createEngine, type Engine, type LagGroup, type Port, type WasmSource } from "../index.js";
import type { Scenario } from "./schema.js";

export interface Host {
  readonly engine: Engine;
  /** In the order of the file; the other host's port of the same number is at the cable's other end. */
  readonly uplinks: readonly Port[];
  readonly vnics: ReadonlyMap<string, Port>;
  /** Where there are several uplinks. */
  readonly group: LagGroup | undefined;
}

type HostText = Scenario["hosts"][string];

export async function startHosts(scenario: Scenario, wasm: WasmSource | undefined): Promise<Map<string, Host>> {
  const hosts = new Map<string, Host>();
  for (const [name, text] of Object.entries(scenario.hosts)) {
    const [remote] = Object.entries(scenario.hosts).filter(([other]) => other !== name) as [[string, HostText]];
    hosts.set(name, await startHost(scenario, text, remote[1].address, wasm));
  }
  return hosts;
}

async function startHost(scenario: Scenario, host: HostText, remote: string, wasm: WasmSource | undefined) {
  const { udpChecksum, ...sizes } = scenario.engine;
  const { address, partitions, uplinks: names } = host;
  const ip = address.includes(":") ? "ipv6" : "ipv4";
  const count = Object.keys(partitions).length;
  const addresses = Object.values(partitions).reduce((sum, { macs = [] }) => sum + macs.length, 1);
  const engine = await createEngine({
    ...sizes,
    ports: count + (names?.length ?? 1),
    tunnels: count,
    headers: ["ethernet", ip, "udp", "vxlan"],
    ...(names && { lag: { partitions: count, addresses } }),
    ...(wasm && { wasm }),
  });
  // No partition can be called that.
  const uplinks = (names ?? ["(uplink)"]).map((name) => engine.addPort(name, { scatterGather: true }));
  // A cable to one other host: whatever it sends comes once.
  const group = names && engine.addLagGroup({ ports: uplinks, floods: "any" });
  const vnics = new Map<string, Port>();
  const ends = { local: address, remote, ...(udpChecksum && { udpChecksum }) };
  for (const [partition, { network, macs, members, backup, standalone }] of Object.entries(partitions)) {
    const vnic = engine.addPort(partition, { scatterGather: true });
    vnics.set(partition, vnic);
    const vni = scenario.networks[network]?.vni as number;
    if (!group) {
      engine.addTunnel({ vni, ...ends, vnic, uplink: uplinks[0] as Port });
      continue;
    }
    const tunnel = engine.tunnels.find((other) => other.vni === vni) ?? engine.addTunnel({ vni, ...ends });
    const portOf = (name: string) => uplinks[names.indexOf(name)] as Port;
    group.addPartition({
      name: partition,
      vnic,
      tunnel,
      ...(macs && { macs }),
      ...(members && { members: members.map(portOf) }),
      ...(backup && { backup: backup.map(portOf) }),
      ...(standalone && { standalone: portOf(standalone) }),
    });
  }
  return { engine, uplinks, vnics, group };
}

/** parseScenario has seen that the partition exists. */
export function vnicOf(hosts: ReadonlyMap<string, Host>, partition: string): Port {
  for (const { vnics } of hosts.values()) {
    const vnic = vnics.get(partition);
    if (vnic) return vnic;
  }
  throw new Error(`no host has a partition ${partition}`);
}
