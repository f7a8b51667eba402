// The CRCs of RDMA packets that may lie in several segments. The register goes from one segment into the next. Bits that count as
// ones are in the headers, and those are in the first segment.
import { CRC_ONES_IB_LOCAL, CRC_ONES_ROCE_IPV4, CRC_ONES_ROCE_IPV6 } from "../layout";
import { Mbuf } from "../mbuf/mbuf";
import { crcFold } from "./fold";
import { AFTER_LRH } from "./icrc";
import { Multiple, Multiple16, Multiple32 } from "./multiple";
import { onesAt } from "./table";

/** ICRC of a RoCEv2 packet: of len bytes from its IP header, at byte off, up to where the ICRC stands. */
export function icrcIpChain(table: usize, m: usize, off: u32, len: u32): u32 {
  const ip = (changetype<Mbuf>(m).data + off) as usize;
  const format = load<u8>(ip) >> 4 == 4 ? CRC_ONES_ROCE_IPV4 : CRC_ONES_ROCE_IPV6;
  return ~crcChain<Multiple32>(table, AFTER_LRH, m, off, len, onesAt(table, format));
}

/** ICRC of an InfiniBand packet without a global route header: of its first len bytes, up to where the ICRC stands. */
export function icrcIbChain(table: usize, m: usize, len: u32): u32 {
  return ~crcChain<Multiple32>(table, 0xffffffff, m, 0, len, onesAt(table, CRC_ONES_IB_LOCAL));
}

/** VCRC of an InfiniBand packet: of its first len bytes, the ICRC among them. */
export function vcrcChain(table: usize, m: usize, len: u32): u32 {
  return crcChain<Multiple16>(table, 0xffff, m, 0, len, 0) ^ 0xffff;
}

/** The register after len bytes of a chain from byte off on, which is in the first segment; the chain holds that many. */
function crcChain<M extends Multiple>(table: usize, register: u32, m: usize, off: u32, len: u32, ones: usize): u32 {
  let segment = changetype<Mbuf>(m);
  let run = min(segment.len - off, len);
  register = crcFold<M>(table, register, (segment.data + off) as usize, run, ones);
  for (len -= run; len > 0; len -= run) {
    segment = changetype<Mbuf>(segment.next as usize);
    run = min(segment.len, len);
    register = crcFold<M>(table, register, segment.data as usize, run, 0);
  }
  return register;
}
