// A tunnel: one vnic's way over the underlay to one remote host. The outer headers are prepared at configuration, as a
// template with every fixed byte and with the one's-complement sums of what never changes; per packet only the lengths,
// the type of service, the entropy (port or FlowID) and the checksums are patched.
//
//   template, headerLen bytes: │ Ethernet 14 (+ VLAN 4) │ IPv4 20 or IPv6 40 │ UDP 8 │ VXLAN 8, GPE 8 or Geneve 8 and options │
//                                                       ↑ l3                 ↑ l4, both from the template's first byte
//                              │ Ethernet 14 (+ VLAN 4) │ IPv4 20 or IPv6 40 │ NVGRE 8 │
//
// A record is on a cache line: what a frame reads of a tunnel over IPv4 is in the first two.
//
// ipSum: sum of the IPv4 header without its type of service, total length and checksum. udpSum: sum of the pseudo-header without
// its length, of the destination port and of all that follows UDP. Both in memory order, not complemented.
import {
  TUNNEL_BYTES,
  TUNNEL_FLAGS,
  TUNNEL_FRAME_BYTES_MAX,
  TUNNEL_HEADER_LEN,
  TUNNEL_IP_SUM,
  TUNNEL_KIND,
  TUNNEL_L3,
  TUNNEL_L4,
  TUNNEL_LOCAL,
  TUNNEL_PORT_BASE,
  TUNNEL_PORT_COUNT,
  TUNNEL_REMOTE,
  TUNNEL_TEMPLATE,
  TUNNEL_TOS_KEEP,
  TUNNEL_UDP_SUM,
  TUNNEL_UPLINK,
  TUNNEL_VNI,
  TUNNEL_VNIC,
} from "../layout";

@unmanaged
export class Tunnel {
  vni: u32;
  flags: u32;
  vnic: u32;
  uplink: u32;
  headerLen: u32;
  l3: u32;
  ipSum: u32;
  udpSum: u32;
  portBase: u16;
  portCount: u16;
  tosKeep: u8;
  kind: u8;
  l4: u16;
  frameBytesMax: u32;
  /** Of an overlay's route that begins with this tunnel (overlay/route.ts); else 0. */
  routeMask: u32;
  template0: v128;
  template1: v128;
  template2: v128;
  template3: v128;
  template4: v128;
  template5: v128;
  template6: v128;
  template7: v128;
  template8: v128;
  template9: v128;
  template10: v128;
  template11: v128;
  template12: v128;
  /** Addresses in network order; IPv4 in the first four bytes, the rest zero. */
  local: v128;
  remote: v128;
  unused1: v128;
  unused2: v128;
}

if (offsetof<Tunnel>() != TUNNEL_BYTES) ERROR("Tunnel: size");
if (offsetof<Tunnel>("vni") != TUNNEL_VNI) ERROR("Tunnel: vni");
if (offsetof<Tunnel>("flags") != TUNNEL_FLAGS) ERROR("Tunnel: flags");
if (offsetof<Tunnel>("vnic") != TUNNEL_VNIC) ERROR("Tunnel: vnic");
if (offsetof<Tunnel>("uplink") != TUNNEL_UPLINK) ERROR("Tunnel: uplink");
if (offsetof<Tunnel>("headerLen") != TUNNEL_HEADER_LEN) ERROR("Tunnel: headerLen");
if (offsetof<Tunnel>("l3") != TUNNEL_L3) ERROR("Tunnel: l3");
if (offsetof<Tunnel>("ipSum") != TUNNEL_IP_SUM) ERROR("Tunnel: ipSum");
if (offsetof<Tunnel>("udpSum") != TUNNEL_UDP_SUM) ERROR("Tunnel: udpSum");
if (offsetof<Tunnel>("portBase") != TUNNEL_PORT_BASE) ERROR("Tunnel: portBase");
if (offsetof<Tunnel>("portCount") != TUNNEL_PORT_COUNT) ERROR("Tunnel: portCount");
if (offsetof<Tunnel>("tosKeep") != TUNNEL_TOS_KEEP) ERROR("Tunnel: tosKeep");
if (offsetof<Tunnel>("kind") != TUNNEL_KIND) ERROR("Tunnel: kind");
if (offsetof<Tunnel>("l4") != TUNNEL_L4) ERROR("Tunnel: l4");
if (offsetof<Tunnel>("frameBytesMax") != TUNNEL_FRAME_BYTES_MAX) ERROR("Tunnel: frameBytesMax");
if (offsetof<Tunnel>("local") != TUNNEL_LOCAL) ERROR("Tunnel: local");
if (offsetof<Tunnel>("remote") != TUNNEL_REMOTE) ERROR("Tunnel: remote");
if (offsetof<Tunnel>("template0") != TUNNEL_TEMPLATE) ERROR("Tunnel: template0");
