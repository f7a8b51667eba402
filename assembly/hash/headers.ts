// The headers of one frame, found from its bytes alone, since what parse found belongs to the outer frame only: the tags of an
// Ethernet header, and where an IP header's payload is.
import { load16be } from "../be";
import { HASH_F_INNER } from "../layout";
import {
  ETHERNET_BYTES,
  ETHERNET_TYPE,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_QINQ_OLD,
  etherType,
  isVlanType,
  VLAN_BYTES,
} from "../wire/ethernet";
import { IPV4_BYTES, ipv4HeaderBytes, ipv4IsFragment, ipv4Protocol } from "../wire/ipv4";
import {
  extensionBytes,
  IPV6_BYTES,
  IPV6_EXTENSIONS_MAX,
  ipv6NextHeader,
  isExtension,
  NEXT_FRAGMENT,
} from "../wire/ipv6";
import { PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/transport";
import { HashConfig, NO_TAG, PROTOCOL_NONE } from "./config";

/** Most tags that are taken off an inner frame. */
const TAGS_MAX: u32 = 4;

/**
 * Looks at an Ethernet header that is here. Of the outer frame one tag is taken off, 802.1Q or 802.1ad: Linux and Open vSwitch
 * keep it beside the frame. Of an inner frame all are.
 */
export function atEthernet(config: HashConfig, ethernet: u32): void {
  const isInner = (config.flags & HASH_F_INNER) != 0;
  let network = ethernet + ETHERNET_BYTES;
  let type = etherType((ethernet as usize) + ETHERNET_TYPE);
  let tag = NO_TAG;
  for (let tags = isInner ? TAGS_MAX : 1; tags > 0 && isVlanType(type); tags--) {
    if (network + VLAN_BYTES > config.end || (type == ETHERTYPE_QINQ_OLD && !isInner)) break;
    tag = load16be(network as usize);
    type = etherType((network as usize) + 2);
    network += VLAN_BYTES;
  }
  config.ethernet = ethernet;
  config.network = network;
  config.type = type;
  config.tag = tag;
}

/**
 * Finds what an IP header carries: protocol and transport. False for no IP, and for a header that is not sound or not here. A fragment's
 * protocol is PROTOCOL_NONE. Extension headers of IPv6 are walked as parse walks them.
 */
export function findTransport(config: HashConfig): bool {
  const network = config.network;
  const end = config.end;
  if (config.type == ETHERTYPE_IPV4) {
    if (network + IPV4_BYTES > end) return false;
    const bytes = ipv4HeaderBytes(network as usize);
    if (bytes < IPV4_BYTES) return false;
    config.protocol = ipv4IsFragment(network as usize) ? PROTOCOL_NONE : ipv4Protocol(network as usize);
    config.transport = network + bytes;
    return true;
  }
  if (config.type != ETHERTYPE_IPV6 || network + IPV6_BYTES > end) return false;
  let next = ipv6NextHeader(network as usize);
  let at = network + IPV6_BYTES;
  for (let walked: u32 = 0; isExtension(next); walked++) {
    if (walked == IPV6_EXTENSIONS_MAX || at + 8 > end) {
      next = PROTOCOL_NONE;
      break;
    }
    const bytes = extensionBytes(at as usize, next);
    // All but an atomic fragment (RFC 6946), which is whole.
    if (next == NEXT_FRAGMENT && (load16be((at as usize) + 2) & 0xfff9) != 0) {
      next = PROTOCOL_NONE;
      break;
    }
    next = load<u8>(at as usize) as u32;
    at += bytes;
  }
  config.protocol = next;
  config.transport = at;
  return true;
}

/** True when findTransport found TCP or UDP, and both ports are here. */
export function hasTransportPorts(config: HashConfig): bool {
  const protocol = config.protocol;
  return (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP) && config.transport + 4 <= config.end;
}
