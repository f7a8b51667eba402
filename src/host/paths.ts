/** Path translations: how a network's frames get to another host. By its own address, or as the host's options say. */
import { TUNNEL_FRAME_BYTES_MAX } from "../../assembly/layout.js";
import type { EncapsulationName, HostRecord } from "../directory/records.js";
import { ConfigError } from "../errors.js";
import { encodeRoceTunnel } from "../gqp/tunnel.js";
import type { PathChoice } from "../overlay/plane/routes.js";
import { agreedEncapsulation } from "../overlay/policy/agree.js";
import type { NetworkPolicy } from "../overlay/policy/policy.js";
import { encodeTunnel } from "../overlay/tunnel.js";
import type { HostOptions, HostSettings, PathHint } from "./options.js";
import type { HostEngine } from "./plane.js";

const ETHERNET_BYTES = 14;

/** A path as people see it. */
export interface Path {
  readonly remote: string;
  readonly encapsulation: EncapsulationName;
  readonly uplink: number;
  readonly weight: number;
  readonly order: number;
  /** Largest IP packet of the underlay on this path. */
  readonly mtuBytes: number;
}

/** What decides on paths to another host. */
export interface PathContext {
  readonly settings: HostSettings;
  readonly options: HostOptions<HostEngine>;
  /** Whether an uplink, by its place, can be used. */
  isUp(uplink: number): boolean;
}

/** All paths to a host for a network, usable or not; none when the hosts have no encapsulation or no kind of address in common. */
export function pathsTo(context: PathContext, network: NetworkPolicy, target: HostRecord): Path[] {
  const { settings, options } = context;
  const hints: readonly PathHint[] = options.pathsTo?.[target.name] ?? [{}];
  const usual = agreedEncapsulation(network, settings.record.encapsulations, target.encapsulations);
  const isOfFamily = (address: string) => address.includes(":") === settings.record.address.includes(":");
  return hints.flatMap((hint) => {
    const encapsulation = hint.encapsulation ?? usual;
    const remote = hint.remote ?? target.address;
    if (encapsulation === undefined || !target.encapsulations.includes(encapsulation) || !isOfFamily(remote)) return [];
    const mtus = [settings.record.mtuBytes, target.mtuBytes, hint.mtuBytes];
    return {
      ...{ remote, encapsulation, uplink: hint.uplink ?? 0, weight: hint.weight ?? 1, order: hint.order ?? 0 },
      mtuBytes: Math.min(...mtus.filter((mtu) => mtu !== undefined)),
    };
  });
}

/** Those that are used now: of the lowest order that has one whose uplink is up. */
export function usablePaths(context: PathContext, paths: readonly Path[]): Path[] {
  const usable = paths.filter(({ uplink }) => context.isUp(uplink));
  const lowest = Math.min(...usable.map(({ order }) => order));
  return usable.filter(({ order }) => order === lowest);
}

/** A path for the data plane. Throws ConfigError for what cannot be: a VNI that the encapsulation does not have, an MTU too small. */
export function choiceOf(context: PathContext, network: NetworkPolicy, target: HostRecord, path: Path): PathChoice {
  const { options, settings } = context;
  const { vlan, ttl, udpChecksum, sourcePorts, geneveOptions, dscp, ecn } = options.paths ?? {};
  const { remote, encapsulation, mtuBytes, uplink, weight } = path;
  const nextHopMac = options.pathsTo?.[target.name]?.find(
    (hint) => (hint.remote ?? target.address) === remote,
  )?.nextHopMac;
  const ends = { vni: network.vni, local: settings.record.address, remote, vlan, ttl, nextHopMac, mtuBytes };
  if (encapsulation === "rocev2") {
    const { record } = encodeRoceTunnel({ ...ends, udpChecksum, sourcePorts, dscp, ecn, innerVlan: network.innerVlan });
    return { record: bounded(record, network), uplink, weight };
  }
  if (encapsulation === "infiniband") throw new ConfigError("encapsulation", encapsulation, "one of IP's");
  const udp = encapsulation === "nvgre" ? {} : { udpChecksum, sourcePorts };
  const innerVlan = encapsulation === "nvgre" ? undefined : network.innerVlan;
  const extra = encapsulation === "geneve" ? { geneveOptions } : {};
  const { record } = encodeTunnel({ ...ends, ...udp, ...extra, encapsulation, dscp, ecn, innerVlan });
  return { record: bounded(record, network), uplink, weight };
}

/** The network's own MTU is of its packets, whatever the underlay would take. */
function bounded(record: Uint8Array, { mtuBytes }: NetworkPolicy): Uint8Array {
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const most = view.getUint32(TUNNEL_FRAME_BYTES_MAX, true);
  if (mtuBytes !== undefined) view.setUint32(TUNNEL_FRAME_BYTES_MAX, Math.min(most, ETHERNET_BYTES + mtuBytes), true);
  return record;
}
