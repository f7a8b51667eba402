/** What a user asks for when it connects or accepts, checked and made a REQ or a REP. */
import { checkInteger } from "../../check.js";
import { ConfigError } from "../../errors.js";
import { parseIp } from "../../overlay/address.js";
import { encodeIpService, ipServiceId } from "./ip-service.js";
import type { Rep } from "./messages.js";
import { ackTimeout, mtuCode, PATH_MTU_BYTES, type PathMtuBytes } from "./quantity.js";
import { type CmIdentity, NOTHING } from "./record.js";
import { NO_PATH, type Req } from "./req.js";

export interface QueuePairOptions {
  /** The queue pair's number, 24 bits. */
  readonly qpn: number;
  /** The first PSN that it expects, 24 bits: the peer begins with it. */
  readonly startingPsn: number;
  /** READs and atomics that it answers at a time; 1 by default. */
  readonly responderResources?: number | undefined;
  /** READs and atomics that it wants under way at a time; 1 by default. */
  readonly initiatorDepth?: number | undefined;
  /** How often the peer is to try again when this end has no buffer; 7 (without end) by default. */
  readonly rnrRetryCount?: number | undefined;
  readonly endToEndFlowControl?: boolean | undefined;
  /** Its receive queue is a shared one. */
  readonly srq?: boolean | undefined;
  readonly privateData?: Uint8Array | undefined;
}

export interface ConnectOptions extends QueuePairOptions {
  /** A service id, with 92 bytes of private data; or a TCP port by the RDMA IP CM service, with 56. */
  readonly service: bigint | { readonly port: number; readonly sourcePort: number };
  /** Addresses, both IPv4 or both IPv6. */
  readonly local: string;
  readonly remote: string;
  /** 1024 by default. */
  readonly pathMtuBytes?: PathMtuBytes | undefined;
  /** Packet retries, 0-7; 7 by default. */
  readonly retryCount?: number | undefined;
  /** Time codes: within which the peer, and this end, answers CM messages; 20 (4.3 s) by default. */
  readonly remoteCmResponseTimeout?: number | undefined;
  readonly localCmResponseTimeout?: number | undefined;
  /** 0-15; 15 by default. */
  readonly maxCmRetries?: number | undefined;
  /** Time code: how long a packet lives on the way; 18 (1.1 s) by default, what Linux takes for Ethernet. */
  readonly packetLifeTime?: number | undefined;
  readonly partitionKey?: number | undefined;
  readonly flowLabel?: number | undefined;
  readonly trafficClass?: number | undefined;
  readonly hopLimit?: number | undefined;
}

export type AcceptOptions = QueuePairOptions;

const LID_PERMISSIVE = 0xffff;

/** Names and bounds of identity. Throws ConfigError. */
export function checkIdentity(identity: CmIdentity): Required<CmIdentity> {
  const { caGuid, transactionId, caAckDelay = 15, maxServiceTimeoutMs = 60_000 } = identity;
  checkInteger("localCommunicationId", identity.localCommunicationId, 1, 0xffff_ffff);
  for (const [name, value] of Object.entries({ caGuid, transactionId })) {
    if (BigInt.asUintN(64, value) !== value) throw new ConfigError(name, value, "64 bits");
  }
  checkInteger("caAckDelay", caAckDelay, 0, 31);
  checkInteger("maxServiceTimeoutMs", maxServiceTimeoutMs, 0, 2 ** 31);
  return { ...identity, caAckDelay, maxServiceTimeoutMs };
}

/** Time code of a packet's life time, checked. */
export function packetLifeTimeOf(options: ConnectOptions): number {
  return checkInteger("packetLifeTime", options.packetLifeTime ?? 18, 0, 31);
}

/** The REQ; fields out of their bounds are named when it is encoded. Throws ConfigError. */
export function reqOf(identity: Required<CmIdentity>, options: ConnectOptions): Req {
  const { service, pathMtuBytes = 1024, privateData = NOTHING } = options;
  if (!PATH_MTU_BYTES.includes(pathMtuBytes)) {
    throw new ConfigError("pathMtuBytes", pathMtuBytes, `one of ${PATH_MTU_BYTES.join(", ")}`);
  }
  const isIp = typeof service !== "bigint";
  const header = { majorVersion: 0, minorVersion: 0, source: options.local, destination: options.remote };
  return {
    ...queuePairOf(identity, options),
    serviceId: isIp ? ipServiceId(service.port) : service,
    localEecn: 0,
    remoteEecn: 0,
    remoteCmResponseTimeout: options.remoteCmResponseTimeout ?? 20,
    transportServiceType: 0,
    localCmResponseTimeout: options.localCmResponseTimeout ?? 20,
    retryCount: options.retryCount ?? 7,
    partitionKey: options.partitionKey ?? 0xffff,
    pathPacketPayloadMtu: mtuCode(pathMtuBytes),
    rdcExists: false,
    maxCmRetries: options.maxCmRetries ?? 15,
    extendedTransportType: 0,
    primary: {
      localLid: LID_PERMISSIVE,
      remoteLid: LID_PERMISSIVE,
      localGid: gidOf("local", options.local),
      remoteGid: gidOf("remote", options.remote),
      flowLabel: options.flowLabel ?? 0,
      packetRate: 0,
      trafficClass: options.trafficClass ?? 0,
      hopLimit: options.hopLimit ?? 64,
      sl: 0,
      subnetLocal: false,
      localAckTimeout: ackTimeout(packetLifeTimeOf(options), identity.caAckDelay),
    },
    alternate: NO_PATH,
    sapSupported: false,
    privateData: isIp ? encodeIpService({ ...header, sourcePort: service.sourcePort }, privateData) : privateData,
  };
}

/**
 * The REP to a REQ. READs and atomics are what both ends can do: this end answers no more than the peer wants, and has no more
 * under way than the peer answers (12.7.29, 12.7.30).
 */
export function repOf(identity: Required<CmIdentity>, req: Req, options: AcceptOptions): Rep {
  const queuePair = queuePairOf(identity, options);
  return {
    ...queuePair,
    remoteCommunicationId: req.localCommunicationId,
    localEecn: 0,
    responderResources: Math.min(queuePair.responderResources, req.initiatorDepth),
    initiatorDepth: Math.min(queuePair.initiatorDepth, req.responderResources),
    targetAckDelay: identity.caAckDelay,
    failoverAccepted: 0,
    privateData: options.privateData ?? NOTHING,
  };
}

/** What REQ and REP both say of the sender's end. */
function queuePairOf(identity: Required<CmIdentity>, options: QueuePairOptions) {
  return {
    localCommunicationId: identity.localCommunicationId,
    localCaGuid: identity.caGuid,
    // For datagrams only.
    localQkey: 0,
    localQpn: options.qpn,
    startingPsn: options.startingPsn,
    responderResources: checkInteger("responderResources", options.responderResources ?? 1, 0, 255),
    initiatorDepth: checkInteger("initiatorDepth", options.initiatorDepth ?? 1, 0, 255),
    rnrRetryCount: options.rnrRetryCount ?? 7,
    endToEndFlowControl: options.endToEndFlowControl ?? false,
    srq: options.srq ?? false,
  };
}

/** The 16 bytes of an address as a RoCEv2 GID (annex A17): IPv6, or IPv4-mapped. */
export function gidOf(argument: string, address: string): Uint8Array {
  const ip = parseIp(argument, address);
  return ip.length === 16 ? ip : Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...ip);
}
