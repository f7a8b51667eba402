/** The hosts of a scenario: an engine each, with its uplinks, one or several in a LAG group, and a port for everybody who is ever there. */
import { defined } from "../defined.js";
import {
  createEngine,
  type Engine,
  HostCore,
  type LagGroup,
  type MovingDevice,
  type Port,
  type WasmSource,
} from "../index.js";
import { everOn, isLimited } from "./cast.js";
import { ONLY_UPLINK } from "./check/uplinks.js";
import type { Scenario } from "./parse.js";
import { placeOn } from "./places.js";

export interface ScenarioHost {
  readonly name: string;
  readonly core: HostCore;
  readonly engine: Engine;
  /** In the order of the file. */
  readonly uplinks: readonly Port[];
  /** Where there are several uplinks. */
  readonly group: LagGroup | undefined;
  /** By endpoint. */
  readonly vnics: ReadonlyMap<string, Port>;
  /** By endpoint: where its adapters that are no ports of the host go on, by their names. */
  readonly devices: Map<string, (name: string) => MovingDevice | string>;
}

export async function startHosts(scenario: Scenario, wasm: WasmSource | undefined): Promise<Map<string, ScenarioHost>> {
  const hosts = new Map<string, ScenarioHost>();
  for (const name of Object.keys(scenario.hosts)) hosts.set(name, await startHost(scenario, name, wasm));
  return hosts;
}

async function startHost(scenario: Scenario, name: string, wasm: WasmSource | undefined): Promise<ScenarioHost> {
  const { udpChecksum, wall, heldFrames, ...sizes } = scenario.engine;
  const { address, uplinks: names, mtuBytes, encapsulations } = scenario.hosts[name] as Scenario["hosts"][string];
  const guests = everOn(scenario, name);
  const hasLimits = isLimited(scenario, name);
  const engine = await createEngine({
    ...sizes,
    ports: guests.length + (names?.length ?? 1),
    tunnels: 0,
    // Ethernet, IP, UDP, then VXLAN's 8 bytes, or the 24 of a queue pair's headers, for which no name stands.
    headers: ["ethernet", address.includes(":") ? "ipv6" : "ipv4", "udp", "vxlan", "geneve", "geneve"],
    overlay: {
      networks: Math.max(1, Object.keys(scenario.networks).length),
      ...(heldFrames && { heldFrames }),
    },
    ...(scenario.moves.length > 0 && { migration: {} }),
    ...(names && { lag: { partitions: Math.max(1, guests.length) } }),
    ...(hasLimits && { limits: {}, health: {} }),
    ...(wasm && { wasm }),
  });
  const uplinks = (names ?? [ONLY_UPLINK]).map((uplink) => engine.addPort(uplink, { scatterGather: true }));
  const group = names && engine.addLagGroup({ ports: uplinks });
  const vnics = new Map(guests.map((guest) => [guest, engine.addPort(guest, { scatterGather: true })] as const));
  const places = { vnics, group, uplinks };
  const devices = new Map<string, (name: string) => MovingDevice | string>();
  const nameOf = (vni: string | number, mac: string) =>
    guests.find((guest) => isSame(scenario, guest, vni, mac)) as string;
  const core = new HostCore({
    moves: {
      incoming: ({ adapters }) => adapters.map(({ network, mac }) => placeOn(scenario, nameOf(network, mac), places)),
      device: (name, { adapters: [first] }) =>
        devices.get(first ? nameOf(first.network, first.mac) : "")?.(name) ?? `${name} is nobody's`,
    },
    ...{ name, engine, address, uplinks: group ?? uplinks, policy: scenario.policy, mtuBytes, encapsulations },
    ...(udpChecksum && { paths: { udpChecksum } }),
    ...(hasLimits && { limits: engine.addLimits(defined({ wall })) }),
  });
  return { name, core, engine, ...places, devices };
}

function isSame({ endpoints, networks }: Scenario, name: string, vni: string | number, mac: string): boolean {
  const text = endpoints[name];
  return text !== undefined && networks[text.network]?.vni === vni && text.mac.toLowerCase() === mac;
}
