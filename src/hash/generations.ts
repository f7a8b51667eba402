/**
 * Generations of Linux bonding's hashes: what changed a hash, by the first release that has it. Where a release is not a long-term one, its
 * stable branches may have taken a later change over; the texts say which are known to have.
 */
import {
  HASH_F_ARP,
  HASH_F_EXTENSIONS,
  HASH_F_FLOW_LABEL,
  HASH_F_FRAGMENT_PORTS,
  HASH_F_ICMP,
  HASH_F_ICMP_NUMBER,
  HASH_F_MPLS,
  HASH_F_PPPOE_CHECKED,
  HASH_F_PPTP,
  HASH_F_TYPE,
  HASH_F_TYPE_NUMBER,
} from "../../assembly/layout.js";

/** Which policies discard the lowest bit of the fold. */
export type Fold = "no shift" | "shift" | "shift layer3+4";

export interface Generation {
  /** The first release that has it. */
  readonly name: string;
  /** Releases that have it. */
  readonly kernels: string;
  /** What it does that the one before did not. */
  readonly text: string;
  /** What discards the lowest bit: no policy, all that hash IP, or layer3+4 and encap3+4 only. */
  readonly fold: Fold;
  /** @internal HASH_F_ bits that all policies have. */
  readonly flags: number;
  /** @internal HASH_F_ bits of the flow dissector, which encap2+3 and encap3+4 use. */
  readonly dissector: number;
  /** @internal It has vlan+srcmac. */
  readonly hasVlanSrcmac: boolean;
}

const DISSECTOR_4_3 = HASH_F_EXTENSIONS | HASH_F_MPLS;
const DISSECTOR_4_11 = DISSECTOR_4_3 | HASH_F_ARP | HASH_F_PPTP;
const ICMP_5_12 = HASH_F_ICMP | HASH_F_ICMP_NUMBER;

/** All that are known here, oldest first. */
export const GENERATIONS: readonly Generation[] = [
  {
    name: "3.13",
    kernels: "3.13 to 3.16",
    text: "addresses and ports folded to 32 bits (commit 32819dc18348), encap2+3 and encap3+4; layer 2 is the MAC addresses alone",
    fold: "no shift",
    flags: 0,
    dissector: 0,
    hasVlanSrcmac: false,
  },
  {
    name: "3.17",
    kernels: "3.17 to 4.2 (read in 3.18)",
    text: "layer 2 has the EtherType, in memory order; the dissector takes an IPv6 flow label for the ports",
    fold: "no shift",
    flags: HASH_F_TYPE,
    dissector: HASH_F_FLOW_LABEL,
    hasVlanSrcmac: false,
  },
  {
    name: "4.3",
    kernels: "4.3 to 4.10 (read in 4.4)",
    text: "the dissector walks IPv6 extension headers, stops at fragment headers, knows MPLS, leaves flow labels alone",
    fold: "no shift",
    flags: HASH_F_TYPE,
    dissector: DISSECTOR_4_3,
    hasVlanSrcmac: false,
  },
  {
    name: "4.11",
    kernels: "4.11 to 4.13",
    text: "the dissector knows ARP, which then hashes without addresses, and PPTP (that from 4.9 on)",
    fold: "no shift",
    flags: HASH_F_TYPE,
    dissector: DISSECTOR_4_11,
    hasVlanSrcmac: false,
  },
  {
    name: "4.14",
    kernels:
      "4.14 to 4.19; of 4.14 and 4.15 which came first was not looked up; the shift also in 4.4 and 4.9 from the end of 2017 on",
    text: "every policy that hashes IP discards the lowest bit (commit b5f862180d70); the dissector reads ports behind IPv6 fragment headers",
    fold: "shift",
    flags: HASH_F_TYPE,
    dissector: DISSECTOR_4_11 | HASH_F_FRAGMENT_PORTS,
    hasVlanSrcmac: false,
  },
  {
    name: "4.20",
    kernels: "4.20 to 5.4; also 4.14 and 4.19 from the end of 2018 on",
    text: "the dissector reads no ports behind IPv6 fragment headers (commit 62230715fd24)",
    fold: "shift",
    flags: HASH_F_TYPE,
    dissector: DISSECTOR_4_11,
    hasVlanSrcmac: false,
  },
  {
    name: "5.5",
    kernels: "5.5 to 5.11",
    text: "ICMP hashes by identifier, in memory order (commit 58deb77cc52d); ICMP errors by the datagram that they quote",
    fold: "shift",
    flags: HASH_F_TYPE | HASH_F_ICMP,
    dissector: DISSECTOR_4_11,
    hasVlanSrcmac: false,
  },
  {
    name: "5.12",
    kernels: "5.12 to 5.14; the identifier also in later 5.10 and 5.11",
    text: "the ICMP identifier is a number (commit a25f82228542); vlan+srcmac (commit 7b8fc0103bb5)",
    fold: "shift",
    flags: HASH_F_TYPE | ICMP_5_12,
    dissector: DISSECTOR_4_11,
    hasVlanSrcmac: true,
  },
  {
    name: "5.15",
    kernels: "5.15.17 to 5.15.37, 5.16.3 and later, 5.17 to 5.17.4",
    text: "layer 2 has the EtherType as a number (commit 9e2ee5c7e7c3); before 5.15.17 and 5.16.3 ports are often read from a wrong place (429e3d123d9a)",
    fold: "shift",
    flags: HASH_F_TYPE_NUMBER | ICMP_5_12,
    dissector: DISSECTOR_4_11,
    hasVlanSrcmac: true,
  },
  {
    name: "5.18",
    kernels: "5.18, 5.19; also 5.15.38, 5.17.5 and later of those branches",
    text: "only layer3+4 and encap3+4 discard the lowest bit (commit 49aefd131739)",
    fold: "shift layer3+4",
    flags: HASH_F_TYPE_NUMBER | ICMP_5_12,
    dissector: DISSECTOR_4_11,
    hasVlanSrcmac: true,
  },
  {
    name: "6.0",
    kernels: "6.0 and later (read in 6.6)",
    text: "the dissector checks PPPoE headers, and knows compressed protocol fields and MPLS in them (commit 46126db9c861)",
    fold: "shift layer3+4",
    flags: HASH_F_TYPE_NUMBER | ICMP_5_12,
    dissector: DISSECTOR_4_11 | HASH_F_PPPOE_CHECKED,
    hasVlanSrcmac: true,
  },
];
