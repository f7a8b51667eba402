/** What a LAG looks at in a frame besides its hash: IEEE 802.3 and 802.1Q headers, and the addresses that no bridge forwards. */
import * as layout from "../../assembly/layout.js";
import { macText, u16At } from "../helpers/bytes.js";
import { parse } from "./parse.js";

const TAGS = [0x8100, 0x88a8, 0x9100];
const SLOW_PROTOCOLS = 0x8809;

/** Why a frame cannot be carried: its headers are damaged, or a capture kept not even those that say whose it is. */
export function soundness({ data, wire }: { data: Uint8Array; wire: number }): number {
  const { cause } = parse(data, wire);
  if (cause !== layout.OK) return cause;
  let type = 12;
  for (let tags = 0; tags < 2 && data.length >= type + 2 && TAGS.includes(u16At(data, type)); tags++) type += 4;
  return data.length < type + 2 ? layout.DROP_ETHERNET_TRUNCATED : layout.OK;
}

/** Of the first tag; a tag with VLAN 0 carries a priority only. */
export function vlanOf(frame: Uint8Array): number {
  return TAGS.includes(u16At(frame, 12)) ? u16At(frame, 14) % 4096 : 0;
}

/** For everybody or for many: the address begins with an odd byte. */
export function isFlood(frame: Uint8Array): boolean {
  return ((frame[0] as number) & 1) === 1;
}

export function isReserved(frame: Uint8Array): boolean {
  return /^01:80:c2:00:00:0.$/.test(macAt(frame, 0));
}

/** LACP, Marker and their kin; never tagged. */
export function isSlowProtocol(frame: Uint8Array): boolean {
  return u16At(frame, 12) === SLOW_PROTOCOLS;
}

export function macAt(frame: Uint8Array, at: number): string {
  return macText(frame.subarray(at, at + 6));
}
