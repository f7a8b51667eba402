/**
 * What a LACPDU says of one end of a link: system, key, port and state (IEEE 802.1AX-2008 5.4.2.2). Eighteen bytes of a
 * TLV, big-endian, of which the last three are reserved:
 *
 *   0        2              8     10         12     14      15        18
 *   | system | system       | key | port     | port | state | reserved |
 *   | prio   | MAC address  |     | priority |      | octet |          |
 */
import { macText } from "../../overlay/address.js";

export const PORT_INFO_BYTES = 18;

/** One end of a link. Numbers are 16 bits but for `state`, which is the octet of port-state.ts. */
export interface PortInfo {
  readonly systemPriority: number;
  /** Six bytes in lower-case hexadecimal with colons. */
  readonly system: string;
  readonly key: number;
  readonly portPriority: number;
  readonly port: number;
  readonly state: number;
}

/** Writes 15 bytes at `at`; the reserved bytes stay as they are. */
export function putPortInfo(view: DataView, at: number, info: PortInfo): void {
  view.setUint16(at, info.systemPriority);
  putMac(view, at + 2, info.system);
  view.setUint16(at + 8, info.key);
  view.setUint16(at + 10, info.portPriority);
  view.setUint16(at + 12, info.port);
  view.setUint8(at + 14, info.state);
}

export function readPortInfo(view: DataView, at: number): PortInfo {
  return {
    systemPriority: view.getUint16(at),
    system: readMac(view, at + 2),
    key: view.getUint16(at + 8),
    portPriority: view.getUint16(at + 10),
    port: view.getUint16(at + 12),
    state: view.getUint8(at + 14),
  };
}

export function putMac(view: DataView, at: number, mac: string): void {
  for (const [i, byte] of mac.split(":").entries()) view.setUint8(at + i, Number.parseInt(byte, 16));
}

export function readMac(view: DataView, at: number): string {
  return macText(new Uint8Array(view.buffer, view.byteOffset + at, 6));
}

/** True when both name the same port of the same system with the same key; states are not looked at. */
export function isSamePort(a: PortInfo, b: PortInfo): boolean {
  return (
    a.systemPriority === b.systemPriority &&
    a.system === b.system &&
    a.key === b.key &&
    a.portPriority === b.portPriority &&
    a.port === b.port
  );
}

/**
 * Negative when `a` has the better (numerically lower) system identifier: priority first, then address (2008 5.3.2).
 */
export function compareSystems(a: PortInfo, b: PortInfo): number {
  if (a.systemPriority !== b.systemPriority) return a.systemPriority - b.systemPriority;
  return a.system === b.system ? 0 : a.system < b.system ? -1 : 1;
}

/** Negative when `a` has the better (numerically lower) port identifier: priority first, then number (2008 5.3.4). */
export function comparePorts(a: PortInfo, b: PortInfo): number {
  return a.portPriority - b.portPriority || a.port - b.port;
}
