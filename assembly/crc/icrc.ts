// The invariant CRC of RDMA packets: CRC-32 over what no switch or router may change (IBTA volume 1, 7.8.1; annex A17 for
// RoCEv2). Fields that may change count as ones. They are OR-ed in on the way, by masks in the table, so no header is copied.
// The result is stored little-endian: a plain load<u32> of a packet's last four bytes compares.
import { CRC_ONES_IB_GLOBAL, CRC_ONES_IB_LOCAL, CRC_ONES_ROCE_IPV4, CRC_ONES_ROCE_IPV6 } from "../layout";
import { crcFold } from "./fold";
import { Multiple32 } from "./multiple";
import { onesAt } from "./table";

/** The register after the eight bytes of ones that stand for the local route header, which RoCEv2 does not have. */
export const AFTER_LRH: u32 = 0xdebb20e3;
/** Link next header (IBTA volume 1, 7.7), the two low bits of the second byte: 3 is a packet with a global route header. */
const LNH_IBA_GLOBAL: u32 = 3;

/** ICRC of a RoCEv2 packet of len bytes from the IP header to the ICRC. IPv4 without options, IPv6 without extensions. */
export function icrcIp(table: usize, ip: usize, len: u32): u32 {
  const format = load<u8>(ip) >> 4 == 4 ? CRC_ONES_ROCE_IPV4 : CRC_ONES_ROCE_IPV6;
  return ~crcFold<Multiple32>(table, AFTER_LRH, ip, covered(len), onesAt(table, format));
}

/** ICRC of an InfiniBand packet of len bytes from the local route header to the ICRC. */
export function icrcIb(table: usize, lrh: usize, len: u32): u32 {
  const isGlobal = (load<u8>(lrh, 1) & 3) == LNH_IBA_GLOBAL;
  const format = isGlobal ? CRC_ONES_IB_GLOBAL : CRC_ONES_IB_LOCAL;
  return ~crcFold<Multiple32>(table, 0xffffffff, lrh, covered(len), onesAt(table, format));
}

/** Bytes before the ICRC; none of a packet that is too short for one. */
function covered(len: u32): u32 {
  return max<u32>(len, 4) - 4;
}

/** icrcIp of n packets (ptrs of the IP headers, lens: u32 each) into out (u32 each). */
export function icrcBurst(table: usize, ptrs: usize, lens: usize, out: usize, n: u32): void {
  const end = out + ((n as usize) << 2);
  while (out < end) {
    store<u32>(out, icrcIp(table, load<u32>(ptrs) as usize, load<u32>(lens)));
    ptrs += 4;
    lens += 4;
    out += 4;
  }
}
