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
import { anyOuter, FORMS } from "../../helpers/tunnels.js";
import { decapsulate } from "../../model/decapsulation.js";
import { encapsulate, untagged } from "../../model/encapsulation.js";
import { parse } from "../../model/parse.js";

const VNI = 4242;
const inner = f.ethernet(f.ipv4(f.tcp(counting(25))));
const over4 = f.ethernet(f.ipv4(f.vxlan(VNI, inner)));
const over6 = f.ethernet(f.ipv6(f.vxlan(VNI, inner)));

const VXLAN = f.vxlan(VNI, inner);
const GENEVE = f.geneve(VNI, inner);
const overIpv4 = (segment: f.Layer4) => f.ethernet(f.ipv4(segment));
const overIpv6 = (segment: f.Layer4) => f.ethernet(f.ipv6(segment));

/** Frames that are not decapsulated, by the name of the cause. */
const REFUSED: readonly [cause: string, what: string, frame: Uint8Array][] = [
  ["not-encapsulated", "TCP to the VXLAN port", overIpv4(f.tcp(counting(30), { dport: 4789 }))],
  ["not-encapsulated", "UDP to another port", overIpv4(f.vxlan(VNI, inner, { dport: 8472 }))],
  ["not-encapsulated", "ARP", f.ethernet(f.arp())],
  ["not-encapsulated", "an EtherType that nobody knows", f.ethernet(f.layer3(0x6558, inner))],
  ["not-encapsulated", "another protocol in IPv4", overIpv4(f.raw(46, counting(40)))],
  ["not-encapsulated", "another protocol in IPv6", overIpv6(f.extension(60, counting(6), f.raw(46, counting(40))))],
  ["not-encapsulated", "a later fragment of VXLAN", f.ethernet(f.ipv4(f.slice(VXLAN, 24), { fragment: 3 }))],
  [
    "not-encapsulated",
    "a later fragment of NVGRE",
    f.ethernet(f.ipv4(f.slice(f.nvgre(VNI, inner), 24), { fragment: 3 })),
  ],
  ["not-encapsulated", "a later fragment of NVGRE over IPv6", overIpv6(f.fragment6(3, false, f.nvgre(VNI, inner)))],
  ["vxlan-truncated", "a UDP payload of 7 bytes", overIpv4(f.udp(counting(7), { dport: 4789 }))],
  ["vxlan-truncated", "a UDP payload of 7 bytes, GPE", overIpv4(f.udp(counting(7), { dport: 4790 }))],
  ["vxlan-no-vni-flag", "the I flag not set", overIpv4(f.vxlan(VNI, inner, { flags: 0xf7 }))],
  ["vxlan-no-vni-flag", "the I flag not set, GPE", overIpv4(f.gpe(VNI, inner, { first: [0x04, 0, 0, 3] }))],
  ["gpe-version", "version 1", overIpv4(f.gpe(VNI, inner, { first: [0x1c, 0, 0, 3] }))],
  ["gpe-version", "version 2", overIpv6(f.gpe(VNI, inner, { first: [0x2c, 0, 0, 3] }))],
  ["inner-protocol", "GPE around IPv4", overIpv4(f.gpe(VNI, inner, { first: [0x0c, 0, 0, 1] }))],
  ["inner-protocol", "GPE for operations", overIpv4(f.gpe(VNI, inner, { first: [0x0d, 0, 0, 3] }))],
  ["inner-protocol", "Geneve around IPv4", overIpv4(f.geneve(VNI, inner, { type: 0x0800 }))],
  ["inner-protocol", "GRE with a key around IPv6", overIpv6(f.nvgre(VNI, inner, { type: 0x86dd }))],
  ["geneve-truncated", "a UDP payload of 7 bytes", overIpv4(f.udp(counting(7), { dport: 6081 }))],
  ["geneve-truncated", "options beyond the datagram", overIpv4(f.geneve(VNI, inner, { words: 63 }))],
  ["geneve-version", "version 1", overIpv4(f.geneve(VNI, inner, { version: 1 }))],
  ["geneve-control", "the O bit", overIpv4(f.geneve(VNI, inner, { flags: 0x80 }))],
  ["geneve-critical-option", "the C bit alone", overIpv4(f.geneve(VNI, inner, { flags: 0x40 }))],
  [
    "geneve-critical-option",
    "an option that says so, behind another",
    overIpv6(
      f.geneve(VNI, inner, { options: concat(f.geneveOption(1, 2, []), f.geneveOption(0x102, 0x81, [1, 2, 3, 4])) }),
    ),
  ],
  [
    "geneve-options",
    "an option longer than what is left",
    overIpv4(f.geneve(VNI, inner, { options: f.geneveOption(1, 2, [1, 2, 3, 4], { length: 2 }) })),
  ],
  ["nvgre-truncated", "7 bytes", overIpv4(f.slice(f.nvgre(VNI, inner), 0, 7))],
  ...[
    [0x00, 0, "GRE without a key"],
    [0xa0, 0, "a checksum"],
    [0x60, 0, "a source route"],
    [0x30, 0, "sequence numbers"],
    [0x24, 0, "recursion control"],
    [0x20, 1, "version 1"],
  ].map(([first, second, what]): [string, string, Uint8Array] => [
    "nvgre-header",
    what as string,
    overIpv4(f.nvgre(VNI, inner, { first: [first as number, second as number] })),
  ]),
  ...[VXLAN, GENEVE, f.gpe(VNI, inner), f.nvgre(VNI, inner)].flatMap((segment): [string, string, Uint8Array][] => [
    ["outer-fragment", "a first fragment", f.ethernet(f.ipv4(f.slice(segment, 0, 48), { fragment: 0x2000 }))],
    ["outer-fragment", "a first fragment over IPv6", overIpv6(f.fragment6(0, true, segment))],
    ["outer-ipv4-checksum", "one bit wrong", f.ethernet(f.ipv4(segment, { checksum: 0x1234 }))],
  ]),
  ["outer-udp-checksum", "wrong over IPv4", overIpv4(f.vxlan(VNI, inner, { checksum: 0x1234 }))],
  ["outer-udp-checksum", "wrong over IPv6", overIpv6(f.vxlan(VNI, inner, { checksum: 0x1234 }))],
  ["outer-udp-checksum", "an inner byte changed on the way", patched(over6, 100, 0x77)],
  ["outer-udp-checksum", "of Geneve", overIpv4(f.geneve(VNI, inner, { checksum: 0x1234 }))],
  ["outer-udp-checksum", "of GPE", overIpv6(f.gpe(VNI, inner, { checksum: 0x1234 }))],
  ["unknown-vni", "another network", overIpv4(f.vxlan(VNI + 1, inner))],
  ["ethernet-truncated", "an inner frame of 13 bytes", overIpv4(f.vxlan(VNI, inner.subarray(0, 13)))],
  ["ethernet-truncated", "an inner frame of 13 bytes, NVGRE", overIpv4(f.nvgre(VNI, inner.subarray(0, 13)))],
  ["ethernet-truncated", "no inner frame", overIpv4(f.geneve(VNI, []))],
];

/** Frames with bits set that must be zero when sent. */
const RESERVED: readonly [what: string, frame: Uint8Array][] = [
  ["VXLAN's flags", overIpv4(f.vxlan(VNI, inner, { flags: 0x09 }))],
  ["VXLAN's flags, with a UDP checksum absent", overIpv4(f.vxlan(VNI, inner, { flags: 0x88, checksum: "zero" }))],
  ["GPE's first bits", overIpv4(f.gpe(VNI, inner, { first: [0x4c, 0, 0, 3] }))],
  ["GPE's second byte", overIpv4(f.gpe(VNI, inner, { first: [0x0c, 1, 0, 3] }))],
  ["GPE's last byte", overIpv6(f.gpe(VNI, inner, { last: 1 }))],
  ["GPE's next protocol, without the P flag", overIpv4(f.gpe(VNI, inner, { first: [0x08, 0, 0, 1] }))],
  ["Geneve's flags", overIpv4(f.geneve(VNI, inner, { flags: 0x01 }))],
  ["Geneve's last byte", overIpv6(f.geneve(VNI, inner, { last: 0x80 }))],
  ["a Geneve option's", overIpv4(f.geneve(VNI, inner, { options: f.geneveOption(1, 2, [], { length: 0x20 }) }))],
  ["GRE's first byte", overIpv4(f.nvgre(VNI, inner, { first: [0x21, 0] }))],
  ["GRE's second byte", overIpv6(f.nvgre(VNI, inner, { first: [0x20, 0x08] }))],
];

describe.each(BUILDS)("decapsulation (%s build)", (build) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await makeBed(build, { mbufs: 8 });
  });

  function decap(
    segments: Uint8Array | readonly Uint8Array[],
    { wire = undefined as number | undefined, vni = VNI, strict = false } = {},
  ) {
    const m = bed.frame(segments, wire);
    bed.kernels.decapBurst(bed.listOf(m), 1, 4789, vni, strict);
    const cause = bed.u16(m + layout.MBUF_CAUSE);
    const result = {
      cause,
      vni: cause === layout.OK ? bed.u32(m + layout.MBUF_VNI) : 0,
      form: cause === layout.OK ? FORMS[bed.u32(m + layout.MBUF_FLAGS) >>> layout.ENCAP_SHIFT] : undefined,
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
    ["an IPv6 extension header", f.ethernet(f.ipv6(f.extension(60, counting(6), f.vxlan(VNI, inner))))],
    ["Geneve", overIpv4(GENEVE)],
    [
      "Geneve with 124 bytes of options",
      overIpv6(f.geneve(VNI, inner, { options: f.geneveOption(7, 9, counting(120), { length: 30 }) })),
    ],
    ["Geneve without a checksum", overIpv6(f.geneve(VNI, inner, { checksum: "zero" }))],
    ["GPE", overIpv4(f.gpe(VNI, inner))],
    ["GPE that says nothing of a next protocol", overIpv4(f.gpe(VNI, inner, { first: [0x08, 0, 0, 0] }))],
    ["GPE replicated at ingress", overIpv6(f.gpe(VNI, inner, { first: [0x0e, 0, 0, 3] }))],
    ["NVGRE", overIpv4(f.nvgre(VNI, inner))],
    ["NVGRE over IPv6, behind an extension header", overIpv6(f.extension(60, counting(6), f.nvgre(VNI, inner)))],
  ])("the inner frame comes out of %s", (_, frame) => {
    for (const strict of [false, true]) {
      expect(decap(frame, { strict })).toMatchObject({ cause: layout.OK, vni: VNI, bytes: inner, wire: inner.length });
    }
  });

  test.each(RESERVED)("%s reserved bits are ignored, unless strict", (_, frame) => {
    expect(decap(frame)).toMatchObject({ cause: layout.OK, vni: VNI, bytes: inner });
    expect(decap(frame, { strict: true })).toMatchObject({ cause: layout.DROP_RESERVED_BITS, bytes: frame });
  });

  test("a frame that is refused keeps what parse found in it", () => {
    for (const [cause, , frame] of REFUSED) {
      if (["unknown-vni", "ethernet-truncated"].includes(cause)) continue;
      const m = bed.frame(frame);
      const expected = parse(frame);
      bed.kernels.decapBurst(bed.listOf(m), 1, 4789, -1, true);
      expect([
        bed.u32(m + layout.MBUF_FLAGS),
        bed.u16(m + layout.MBUF_PAYLOAD),
        bed.u32(m + layout.MBUF_L4_LEN),
      ]).toEqual([expected.flags, expected.payload, expected.l4Len]);
      bed.free(m);
    }
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
    expect(result).toMatchObject({ cause: 0, vni: VNI, bytes: inner.subarray(0, 40), wire: inner.length });
  });

  test("is its twin on any frame, over any segments", () => {
    const frames = fc.oneof(
      tunnelFrame(VNI).map((data) => ({ data, wire: data.length })),
      anyFrame(),
    );
    holds(
      fc.property(
        frames,
        fc.nat(250),
        fc.constantFrom(VNI, undefined),
        fc.boolean(),
        ({ data, wire }, at, vni, strict) => {
          const here = Math.min(at, data.length);
          const parts = here < data.length ? [data.subarray(0, here), data.subarray(here)] : data;
          expect(decap(parts, { wire, vni: vni ?? -1, strict })).toEqual(
            decapsulate(data, { wire, here, vni, strict }),
          );
        },
      ),
      5000,
    );
  });

  test("what was encapsulated comes out as it went in", () => {
    holds(
      fc.property(validFrame(), anyOuter, (data, outer) => {
        const { cause, bytes } = encapsulate(data, outer);
        const isCritical = outer.geneveOptions?.some(({ critical }) => critical) ?? false;
        fc.pre(cause === layout.OK && !isCritical);
        const expected = outer.innerVlan ? data : untagged(data);
        const { encapsulation: form, vni } = outer;
        expect(decap(bytes, { vni, strict: true })).toEqual({
          cause: 0,
          vni,
          form,
          bytes: expected,
          wire: expected?.length,
        });
      }),
      500,
    );
  });
});
