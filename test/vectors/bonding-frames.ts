/** The frames of the bonding vectors that are in no capture: one of each kind that some generation hashes in a way of its own. */
import { concat, counting, u16 } from "../helpers/bytes.js";
import * as f from "../helpers/frames.js";
import { geneve, gre, mpls, pppoe } from "../helpers/nested.js";

const PORTS = { sport: 40000, dport: 5353 };
const INNER = { src: [192, 168, 1, 7], dst: [192, 168, 2, 9] };
const datagram = f.udp(counting(40), PORTS);
const inner = f.ipv4(f.tcp(counting(8), { sport: 33000, dport: 80 }), INNER);
const inner6 = f.ipv6(f.udp(counting(8), { sport: 33001, dport: 53 }), { flowLabel: 0 });
const frame = f.ethernet(inner, { src: [2, 0, 0, 0, 0x33, 0x44], dst: [2, 0, 0, 0, 0x55, 0x66] });
const error = (quoted: ArrayLike<number>) => Uint8Array.from([3, 1, 0, 0, 0, 0, 0, 0, ...Array.from(quoted)]);
const HOP = [1, 4, 0, 0, 0, 0];

export const BONDING_FRAMES: Readonly<Record<string, Uint8Array>> = {
  TCP: f.ethernet(f.ipv4(f.tcp(counting(9)))),
  "UDP over IPv6 with a flow label": f.ethernet(f.ipv6(datagram)),
  "UDP over IPv6 without": f.ethernet(f.ipv6(datagram, { flowLabel: 0 })),
  SCTP: f.ethernet(f.ipv4(f.raw(132, counting(24)))),
  ESP: f.ethernet(f.ipv4(f.raw(50, counting(24)))),
  AH: f.ethernet(f.ipv4(f.raw(51, counting(24)))),
  IGMP: f.ethernet(f.ipv4(f.raw(2, counting(8)))),
  "ICMP echo request": f.ethernet(f.ipv4(f.icmp(counting(20)))),
  "ICMP echo request without identifier": f.ethernet(f.ipv4(f.raw(1, Uint8Array.from([8, 0, 0, 0, 0, 0, 0, 1])))),
  "ICMP unreachable, quoting TCP": f.ethernet(f.ipv4(f.raw(1, error(inner.bytes.subarray(0, 28))))),
  "ICMPv6 echo request": f.ethernet(f.ipv6(f.icmpv6(counting(20)), { flowLabel: 0 })),
  "first fragment": f.ethernet(f.ipv4(f.slice(datagram, 0, 32), { fragment: 0x2000 })),
  "later fragment": f.ethernet(f.ipv4(f.slice(datagram, 32), { fragment: 4 })),
  "first fragment over IPv6": f.ethernet(f.ipv6(f.fragment6(0, true, datagram), { flowLabel: 0 })),
  "hop-by-hop options before UDP": f.ethernet(f.ipv6(f.extension(0, HOP, datagram), { flowLabel: 0 })),
  ARP: f.ethernet(f.arp()),
  LLDP: f.ethernet(f.layer3(0x88cc, counting(46))),
  "one tag": f.ethernet(inner, { tags: [{ tci: 0xa007 }] }),
  "two tags": f.ethernet(inner, { tags: [{ tpid: 0x88a8, tci: 100 }, { tci: 0x6008 }] }),
  "IP in IP": f.ethernet(f.ipv4(f.raw(4, inner.bytes))),
  "IPv6 in IPv4": f.ethernet(f.ipv4(f.raw(41, inner6.bytes))),
  "GRE with IP": f.ethernet(f.ipv4(gre(0x0800, inner.bytes, 0x20))),
  "GRE with Ethernet": f.ethernet(f.ipv4(gre(0x6558, frame))),
  PPTP: f.ethernet(f.ipv4(gre(0x880b, concat([0xff, 3], u16(0x21), inner.bytes), 0x30, 0x81))),
  PPPoE: f.ethernet(pppoe(0x21, inner.bytes)),
  "PPPoE with a short protocol field": f.ethernet(pppoe(0x21, inner.bytes, true)),
  MPLS: f.ethernet(mpls(inner.bytes)),
  VXLAN: f.ethernet(f.ipv4(f.vxlan(42, frame))),
  Geneve: f.ethernet(f.ipv4(geneve(0x6558, frame, 2))),
};

/** Frames of examples/captures, by file and number from 1. */
export const CAPTURED_FRAMES: Readonly<Record<string, readonly number[]>> = {
  "web-mix.pcap": [1, 5, 60, 200, 420, 640, 900, 1100, 1300],
  "small-messages.pcap": [7, 5000],
  "bulk.pcap": [3, 1500],
  "kernel-vxlan-underlay.pcap": [2, 40, 150, 290],
};
