/** What a LACP system is configured with, checked: the administrative variables of IEEE 802.1AX-2014 6.4.5 to 6.4.7. */
import { checkInteger, checkOneOf } from "../../check.js";
import { ConfigError } from "../../errors.js";
import { parseMac } from "../../overlay/address.js";
import type { Distribution } from "./agreement.js";
import { type Conversations, linkTable } from "./conversations.js";
import { newPort, type PortRecord } from "./port-record.js";
import { AGGREGATION, DEFAULTED, LACP_ACTIVITY, LACP_TIMEOUT } from "./port-state.js";
import { PORT_ALGORITHM } from "./version2.js";

export interface LacpPortOptions {
  /** 1 to 65535. */
  readonly number: number;
  /** 0 to 65535, the lower the better; by default 32768. */
  readonly priority?: number | undefined;
  /** Unicast MAC address, the source of what the port sends. */
  readonly mac: string;
  /** 1 to 65535: ports of one key may be aggregated. */
  readonly key: number;
  /** By default true; false: the port is a link of its own. */
  readonly aggregatable?: boolean | undefined;
  /** 1 to 65535: the link's number in the conversation table, by default the port's number. */
  readonly linkNumber?: number | undefined;
}

export interface LacpOptions {
  /** 0 to 65535, the lower the better. */
  readonly systemPriority: number;
  /** Unicast MAC address that is not null. */
  readonly systemMac: string;
  readonly ports: readonly LacpPortOptions[];
  /** Active: sends by itself. Of two passive ends nobody ever begins. */
  readonly activity: "active" | "passive";
  /** Fast: the partner is to send every second and is given up after 3 s without; slow: 30 s and 90 s. */
  readonly timeout: "fast" | "slow";
  /** By default 2 with conversations, otherwise 1. A peer of version 1 reads version 2 as version 1. */
  readonly version?: 1 | 2 | undefined;
  /** For each conversation (0-4095) the ports that may carry it, best first. */
  readonly conversations?: Conversations | undefined;
  /** How a frame's conversation is told: a name, or OUI and number as 32 bits; by default "c-vid". */
  readonly algorithm?: keyof typeof PORT_ALGORITHM | number | undefined;
  /** Most links that an aggregator uses at once, by default all; the others stand by. */
  readonly maxLinks?: number | undefined;
}

export interface CheckedOptions {
  readonly version: 1 | 2;
  readonly maxLinks: number;
  /** In order of number. */
  readonly ports: readonly PortRecord[];
  readonly distribution: Distribution | undefined;
}

/** The options as records, or ConfigError. */
export function checkOptions(options: LacpOptions): CheckedOptions {
  const activity = checkOneOf("activity", options.activity, ["active", "passive"]);
  const timeout = checkOneOf("timeout", options.timeout, ["fast", "slow"]);
  const version = options.version ?? (options.conversations ? 2 : 1);
  if (version !== 1 && version !== 2) throw new ConfigError("version", version, "1 or 2");
  if (options.ports.length === 0) throw new ConfigError("ports", options.ports, "at least one port");
  const system = checkUnicast("systemMac", options.systemMac);
  const systemPriority = checkInteger("systemPriority", options.systemPriority, 0, 0xffff);
  const state = (activity === "active" ? LACP_ACTIVITY : 0) | (timeout === "fast" ? LACP_TIMEOUT : 0) | DEFAULTED;
  const ports = options.ports.map((port, i) => portRecord(`ports[${i}]`, port, { systemPriority, system, state }));
  checkUnique(
    "number",
    ports.map((port) => port.number),
  );
  checkUnique(
    "linkNumber",
    ports.map((port) => port.adminLinkNumber),
  );
  const maxLinks = checkInteger("maxLinks", options.maxLinks ?? ports.length, 1, 0xffff);
  const distribution = options.conversations && checkDistribution(options.conversations, options.algorithm, ports);
  if (distribution && version === 1) throw new ConfigError("version", version, "2 when there are conversations");
  return { version, maxLinks, ports: ports.sort((a, b) => a.number - b.number), distribution };
}

/** The table of the conversations, and how they are told. */
export function checkDistribution(
  conversations: Conversations,
  algorithm: LacpOptions["algorithm"],
  ports: readonly PortRecord[],
): Distribution {
  const named = typeof algorithm === "string" ? PORT_ALGORITHM[algorithm] : (algorithm ?? PORT_ALGORITHM["c-vid"]);
  if (named === undefined) {
    throw new ConfigError("algorithm", algorithm, `one of ${Object.keys(PORT_ALGORITHM).join(", ")}, or 32 bits`);
  }
  checkInteger("algorithm", named, 0, 0xffff_ffff);
  const linkOf = new Map(ports.map((port) => [port.number, port.adminLinkNumber]));
  return { algorithm: named, table: linkTable(conversations, linkOf) };
}

function portRecord(
  argument: string,
  options: LacpPortOptions,
  system: { systemPriority: number; system: string; state: number },
): PortRecord {
  const number = checkInteger(`${argument}.number`, options.number, 1, 0xffff);
  const linkNumber = checkInteger(`${argument}.linkNumber`, options.linkNumber ?? number, 1, 0xffff);
  return newPort(number, checkUnicast(`${argument}.mac`, options.mac), linkNumber, {
    ...system,
    key: checkInteger(`${argument}.key`, options.key, 1, 0xffff),
    portPriority: checkInteger(`${argument}.priority`, options.priority ?? 0x8000, 0, 0xffff),
    port: number,
    state: system.state | ((options.aggregatable ?? true) ? AGGREGATION : 0),
  });
}

/** The address in lower case. */
function checkUnicast(argument: string, mac: string): string {
  const bytes = parseMac(argument, mac);
  const isUnicast = ((bytes[0] as number) & 1) === 0 && bytes.some((byte) => byte !== 0);
  if (!isUnicast) throw new ConfigError(argument, mac, "a unicast MAC address, not null");
  return mac.toLowerCase();
}

function checkUnique(name: "number" | "linkNumber", values: readonly number[]): void {
  for (const [i, value] of values.entries()) {
    if (values.indexOf(value) !== i) throw new ConfigError(`ports[${i}].${name}`, value, "of one port only");
  }
}
