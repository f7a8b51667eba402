/** Addresses of peers in 16 bytes: an IPv4 address is the last 4 behind zeros. */
import { demand } from "../../../migrate/state/refusal.js";
import { ipText, parseIp } from "../../../overlay/address.js";

export function ip16(text: string): Uint8Array {
  const address = parseIp("address", text);
  const bytes = new Uint8Array(16);
  bytes.set(address, 16 - address.length);
  return bytes;
}

/** Canonical text; ipVersion is 4 or 6. */
export function ipOf(bytes: Uint8Array, ipVersion: number): string {
  return ipText(ipVersion === 6 ? bytes : bytes.subarray(12));
}

/** Refuses (refusal.ts) an IPv4 address that does not stand behind zeros. */
export function checkIp(bytes: Uint8Array, path: string, ipVersion: number): void {
  const isBare = ipVersion === 6 || bytes.subarray(0, 12).every((byte) => byte === 0);
  demand(isBare, path, ipOf(bytes, 6), "an IPv4 address behind zeros");
}
