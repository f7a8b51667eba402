import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.js";
import {
  encodeInfinibandTunnel,
  encodeRoceTunnel,
  type InfinibandTunnelOptions,
  type RoceTunnelOptions,
} from "../../src/gqp/tunnel.js";
import { frameBytesMax, type GqpForm, longestFrameBytes, underlayBytes } from "../../src/gqp/underlay.js";
import { counting, hex } from "../helpers/bytes.js";
import * as f from "../helpers/frames.js";
import { INFINIBAND, NUMBERS, ROCE_V4, ROCE_V6 } from "../helpers/gqp.js";
import { encapsulate } from "../model/gqp.js";

const roce: RoceTunnelOptions = { vni: 0xabcdef, local: "192.0.2.1", remote: "192.0.2.2" };
const infiniband: InfinibandTunnelOptions = { vni: 0xabcdef, slid: 1, dlid: 0xbfff };

function template(record: Uint8Array): Uint8Array {
  const length = new DataView(record.buffer).getUint32(layout.TUNNEL_HEADER_LEN, true);
  return record.subarray(layout.TUNNEL_TEMPLATE, layout.TUNNEL_TEMPLATE + length);
}

describe("templates", () => {
  test("RoCEv2: every fixed byte, and zeros for what is patched", () => {
    const { record, headerBytes } = encodeRoceTunnel({ ...roce, vlan: 7, ttl: 9, tos: 0xb9, tosKeep: 3 });
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
    ["tos", { tos: 256 }],
    ["tosKeep", { tosKeep: -1 }],
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
    expect(longest(encodeRoceTunnel(roce))).toBe(65_476);
    expect(longest(encodeInfinibandTunnel({ ...infiniband, mtuBytes: 2048 }))).toBe(2044);
    expect(longest(encodeInfinibandTunnel(infiniband))).toBe(4092);
  });
});

describe("what the underlay must take", () => {
  const forms = [
    ["rocev2-ipv4", ROCE_V4, 14],
    ["rocev2-ipv6", ROCE_V6, 14],
    // Beside what InfiniBand's MTU counts: LRH, BTH, DETH and both CRCs.
    ["infiniband", INFINIBAND, 8 + 12 + 8 + 4 + 2],
  ] as const;

  test.each(forms)("%s: it is what packets have", (form, outer, beside) => {
    for (let length = 14; length < 300; length++) {
      const frame = f.ethernet(f.layer3(0x88b5, counting(length - 14)));
      expect(underlayBytes(form, length)).toBe(encapsulate(frame, outer, NUMBERS).bytes.length - beside);
    }
  });

  test.each(forms)("%s: the longest frame fits, and no longer one does", (form) => {
    const least = underlayBytes(form, 14);
    for (const mtu of [least, least + 1, 256, 257, 258, 259, 1500, 1501, 4095, 4096]) {
      const longest = frameBytesMax(form, mtu);
      expect(underlayBytes(form, longest)).toBeLessThanOrEqual(mtu);
      if (longest < longestFrameBytes(form)) expect(underlayBytes(form, longest + 1)).toBeGreaterThan(mtu);
    }
    expect(() => frameBytesMax(form, least - 1)).toThrowError(expect.objectContaining({ argument: "mtuBytes" }));
    expect(() => underlayBytes(form, 13)).toThrowError(expect.objectContaining({ argument: "frameBytes" }));
    expect(() => underlayBytes(form, longestFrameBytes(form) + 1)).toThrowError(/frameBytes/);
  });

  test("a form unheard of is named", () => {
    expect(() => underlayBytes("vxlan" as GqpForm, 100)).toThrowError(expect.objectContaining({ argument: "form" }));
  });
});
