import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { anyFrame, validFrame } from "../../helpers/arbitraries.js";
import { type Bed, makeBed, UNTOUCHED } from "../../helpers/bed.js";
import { concat, counting } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { parseFrame } from "../../helpers/parsed.js";
import { holds } from "../../helpers/property.js";
import { anyOuter, anyOuterOf, FORMS, OUTER_V4, OUTER_V6, writeTunnel } from "../../helpers/tunnels.js";
import { encapsulate, type Outer, untagged } from "../../model/encapsulation.js";
import { parse } from "../../model/parse.js";

describe.each(BUILDS)("encapsulation (%s build)", (build) => {
  let bed: Bed;
  let tunnel: number;
  beforeAll(async () => {
    bed = await makeBed(build, { mbufs: 40, headroomBytes: 208, bufBytes: 2240 });
    tunnel = bed.arena.take(layout.TUNNEL_BYTES);
  });

  function encap(segments: Uint8Array | readonly Uint8Array[], outer: Outer, wire?: number, hash?: number) {
    writeTunnel(bed, outer, tunnel);
    const m = bed.frame(segments, wire);
    let cause: number;
    if (hash === undefined) {
      bed.kernels.encapBurst(bed.listOf(m), 1, tunnel);
      cause = bed.u16(m + layout.MBUF_CAUSE);
    } else {
      cause = parseFrame(bed, m).cause || bed.kernels.encapHashed(m, tunnel, hash);
      if (cause === layout.OK) expect(bed.u32(m + layout.MBUF_HASH)).toBe(hash >>> 0);
    }
    const result = {
      cause,
      bytes: bed.bytes(m),
      wire: bed.u32(m + layout.MBUF_WIRE_LEN),
    };
    expect(bed.u32(m + layout.MBUF_PKT_LEN)).toBe(result.bytes.length);
    const used = bed.kernels.headroom(m);
    const start = used + bed.u32(m + layout.MBUF_LEN);
    const buffer = bed.buffer(m);
    bed.free(m);
    expect(buffer.subarray(0, used).every((byte) => byte === UNTOUCHED)).toBe(true);
    expect(buffer.subarray(start).every((byte) => byte === UNTOUCHED)).toBe(true);
    return result;
  }

  test.each(FORMS)("is its twin, byte by byte, for any frame and any tunnel: %s", (form) => {
    holds(
      fc.property(anyFrame(), anyOuterOf(form), ({ data, wire }, outer) => {
        expect(encap(data, outer, wire)).toEqual(encapsulate(data, outer, wire));
      }),
      1200,
    );
  });

  test("with a hash that the caller has: entropy comes from that one, and it stays in the mbuf", () => {
    const hashes = fc.oneof(fc.constantFrom(0, 0xffffffff), fc.nat(0xffffffff));
    holds(
      fc.property(anyFrame(), anyOuter, hashes, ({ data, wire }, outer, hash) => {
        expect(encap(data, outer, wire, hash)).toEqual(encapsulate(data, outer, wire, data.length, hash));
      }),
      1000,
    );
  });

  test("a frame whose tags were taken out goes on as the frame without them", () => {
    holds(
      fc.property(validFrame(), (data) => {
        writeTunnel(bed, OUTER_V4, tunnel);
        const m = bed.frame(data);
        bed.kernels.encapBurst(bed.listOf(m), 1, tunnel);
        const bytes = untagged(data);
        expect(bed.u16(m + layout.MBUF_CAUSE)).toBe(bytes ? layout.OK : layout.DROP_INNER_VLAN);
        if (bytes) {
          const { cause, payload, ...expected } = parse(bytes);
          const found = { flags: bed.u32(m + layout.MBUF_FLAGS), l4Len: bed.u32(m + layout.MBUF_L4_LEN) };
          const [l3, l4] = [bed.u16(m + layout.MBUF_L3), bed.u16(m + layout.MBUF_L4)];
          expect({ ...found, l3, l4 }).toEqual(expected);
          expect([cause, bed.u16(m + layout.MBUF_PAYLOAD)]).toEqual([layout.OK, payload]);
        }
        bed.free(m);
      }),
      500,
    );
  });

  test("is its twin over chains, whose segments may be odd or empty", () => {
    const outer = fc
      .constantFrom("vxlan" as const, "geneve" as const, "vxlan-gpe" as const)
      .chain(anyOuterOf)
      .map((o): Outer => ({ ...o, udpChecksum: "full" }));
    holds(
      fc.property(validFrame(300), outer, fc.array(fc.nat(400), { maxLength: 4 }), (data, o, at) => {
        const bounds = [Math.min(at[0] ?? 100, data.length), ...at.slice(1).map((cut) => Math.min(cut, data.length))];
        bounds.sort((a, b) => a - b);
        const parts = [0, ...bounds].map((from, i) => data.subarray(from, bounds[i] ?? data.length));
        const here = parts[0]?.length;
        expect(encap(parts, o)).toEqual(encapsulate(data, o, data.length, here));
      }),
      1500,
    );
  });

  test("a frame whose outer checksum is computed to 0 carries 0xffff", () => {
    const outer: Outer = { ...OUTER_V6, sourcePorts: [50000, 50000] };
    const inner = (word: number) => f.ethernet(f.layer3(0x88b5, Uint8Array.of(word >> 8, word & 0xff)));
    const checksumOf = (bytes: Uint8Array) => ((bytes[60] as number) << 8) | (bytes[61] as number);
    // The last word makes the sum what we like: first learn it, then make it 0xffff.
    const learnt = checksumOf(encapsulate(inner(0), outer).bytes);
    const { bytes } = encap(inner(learnt), outer);
    expect(checksumOf(bytes)).toBe(0xffff);
    expect(bytes).toEqual(encapsulate(inner(learnt), outer).bytes);
  });

  test("the outer UDP checksum of a frame that a capture cut is left out", () => {
    const frame = f.ethernet(f.ipv4(f.udp(counting(100)), {}));
    const { bytes, wire } = encap(frame.subarray(0, 80), OUTER_V6, frame.length);
    expect(wire).toBe(frame.length + 70);
    expect([...bytes.subarray(58, 62)]).toEqual([0, 16 + frame.length, 0, 0]);
  });

  describe("a refused frame is untouched", () => {
    function refused(m: number, cause: number, outer: Outer = OUTER_V4): void {
      writeTunnel(bed, outer, tunnel);
      const bytes = bed.bytes(m);
      const buffer = bed.buffer(m);
      const place = () =>
        [layout.MBUF_DATA, layout.MBUF_LEN, layout.MBUF_PKT_LEN, layout.MBUF_WIRE_LEN].map((o) => bed.u32(m + o));
      const before = place();
      bed.kernels.encapBurst(bed.listOf(m), 1, tunnel);
      expect(bed.u16(m + layout.MBUF_CAUSE)).toBe(cause);
      expect([place(), bed.bytes(m), bed.buffer(m)]).toEqual([before, bytes, buffer]);
      bed.free(m);
    }

    test("no-headroom: 49 bytes in front, 50 needed", () => {
      const m = bed.frame(f.ethernet(f.ipv4(f.udp(counting(10)))));
      const start = bed.kernels.prepend(m, 208 - 49);
      bed.view(start, 208 - 49).set(f.ethernet(f.arp()));
      refused(m, layout.DROP_NO_HEADROOM);
    });

    test("no-headroom: a tag that goes makes room for 4 bytes of 50", () => {
      for (const [room, cause] of [
        [45, layout.DROP_NO_HEADROOM],
        [46, layout.OK],
      ] as const) {
        const m = bed.frame(counting(60));
        const start = bed.kernels.prepend(m, 208 - room);
        bed.view(start, 208 - room).set(f.ethernet(f.ipv4(f.udp(counting(100))), { tags: [{ tci: 5 }] }));
        if (cause !== layout.OK) {
          refused(m, cause);
          continue;
        }
        bed.kernels.encapBurst(bed.listOf(m), 1, writeTunnel(bed, OUTER_V4, tunnel));
        expect(bed.u16(m + layout.MBUF_CAUSE)).toBe(layout.OK);
        expect(bed.kernels.headroom(m)).toBe(0);
        bed.free(m);
      }
    });

    test("too-big: a packet of one byte more than the underlay's MTU; a tag that is carried counts", () => {
      const frame = (length: number, tags: number) =>
        f.ethernet(f.layer3(0x88b5, counting(length - 14 - 4 * tags)), { tags: tags ? [{ tci: 5 }] : [] });
      const outer: Outer = { ...OUTER_V4, mtuBytes: 1450 };
      expect(encap(frame(1414, 0), outer).cause).toBe(layout.OK);
      expect(encap(frame(1418, 1), outer).cause).toBe(layout.OK);
      refused(bed.frame(frame(1415, 0)), layout.DROP_TOO_BIG, outer);
      refused(bed.frame(frame(1419, 1)), layout.DROP_TOO_BIG, outer);
      const carrying = { ...outer, innerVlan: true };
      expect(encap(frame(1414, 1), carrying).cause).toBe(layout.OK);
      refused(bed.frame(frame(1415, 1)), layout.DROP_TOO_BIG, carrying);
    });

    test("inner-vlan: a third tag", () => {
      const frame = f.ethernet(f.arp(), { tags: [{ tci: 1 }, { tci: 2 }, { tci: 3 }] });
      refused(bed.frame(frame), layout.DROP_INNER_VLAN);
      expect(encap(frame, { ...OUTER_V4, innerVlan: true }).cause).toBe(layout.OK);
    });

    test("too-long: an outer datagram of 65536 bytes", () => {
      const inner = (length: number) => {
        const head = f.ethernet(f.layer3(0x88b5, counting(1986)));
        const tail = Array.from({ length: 35 }, (_, i) => counting(1856, i));
        const parts = [head, ...tail];
        const rest = length - concat(...parts).length;
        return bed.frame(rest < 0 ? [head, ...tail.slice(0, -1), counting(1856 + rest)] : [...parts, counting(rest)]);
      };
      // 20 IPv4 + 8 UDP + 8 VXLAN in front of the inner frame
      const most = 65535 - 36;
      const fits = inner(most);
      bed.kernels.encapBurst(bed.listOf(fits), 1, writeTunnel(bed, OUTER_V4, tunnel));
      expect(bed.u16(fits + layout.MBUF_CAUSE)).toBe(layout.OK);
      bed.free(fits);
      refused(inner(most + 1), layout.DROP_TOO_LONG);
    });

    test("malformed: the cause that parse gives", () => {
      refused(bed.frame(f.ethernet(f.ipv4(f.udp(counting(4)), { version: 6 }))), layout.DROP_IPV4_VERSION);
    });
  });
});
