// Finds the frame that is to be hashed. The innermost one lies behind tags (802.1Q, 802.1ad, 0x9100), VXLAN (RFC 7348), Geneve
// (RFC 8926) and GRE (RFC 2784, RFC 2890) with Ethernet or IP inside: at most four tunnels and, at each Ethernet header, four tags. The
// hash is then that of the frame which is found: its tag is the one next to what it carries. Where a tunnel carries bare IP, the
// Ethernet header and the tag are those of the nearest frame around it. Fragments are not looked into: only the first has the
// tunnel's header.
import { HASH_F_INNER } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { ETHERNET_BYTES, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "../wire/ethernet";
import { GENEVE_BYTES, GENEVE_PORT, geneveOptionBytes, geneveType, geneveVersion } from "../wire/geneve";
import { ETHERTYPE_TEB, GRE_BYTES, greHeaderBytes, greIsPlain, greType } from "../wire/gre";
import { PROTOCOL_GRE, PROTOCOL_UDP, UDP_BYTES, udpDestination } from "../wire/transport";
import { VXLAN_BYTES, VXLAN_PORT, vxlanHasVni } from "../wire/vxlan";
import { HashConfig } from "./config";
import { atEthernet, findTransport } from "./headers";

const TUNNELS_MAX: u32 = 4;

/** Finds the frame in an mbuf that is to be hashed, outer or innermost. False when it has no whole Ethernet header here. */
export function look(config: HashConfig, m: usize): bool {
  const mbuf = changetype<Mbuf>(m);
  if (mbuf.len < ETHERNET_BYTES) return false;
  config.end = mbuf.data + mbuf.len;
  atEthernet(config, mbuf.data);
  if ((config.flags & HASH_F_INNER) != 0) {
    let tunnels: u32 = 0;
    while (tunnels < TUNNELS_MAX && enterTunnel(config)) tunnels++;
  }
  return true;
}

/** Looks at what the tunnel carries; false, and nothing changed, where there is none, or nothing whole in it. */
function enterTunnel(config: HashConfig): bool {
  if (!findTransport(config)) return false;
  const at = config.transport;
  const end = config.end;
  if (config.protocol == PROTOCOL_GRE) {
    if (at + GRE_BYTES > end || !greIsPlain(at as usize)) return false;
    return carries(config, greType(at as usize), at + greHeaderBytes(at as usize));
  }
  if (config.protocol != PROTOCOL_UDP || at + UDP_BYTES + VXLAN_BYTES > end) return false;
  const port = udpDestination(at as usize);
  const tunnel = at + UDP_BYTES;
  if (port == VXLAN_PORT) {
    return vxlanHasVni(tunnel as usize) && carries(config, ETHERTYPE_TEB, tunnel + VXLAN_BYTES);
  }
  if (port != GENEVE_PORT || geneveVersion(tunnel as usize) != 0) return false;
  const options = geneveOptionBytes(tunnel as usize);
  return carries(config, geneveType(tunnel as usize), tunnel + GENEVE_BYTES + options);
}

function carries(config: HashConfig, type: u32, at: u32): bool {
  if (type == ETHERTYPE_TEB) {
    if (at + ETHERNET_BYTES > config.end) return false;
    atEthernet(config, at);
    return true;
  }
  if ((type != ETHERTYPE_IPV4 && type != ETHERTYPE_IPV6) || at >= config.end) return false;
  config.network = at;
  config.type = type;
  return true;
}
