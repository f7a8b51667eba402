/** The way that allowed traffic takes from host to host, and what it costs. */

import type { EncapsulationName } from "../../directory/records.js";
import type { Fabric, FabricEndpoint, FabricHost } from "../../document/fabric.js";
import { type OverlayMtu, overlayMtu } from "../../overlay/mtu.js";
import { agreedEncapsulation } from "../../overlay/policy/agree.js";
import type { NetworkPolicy } from "../../overlay/policy/policy.js";

export interface Leg {
  readonly from: string;
  readonly fromAddress: string;
  readonly to: string;
  readonly toAddress: string;
  /** Undefined on one host: nothing is encapsulated there; null when the hosts have none in common. */
  readonly encapsulation: EncapsulationName | undefined | null;
  readonly overhead: OverlayMtu | undefined;
}

export interface Way {
  /** The waypoint's partition. */
  readonly via: string | undefined;
  readonly legs: readonly Leg[];
  /** The largest IP packet that takes this way. */
  readonly mtuBytes: number;
  readonly isPossible: boolean;
}

/** No link of the network limits what stays on one host: IP's own length field does. */
const PACKET_BYTES_MAX = 65535;

/**
 * The way from one endpoint to another, through a waypoint unless that is the sender itself; to an address that no endpoint has, as far
 * as the waypoint. Undefined when nothing of it is known.
 */
export function wayOf(
  fabric: Fabric,
  network: NetworkPolicy,
  from: FabricEndpoint,
  to: FabricEndpoint | undefined,
  via: string | undefined,
): Way | undefined {
  const inside = [...fabric.endpoints.values()].filter((endpoint) => endpoint.network === network.name);
  const waypoint = inside.find(({ partition }) => partition === via);
  const stops = [from, ...(waypoint && waypoint !== from && waypoint !== to ? [waypoint] : []), ...(to ? [to] : [])];
  if (stops.length === 1) return undefined;
  const legs = stops.slice(1).map((stop, i) => legOf(fabric, network, stops[i] as FabricEndpoint, stop));
  const limits = legs.map(({ overhead }) => overhead?.ipMtuBytes ?? PACKET_BYTES_MAX);
  const mtuBytes = Math.min(network.mtuBytes ?? PACKET_BYTES_MAX, ...limits);
  return { via, legs, mtuBytes, isPossible: legs.every(({ encapsulation }) => encapsulation !== null) };
}

function legOf({ hosts }: Fabric, network: NetworkPolicy, from: FabricEndpoint, to: FabricEndpoint): Leg {
  const [sender, receiver] = [hosts.get(from.host) as FabricHost, hosts.get(to.host) as FabricHost];
  const ends = { from: from.host, fromAddress: sender.address, to: to.host, toAddress: receiver.address };
  if (from.host === to.host) return { ...ends, encapsulation: undefined, overhead: undefined };
  const encapsulation = agreedEncapsulation(network, sender.encapsulations, receiver.encapsulations) ?? null;
  const ipVersion = sender.address.includes(":") ? 6 : 4;
  const mtuBytes = Math.min(sender.mtuBytes, receiver.mtuBytes);
  if (encapsulation === null) return { ...ends, encapsulation, overhead: undefined };
  const overhead = overlayMtu(mtuBytes, { encapsulation, ipVersion, innerVlan: network.innerVlan });
  return { ...ends, encapsulation, overhead };
}
