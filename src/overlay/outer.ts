/** The outer headers of whatever goes over IP, as its options say, checked. */
import { checkBoolean, checkInteger } from "../check.js";
import { ConfigError } from "../errors.js";
import { macOf, parseIp, parseMac } from "./address.js";

export interface EndOptions {
  /** This host's and the remote host's underlay addresses, both IPv4 or both IPv6. */
  readonly local: string;
  readonly remote: string;
  /** Outer MAC addresses; by default locally administered ones made of the IP addresses. */
  readonly sourceMac?: string | undefined;
  readonly nextHopMac?: string | undefined;
  /** Outer 802.1Q VLAN id, 1 to 4094. */
  readonly vlan?: number | undefined;
  /** Outer time to live; 64 by default. */
  readonly ttl?: number | undefined;
}

export interface TosOptions {
  /**
   * Outer DSCP (RFC 2983): a number, 0 to 63, which ends with the tunnel (pipe model; 0 by default), or "uniform": that of the frame
   * inside, to which the underlay's is handed back.
   */
  readonly dscp?: "uniform" | number | undefined;
  /** The inner ECN field is copied to the outer one (RFC 6040 section 4.1): true by default. Marks that arrive are always handed on. */
  readonly ecn?: boolean | undefined;
}

/** Addresses in network order: IP 4 bytes each or 16 each. */
export interface Ends {
  readonly local: Uint8Array;
  readonly remote: Uint8Array;
  readonly sourceMac: Uint8Array;
  readonly nextHopMac: Uint8Array;
  /** No tag when absent. */
  readonly vlan: number | undefined;
  /** Time to live or hop limit. */
  readonly ttl: number;
}

export interface Tos {
  /** Bits of the type of service, or traffic class, that every frame has. */
  readonly tos: number;
  /** Those that are copied from the frame inside. */
  readonly tosKeep: number;
  readonly uniform: boolean;
}

/** Throws ConfigError. */
export function checkEnds({ sourceMac, nextHopMac, vlan, ttl, ...options }: EndOptions): Ends {
  const local = parseIp("local", options.local);
  const remote = parseIp("remote", options.remote);
  if (local.length !== remote.length)
    throw new ConfigError("remote", options.remote, "of the same IP version as local");
  return {
    local,
    remote,
    sourceMac: sourceMac === undefined ? macOf(local) : parseMac("sourceMac", sourceMac),
    nextHopMac: nextHopMac === undefined ? macOf(remote) : parseMac("nextHopMac", nextHopMac),
    vlan: vlan === undefined ? undefined : checkInteger("vlan", vlan, 1, 4094),
    ttl: checkInteger("ttl", ttl ?? 64, 1, 255),
  };
}

/** Throws ConfigError. */
export function checkTos({ dscp = 0, ...options }: TosOptions): Tos {
  const ecn = checkBoolean("ecn", options.ecn ?? true) ? 0x03 : 0;
  if (dscp === "uniform") return { tos: 0, tosKeep: 0xfc | ecn, uniform: true };
  if (!Number.isInteger(dscp) || dscp < 0 || dscp > 63)
    throw new ConfigError("dscp", dscp, '"uniform" or a whole number from 0 to 63');
  return { tos: dscp << 2, tosKeep: ecn, uniform: false };
}

/** A range of outer source ports, both ends included; 49152-65535 by default. Throws ConfigError. */
export function checkSourcePorts(ports: readonly [first: number, last: number] = [49152, 65535]) {
  const [first, last] = ports;
  checkInteger("sourcePorts[0]", first, 1, 65535);
  checkInteger("sourcePorts[1]", last, first, 65535);
  return ports;
}
