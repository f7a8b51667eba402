/** What parse found in a frame: the bits of BurstFrame.flags and LayerVerdicts.flags. */
export {
  FLAG_ARP,
  FLAG_BROADCAST,
  FLAG_CUT,
  FLAG_FRAGMENT,
  FLAG_ICMP,
  FLAG_ICMPV6,
  FLAG_IPV4,
  FLAG_IPV6,
  FLAG_LATER_FRAGMENT,
  FLAG_MULTICAST,
  FLAG_QINQ,
  FLAG_ROUTED,
  FLAG_TCP,
  FLAG_UDP,
  FLAG_VLAN,
} from "../assembly/layout.js";
