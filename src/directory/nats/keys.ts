/**
 * Keys of the key-value bucket. NATS takes letters, digits and - / _ = in a key's tokens, and dots between them; an endpoint's key
 * begins with its network, so that a watch can ask for one network.
 *
 *   e.VNI.MAC        the endpoint, or that it was withdrawn        h.HOST    the host
 *   i.VNI.IP         who says that it has the address              b.PART    blocks of a part of the number space
 *   p.VNI.NAME       who says that it has the name
 *   g.HIGH.LOW       who says that it has the number (its high 16 bits, its low 8)
 */
import type { EndpointQuery, EndpointRecord, WatchFilter } from "../records.js";

/** An endpoint's identity, as index entries name it. */
export type Identity = Pick<EndpointRecord, "vni" | "mac">;

export function endpointKey({ vni, mac }: Identity): string {
  return `e.${vni}.${mac.replaceAll(":", "-")}`;
}

/** Which keys a watcher of the filter follows. */
export function endpointsOf(filter: WatchFilter): string {
  return filter === "all" ? "e.>" : `e.${filter.vni}.*`;
}

export function hostKey(name: string): string {
  return `h.${nameToken(name)}`;
}

export const EVERY_HOST = "h.*";

export function blocksKey(part: number): string {
  return `b.${part}`;
}

/** The index entry that answers a question other than for an identity. */
export function indexKey(query: Exclude<EndpointQuery, { mac: string }>): string {
  if ("gqpn" in query) return `g.${query.gqpn >> 8}.${query.gqpn & 0xff}`;
  // Canonical addresses have dots or colons, IPv4-mapped ones too: the two stay apart.
  if ("ip" in query) return `i.${query.vni}.${query.ip.replaceAll(".", "_").replaceAll(":", "-")}`;
  return `p.${query.vni}.${nameToken(query.partition)}`;
}

/** All index entries that an endpoint is in. */
export function indexKeys({ vni, ips, partition, gqpn }: EndpointRecord): string[] {
  return [...ips.map((ip) => indexKey({ vni, ip })), indexKey({ vni, partition }), indexKey({ gqpn })];
}

/** The index entries of the 256 numbers that have these high 16 bits. */
export function numbersOf(high: number): string {
  return `g.${high}.*`;
}

/** A name as one token: bytes that a key cannot have, as = and two hexadecimal digits. */
export function nameToken(name: string): string {
  const bytes = Array.from(new TextEncoder().encode(name));
  return bytes.map((byte) => (isPlain(byte) ? String.fromCharCode(byte) : `=${hex(byte)}`)).join("");
}

function isPlain(byte: number): boolean {
  return /[-_0-9A-Za-z]/.test(String.fromCharCode(byte));
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, "0");
}
