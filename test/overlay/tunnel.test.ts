import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.js";
import { ConfigError } from "../../src/errors.js";
import { macOf, parseIp, parseMac } from "../../src/overlay/address.js";
import type { GeneveOption } from "../../src/overlay/geneve-options.js";
import { encodeTunnel, type TunnelOptions } from "../../src/overlay/tunnel.js";
import { hex } from "../helpers/bytes.js";
import { OUTER_V4, OUTER_V6, optionsOf } from "../helpers/tunnels.js";

const V4: TunnelOptions = { vni: 7, local: "10.0.0.1", remote: "10.0.0.2" };
const NVGRE = { vni: 4096, encapsulation: "nvgre" as const };
/** Geneve with one option, this changed in it. */
const geneve = (change: Partial<GeneveOption>): Partial<TunnelOptions> => ({
  encapsulation: "geneve",
  geneveOptions: [{ class: 1, type: 2, data: new Uint8Array(), ...change }],
});

describe("a tunnel's options", () => {
  const REFUSED: readonly [argument: string, value: unknown, bound: RegExp, change: Partial<TunnelOptions>][] = [
    ["vni", -1, /0 to 16777215/, { vni: -1 }],
    ["vni", 16777216, /0 to 16777215/, { vni: 16777216 }],
    ["vni", 1.5, /whole number/, { vni: 1.5 }],
    ["local", "10.0.0", /IPv4 or IPv6 address/, { local: "10.0.0" }],
    ["local", "10.0.0.256", /IPv4 or IPv6 address/, { local: "10.0.0.256" }],
    ["local", "010.0.0.1", /IPv4 or IPv6 address/, { local: "010.0.0.1" }],
    ["local", "0x0a000001", /IPv4 or IPv6 address/, { local: "0x0a000001" }],
    ["local", "fe80::1%eth0", /IPv4 or IPv6 address/, { local: "fe80::1%eth0" }],
    ["local", "10.0.0.0/8", /IPv4 or IPv6 address/, { local: "10.0.0.0/8" }],
    ["remote", "example.net", /IPv4 or IPv6 address/, { remote: "example.net" }],
    ["remote", "fd00::1", /same IP version as local/, { remote: "fd00::1" }],
    ["sourceMac", "02:00:00:00:00", /six hexadecimal bytes/, { sourceMac: "02:00:00:00:00" }],
    ["nextHopMac", "02-00-00-00-00-01", /six hexadecimal bytes/, { nextHopMac: "02-00-00-00-00-01" }],
    ["vlan", 0, /1 to 4094/, { vlan: 0 }],
    ["vlan", 4095, /1 to 4094/, { vlan: 4095 }],
    ["ttl", 0, /1 to 255/, { ttl: 0 }],
    ["ttl", 256, /1 to 255/, { ttl: 256 }],
    ["udpChecksum", "half", /zero, full/, { udpChecksum: "half" as "full" }],
    ["sourcePorts[0]", 0, /1 to 65535/, { sourcePorts: [0, 5] }],
    ["sourcePorts[1]", 4, /5 to 65535/, { sourcePorts: [5, 4] }],
    ["sourcePorts[1]", 65536, /5 to 65535/, { sourcePorts: [5, 65536] }],
    ["encapsulation", "gre", /vxlan, geneve, vxlan-gpe, nvgre/, { encapsulation: "gre" as "nvgre" }],
    ["vni", 4095, /4096 to 16777214/, { ...NVGRE, vni: 4095 }],
    ["vni", 16777215, /4096 to 16777214/, { ...NVGRE, vni: 16777215 }],
    ["udpChecksum", "zero", /without UDP/, { ...NVGRE, udpChecksum: "zero" }],
    ["sourcePorts", [1, 2], /without UDP/, { ...NVGRE, sourcePorts: [1, 2] }],
    ["innerVlan", true, /RFC 7637/, { ...NVGRE, innerVlan: true }],
    ["innerVlan", 1, /true or false/, { innerVlan: 1 as never }],
    ["strict", "yes", /true or false/, { strict: "yes" as never }],
    ["ecn", 0, /true or false/, { ecn: 0 as never }],
    ["dscp", 64, /0 to 63/, { dscp: 64 }],
    ["dscp", -1, /"uniform"/, { dscp: -1 }],
    ["dscp", "pipe", /"uniform"/, { dscp: "pipe" as "uniform" }],
    ["mtuBytes", 117, /118 to 65535/, { mtuBytes: 117 }],
    ["mtuBytes", 121, /122 to 65535/, { mtuBytes: 121, innerVlan: true }],
    ["mtuBytes", 65536, /to 65535/, { mtuBytes: 65536 }],
    ["geneveOptions", [], /but with Geneve/, { geneveOptions: [] }],
    ["geneveOptions[0].class", 65536, /0 to 65535/, geneve({ class: 65536 })],
    ["geneveOptions[0].type", 128, /0 to 127/, geneve({ type: 128 })],
    ["geneveOptions[0].critical", 1, /true or false/, geneve({ critical: 1 as never })],
    ["geneveOptions[0].data", new Uint8Array(3), /multiple of 4/, geneve({ data: new Uint8Array(3) })],
    ["geneveOptions[0].data", new Uint8Array(128), /at most 124/, geneve({ data: new Uint8Array(128) })],
    ["geneveOptions[0].data", "00", /bytes/, geneve({ data: "00" as never })],
    ["geneveOptions", "128 bytes", /at most 124 bytes together/, geneve({ data: new Uint8Array(124) })],
  ];

  test.each(REFUSED)("%s %j is refused", (argument, value, bound, change) => {
    try {
      encodeTunnel({ ...V4, ...change });
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({ argument, value, bound: expect.stringMatching(bound) });
      return;
    }
    expect.unreachable(`${argument} ${value} was taken`);
  });

  test("make headers of 50 bytes over IPv4 and 70 over IPv6, 4 more with a VLAN", () => {
    const bytes = [OUTER_V4, OUTER_V6].flatMap((outer) =>
      [undefined, 5].map((vlan) => encodeTunnel(optionsOf({ ...outer, vlan })).headerBytes),
    );
    expect(bytes).toEqual([50, 54, 70, 74]);
  });

  test.each<[string, Partial<TunnelOptions>, number, number]>([
    ["VXLAN-GPE as VXLAN", { encapsulation: "vxlan-gpe" }, 50, 1464],
    ["Geneve with options in front", geneve({ data: new Uint8Array(8) }), 62, 1452],
    ["Geneve with as many as there may be", geneve({ data: new Uint8Array(120) }), 174, 1340],
    ["NVGRE without UDP", NVGRE, 42, 1472],
    ["a tag that is carried beside a frame", { innerVlan: true, vlan: 5 }, 54, 1460],
  ])("%s: headers, and what is left of an MTU of 1500", (_, options, headerBytes, frameBytesMax) => {
    const encoded = encodeTunnel({ ...V4, ...options, mtuBytes: 1500 });
    expect(encoded).toMatchObject({ headerBytes, frameBytesMax });
    const view = new DataView(encoded.record.buffer);
    expect(view.getUint32(layout.TUNNEL_HEADER_LEN, true)).toBe(headerBytes);
    expect(view.getUint32(layout.TUNNEL_FRAME_BYTES_MAX, true)).toBe(frameBytesMax);
  });

  test("that are left out: TTL 64, ports 49152-65535, checksum zero over IPv4 and full over IPv6", () => {
    const flagsOf = (options: TunnelOptions) =>
      new DataView(encodeTunnel(options).record.buffer).getUint32(layout.TUNNEL_FLAGS, true);
    expect(flagsOf(V4)).toBe(layout.TUNNEL_F_PLAIN);
    expect(flagsOf({ ...V4, strict: true, innerVlan: true, dscp: "uniform" })).toBe(
      layout.TUNNEL_F_PLAIN | layout.TUNNEL_F_STRICT | layout.TUNNEL_F_INNER_VLAN | layout.TUNNEL_F_UNIFORM,
    );
    for (const encapsulation of ["geneve", "vxlan-gpe"] as const) expect(flagsOf({ ...V4, encapsulation })).toBe(0);
    expect(flagsOf({ ...V4, ...NVGRE })).toBe(0);
    expect(flagsOf({ ...V4, vlan: 7 })).toBe(0);
    expect(flagsOf({ ...V4, udpChecksum: "full" })).toBe(layout.TUNNEL_F_UDP_CHECKSUM);
    const v6 = { vni: 7, local: "fd00::1", remote: "fd00::2" };
    expect(flagsOf(v6)).toBe(layout.TUNNEL_F_IPV6 | layout.TUNNEL_F_UDP_CHECKSUM);
    expect(flagsOf({ ...v6, udpChecksum: "zero" })).toBe(layout.TUNNEL_F_IPV6);
    expect(flagsOf({ ...v6, ...NVGRE })).toBe(layout.TUNNEL_F_IPV6);
    const view = new DataView(encodeTunnel(V4).record.buffer);
    expect(view.getUint16(layout.TUNNEL_PORT_BASE, true)).toBe(49152);
    expect(view.getUint16(layout.TUNNEL_PORT_COUNT, true)).toBe(16384);
    expect(view.getUint8(layout.TUNNEL_TEMPLATE + 14 + 8)).toBe(64);
  });

  test("become a template of Geneve with its options, and of NVGRE", () => {
    const geneveRecord = encodeTunnel({ ...V4, ...geneve({ critical: true, data: hex("aabbccdd") }) }).record;
    expect(geneveRecord.subarray(layout.TUNNEL_TEMPLATE + 34, layout.TUNNEL_TEMPLATE + 58)).toEqual(
      hex("0000 17c1 0000 0000", "02 40 6558 000007 00", "0001 82 01 aabbccdd"),
    );
    const { record } = encodeTunnel({ ...V4, ...NVGRE, local: "fd00::1", remote: "fd00::2", dscp: 0x2f });
    expect(record.subarray(layout.TUNNEL_TEMPLATE + 14, layout.TUNNEL_TEMPLATE + 22)).toEqual(
      hex("6bc00000 0000 2f 40"),
    );
    expect(record.subarray(layout.TUNNEL_TEMPLATE + 54, layout.TUNNEL_TEMPLATE + 62)).toEqual(
      hex("2000 6558 001000 00"),
    );
    const view = new DataView(record.buffer);
    expect([view.getUint16(layout.TUNNEL_L4, true), view.getUint8(layout.TUNNEL_KIND)]).toEqual([
      54,
      layout.ENCAP_NVGRE,
    ]);
  });

  test("become a template that is all there but for lengths, source port and checksums", () => {
    const { record } = encodeTunnel({ ...V4, vni: 0x123456, ttl: 9, vlan: 0x0abc });
    expect(record.subarray(layout.TUNNEL_TEMPLATE, layout.TUNNEL_TEMPLATE + 54)).toEqual(
      hex(
        "02000a000002 02000a000001 8100 0abc 0800",
        "4500 0000 0000 4000 09 11 0000 0a000001 0a000002",
        "0000 12b5 0000 0000",
        "08000000 123456 00",
      ),
    );
  });
});

describe("the bits of the type of service that are copied", () => {
  test.each<[Partial<TunnelOptions>, keep: number, tos: number]>([
    [{}, 0x03, 0],
    [{ dscp: 46 }, 0x03, 46 << 2],
    [{ dscp: "uniform" }, 0xff, 0],
    [{ dscp: "uniform", ecn: false }, 0xfc, 0],
    [{ dscp: 1, ecn: false }, 0, 4],
  ])("%j: %i, beside the template's %i", (options, keep, tos) => {
    const view = new DataView(encodeTunnel({ ...V4, ...options }).record.buffer);
    expect(view.getUint8(layout.TUNNEL_TOS_KEEP)).toBe(keep);
    expect(view.getUint8(layout.TUNNEL_TEMPLATE + 15)).toBe(tos);
    // The sum is that of the header without the field.
    expect(view.getUint32(layout.TUNNEL_IP_SUM, true)).toBe(
      new DataView(encodeTunnel(V4).record.buffer).getUint32(layout.TUNNEL_IP_SUM, true),
    );
  });
});

describe("addresses", () => {
  test("IPv4 and IPv6 in network order", () => {
    expect(parseIp("a", "192.0.2.255")).toEqual(hex("c00002ff"));
    expect(parseIp("a", "2001:db8::a:1")).toEqual(hex("20010db8 00000000 00000000 000a0001"));
    expect(parseIp("a", "::ffff:192.0.2.1")).toEqual(hex("00000000 00000000 0000ffff c0000201"));
    expect(parseMac("m", "02:AB:cd:00:11:ff")).toEqual(hex("02abcd0011ff"));
  });

  test("a made-up MAC address is local, unicast, and ends like the IP address", () => {
    expect(macOf(parseIp("a", "10.1.2.3"))).toEqual(hex("02000a010203"));
    expect(macOf(parseIp("a", "fd00::aabb:ccdd"))).toEqual(hex("0200aabbccdd"));
  });
});
