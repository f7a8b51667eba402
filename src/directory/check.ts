/** What may go into a directory. Checked at its door, once; the store trusts what it is given. */
import ipaddr from "ipaddr.js";
import { checkInteger, checkOneOf } from "../check.js";
import { ConfigError } from "../errors.js";
import { GQPN_FIRST, GQPN_LAST, GQPN_MAX } from "../gqp/numbers.js";
import { macText, parseIp, parseMac } from "../overlay/address.js";
import type { Block } from "./directory.js";
import {
  ENCAPSULATION_NAMES,
  type EndpointQuery,
  type EndpointRecord,
  type HostRecord,
  LID_MAX,
  VNI_MAX,
  type WatchFilter,
} from "./records.js";

/** No control characters, no halves of surrogate pairs. */
const NAME = /^[^\p{Cc}\p{Cs}]{1,128}$/u;
const MTU_MAX = 65_535;
/** RFC 791: what every IPv4 network carries. */
const MTU_MIN = 68;
/** Blocks are far smaller than the number space, so that a directory may keep it in parts. */
export const BLOCK_MAX = 32_768;
const LEASE_MAX_MS = 86_400_000;

/** A copy that nobody else has, or ConfigError. */
export function checkEndpoint(record: EndpointRecord): EndpointRecord {
  return {
    vni: checkVni("vni", record.vni),
    mac: checkMac("mac", record.mac),
    ips: [...new Set(record.ips.map((ip, i) => checkIp(`ips[${i}]`, ip)))],
    partition: checkName("partition", record.partition),
    labels: checkLabels(record.labels),
    host: checkName("host", record.host),
    gqpn: checkInteger("gqpn", record.gqpn, GQPN_FIRST, GQPN_LAST),
    generation: checkGeneration("generation", record.generation),
  };
}

/** A copy that nobody else has, or ConfigError. */
export function checkHost(host: HostRecord): HostRecord {
  return {
    name: checkName("name", host.name),
    address: checkIp("address", host.address),
    ...(host.lid === undefined ? {} : { lid: checkInteger("lid", host.lid, 1, LID_MAX) }),
    mtuBytes: checkInteger("mtuBytes", host.mtuBytes, MTU_MIN, MTU_MAX),
    encapsulations: host.encapsulations.map((name, i) => checkOneOf(`encapsulations[${i}]`, name, ENCAPSULATION_NAMES)),
  };
}

export function checkQuery(query: EndpointQuery): EndpointQuery {
  if ("gqpn" in query) checkInteger("gqpn", query.gqpn, 0, GQPN_MAX);
  else {
    checkVni("vni", query.vni);
    if ("mac" in query) checkMac("mac", query.mac);
    else if ("ip" in query) checkIp("ip", query.ip);
    else checkName("partition", query.partition);
  }
  return query;
}

export function checkFilter(filter: WatchFilter): WatchFilter {
  if (filter !== "all") checkVni("vni", filter.vni);
  return filter;
}

export function checkVni(argument: string, vni: number): number {
  return checkInteger(argument, vni, 0, VNI_MAX);
}

export function checkMac(argument: string, mac: string): string {
  const text = macText(parseMac(argument, mac));
  if (text !== mac) throw new ConfigError(argument, mac, `in lower case, ${text}`);
  return mac;
}

export function checkGeneration(argument: string, generation: number): number {
  return checkInteger(argument, generation, 0, Number.MAX_SAFE_INTEGER);
}

export function checkName(argument: string, name: string): string {
  if (typeof name !== "string" || !NAME.test(name)) {
    throw new ConfigError(argument, name, "a name of 1 to 128 characters, none of them a control character");
  }
  return name;
}

export function checkBlockSize(size: number): number {
  return checkInteger("size", size, 1, BLOCK_MAX);
}

export function checkBlock({ first, size }: Block): Block {
  checkInteger("first", first, GQPN_FIRST, GQPN_LAST);
  return { first, size: checkBlockSize(size) };
}

export function checkLease(ttlMs: number): number {
  return checkInteger("ttlMs", ttlMs, 1, LEASE_MAX_MS);
}

function checkLabels(labels: EndpointRecord["labels"]): EndpointRecord["labels"] {
  for (const [name, value] of Object.entries(labels)) {
    if (typeof value !== "string") throw new ConfigError(`labels.${name}`, value, "text");
  }
  return { ...labels };
}

function checkIp(argument: string, ip: string): string {
  parseIp(argument, ip);
  const text = ipaddr.parse(ip).toString();
  if (text !== ip) throw new ConfigError(argument, ip, `in canonical form, ${text}`);
  return ip;
}
