/** Which flow a frame is of, by its outer and its innermost headers. */
import { describe, expect, it } from "vitest";
import { flowKey, flowText } from "../../src/cli/lag/flow-key.js";
import { Random } from "../helpers/property.js";

const ETHERNET = "0200000000b2 0200000000a1";
const PORTS = "1388 0035 0008 0000";

function bytes(...parts: string[]): Uint8Array {
  return Uint8Array.from(Buffer.from(parts.join("").replaceAll(/\s/g, ""), "hex"));
}

/** An IPv4 header from 192.0.2.n to 198.51.100.n; fragment is its third word's lower half. */
function ipv4(n: number, protocol: string, fragment = "0000"): string {
  const host = n.toString(16).padStart(2, "0");
  return `4500 0000 0000 ${fragment} 40 ${protocol} 0000 c00002${host} c63364${host}`;
}

const SIDES = "20010db8 00000000 00000000 0000000a 20010db8 00000000 00000000 0000000b";

function outer(frame: Uint8Array): string {
  return flowText(flowKey(frame, "outer"));
}

function inner(frame: Uint8Array): string {
  return flowText(flowKey(frame, "inner"));
}

describe("flowKey of outer headers", () => {
  it.each([
    ["UDP", [ETHERNET, "0800", ipv4(1, "11"), PORTS], "192.0.2.1:5000 > 198.51.100.1:53 udp"],
    ["two tags", [ETHERNET, "88a8 0001 8100 0002 0800", ipv4(1, "06"), PORTS], "192.0.2.1:5000 > 198.51.100.1:53 tcp"],
    ["ICMP", [ETHERNET, "0800", ipv4(1, "01"), PORTS], "192.0.2.1 > 198.51.100.1 icmp"],
    ["another protocol", [ETHERNET, "0800", ipv4(1, "59"), PORTS], "192.0.2.1 > 198.51.100.1 protocol 89"],
    ["a first fragment", [ETHERNET, "0800", ipv4(1, "11", "2000"), PORTS], "192.0.2.1 > 198.51.100.1 udp fragments"],
    ["a later fragment", [ETHERNET, "0800", ipv4(1, "11", "00b9"), PORTS], "192.0.2.1 > 198.51.100.1 udp fragments"],
    ["don't fragment", [ETHERNET, "0800", ipv4(1, "11", "4000"), PORTS], "192.0.2.1:5000 > 198.51.100.1:53 udp"],
    ["ports that are cut off", [ETHERNET, "0800", ipv4(1, "11"), "1388 00"], "192.0.2.1 > 198.51.100.1 udp"],
    ["IPv6", [ETHERNET, "86dd 60000000 0008 11 40", SIDES, PORTS], "[2001:db8::a]:5000 > [2001:db8::b]:53 udp"],
    [
      "IPv6 behind hop-by-hop options and an atomic fragment",
      [ETHERNET, "86dd 60000000 0018 00 40", SIDES, "2c00 0000 0000 0000 1100 0000 0000 0001", PORTS],
      "[2001:db8::a]:5000 > [2001:db8::b]:53 udp",
    ],
    [
      "an IPv6 fragment",
      [ETHERNET, "86dd 60000000 0010 2c 40", SIDES, "1100 0001 0000 0001", PORTS],
      "2001:db8::a > 2001:db8::b udp fragments",
    ],
    ["LLDP", [ETHERNET, "88cc 0207"], "02:00:00:00:00:a1 > 02:00:00:00:00:b2 0x88cc"],
    ["an IPv4 header that is cut off", [ETHERNET, "0800 4500 0000"], "02:00:00:00:00:a1 > 02:00:00:00:00:b2 0x0800"],
    ["no frame", ["0102"], "no Ethernet header"],
  ])("names %s", (_, parts, name) => {
    expect(outer(bytes(...parts))).toBe(name);
    // Nothing is tunnelled.
    expect(inner(bytes(...parts))).toBe(name);
  });
});

describe("flowKey of innermost headers", () => {
  const inside = [ETHERNET, "8100 0007 0800", ipv4(2, "06"), PORTS].join("");
  const udp = (port: string) => [ETHERNET, "0800", ipv4(1, "11"), "c000", port, "0000 0000"].join("");
  const name = "192.0.2.2:5000 > 198.51.100.2:53 tcp";

  it.each([
    ["VXLAN", [udp("12b5"), "0800 0000 00002a00", inside]],
    ["Geneve with an option", [udp("17c1"), "0100 6558 00002a00 01020300", inside]],
    ["Geneve with bare IP", [udp("17c1"), "0000 0800 00002a00", ipv4(2, "06"), PORTS]],
    ["GRE with Ethernet and a key", [ETHERNET, "0800", ipv4(1, "2f"), "2000 6558 00000001", inside]],
    ["GRE with bare IP", [ETHERNET, "0800", ipv4(1, "2f"), "0000 0800", ipv4(2, "06"), PORTS]],
    ["VXLAN in VXLAN", [udp("12b5"), "0800 0000 00002a00", udp("12b5"), "0800 0000 00002a00", inside]],
  ])("looks into %s", (_, parts) => {
    expect(inner(bytes(...parts))).toBe(name);
    expect(outer(bytes(...parts))).not.toBe(name);
  });

  it.each([
    ["VXLAN without a VNI", [udp("12b5"), "0000 0000 00002a00", inside]],
    ["Geneve of another version", [udp("17c1"), "4000 6558 00002a00", inside]],
    ["GRE with a source route", [ETHERNET, "0800", ipv4(1, "2f"), "4000 0800", ipv4(2, "06"), PORTS]],
    ["a fragment", [ETHERNET, "0800", ipv4(1, "11", "2000"), "c000 12b5 0000 0000 0800 0000 00002a00", inside]],
    ["VXLAN that is cut before an Ethernet header", [udp("12b5"), "0800 0000 00002a00", inside.slice(0, 20)]],
  ])("does not look into %s", (_, parts) => {
    expect(inner(bytes(...parts))).toBe(outer(bytes(...parts)));
  });

  it("stops after four tunnels", () => {
    const vxlan = `${udp("12b5")}0800 0000 00002a00`;
    expect(inner(bytes(vxlan.repeat(4), inside))).toBe(name);
    expect(inner(bytes(vxlan.repeat(5), inside))).toMatch(/4789 udp$/);
  });

  it("says something of any bytes, however they are cut", () => {
    const random = new Random();
    const whole = bytes(udp("12b5"), "0800 0000 00002a00", udp("17c1"), "0100 6558 00002a00 01020300", inside);
    for (let round = 0; round < 3000; round++) {
      const frame = whole.slice(0, random.below(whole.length + 1));
      for (let flips = random.below(4); flips > 0 && frame.length > 0; flips--) {
        frame[random.below(frame.length)] = random.below(256);
      }
      expect(inner(frame)).toMatch(/ > |no Ethernet header/);
      expect(outer(frame)).toMatch(/ > |no Ethernet header/);
    }
  });
});
