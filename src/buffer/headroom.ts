/**
 * The headroom budget (system 1): how much room every buffer has in front, computed from the headers that an engine is
 * configured with. A stack that needs more is refused when it is configured, not by a lost packet.
 */
import { ConfigError } from "../errors.js";

/** Headers that an engine can be told to leave room for, in bytes; options are headers of their own, at their longest. */
const HEADER_BYTES = {
  ethernet: 14,
  vlan: 4,
  qinq: 8,
  arp: 28,
  ipv4: 20,
  "ipv4-options": 40,
  ipv6: 40,
  udp: 8,
  tcp: 20,
  "tcp-options": 40,
  icmp: 8,
  vxlan: 8,
  "vxlan-gpe": 8,
  geneve: 8,
  "geneve-options": 124,
  gre: 4,
  nvgre: 8,
} as const;

export type HeaderName = keyof typeof HEADER_BYTES;

/** Data starts on a vector boundary, so headroom is a multiple of this. */
const HEADROOM_ALIGN_BYTES = 16;

/** The bytes of a header stack, outermost first. ConfigError names an unknown header. */
export function headerBytes(headers: readonly HeaderName[]): number {
  let bytes = 0;
  for (const [i, header] of headers.entries()) {
    if (!Object.hasOwn(HEADER_BYTES, header)) {
      throw new ConfigError(`headers[${i}]`, header, `one of ${Object.keys(HEADER_BYTES).join(", ")}`);
    }
    bytes += HEADER_BYTES[header];
  }
  return bytes;
}

/** The headroom of a pool that has to hold this header stack. */
export function headroomFor(headers: readonly HeaderName[]): number {
  return Math.ceil(headerBytes(headers) / HEADROOM_ALIGN_BYTES) * HEADROOM_ALIGN_BYTES;
}

/** Refuses a stack that needs more than the pool's headroom. */
export function checkHeadroom(argument: string, neededBytes: number, headroomBytes: number): void {
  if (neededBytes > headroomBytes) {
    const bound = `at most the engine's headroom of ${headroomBytes} bytes (createEngine's headers)`;
    throw new ConfigError(argument, `${neededBytes} bytes of headers`, bound);
  }
}
