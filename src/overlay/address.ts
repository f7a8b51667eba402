/** IP and MAC addresses from text, in network byte order. */
import ipaddr from "ipaddr.js";
import { ConfigError } from "../errors.js";

/** Four decimal numbers without leading zeros. */
const IPV4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

/** 4 bytes of an IPv4 or 16 of an IPv6 address; ConfigError for anything else (ranges, zones, names). */
export function parseIp(argument: string, text: string): Uint8Array {
  const ipv4 = IPV4.exec(text);
  if (ipv4) {
    const bytes = ipv4.slice(1).map(Number);
    if (bytes.every((byte) => byte <= 255)) return Uint8Array.from(bytes);
  }
  if (!ipaddr.IPv6.isValid(text) || text.includes("%"))
    throw new ConfigError(argument, text, "an IPv4 or IPv6 address");
  return Uint8Array.from(ipaddr.parse(text).toByteArray());
}

/** An address of 4 or 16 bytes as canonical text (RFC 5952). */
export function ipText(address: Iterable<number>): string {
  return ipaddr.fromByteArray([...address]).toString();
}

/** Six bytes of a MAC address such as 02:00:00:00:00:01; ConfigError for anything else. */
export function parseMac(argument: string, text: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) {
    throw new ConfigError(argument, text, "a MAC address of six hexadecimal bytes with colons");
  }
  return Uint8Array.from(text.split(":"), (byte) => Number.parseInt(byte, 16));
}

/** The address as text: six bytes in lower-case hexadecimal with colons. */
export function macText(mac: Iterable<number>): string {
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** A locally administered unicast MAC address made of the last four bytes of an IP address. */
export function macOf(ip: Uint8Array): Uint8Array {
  return Uint8Array.of(0x02, 0x00, ...ip.subarray(-4));
}
