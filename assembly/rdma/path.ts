// A path: the headers in front of the BTH, prepared. Per packet its length is patched in, and IPv4's checksum.
//
//   template, headerLen bytes: │ Ethernet 14 (+ VLAN 4) │ IPv4 20 or IPv6 40 │ UDP 8 │
//                                                       ↑ l3
//
// ipSum: of the IPv4 header without total length and checksum, in memory order. The UDP checksum is zero (annex A17): the ICRC
// covers more.
import {
  FLAG_IPV4,
  RDMA_PATH_BYTES,
  RDMA_PATH_HEADER_LEN,
  RDMA_PATH_IP_SUM,
  RDMA_PATH_IPV6,
  RDMA_PATH_L3,
  RDMA_PATH_TEMPLATE,
} from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { IPV4_DST, IPV4_SRC } from "../wire/ipv4";
import { IPV6_DST, IPV6_SRC } from "../wire/ipv6";

@unmanaged
export class Path {
  headerLen: u32;
  l3: u32;
  ipv6: u32;
  ipSum: u32;
  template0: v128;
  template1: v128;
  template2: v128;
  template3: v128;
  template4: v128;
  unused1: v128;
  unused2: v128;
}

if (offsetof<Path>() != RDMA_PATH_BYTES) ERROR("Path: size");
if (offsetof<Path>("headerLen") != RDMA_PATH_HEADER_LEN) ERROR("Path: headerLen");
if (offsetof<Path>("l3") != RDMA_PATH_L3) ERROR("Path: l3");
if (offsetof<Path>("ipv6") != RDMA_PATH_IPV6) ERROR("Path: ipv6");
if (offsetof<Path>("ipSum") != RDMA_PATH_IP_SUM) ERROR("Path: ipSum");
if (offsetof<Path>("template0") != RDMA_PATH_TEMPLATE) ERROR("Path: template0");

/** True for a packet that parse accepted, when it comes from the path's far end to its near one. */
export function isFrom(path: usize, m: usize): bool {
  const p = changetype<Path>(path);
  const mbuf = changetype<Mbuf>(m);
  const ip = (mbuf.data + mbuf.l3) as usize;
  const ours = path + RDMA_PATH_TEMPLATE + p.l3;
  const isIpv4 = (mbuf.flags & FLAG_IPV4) != 0;
  if (isIpv4 == (p.ipv6 != 0)) return false;
  if (isIpv4)
    return load<u32>(ip, IPV4_SRC) == load<u32>(ours, IPV4_DST) && load<u32>(ip, IPV4_DST) == load<u32>(ours, IPV4_SRC);
  return same16(ip + IPV6_SRC, ours + IPV6_DST) && same16(ip + IPV6_DST, ours + IPV6_SRC);
}

function same16(a: usize, b: usize): bool {
  return load<u64>(a) == load<u64>(b) && load<u64>(a, 8) == load<u64>(b, 8);
}
