/**
 * The RDMA IP CM service (IBTA volume 1, annex A11): TCP or UDP ports as service ids, and a header in the REQ's private data by which
 * the passive end learns the addresses and the port it is called from. What rdma_connect and rping use.
 *
 *   0                    1                    2             4                 20                     36
 *   | major 4, minor 4   | IP version 4, 0 4  | source port | source IP (16)  | destination IP (16)  | consumer's private data (56)
 *
 * An IPv4 address stands in the last four bytes, behind zeros.
 */
import { checkInteger, checkOneOf } from "../../check.js";
import { ConfigError } from "../../errors.js";
import { ipText, parseIp } from "../../overlay/address.js";

/** 0x0000_0000_01pp_xxxx: protocol and port. */
const SERVICE_ID_PREFIX = 0x0000000001000000n;
const PROTOCOLS = { tcp: 6n, udp: 17n } as const;

export const IP_HEADER_BYTES = 36;
/** What is left for the consumer in a REQ. */
export const IP_PRIVATE_DATA_BYTES = 56;

export type PortSpace = keyof typeof PROTOCOLS;

export interface IpServiceHeader {
  /** 0.0 so far. */
  readonly majorVersion: number;
  readonly minorVersion: number;
  readonly sourcePort: number;
  /** IPv4 or IPv6 addresses, of the same version. */
  readonly source: string;
  readonly destination: string;
}

/** Why private data has no such header. */
export type IpServiceCause =
  | "truncated"
  /** Another major version: the rest may mean something else. */
  | "bad-version"
  | "bad-ip-version";

/** The service id of a port; throws ConfigError. */
export function ipServiceId(port: number, portSpace: PortSpace = "tcp"): bigint {
  const protocol = PROTOCOLS[checkOneOf("portSpace", portSpace, ["tcp", "udp"])];
  return SERVICE_ID_PREFIX | (protocol << 16n) | BigInt(checkInteger("port", port, 0, 0xffff));
}

/** The port of a service id, or undefined for other services. */
export function ipServicePort(serviceId: bigint): { portSpace: PortSpace; port: number } | undefined {
  for (const portSpace of ["tcp", "udp"] as const) {
    if (serviceId >> 16n === ipServiceId(0, portSpace) >> 16n) return { portSpace, port: Number(serviceId & 0xffffn) };
  }
  return undefined;
}

/** The header and the consumer's data. Throws ConfigError. */
export function encodeIpService(header: IpServiceHeader, consumerData: Uint8Array = new Uint8Array()): Uint8Array {
  checkInteger("privateData.length", consumerData.length, 0, IP_PRIVATE_DATA_BYTES);
  const source = parseIp("source", header.source);
  const destination = parseIp("destination", header.destination);
  if (source.length !== destination.length) {
    throw new ConfigError("destination", header.destination, "of the same IP version as source");
  }
  const bytes = new Uint8Array(IP_HEADER_BYTES + consumerData.length);
  const major = checkInteger("majorVersion", header.majorVersion, 0, 15);
  bytes[0] = (major << 4) | checkInteger("minorVersion", header.minorVersion, 0, 15);
  bytes[1] = (source.length === 4 ? 4 : 6) << 4;
  const port = checkInteger("sourcePort", header.sourcePort, 0, 0xffff);
  bytes.set([port >> 8, port & 0xff], 2);
  bytes.set(source, 20 - source.length);
  bytes.set(destination, 36 - destination.length);
  bytes.set(consumerData, IP_HEADER_BYTES);
  return bytes;
}

/** What a REQ's private data says, or why it cannot be read. Consumer's data is copied. */
export function decodeIpService(
  privateData: Uint8Array,
): { header: IpServiceHeader; consumerData: Uint8Array } | IpServiceCause {
  if (privateData.length < IP_HEADER_BYTES) return "truncated";
  const [versions = 0, ip = 0, portHigh = 0, portLow = 0] = privateData;
  if (versions >> 4 !== 0) return "bad-version";
  const ipVersion = ip >> 4;
  if (ipVersion !== 4 && ipVersion !== 6) return "bad-ip-version";
  const addressAt = (end: number) => ipText(privateData.subarray(end - (ipVersion === 4 ? 4 : 16), end));
  const header = {
    majorVersion: versions >> 4,
    minorVersion: versions & 15,
    sourcePort: portHigh * 256 + portLow,
    source: addressAt(20),
    destination: addressAt(36),
  };
  return { header, consumerData: privateData.slice(IP_HEADER_BYTES) };
}
