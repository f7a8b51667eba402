/** IP addresses and prefixes as numbers, so that prefixes become ranges (RFC 4632 section 3.1, RFC 4291 section 2.3). */
import ipaddr from "ipaddr.js";

export interface Address {
  readonly version: 4 | 6;
  readonly value: bigint;
}

export interface Prefix {
  readonly version: 4 | 6;
  /** Both ends belong to it. */
  readonly first: bigint;
  readonly last: bigint;
}

/** The address that the text is; undefined for anything else (ranges, zones, names). */
export function parseAddress(text: string): Address | undefined {
  const isStrict = ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes("%"));
  if (!isStrict) return undefined;
  const bytes = ipaddr.parse(text).toByteArray();
  const value = bytes.reduce((all, byte) => (all << 8n) | BigInt(byte), 0n);
  return { version: bytes.length === 4 ? 4 : 6, value };
}

/** The prefix that the text is; undefined for anything else, also where bits behind the prefix are set. */
export function parsePrefix(text: string): Prefix | undefined {
  const [start = "", length = "", ...rest] = text.split("/");
  const address = parseAddress(start);
  if (!address || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const free = (address.version === 4 ? 32 : 128) - Number(length);
  if (free < 0) return undefined;
  const last = address.value | ((1n << BigInt(free)) - 1n);
  return (address.value >> BigInt(free)) << BigInt(free) === address.value
    ? { version: address.version, first: address.value, last }
    : undefined;
}
