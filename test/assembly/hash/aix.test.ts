/**
 * AIX's modes, worked by hand after IBM's "Standard or 802.3ad algorithm": default takes the last byte of the destination IP address, of the
 * destination MAC address for ARP and other non-IP; src_dst_port adds the ports and halves; what is no TCP or UDP falls back to default.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { counting } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { type HashBed, makeHashBed } from "../../helpers/hash-bed.js";
import { aix } from "../../model/aix.js";

const MODES = ["aix-default", "aix-src-dst-port", "aix-src-port", "aix-dst-port"] as const;
const IPV4 = { src: [192, 168, 1, 10], dst: [192, 168, 1, 77] };
const IPV6 = { src: f.IPV6_A, dst: [...f.IPV6_B.slice(0, 15), 0xd5] };
const tcp = (sport: number, dport: number) => f.tcp(counting(5), { sport, dport });

/** For default, src_dst_port, src_port, dst_port. */
const BY_HAND: readonly [what: string, frame: Uint8Array, hashes: readonly number[]][] = [
  // (50000 + 443) / 2 = 25221 = 0x6285; 50000 = 0xc350; 443 = 0x01bb.
  ["TCP", f.ethernet(f.ipv4(tcp(50000, 443), IPV4)), [77, 0x85, 0x50, 0xbb]],
  // (50001 + 443) / 2 = 25222 = 0x6286: a whole number now.
  ["TCP from the next port", f.ethernet(f.ipv4(tcp(50001, 443), IPV4)), [77, 0x86, 0x51, 0xbb]],
  // (65535 + 65535) / 2 = 65535: the sum takes 17 bits.
  ["TCP between the highest ports", f.ethernet(f.ipv4(tcp(65535, 65535), IPV4)), [77, 0xff, 0xff, 0xff]],
  ["TCP the other way", f.ethernet(f.ipv4(tcp(443, 50000), IPV4)), [77, 0x85, 0xbb, 0x50]],
  // (40000 + 53) / 2 = 20026 = 0x4e3a; 40000 = 0x9c40.
  ["UDP over IPv6", f.ethernet(f.ipv6(f.udp([1], { sport: 40000, dport: 53 }), IPV6)), [0xd5, 0x3a, 0x40, 53]],
  [
    "UDP behind a tag",
    f.ethernet(f.ipv4(f.udp([1], { sport: 40000, dport: 53 }), IPV4), { tags: [{ tci: 9 }] }),
    [77, 0x3a, 0x40, 53],
  ],
  ["ICMP", f.ethernet(f.ipv4(f.icmp(counting(9)), IPV4)), [77, 77, 77, 77]],
  ["SCTP, whose ports do not count", f.ethernet(f.ipv4(f.raw(132, counting(20)), IPV4)), [77, 77, 77, 77]],
  ["a first fragment", f.ethernet(f.ipv4(tcp(50000, 443), { ...IPV4, fragment: 0x2000 })), [77, 77, 77, 77]],
  ["a later fragment", f.ethernet(f.ipv4(f.raw(6, counting(30)), { ...IPV4, fragment: 3 })), [77, 77, 77, 77]],
  ["ARP", f.ethernet(f.arp(), { dst: [2, 0, 0, 0, 0, 0x9e] }), [0x9e, 0x9e, 0x9e, 0x9e]],
  ["broadcast", f.ethernet(f.arp(), { dst: [255, 255, 255, 255, 255, 255] }), [255, 255, 255, 255]],
  ["less than an Ethernet header", counting(13), [0, 0, 0, 0]],
];

describe.each(BUILDS)("AIX's hash modes (%s build)", (build) => {
  let bed: HashBed;
  beforeAll(async () => {
    bed = await makeHashBed(build);
  });

  test.each(BY_HAND)("by hand: %s", (_, frame, hashes) => {
    expect(MODES.map((policy) => bed.hash({ policy }, frame))).toEqual(hashes);
    expect(MODES.map((mode) => aix(frame, mode))).toEqual(hashes);
  });
});
