// Hashes a burst by a configuration. What kind of hash it is is asked once: it chooses a loop for the plain frames, and a function for
// those that are left.
import {
  HASH_AIX_DEFAULT,
  HASH_ENCAP23,
  HASH_ENCAP34,
  HASH_LAYER2,
  HASH_LAYER23,
  HASH_LAYER34,
  HASH_SLB,
  HASH_TOEPLITZ,
  HASH_VLAN_SRCMAC,
} from "../layout";
import { aixDefaultBurst, aixOf, aixPortsBurst } from "./aix";
import { HashConfig } from "./config";
import { NOT_PLAIN } from "./plain";
import {
  encap23Of,
  encap34Of,
  layer2Burst,
  layer2Of,
  plain23Burst,
  plain34Burst,
  plainPolicyOf,
  vlanSrcmacBurst,
  vlanSrcmacOf,
} from "./policies";
import { rssBurst, rssOf } from "./rss";
import { slbBurst, slbOf } from "./slb";

/**
 * The hashes of n parsed frames (list: u32 addresses) into out (u32), by the configuration at config (HashConfig). A frame without a
 * whole Ethernet header in its head segment hashes to 0.
 */
export function hashBurst(config: usize, list: usize, out: usize, n: u32): void {
  const c = changetype<HashConfig>(config);
  const kind = c.kind;
  if (kind == HASH_LAYER34) {
    if (plain34Burst(c, list, out, n)) rest(c, list, out, n, plainPolicyOf);
  } else if (kind == HASH_TOEPLITZ) {
    if (rssBurst(c, list, out, n)) rest(c, list, out, n, rssOf);
  } else if (kind == HASH_ENCAP34) {
    if (plain34Burst(c, list, out, n)) rest(c, list, out, n, encap34Of);
  } else if (kind == HASH_LAYER23) {
    if (plain23Burst(c, list, out, n)) rest(c, list, out, n, plainPolicyOf);
  } else if (kind == HASH_ENCAP23) {
    if (plain23Burst(c, list, out, n)) rest(c, list, out, n, encap23Of);
  } else if (kind == HASH_LAYER2) {
    if (layer2Burst(c, list, out, n)) rest(c, list, out, n, layer2Of);
  } else if (kind == HASH_VLAN_SRCMAC) {
    if (vlanSrcmacBurst(c, list, out, n)) rest(c, list, out, n, vlanSrcmacOf);
  } else if (kind == HASH_SLB) {
    if (slbBurst(c, list, out, n)) rest(c, list, out, n, slbOf);
  } else if (kind == HASH_AIX_DEFAULT) {
    if (aixDefaultBurst(c, list, out, n)) rest(c, list, out, n, aixOf);
  } else {
    if (aixPortsBurst(c, list, out, n)) rest(c, list, out, n, aixOf);
  }
}

/** The general way, for the frames that the first loop has left. */
function rest(config: HashConfig, list: usize, out: usize, n: u32, hash: (config: HashConfig, m: usize) => u32): void {
  const end = list + ((n as usize) << 2);
  const toOut = out - list;
  for (let at = list; at < end; at += 4) {
    if (load<u32>(at + toOut) == NOT_PLAIN) store<u32>(at + toOut, hash(config, load<u32>(at) as usize));
  }
}
