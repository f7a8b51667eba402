// The bursts of Linux bonding's policies. A plain frame is the same to a plain policy and to the dissector, so encap2+3 and encap3+4
// share the fast path of layer2+3 and layer3+4.
import { HASH_F_FLOW_LABEL, HASH_F_INNER } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { ETHERNET_BYTES, ETHERNET_TYPE, ETHERTYPE_IPV4, ETHERTYPE_IPV6, etherType } from "../wire/ethernet";
import { IPV4_DST, IPV4_SRC } from "../wire/ipv4";
import { ports } from "../wire/transport";
import { addresses, Bonding, fold, layer2, plainPolicy, vlanSrcmac } from "./bonding";
import { HashConfig } from "./config";
import { dissect } from "./dissect";
import { look } from "./inner";
import { NOT_PLAIN, PlainFlow } from "./plain";

/** layer3+4 and encap3+4 of the plain frames among n; true when others are left, as NOT_PLAIN. */
export function plain34Burst(config: HashConfig, list: usize, out: usize, n: u32): bool {
  const shift = Bonding.shift(config.flags);
  const hasLabels = (config.flags & HASH_F_FLOW_LABEL) != 0;
  if ((config.flags & HASH_F_INNER) != 0) return Plain34.burst(list, out, n, shift, !hasLabels, true);
  if (hasLabels) return Plain34.burst(list, out, n, shift, false, false);
  return shift != 0 ? Plain34.burst(list, out, n, 1, true, false) : Plain34.burst(list, out, n, 0, true, false);
}

/** A class because asc inlines on demand only decorated methods: a loop for each case, which then asks nothing. */
class Plain34 {
  @inline
  static burst(list: usize, out: usize, n: u32, shift: u32, hasIpv6: bool, isInner: bool): bool {
    const end = list + ((n as usize) << 2);
    const toOut = out - list;
    let isLeft = false;
    for (let at = list; at < end; at += 4) {
      const mbuf = changetype<Mbuf>(load<u32>(at) as usize);
      const ip = (mbuf.data + mbuf.l3) as usize;
      const flow = ports((mbuf.data + mbuf.l4) as usize);
      let hash = NOT_PLAIN;
      if (PlainFlow.isIpv4(mbuf)) {
        hash = Bonding.fold(flow ^ load<u32>(ip, IPV4_SRC) ^ load<u32>(ip, IPV4_DST), shift);
      } else if (hasIpv6 && PlainFlow.isIpv6(mbuf)) {
        hash = Bonding.fold(flow ^ addresses(ip, true), shift);
      }
      if (isInner && PlainFlow.mayHoldFrame(flow)) hash = NOT_PLAIN;
      store<u32>(at + toOut, hash);
      if (hash == NOT_PLAIN) isLeft = true;
    }
    return isLeft;
  }
}

/** layer2+3 and encap2+3, likewise. */
export function plain23Burst(config: HashConfig, list: usize, out: usize, n: u32): bool {
  const flags = config.flags;
  const shift = Bonding.shift(flags);
  const isInner = (flags & HASH_F_INNER) != 0;
  const end = list + ((n as usize) << 2);
  const toOut = out - list;
  let isLeft = false;
  for (let at = list; at < end; at += 4) {
    const mbuf = changetype<Mbuf>(load<u32>(at) as usize);
    const data = mbuf.data as usize;
    const ip = data + mbuf.l3;
    let hash = NOT_PLAIN;
    if (PlainFlow.isIpv4(mbuf)) {
      const start = Bonding.layer2(flags, data, ETHERTYPE_IPV4);
      hash = Bonding.fold(start ^ load<u32>(ip, IPV4_SRC) ^ load<u32>(ip, IPV4_DST), shift);
    } else if (PlainFlow.isIpv6(mbuf)) {
      hash = Bonding.fold(Bonding.layer2(flags, data, ETHERTYPE_IPV6) ^ addresses(ip, true), shift);
    }
    if (isInner && PlainFlow.mayHoldFrame(ports(data + mbuf.l4))) hash = NOT_PLAIN;
    store<u32>(at + toOut, hash);
    if (hash == NOT_PLAIN) isLeft = true;
  }
  return isLeft;
}

/** layer2 of the untagged frames among n; true when others are left, as NOT_PLAIN. */
export function layer2Burst(config: HashConfig, list: usize, out: usize, n: u32): bool {
  const flags = config.flags;
  // Of inner frames there is no short way: every frame may hold one.
  const untagged = (flags & HASH_F_INNER) != 0 ? NOT_PLAIN : ETHERNET_BYTES;
  const end = list + ((n as usize) << 2);
  const toOut = out - list;
  let isLeft = false;
  for (let at = list; at < end; at += 4) {
    const mbuf = changetype<Mbuf>(load<u32>(at) as usize);
    const data = mbuf.data as usize;
    let hash = NOT_PLAIN;
    if ((mbuf.l3 as u32) == untagged) hash = Bonding.layer2(flags, data, etherType(data + ETHERNET_TYPE));
    store<u32>(at + toOut, hash);
    if (hash == NOT_PLAIN) isLeft = true;
  }
  return isLeft;
}

/** vlan+srcmac, likewise. */
export function vlanSrcmacBurst(config: HashConfig, list: usize, out: usize, n: u32): bool {
  const untagged = (config.flags & HASH_F_INNER) != 0 ? NOT_PLAIN : ETHERNET_BYTES;
  const end = list + ((n as usize) << 2);
  const toOut = out - list;
  let isLeft = false;
  for (let at = list; at < end; at += 4) {
    const mbuf = changetype<Mbuf>(load<u32>(at) as usize);
    let hash = NOT_PLAIN;
    if ((mbuf.l3 as u32) == untagged) hash = Bonding.srcmac(mbuf.data as usize);
    store<u32>(at + toOut, hash);
    if (hash == NOT_PLAIN) isLeft = true;
  }
  return isLeft;
}

/** Any frame under layer2, layer2+3 and layer3+4. */
export function plainPolicyOf(config: HashConfig, m: usize): u32 {
  return look(config, m) ? plainPolicy(config) : 0;
}

export function layer2Of(config: HashConfig, m: usize): u32 {
  return look(config, m) ? layer2(config) : 0;
}

export function encap23Of(config: HashConfig, m: usize): u32 {
  if (!look(config, m)) return 0;
  const start = layer2(config);
  return dissect(config) ? fold(config.flags, start ^ config.addresses) : start;
}

export function encap34Of(config: HashConfig, m: usize): u32 {
  if (!look(config, m)) return 0;
  const start = layer2(config);
  return dissect(config) ? fold(config.flags, config.ports ^ config.addresses) : start;
}

export function vlanSrcmacOf(config: HashConfig, m: usize): u32 {
  return look(config, m) ? vlanSrcmac(config) : 0;
}
