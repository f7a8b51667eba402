/** What an agent is made with, and what it takes of a device. */
import { MESSAGE_BYTES } from "../../../assembly/layout.js";
import { checkInteger, checkPowerOfTwo } from "../../check.js";
import { type AggregatorLimits, type AggregatorOptions, aggregatorLimits } from "../aggregator/options.js";
import type { PathMtuBytes } from "../cm/index.js";
import type { ConnectionManagerOptions } from "../connect/index.js";
import { canonicalIp, defaultMtu } from "../connect/options.js";
import type { RdmaDevice, RdmaSizes } from "../verbs/index.js";
import type { AgentTerms } from "./state/image.js";

export interface AgentSizes {
  /** Connections at a time, aggregated and direct ones, 1 to 4096; 8 by default. */
  readonly connections?: number | undefined;
  /** Of sessions (transfersMax is what a connection has slots for, 32 by default here, a power of two). */
  readonly session?: AggregatorOptions | undefined;
}

export interface AgentOptions
  extends AgentSizes,
    Pick<ConnectionManagerOptions, "localMac" | "remoteMac" | "resolver"> {
  /** Made for it by an engine with `rdma: agentSizes(...)`; nobody else uses it. */
  readonly device: RdmaDevice;
  /** This end's IPv4 or IPv6 address. */
  readonly local: string;
  /** UDP source port of all packets; each connection's own by default. */
  readonly sourcePort?: number | undefined;
  /** Whose streams they are, 32 bits; 0 by default. Agents of different tenants take no sessions from one another. */
  readonly tenant?: number | undefined;
  /** False: no session is taken or asked for, and each stream has a connection to itself. */
  readonly aggregates?: boolean | undefined;
  /** The port that agents agree on sessions at, 1 to 65535; 21063 by default. */
  readonly sessionPort?: number | undefined;
  /** 1024 by default, or what the device can. */
  readonly pathMtu?: PathMtuBytes | undefined;
  /** Draws 32 bits, which nobody should be able to guess. */
  readonly random: () => number;
  /** Milliseconds now, by the clock of poll: when messages were written. By default the time of the last poll. */
  readonly clock?: (() => number) | undefined;
  /** There is something to do: poll should be called soon. Called from inside calls of streams. */
  readonly onWork?: (() => void) | undefined;
}

export const SESSION_PORT = 21_063;
/** Messages of a direct stream that lie at its receiver: each has a slot. */
export const DIRECT_SLOTS = 16;
export const DIRECT_SLOT_BYTES = 4096;

/** Throws ConfigError. */
export function sessionLimits(session: AggregatorOptions = {}): AggregatorLimits {
  const limits = aggregatorLimits({ transfersMax: 32, ...session });
  checkPowerOfTwo("session.transfersMax", limits.transfersMax, 2, 1024);
  return limits;
}

/** What an agent of these options goes by. Throws ConfigError. */
export function termsOf(options: AgentOptions): AgentTerms & { readonly pathMtu: PathMtuBytes } {
  return {
    address: canonicalIp("local", options.local),
    tenant: checkInteger("tenant", options.tenant ?? 0, 0, 2 ** 32 - 1),
    sessionPort: checkInteger("sessionPort", options.sessionPort ?? SESSION_PORT, 1, 65_535),
    pathMtu: options.pathMtu ?? defaultMtu(options.device),
    connections: checkInteger("connections", options.connections ?? 8, 1, 4096),
    aggregates: options.aggregates ?? true,
  };
}

/** Room on a device for an agent: the option `rdma` of its engine. Throws ConfigError. */
export function agentSizes({ connections = 8, session }: AgentSizes = {}): RdmaSizes {
  checkInteger("connections", connections, 1, 4096);
  const { transfersMax, transferBytes, aggregateBytes, messagesMax } = sessionLimits(session);
  const slots = 2 * transfersMax * (transferBytes + 128) + transfersMax * 64;
  const staged = 2 * messagesMax * MESSAGE_BYTES + aggregateBytes;
  const direct = 2 * DIRECT_SLOTS * DIRECT_SLOT_BYTES;
  const management = 65_536;
  // A connection that ended rests a while before its number is free, and the table is by numbers: four places for each, and for queue pair 1.
  const places = nextPowerOfTwo(4 * connections + 2);
  return {
    queuePairs: places,
    sendDepth: Math.max(64, transfersMax),
    receiveDepth: Math.max(64, transfersMax),
    completionQueues: 2 * connections + 2,
    completions: Math.max(256, 2 * transfersMax),
    regions: nextPowerOfTwo(2 * connections + 4),
    memoryBytes: connections * (Math.max(slots + staged, direct) + 4096) + management,
    addresses: 64,
  };
}

function nextPowerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}
