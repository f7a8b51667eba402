import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { causeName } from "../../../src/causes.js";
import { anyFrame, tunnelFrame, validFrame } from "../../helpers/arbitraries.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { concat, counting, patched } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { holds } from "../../helpers/property.js";
import { anyOuter } from "../../helpers/tunnels.js";
import { decapsulate, encapsulate } from "../../model/vxlan.js";

const VNI = 4242;
const inner = f.ethernet(f.ipv4(f.tcp(counting(25))));
const over4 = f.ethernet(f.ipv4(f.vxlan(VNI, inner)));
const over6 = f.ethernet(f.ipv6(f.vxlan(VNI, inner)));

/** Frames that are not decapsulated, by the name of the cause. */
const REFUSED: readonly [cause: string, what: string, frame: Uint8Array][] = [
  ["not-vxlan", "TCP to the VXLAN port", f.ethernet(f.ipv4(f.tcp(counting(30), { dport: 4789 })))],
  ["not-vxlan", "UDP to another port", f.ethernet(f.ipv4(f.vxlan(VNI, inner, { dport: 8472 })))],
  ["not-vxlan", "ARP", f.ethernet(f.arp())],
  [
    "not-vxlan",
    "a later fragment of a VXLAN datagram",
    f.ethernet(f.ipv4(f.slice(f.vxlan(VNI, inner), 24), { fragment: 3 })),
  ],
  ["vxlan-truncated", "a UDP payload of 7 bytes", f.ethernet(f.ipv4(f.udp(counting(7), { dport: 4789 })))],
  ["vxlan-no-vni-flag", "the I flag not set", f.ethernet(f.ipv4(f.vxlan(VNI, inner, { flags: 0xf7 })))],
  ["outer-fragment", "a first fragment", f.ethernet(f.ipv4(f.slice(f.vxlan(VNI, inner), 0, 48), { fragment: 0x2000 }))],
  ["outer-fragment", "a first fragment over IPv6", f.ethernet(f.ipv6(f.fragment6(0, true, f.vxlan(VNI, inner))))],
  ["outer-ipv4-checksum", "one bit wrong", f.ethernet(f.ipv4(f.vxlan(VNI, inner), { checksum: 0x1234 }))],
  ["outer-udp-checksum", "wrong over IPv4", f.ethernet(f.ipv4(f.vxlan(VNI, inner, { checksum: 0x1234 })))],
  ["outer-udp-checksum", "wrong over IPv6", f.ethernet(f.ipv6(f.vxlan(VNI, inner, { checksum: 0x1234 })))],
  ["outer-udp-checksum", "an inner byte changed on the way", patched(over6, 100, 0x77)],
  ["unknown-vni", "another network", f.ethernet(f.ipv4(f.vxlan(VNI + 1, inner)))],
  ["ethernet-truncated", "an inner frame of 13 bytes", f.ethernet(f.ipv4(f.vxlan(VNI, inner.subarray(0, 13))))],
  ["ethernet-truncated", "no inner frame", f.ethernet(f.ipv4(f.vxlan(VNI, [])))],
];

describe.each(BUILDS)("decapsulation (%s build)", (build) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await makeBed(build, { mbufs: 8 });
  });

  function decap(
    segments: Uint8Array | readonly Uint8Array[],
    { wire = undefined as number | undefined, vni = VNI } = {},
  ) {
    const m = bed.frame(segments, wire);
    bed.kernels.decapBurst(bed.listOf(m), 1, 4789, vni, false);
    const cause = bed.u16(m + layout.MBUF_CAUSE);
    const result = {
      cause,
      vni: cause === layout.OK ? bed.u32(m + layout.MBUF_VNI) : 0,
      bytes: bed.bytes(m),
      wire: bed.u32(m + layout.MBUF_WIRE_LEN),
    };
    expect(bed.u32(m + layout.MBUF_PKT_LEN)).toBe(result.bytes.length);
    bed.free(m);
    return result;
  }

  test.each(REFUSED)("refused and untouched: %s: %s", (cause, _, frame) => {
    const result = decap(frame);
    expect(causeName(result.cause)).toBe(cause);
    expect(result.bytes).toEqual(frame);
    expect(result.wire).toBe(frame.length);
  });

  test.each([
    ["IPv4", over4],
    ["IPv6", over6],
    ["IPv4 with an absent UDP checksum", f.ethernet(f.ipv4(f.vxlan(VNI, inner, { checksum: "zero" })))],
    ["IPv6 with an absent UDP checksum (RFC 6935)", f.ethernet(f.ipv6(f.vxlan(VNI, inner, { checksum: "zero" })))],
    [
      "a VLAN tag and IPv4 options",
      f.ethernet(f.ipv4(f.vxlan(VNI, inner), { options: counting(8) }), { tags: [{ tci: 9 }] }),
    ],
    ["reserved bits that are set", f.ethernet(f.ipv4(f.vxlan(VNI, inner, { flags: 0xff })))],
    ["an IPv6 extension header", f.ethernet(f.ipv6(f.extension(60, counting(6), f.vxlan(VNI, inner))))],
  ])("the inner frame comes out of %s", (_, frame) => {
    expect(decap(frame)).toEqual({ cause: layout.OK, vni: VNI, bytes: inner, wire: inner.length });
  });

  test("padding behind the outer datagram is not the inner frame's", () => {
    for (const padding of [1, 4, 46]) {
      expect(decap(concat(over4, counting(padding, 200))).bytes).toEqual(inner);
    }
  });

  test("padding in a segment of its own leaves with its last byte", () => {
    expect(decap([over4, counting(10)]).bytes).toEqual(inner);
    expect(decap([over4.subarray(0, 70), over4.subarray(70), counting(10)]).bytes).toEqual(inner);
  });

  test("a frame that a capture cut keeps its length on the wire", () => {
    const result = decap(over4.subarray(0, 90), { wire: over4.length });
    expect(result).toEqual({ cause: 0, vni: VNI, bytes: inner.subarray(0, 40), wire: inner.length });
  });

  test("is its twin on any frame, over any segments", () => {
    const frames = fc.oneof(
      tunnelFrame(VNI).map((data) => ({ data, wire: data.length })),
      anyFrame(),
    );
    holds(
      fc.property(frames, fc.nat(200), fc.constantFrom(VNI, undefined), ({ data, wire }, at, vni) => {
        const here = Math.min(at, data.length);
        const parts = here < data.length ? [data.subarray(0, here), data.subarray(here)] : data;
        const { parsed: _, ...expected } = decapsulate(data, { wire, here, vni });
        expect(decap(parts, { wire, vni: vni ?? -1 })).toEqual(expected);
      }),
      3000,
    );
  });

  test("what was encapsulated comes out as it went in", () => {
    holds(
      fc.property(validFrame(), anyOuter, (data, outer) => {
        const { bytes } = encapsulate(data, outer);
        expect(decap(bytes, { vni: outer.vni })).toEqual({ cause: 0, vni: outer.vni, bytes: data, wire: data.length });
      }),
      500,
    );
  });
});
