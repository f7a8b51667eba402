// The flow dissector's steps (dissect.ts) from one network header to the next, and those of its headers that carry another: GRE, PPTP, PPPoE.
import { load16be } from "../be";
import { HASH_F_PPPOE_CHECKED, HASH_F_PPTP } from "../layout";
import { ETHERNET_BYTES, ETHERNET_TYPE, ETHERTYPE_IPV4, ETHERTYPE_IPV6, etherType } from "../wire/ethernet";
import {
  ETHERTYPE_TEB,
  GRE_BYTES,
  GRE_KEY,
  GRE_ROUTING,
  greFlags,
  greHeaderBytes,
  greType,
  greVersion,
} from "../wire/gre";
import { HashConfig } from "./config";

const ETHERTYPE_PPTP: u32 = 0x880b;
const PPP_IPV4: u32 = 0x0021;
const PPP_IPV6: u32 = 0x0057;
const PPPOE_BYTES: u32 = 8;
const PPP_BYTES: u32 = 4;

/** How a header left it: another EtherType, another IP protocol, the end, or the end by something unknown. */
export const TYPE: u32 = 0;
export const PROTOCOL: u32 = 1;
export const DONE: u32 = 2;
export const UNKNOWN: u32 = 3;

/** GRE without a source route, of version 0; of version 1 that of PPTP (RFC 2637 section 4.1). Others are not looked into. */
export function gre(config: HashConfig): u32 {
  const at = config.transport;
  const end = config.end;
  const header = at as usize;
  if (at + GRE_BYTES > end) return UNKNOWN;
  const flags = greFlags(header);
  const version = greVersion(header);
  const type = greType(header);
  const isPptp = version == 1 && type == ETHERTYPE_PPTP && (flags & GRE_KEY) != 0 && (config.flags & HASH_F_PPTP) != 0;
  if ((flags & GRE_ROUTING) != 0 || (version != 0 && !isPptp)) return noPorts(config);
  let inside = at + greHeaderBytes(header);
  if (isPptp) {
    // The acknowledgement number's flag is in the second byte.
    if ((load<u8>(header, 1) & 0x80) != 0) inside += 4;
    if (inside + PPP_BYTES > end) return UNKNOWN;
    const protocol = load16be((inside as usize) + 2);
    if (protocol == PPP_IPV4) return goOn(config, ETHERTYPE_IPV4, inside + PPP_BYTES);
    return protocol == PPP_IPV6 ? goOn(config, ETHERTYPE_IPV6, inside + PPP_BYTES) : UNKNOWN;
  }
  if (type != ETHERTYPE_TEB) return goOn(config, type, inside);
  if (inside + ETHERNET_BYTES > end) return UNKNOWN;
  return goOn(config, etherType((inside as usize) + ETHERNET_TYPE), inside + ETHERNET_BYTES);
}

/** A PPPoE session (RFC 2516 section 4) and its PPP protocol, which may be one byte long (RFC 1661 section 6.5). */
export function pppoe(config: HashConfig): u32 {
  const at = config.transport;
  if (at + PPPOE_BYTES > config.end) return UNKNOWN;
  const isChecked = (config.flags & HASH_F_PPPOE_CHECKED) != 0;
  // Version 1, type 1, code 0.
  if (isChecked && load16be(at as usize) != 0x1100) return UNKNOWN;
  let inside = at + PPPOE_BYTES;
  let protocol = load16be((at as usize) + 6);
  if (isChecked && (protocol & 0x0100) != 0) {
    protocol >>= 8;
    inside--;
  }
  if (protocol == PPP_IPV4) return goOn(config, ETHERTYPE_IPV4, inside);
  if (protocol == PPP_IPV6) return goOn(config, ETHERTYPE_IPV6, inside);
  if (!isChecked) return UNKNOWN;
  // Any other protocol, MPLS too, is known and without addresses. Its last bit is one (RFC 1661 section 2); the last of an
  // uncompressed one's first byte is zero, as it is here.
  return (protocol & 1) != 0 ? DONE : UNKNOWN;
}

/** Goes on with a header of the type at an address. */
export function goOn(config: HashConfig, type: u32, at: u32): u32 {
  config.type = type;
  config.transport = at;
  return TYPE;
}

/** The end without ports. */
export function noPorts(config: HashConfig): u32 {
  config.ports = 0;
  return DONE;
}
