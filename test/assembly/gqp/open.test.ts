import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { causeName } from "../../../src/causes.js";
import { anyFrame, mutatedFrame, validFrame } from "../../helpers/arbitraries.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { concat, counting, patched } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { anyGqpOuter, anyNumbers, FORMS, GqpBed, INFINIBAND, NUMBERS, ROCE_V4, ROCE_V6 } from "../../helpers/gqp.js";
import { holds } from "../../helpers/property.js";
import { crcOf, icrcOf, ONES } from "../../model/crc.js";
import { encapsulate, type GqpOuter, open } from "../../model/gqp.js";
import { IB_LOCAL } from "../../vectors/crc.js";

const inner = f.ethernet(f.ipv4(f.tcp(counting(23))));
const packetOf = (outer: GqpOuter, frame = inner) => encapsulate(frame, outer, NUMBERS).bytes;

/** Where the base transport header is, and what the ICRC covers. */
function shapeOf(outer: GqpOuter) {
  if (outer.form === "infiniband") return { format: "local" as const, l3: 0, bth: 8, vcrcBytes: 2 };
  const l3 = outer.vlan === undefined ? 14 : 18;
  const isV4 = outer.local.length === 4;
  const format = isV4 ? ("ipv4" as const) : ("ipv6" as const);
  return { format, l3, bth: l3 + (isV4 ? 20 : 40) + 8, vcrcBytes: 0 };
}

/** The packet with right CRCs again, after a change. */
function sealed(packet: Uint8Array, outer: GqpOuter): Uint8Array {
  const { format, l3, vcrcBytes } = shapeOf(outer);
  const copy = packet.slice();
  const view = new DataView(copy.buffer);
  const end = copy.length - vcrcBytes;
  view.setUint32(end - 4, icrcOf(format, copy.slice(l3, end)), true);
  if (vcrcBytes > 0) view.setUint16(end, crcOf("crc16", copy.subarray(0, end)), true);
  return copy;
}

describe.each(BUILDS)("opening packets between queue pairs (%s build)", (build) => {
  let bed: Bed;
  let gqp: GqpBed;
  beforeAll(async () => {
    bed = await makeBed(build, { mbufs: 40, headroomBytes: 96, bufBytes: 2112, spareBytes: 2 ** 17 });
    gqp = new GqpBed(bed);
  });

  function decap(
    segments: Uint8Array | readonly Uint8Array[],
    form: GqpOuter["form"],
    { wire = undefined as number | undefined, vni = -1 } = {},
  ) {
    const m = bed.frame(segments, wire);
    gqp.decap([m], form, vni);
    const cause = bed.u16(m + layout.MBUF_CAUSE);
    const result = {
      cause,
      found: cause === layout.OK ? gqp.found() : undefined,
      vni: bed.u32(m + layout.MBUF_VNI),
      bytes: bed.bytes(m),
      wire: bed.u32(m + layout.MBUF_WIRE_LEN),
    };
    const pktLen = bed.u32(m + layout.MBUF_PKT_LEN);
    bed.free(m);
    expect(pktLen).toBe(result.bytes.length);
    return result;
  }

  /** The same by the twin. */
  function twin(packet: Uint8Array, form: GqpOuter["form"], { wire = packet.length, here = packet.length } = {}) {
    const opened = open(packet, form, { wire, here });
    if ("cause" in opened) return { cause: opened.cause, found: undefined, vni: 0, bytes: packet, wire };
    const { bytes, ...found } = opened;
    if (found.isControl) return { cause: layout.OK, found, vni: 0, bytes: packet, wire };
    return { cause: layout.OK, found, vni: found.qkey, bytes, wire: found.length };
  }

  describe.each(FORMS)("%s", (_, outer) => {
    const { form } = outer;
    const { format, l3, bth, vcrcBytes } = shapeOf(outer);
    const packet = packetOf(outer);

    test("the inner frame comes out, with who sent it to whom", () => {
      const { cause, found, vni, bytes } = decap(packet, form);
      expect([cause, vni]).toEqual([layout.OK, 4242]);
      expect(found).toEqual({
        ...NUMBERS,
        qkey: 4242,
        isControl: false,
        offset: bth + 24,
        length: inner.length,
      });
      expect(bytes).toEqual(inner);
      expect(decap(packet, form, { vni: 4242 }).bytes).toEqual(inner);
      expect(decap(packet, form, { vni: 4243 })).toMatchObject({ cause: layout.DROP_UNKNOWN_VNI, bytes: packet });
    });

    test("inner frames of every length up to 300 bytes, at every alignment", () => {
      for (let length = 14; length <= 300; length++) {
        const frame = counting(length, length);
        const padded = encapsulate(f.ethernet(f.layer3(0x88b5, frame.subarray(14))), outer, NUMBERS);
        const expected = twin(padded.bytes, form);
        const m = bed.frame(concat(new Uint8Array(length & 15), padded.bytes));
        bed.kernels.adj(m, length & 15);
        gqp.decap([m], form);
        expect(bed.u16(m + layout.MBUF_CAUSE), `${length}`).toBe(layout.OK);
        expect(Buffer.compare(bed.bytes(m), expected.bytes), `${length}`).toBe(0);
        bed.free(m);
      }
    });

    test("one bit that changed is refused, unless its field may change on the way", () => {
      const ones = new Map(ONES[format]);
      // The length in the MAC header's place, and what tells that it is ours, are refused before the sums.
      for (let at = l3; at < packet.length; at++) {
        for (let bit = 0; bit < 8; bit++) {
          const changed = patched(packet, at, (packet[at] as number) ^ (1 << bit));
          const isFree = at < packet.length - vcrcBytes && (((ones.get(at - l3) ?? 0) >> bit) & 1) === 1;
          const result = decap(changed, form);
          const where = `bit ${bit} of byte ${at - l3}`;
          // The IPv4 header has a checksum, InfiniBand a VCRC and UDP's zero is none: these see what the ICRC does not.
          const isSeen =
            vcrcBytes > 0 || (format === "ipv4" && at - l3 < 20) || (at >= bth - 2 && at < bth && form === "rocev2");
          expect(result.cause === layout.OK, where).toBe(isFree && !isSeen);
          if (result.cause !== layout.OK) expect(result.bytes, where).toEqual(changed);
        }
      }
    });

    test("what routers and switches change on the way, with their own sums right, is no fault", () => {
      const changed = packet.slice();
      for (const [at, bits] of ONES[format]) {
        const isUdpChecksum = form === "rocev2" && at + l3 >= bth - 2 && at + l3 < bth;
        const isIpChecksum = format === "ipv4" && (at === 10 || at === 11);
        if (!isUdpChecksum && !isIpChecksum) changed[at + l3] = (changed[at + l3] as number) ^ bits;
      }
      const view = new DataView(changed.buffer);
      if (format === "ipv4") {
        view.setUint16(l3 + 10, 0);
        const header = f.ethernet(f.layer3(0, changed.subarray(l3, l3 + 20))).subarray(14);
        const words = Array.from(
          { length: 10 },
          (_, i) => ((header[2 * i] as number) << 8) | (header[2 * i + 1] as number),
        );
        const sum = words.reduce((a, b) => a + b, 0);
        view.setUint16(l3 + 10, ~((sum & 0xffff) + (sum >> 16)) & 0xffff);
      }
      if (vcrcBytes > 0) {
        view.setUint16(changed.length - 2, crcOf("crc16", changed.subarray(0, changed.length - 2)), true);
      }
      expect(changed).not.toEqual(packet);
      expect(decap(changed, form)).toMatchObject({ cause: layout.OK, bytes: inner });
    });

    test.each([
      ["ib-opcode", "a reliable SEND", 0, 0x04],
      ["ib-opcode", "UD SEND with immediate data", 0, 0x65],
      ["ib-header", "transport version 1", 1, 0x11],
      ["ib-header", "another partition", 3, 0xfe],
      ["ib-qkey", "a queue key above any VNI", 12, 1],
      ["ib-qkey", "a controlled queue key", 12, 0x80],
      ["ib-header", "another EtherType", 21, 0x59],
      ["ib-header", "bits that should be zero", 23, 1],
    ])("%s: %s, with right CRCs", (cause, _, at, value) => {
      const changed = sealed(patched(packet, bth + at, value), outer);
      const result = decap(changed, form);
      expect(causeName(result.cause)).toBe(cause);
      expect(result.bytes).toEqual(changed);
      expect(gqp.isFound()).toBe(false);
    });

    test("any pad count is taken that leaves a frame; the VM's bytes end where it says", () => {
      for (let pad = 0; pad < 4; pad++) {
        const changed = sealed(patched(packet, bth + 1, pad << 4), outer);
        const payload = packet.length - vcrcBytes - 4 - (bth + 24);
        expect(decap(changed, form).bytes).toEqual(packet.subarray(bth + 24, bth + 24 + payload - pad));
      }
    });

    test("a limited member of the partition may send", () => {
      const changed = sealed(patched(packet, bth + 2, 0x7f), outer);
      expect(decap(changed, form).cause).toBe(layout.OK);
    });

    test("a control message is opened as such, and stays whole", () => {
      const message = counting(64);
      const head = patched(packet, bth + 5, 0xff, 0xff, 0xfe).subarray(0, bth + 20);
      const control = (qkey: readonly number[], payload: Uint8Array) => {
        const bytes = concat(patched(head, bth + 12, ...qkey), payload, new Uint8Array(4 + vcrcBytes));
        bytes[bth + 1] = 0;
        const length = bytes.length - vcrcBytes - l3;
        if (format === "local") bytes.set([0, length / 4], 4);
        if (format === "ipv6") bytes.set([0, length - 40], l3 + 4);
        if (format === "ipv4") bytes.set([0, length], l3 + 2);
        if (format !== "local") bytes.set([0, bytes.length - bth + 8], bth - 4);
        return bytes;
      };
      const fixed = (bytes: Uint8Array) => {
        if (format !== "ipv4") return sealed(bytes, outer);
        const copy = patched(bytes, l3 + 10, 0, 0);
        let sum = 0;
        for (let i = 0; i < 20; i += 2) sum += ((copy[l3 + i] as number) << 8) | (copy[l3 + i + 1] as number);
        const check = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
        return sealed(patched(copy, l3 + 10, check >> 8, check & 0xff), outer);
      };
      const right = fixed(control([0x80, 0, 0x65, 0x58], message));
      const { cause, found, bytes, vni } = decap(right, form);
      expect([causeOf(cause), bytes, vni]).toEqual(["", right, 0]);
      expect(found).toEqual({
        ...NUMBERS,
        destQpn: layout.QPN_CONTROL,
        qkey: layout.QKEY_CONTROL,
        isControl: true,
        offset: bth + 20,
        length: 64,
      });
      const network = fixed(control([0, 0, 0x10, 0x92], message));
      expect(causeOf(decap(network, form).cause)).toBe("ib-qkey");
      expect(decap(fixed(control([0x80, 0, 0x65, 0x58], new Uint8Array())), form).found?.length).toBe(0);
    });

    test("a packet that a capture cut is opened as far as it is here", () => {
      for (let keep = 0; keep < packet.length; keep++) {
        const cut = packet.subarray(0, keep);
        expect(decap(cut, form, { wire: packet.length })).toEqual(twin(cut, form, { wire: packet.length }));
      }
      const cut = packet.subarray(0, bth + 24 + 30);
      expect(decap(cut, form, { wire: packet.length })).toMatchObject({
        cause: layout.OK,
        bytes: inner.subarray(0, 30),
        wire: inner.length,
      });
    });

    test("chains: wherever the packet is split, also inside its CRCs", () => {
      for (let at = 0; at <= packet.length; at++) {
        const parts = [packet.subarray(0, at), packet.subarray(at)];
        const expected = twin(packet, form, { here: at });
        expect(decap(parts, form), `split at ${at}`).toEqual(expected);
        if (at >= bth + 24) expect(expected.cause).toBe(layout.OK);
      }
      const tail = packet.length - 5;
      const parts = [packet.subarray(0, bth + 24), new Uint8Array(), packet.subarray(bth + 24, tail)];
      const single = Array.from(packet.subarray(tail), (byte) => Uint8Array.of(byte));
      expect(decap([...parts, ...single], form)).toMatchObject({ cause: layout.OK, bytes: inner });
    });

    test("is its twin on packets that were changed anywhere", () => {
      const frames = fc.oneof(fc.constant(packet), mutatedFrame(fc.constant(packet)));
      holds(
        fc.property(frames, fc.boolean(), fc.nat(200), (data, seal, at) => {
          const bytes = seal && data.length > bth + 32 ? sealed(data, outer) : data;
          const here = Math.min(at, bytes.length);
          const parts = here < bytes.length ? [bytes.subarray(0, here), bytes.subarray(here)] : bytes;
          expect(decap(parts, form)).toEqual(twin(bytes, form, { here }));
        }),
        1000,
      );
    });
  });

  test("is its twin on any frame at all", () => {
    holds(
      fc.property(anyFrame(), fc.constantFrom("rocev2" as const, "infiniband" as const), ({ data, wire }, form) => {
        expect(decap(data, form, { wire })).toEqual(twin(data, form, { wire }));
      }),
      1500,
    );
  });

  test("what was encapsulated comes out as it went in", () => {
    holds(
      fc.property(validFrame(), anyGqpOuter, anyNumbers, (data, anyOuter, numbers) => {
        const outer = { ...anyOuter, innerVlan: true, mtuBytes: undefined };
        gqp.setTunnel(outer);
        const m = bed.frame(data);
        gqp.encap([m], numbers);
        gqp.decap([m], outer.form, outer.vni);
        const out = [bed.u16(m + layout.MBUF_CAUSE), bed.bytes(m)];
        bed.free(m);
        expect(out).toEqual([layout.OK, data]);
        expect(gqp.found()).toMatchObject({ ...numbers, qkey: outer.vni });
      }),
      600,
    );
  });

  test.each([
    ["not-ib", "UDP to another port", f.ethernet(f.ipv4(f.udp(counting(60), { dport: 4789 })))],
    ["not-ib", "TCP to port 4791", f.ethernet(f.ipv4(f.tcp(counting(60), { dport: 4791 })))],
    ["not-ib", "ARP", f.ethernet(f.arp())],
    [
      "outer-fragment",
      "a first fragment",
      f.ethernet(f.ipv4(f.udp(counting(60), { dport: 4791 }), { fragment: 0x2000 })),
    ],
    ["ib-truncated", "a datagram of 15 bytes", f.ethernet(f.ipv4(f.udp(counting(15), { dport: 4791 })))],
    ["ib-opcode", "a datagram of 16 bytes", f.ethernet(f.ipv4(f.udp(counting(16), { dport: 4791 })))],
    ["outer-ipv4-checksum", "one bit wrong", patched(packetOf(ROCE_V4), 14 + 11, 0x5a)],
    ["outer-udp-checksum", "wrong over IPv4", patched(packetOf(ROCE_V4), 14 + 20 + 6, 1)],
    ["outer-udp-checksum", "wrong over IPv6", patched(packetOf(ROCE_V6), 14 + 40 + 6, 1)],
  ])("RoCEv2 refused and untouched: %s: %s", (cause, _, frame) => {
    const result = decap(frame, "rocev2");
    expect([causeName(result.cause), result.bytes]).toEqual([cause, frame]);
  });

  test("RoCEv2 behind IPv4 options or IPv6 extension headers has no ICRC that is defined", () => {
    const udp = packetOf(ROCE_V4).subarray(34 + 8);
    const segment = f.udp(udp, { dport: 4791, checksum: "zero" });
    for (const around of [f.ipv4(segment, { options: counting(4) }), f.ipv6(f.extension(60, counting(6), segment))]) {
      expect(causeName(decap(f.ethernet(around), "rocev2").cause)).toBe("ib-header");
    }
  });

  test("RoCEv2 with a right UDP checksum is taken, and Ethernet padding is not the frame's", () => {
    const datagram = packetOf(ROCE_V4).subarray(34 + 8);
    const unsealed = f.ethernet(f.ipv4(f.udp(datagram, { dport: 4791 })));
    const right = sealed(unsealed, ROCE_V4);
    // The ICRC is a part of what the UDP checksum covers, and not the other way round.
    const again = f.ethernet(f.ipv4(f.udp(right.subarray(42), { dport: 4791 })));
    expect(decap(again, "rocev2")).toMatchObject({ cause: layout.OK, bytes: inner });
    for (const padding of [1, 4, 46]) {
      expect(decap(concat(again, counting(padding)), "rocev2").bytes).toEqual(inner);
    }
  });

  test.each([
    ["not-ib", "a raw packet", 1, 0x50],
    ["not-ib", "a packet with a global route header", 1, 0x53],
    ["ib-header", "link version 1", 0, 0x31],
    ["ib-truncated", "a length beyond the packet", 5, 0x30],
    ["ib-header", "a length below the packet", 5, 0x10],
    ["ib-truncated", "a length without transport headers", 5, 5],
    ["ib-vcrc", "a wrong VCRC", packetOf(INFINIBAND).length - 1, 0],
  ])("InfiniBand refused and untouched: %s: %s", (cause, _, at, value) => {
    const packet = patched(packetOf(INFINIBAND), at, value);
    const result = decap(packet, "infiniband");
    expect([causeName(result.cause), result.bytes]).toEqual([cause, packet]);
  });

  test("InfiniBand: a wrong ICRC under a right VCRC", () => {
    const packet = packetOf(INFINIBAND);
    const end = packet.length - 2;
    const changed = patched(packet, end - 4, (packet[end - 4] as number) ^ 1);
    new DataView(changed.buffer).setUint16(end, crcOf("crc16", changed.subarray(0, end)), true);
    expect(causeName(decap(changed, "infiniband").cause)).toBe("ib-icrc");
  });

  test("the specification's sample packet: both CRCs are right, what it carries is not ours", () => {
    const vcrc = crcOf("crc16", IB_LOCAL);
    const sample = concat(IB_LOCAL, [vcrc & 0xff, vcrc >> 8]);
    // A reliable WRITE's middle packet; with another opcode, the sums would be looked at.
    expect(causeName(decap(sample, "infiniband").cause)).toBe("ib-opcode");
  });
});

function causeOf(cause: number): string {
  return cause === layout.OK ? "" : causeName(cause);
}
