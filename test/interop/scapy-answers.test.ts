/**
 * Answers beside those of an independent builder: Scapy (Debian's python3-scapy) makes the same packets by its own hand, and its bytes
 * are ours. Skipped by name where Python has no scapy.
 */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import {
  announcements,
  arpReply,
  neighbourAdvertisement,
  readArp,
  readNeighbour,
  tooBig,
} from "../../src/overlay/answers/index.js";
import { hex } from "../helpers/bytes.js";
import { run } from "../helpers/command.js";

const OWNER = hex("02 00 00 00 0b 02");
/** The Python that has Scapy: Debian's package is for Debian's own, which need not come first in PATH. */
const PYTHON = ["python3", "/usr/bin/python3"].find((python) => spawnSync(python, ["-c", "import scapy"]).status === 0);

/** Packets in Scapy's words: questions, and what we are to make of them, a line of hexadecimal each. */
const SCRIPT = `
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import *
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw

A, B, ALL = "02:00:00:00:0a:01", "02:00:00:00:0b:02", "ff:ff:ff:ff:ff:ff"
IP_A, IP_B, SIX_A, SIX_B = "10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2"

def show(packet):
    print(bytes(packet).hex())

# 0, 1: a tagged request, its reply.
show(Ether(src=A, dst=ALL) / Dot1Q(vlan=7, prio=5) / ARP(op=1, hwsrc=A, psrc=IP_A, hwdst="00:00:00:00:00:00", pdst=IP_B))
show(Ether(src=B, dst=A) / Dot1Q(vlan=7, prio=5) / ARP(op=2, hwsrc=B, psrc=IP_B, hwdst=A, pdst=IP_A))
# 2-5: a solicitation and duplicate address detection, each with its advertisement.
node, node_mac = "ff02::1:ff00:2", "33:33:ff:00:00:02"
link = ICMPv6NDOptDstLLAddr(lladdr=B)
show(Ether(src=A, dst=node_mac) / IPv6(src=SIX_A, dst=node) / ICMPv6ND_NS(tgt=SIX_B) / ICMPv6NDOptSrcLLAddr(lladdr=A))
show(Ether(src=B, dst=A) / IPv6(src=SIX_B, dst=SIX_A) / ICMPv6ND_NA(tgt=SIX_B, R=0, S=1, O=1) / link)
show(Ether(src=A, dst=node_mac) / IPv6(src="::", dst=node) / ICMPv6ND_NS(tgt=SIX_B))
show(Ether(src=B, dst="33:33:00:00:00:01") / IPv6(src=SIX_B, dst="ff02::1") / ICMPv6ND_NA(tgt=SIX_B, R=0, S=0, O=1) / link)
# 6-8: what an endpoint announces.
show(Ether(src=B, dst=ALL, type=0x8035) / ARP(op=3, hwsrc=B, psrc="0.0.0.0", hwdst=B, pdst="0.0.0.0") / Raw(bytes(18)))
show(Ether(src=B, dst=ALL) / ARP(op=1, hwsrc=B, psrc=IP_B, hwdst="00:00:00:00:00:00", pdst=IP_B))
show(Ether(src=B, dst="33:33:00:00:00:01") / IPv6(src=SIX_B, dst="ff02::1") / ICMPv6ND_NA(tgt=SIX_B, R=0, S=0, O=1) / link)
# 9-12: packets that are too big, each with what its sender is told.
data = UDP(sport=50000, dport=50001) / Raw(bytes(i % 251 for i in range(1472)))
big = IP(bytes(IP(src=IP_A, dst=IP_B, flags="DF", id=9) / data))
show(Ether(src=A, dst=B) / big)
show(Ether(src=B, dst=A) / IP(src=IP_B, dst=IP_A, tos=0xc0, id=0, flags="DF") / ICMP(type=3, code=4, nexthopmtu=1450) / Raw(bytes(big)[:548]))
big6 = IPv6(bytes(IPv6(src=SIX_A, dst=SIX_B) / data))
show(Ether(src=A, dst=B) / big6)
show(Ether(src=B, dst=A) / IPv6(src=SIX_B, dst=SIX_A) / ICMPv6PacketTooBig(mtu=1430) / Raw(bytes(big6)[:1232]))
`;

describe.skipIf(PYTHON === undefined)("scapy", () => {
  it("builds the same answers and announcements", () => {
    const { code, stdout, stderr } = run(PYTHON as string, ["-"], { input: new TextEncoder().encode(SCRIPT) });
    expect([code, stderr]).toEqual([0, ""]);
    const packets = stdout
      .toString()
      .trim()
      .split("\n")
      .map((line) => hex(line));
    const packet = (i: number) => packets[i] as Uint8Array;
    const arp = readArp(packet(0));
    const asked = readNeighbour(packet(2));
    const probed = readNeighbour(packet(4));
    if (typeof arp === "string" || typeof asked === "string" || typeof probed === "string") {
      throw new Error(`not read: ${[arp, asked, probed]}`);
    }
    expect(arpReply(arp, OWNER)).toEqual(packet(1));
    expect(neighbourAdvertisement(asked, OWNER)).toEqual(packet(3));
    expect(neighbourAdvertisement(probed, OWNER)).toEqual(packet(5));
    const announced = announcements({ mac: "02:00:00:00:0b:02", ips: ["10.0.0.2", "fd00::2"] });
    expect(announced).toEqual([packet(6), packet(7), packet(8)]);
    expect(tooBig(packet(9), 1450)).toEqual(packet(10));
    expect(tooBig(packet(11), 1430)).toEqual(packet(12));
    expect(packets.length).toBe(13);
  });
});
