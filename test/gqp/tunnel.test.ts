import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.js";
import {
  encodeInfinibandTunnel,
  encodeRoceTunnel,
  type InfinibandTunnelOptions,
  type RoceTunnelOptions,
} from "../../src/gqp/tunnel.js";
import { type Carriage, underlayMtuFor } from "../../src/overlay/mtu.js";
import { counting, hex } from "../helpers/bytes.js";
import * as f from "../helpers/frames.js";
import { INFINIBAND, NUMBERS, ROCE_V4, ROCE_V6 } from "../helpers/gqp.js";
import { encapsulate, type GqpOuter } from "../model/gqp.js";

const roce: RoceTunnelOptions = { vni: 0xabcdef, local: "192.0.2.1", remote: "192.0.2.2" };
const infiniband: InfinibandTunnelOptions = { vni: 0xabcdef, slid: 1, dlid: 0xbfff };

function template(record: Uint8Array): Uint8Array {
  const length = new DataView(record.buffer).getUint32(layout.TUNNEL_HEADER_LEN, true);
  return record.subarray(layout.TUNNEL_TEMPLATE, layout.TUNNEL_TEMPLATE + length);
}

describe("templates", () => {
  test("RoCEv2: every fixed byte, and zeros for what is patched", () => {
    const { record, headerBytes } = encodeRoceTunnel({ ...roce, vlan: 7, ttl: 9, dscp: 46 });
    expect(headerBytes).toBe(70);
    expect(template(record)).toEqual(
      hex(
        "0200c0000202 0200c0000201 8100 0007 0800",
        "45b8 0000 0000 4000 0911 0000 c0000201 c0000202",
        "0000 12b7 0000 0000",
        "64 00 ffff 00 000000 00 000000",
        "00abcdef 00 000000 6558 0000",
      ),
    );
    const view = new DataView(record.buffer);
    expect(view.getUint8(layout.TUNNEL_KIND)).toBe(layout.ENCAP_ROCEV2);
    expect([view.getUint32(layout.TUNNEL_L3, true), view.getUint16(layout.TUNNEL_L4, true)]).toEqual([18, 38]);
  });

  test("InfiniBand", () => {
    const { record, headerBytes } = encodeInfinibandTunnel({ ...infiniband, sl: 15, vl: 14 });
    expect(headerBytes).toBe(32);
    expect(template(record)).toEqual(
      hex("e0 f2 bfff 0000 0001", "64 00 ffff 00 000000 00 000000", "00abcdef 00 000000 6558 0000"),
    );
    expect(record[layout.TUNNEL_KIND]).toBe(layout.ENCAP_INFINIBAND);
  });

  test.each<[string, Partial<RoceTunnelOptions>]>([
    ["vni", { vni: 0x1000000 }],
    ["local", { local: "host" }],
    ["remote", { remote: "2001:db8::1" }],
    ["sourcePorts[1]", { sourcePorts: [5, 4] }],
    ["vlan", { vlan: 4095 }],
    ["ttl", { ttl: 0 }],
    ["dscp", { dscp: 64 }],
    ["ecn", { ecn: 1 as never }],
    ["udpChecksum", { udpChecksum: "half" as "full" }],
    ["nextHopMac", { nextHopMac: "x" }],
    ["mtuBytes", { mtuBytes: 71 }],
  ])("RoCEv2: a wrong %s is named", (argument, options) => {
    expect(() => encodeRoceTunnel({ ...roce, ...options })).toThrowError(expect.objectContaining({ argument }));
  });

  test.each<[string, Partial<InfinibandTunnelOptions>]>([
    ["vni", { vni: -1 }],
    ["slid", { slid: 0 }],
    ["dlid", { dlid: 0xc000 }],
    ["sl", { sl: 16 }],
    ["vl", { vl: 15 }],
    ["mtuBytes", { mtuBytes: 4097 }],
  ])("InfiniBand: a wrong %s is named", (argument, options) => {
    expect(() => encodeInfinibandTunnel({ ...infiniband, ...options })).toThrowError(
      expect.objectContaining({ argument }),
    );
  });

  test("the longest frame stands in the record", () => {
    const longest = ({ record }: { record: Uint8Array }) =>
      new DataView(record.buffer).getUint32(layout.TUNNEL_FRAME_BYTES_MAX, true);
    expect(longest(encodeRoceTunnel({ ...roce, mtuBytes: 1500 }))).toBe(1444);
    expect(longest(encodeRoceTunnel(roce))).toBe(4092);
    expect(longest(encodeInfinibandTunnel({ ...infiniband, mtuBytes: 2048 }))).toBe(2044);
    expect(longest(encodeInfinibandTunnel(infiniband))).toBe(4092);
  });
});

describe("what the underlay must take", () => {
  const forms: readonly [name: string, outer: GqpOuter, how: Carriage, beside: number][] = [
    ["RoCEv2 over IPv4", ROCE_V4, { encapsulation: "rocev2", ipVersion: 4 }, 14],
    ["RoCEv2 over IPv6", ROCE_V6, { encapsulation: "rocev2", ipVersion: 6 }, 14],
    // Beside what InfiniBand's MTU counts: LRH, BTH, DETH and both CRCs.
    ["InfiniBand", INFINIBAND, { encapsulation: "infiniband", ipVersion: 4 }, 8 + 12 + 8 + 4 + 2],
  ];

  test.each(forms)("%s: it is what packets have", (_, outer, how, beside) => {
    for (let length = 68; length < 300; length++) {
      const frame = f.ethernet(f.layer3(0x88b5, counting(length)));
      expect(underlayMtuFor(length, how)).toBe(encapsulate(frame, outer, NUMBERS).bytes.length - beside);
    }
  });
});
