/**
 * Where a datagram came from: the 40 bytes in front of it are its IPv6 header, or 20 without meaning and its IPv4 header
 * (IBTA volume 1, annex A17.4.5.1).
 */
import { ipText } from "../../overlay/address.js";

export const GRH_BYTES = 40;

const IPV4_SOURCE = 32;
const IPV6_SOURCE = 8;

/** Addresses as canonical text. */
export function grhEnds(grh: Uint8Array): { readonly source: string; readonly destination: string } {
  const isIpv6 = (grh[0] as number) >> 4 === 6;
  const [at, bytes] = isIpv6 ? [IPV6_SOURCE, 16] : [IPV4_SOURCE, 4];
  const address = (from: number) => ipText(grh.subarray(from, from + bytes));
  return { source: address(at), destination: address(at + bytes) };
}
