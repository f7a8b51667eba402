/** What a connection manager is made with and asked for, checked. */
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";
import { ipText, macOf, macText, parseIp, parseMac } from "../../overlay/address.js";
import type { AcceptOptions, CmEndpointOptions, ConnectOptions, PathMtuBytes } from "../cm/index.js";
import type { Access, AddressOptions, QueuePair, RdmaDevice } from "../verbs/index.js";

/** How long ends wait, and how often they try again; by default as Linux does (cm/options.ts). */
type Timeouts = Pick<
  ConnectOptions,
  | "remoteCmResponseTimeout"
  | "localCmResponseTimeout"
  | "maxCmRetries"
  | "packetLifeTime"
  | "retryCount"
  | "rnrRetryCount"
> &
  Pick<CmEndpointOptions, "caAckDelay" | "maxServiceTimeoutMs">;

export interface ConnectionManagerOptions extends Timeouts {
  readonly device: RdmaDevice;
  /** This end's IPv4 or IPv6 address. */
  readonly local: string;
  /** This end's MAC address; a locally administered one made of the IP address by default. */
  readonly localMac?: string | undefined;
  /** The MAC address of the next hop to every remote. */
  readonly remoteMac?: string | undefined;
  /** The MAC address of the next hop to a remote, when it is not the same for all; by default one made of the remote's IP address. */
  readonly resolver?: ((remote: string) => string) | undefined;
  /** UDP source port of all packets; by default 49152 for MADs, and each connection's own by its flow label. */
  readonly sourcePort?: number | undefined;
  /** DSCP, 0 to 63; 0 by default. */
  readonly dscp?: number | undefined;
  /** Draws 32 bits. A peer that does not see the traffic should not be able to guess them. */
  readonly random: () => number;
  /** Told from poll of queue pairs that went to ERROR and that no connection here has: RdmaDevice.takeErrors for the others. */
  readonly onQueuePairError?: ((qp: QueuePair) => void) | undefined;
  /** The channel adapter's GUID, 64 bits: made of the MAC address by default (EUI-64). */
  readonly caGuid?: bigint | undefined;
  /** Connections at a time, with those that are not closed yet; 4096 by default. */
  readonly maxConnections?: number | undefined;
  /** Address handles of the device that are taken for MADs; half of them by default. There may be more remotes than that. */
  readonly addresses?: number | undefined;
}

/** What both ends of a connection say of their queue pair. */
interface QueuePairRequest extends Pick<AcceptOptions, "rnrRetryCount"> {
  /** A reliable connection's queue pair in RESET or INIT: the manager's until *closed*. */
  readonly qp: QueuePair;
  /** What the peer may do, for a queue pair in RESET: WRITE, READ and atomics by default, as its regions' keys permit. */
  readonly access?: readonly Access[] | undefined;
  /** READs and atomics that this end answers at a time, and wants under way at a time: 0 to 16, 16 by default. */
  readonly responderResources?: number | undefined;
  readonly initiatorDepth?: number | undefined;
  /** Packets without an answer, 1 to 4096; 128 by default. */
  readonly window?: number | undefined;
  readonly privateData?: Uint8Array | undefined;
}

export interface ConnectRequest extends QueuePairRequest, Omit<Timeouts, "caAckDelay" | "maxServiceTimeoutMs"> {
  readonly remote: string;
  /** TCP port of the RDMA IP CM service; private data has at most 56 bytes. */
  readonly port: number;
  /** The port that the peer sees as this end's; drawn from the dynamic ones by default. */
  readonly localPort?: number | undefined;
  /** In bytes; 1024 by default, or what the device can. */
  readonly pathMtu?: PathMtuBytes | undefined;
  /** 20 bits; drawn by default. */
  readonly flowLabel?: number | undefined;
}

/** Private data has at most 196 bytes. */
export type AcceptRequest = QueuePairRequest;

export const RESOURCES_MAX = 16;
/** Linux's communication manager lets peers do all of it, too (cm_init_qp_init_attr). */
export const ACCESS_DEFAULT: readonly Access[] = ["remote-write", "remote-read", "remote-atomic"];

/** An address as it is compared. Throws ConfigError. */
export function canonicalIp(argument: string, address: string): string {
  return ipText(parseIp(argument, address));
}

/** Where packets to a remote go. Throws ConfigError, then or at once. */
export function pathsOf(options: ConnectionManagerOptions): (remote: string, sourcePort?: number) => AddressOptions {
  const { local, localMac, remoteMac, resolver, sourcePort, dscp } = options;
  if (localMac !== undefined) parseMac("localMac", localMac);
  if (remoteMac !== undefined) parseMac("remoteMac", remoteMac);
  if (remoteMac !== undefined && resolver) throw new ConfigError("resolver", "given", "left out with remoteMac");
  if (sourcePort !== undefined) checkInteger("sourcePort", sourcePort, 1, 65_535);
  return (remote, port) => ({
    local,
    remote,
    dscp,
    sourceMac: localMac,
    nextHopMac: resolver ? resolver(remote) : remoteMac,
    sourcePort: sourcePort ?? port,
  });
}

/** The connection's own, then the manager's. */
export function timeoutsOf(all: ConnectionManagerOptions, own: ConnectRequest) {
  return {
    remoteCmResponseTimeout: own.remoteCmResponseTimeout ?? all.remoteCmResponseTimeout,
    localCmResponseTimeout: own.localCmResponseTimeout ?? all.localCmResponseTimeout,
    maxCmRetries: own.maxCmRetries ?? all.maxCmRetries,
    packetLifeTime: own.packetLifeTime ?? all.packetLifeTime,
    retryCount: own.retryCount ?? all.retryCount,
  };
}

/** What its connections have in common. */
export function endpointOptionsOf(options: ConnectionManagerOptions): CmEndpointOptions {
  const { random, caAckDelay, maxServiceTimeoutMs, maxConnections } = options;
  return {
    caGuid: options.caGuid ?? guidOf(options),
    drawCommunicationId: () => random() >>> 0 || 1,
    caAckDelay,
    maxServiceTimeoutMs,
    maxConnections,
  };
}

/** What rdma_cm takes for Ethernet's 1500 bytes, where the device can. */
export function defaultMtu({ maxMtu }: RdmaDevice): PathMtuBytes {
  return maxMtu === undefined || maxMtu > 1024 ? 1024 : maxMtu;
}

/** EUI-64 of the MAC address, with the bit for "locally administered" turned over (RFC 4291, appendix A). */
function guidOf({ local, localMac }: ConnectionManagerOptions): bigint {
  const mac = parseMac("localMac", localMac ?? macText(macOf(parseIp("local", local))));
  const bytes = [(mac[0] as number) ^ 2, ...mac.subarray(1, 3), 0xff, 0xfe, ...mac.subarray(3)];
  return bytes.reduce((guid, byte) => (guid << 8n) | BigInt(byte), 0n);
}
