import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { causeName } from "../../../src/causes.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { concat, counting, hex, patched } from "../../helpers/bytes.js";
import * as f from "../../helpers/frames.js";
import { parseFrame } from "../../helpers/parsed.js";
import type { Parsed } from "../../model/parse.js";

const ETHERNET = 14;
const data = counting(12);
const tcp4 = f.ethernet(f.ipv4(f.tcp(data)));
const udp6 = f.ethernet(f.ipv6(f.udp(data)));

/** Frames to refuse, by the name of the cause. Every cause that parse knows is here; the last test sees to it. */
const REFUSED: readonly [cause: string, what: string, frame: Uint8Array][] = [
  ["ethernet-truncated", "no bytes at all", new Uint8Array()],
  ["ethernet-truncated", "13 bytes", tcp4.subarray(0, 13)],
  ["vlan-truncated", "a tag of 3 bytes", hex("020000000b02 020000000a01 8100 0007 08")],
  ["vlan-truncated", "a second tag of 2 bytes", hex("020000000b02 020000000a01 88a8 0007 8100 0008")],
  ["arp-truncated", "27 bytes of ARP", f.ethernet(f.arp()).subarray(0, ETHERNET + 27)],
  ["ipv4-truncated", "19 bytes of IPv4", tcp4.subarray(0, ETHERNET + 19)],
  ["ipv4-version", "version 5 behind the IPv4 EtherType", f.ethernet(f.ipv4(f.udp(data), { version: 5 }))],
  ["ipv4-header-length", "a header of 16 bytes", f.ethernet(f.ipv4(f.udp(data), { ihl: 4 }))],
  ["ipv4-total-length", "a byte more than the frame has", f.ethernet(f.ipv4(f.udp(data), { totalLength: 41 }))],
  ["ipv4-total-length", "less than its header", f.ethernet(f.ipv4(f.udp(data), { totalLength: 19 }))],
  [
    "ipv4-total-length",
    "options beyond the total length",
    f.ethernet(f.ipv4(f.udp(data), { ihl: 6, totalLength: 20 })),
  ],
  ["ipv4-total-length", "zero in a frame that is not over 64 KiB", f.ethernet(f.ipv4(f.udp(data), { totalLength: 0 }))],
  ["ipv6-truncated", "39 bytes of IPv6", udp6.subarray(0, ETHERNET + 39)],
  ["ipv6-version", "version 4 behind the IPv6 EtherType", f.ethernet(f.ipv6(f.udp(data), { version: 4 }))],
  ["ipv6-payload-length", "a byte more than there is", f.ethernet(f.ipv6(f.udp(data), { payloadLength: 21 }))],
  ["ipv6-extension", "7 bytes for a header of 8", f.ethernet(f.ipv6(f.raw(0, counting(7))))],
  [
    "ipv6-extension",
    "longer than the payload",
    f.ethernet(f.ipv6(f.raw(60, hex("11 01 000000000000 0000000000 0000")))),
  ],
  ["ipv6-extension", "nine of them", f.ethernet(f.ipv6(nested(9)))],
  ["tcp-truncated", "19 bytes of TCP", f.ethernet(f.ipv4(f.raw(6, counting(19))))],
  ["tcp-truncated", "19 bytes of TCP over IPv6", f.ethernet(f.ipv6(f.raw(6, counting(19))))],
  ["tcp-data-offset", "a header of 16 bytes", f.ethernet(f.ipv4(f.tcp(data, { dataOffset: 4 })))],
  ["tcp-data-offset", "a header beyond the segment", f.ethernet(f.ipv4(f.tcp(data, { dataOffset: 9 })))],
  ["udp-truncated", "7 bytes of UDP", f.ethernet(f.ipv4(f.raw(17, counting(7))))],
  ["udp-length", "7", f.ethernet(f.ipv4(f.udp(data, { length: 7 })))],
  ["udp-length", "a byte more than the datagram has", f.ethernet(f.ipv4(f.udp(data, { length: 21 })))],
  ["udp-length", "zero in a datagram that is not over 64 KiB", f.ethernet(f.ipv6(f.udp(data, { length: 0 })))],
  ["icmp-truncated", "7 bytes of ICMP", f.ethernet(f.ipv4(f.raw(1, counting(7))))],
  ["icmp-truncated", "3 bytes of ICMPv6", f.ethernet(f.ipv6(f.raw(58, counting(3))))],
];

function nested(headers: number): f.Layer4 {
  let inside = f.udp(data);
  for (let i = 0; i < headers; i++) inside = f.extension(60, counting(6), inside);
  return inside;
}

describe("parse, frame by frame", () => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await makeBed("debug", { mbufs: 2, bufBytes: 70080 });
  });

  function parsed(frame: Uint8Array, wire?: number): Parsed {
    const m = bed.frame(frame, wire);
    const found = parseFrame(bed, m);
    expect(bed.bytes(m)).toEqual(frame);
    bed.free(m);
    return found;
  }

  describe("refused", () => {
    const reached = new Set<number>();

    test.each(REFUSED)("%s: %s", (cause, _, frame) => {
      const found = parsed(frame);
      expect(causeName(found.cause)).toBe(cause);
      expect(found.flags & layout.FLAG_CUT).toBe(0);
      reached.add(found.cause);
    });

    // After the tests above, of which it is the sum.
    afterAll(() => {
      const known = Array.from({ length: layout.DROP_ICMP_TRUNCATED }, (_, i) => i + 1);
      expect([...reached].sort((a, b) => a - b)).toEqual(known);
    });
  });

  test("every refused frame that only misses bytes is cut, not refused, where a capture took the bytes away", () => {
    for (const [cause, what, frame] of REFUSED) {
      const found = parsed(frame, frame.length + 3000);
      const missesBytes = cause.endsWith("-truncated") && !/^\d+ bytes of (TCP|UDP|ICMP)/.test(what);
      if (!missesBytes) continue;
      expect([found.cause, found.flags & layout.FLAG_CUT], what).toEqual([layout.OK, layout.FLAG_CUT]);
    }
  });

  test("headers in a later segment are not read, which is no fault of the frame, and neither is it cut", () => {
    for (const at of [13, 33, 53]) {
      for (const wire of [tcp4.length, tcp4.length + 9]) {
        const m = bed.frame([tcp4.subarray(0, at), tcp4.subarray(at)], wire);
        const { cause, flags } = parseFrame(bed, m);
        expect([causeName(cause), flags & layout.FLAG_CUT], `${at} bytes here`).toEqual(["headers-split", 0]);
        bed.free(m);
      }
    }
  });

  test.each([6, 17, 1])("a first fragment of 4 bytes is whole as such (protocol %i)", (protocol) => {
    const first = f.ethernet(f.ipv4(f.raw(protocol, counting(4)), { fragment: 0x2000 }));
    const { cause, payload, l4, flags } = parsed(first);
    expect([cause, payload, l4, flags & layout.FLAG_FRAGMENT]).toEqual([layout.OK, 0, 34, layout.FLAG_FRAGMENT]);
  });

  test("a cut frame that was too short on the wire already is refused", () => {
    for (const [at, cause] of [
      [14, layout.DROP_ETHERNET_TRUNCATED],
      [34, layout.DROP_IPV4_TRUNCATED],
    ] as const) {
      expect(parsed(tcp4.subarray(0, at - 4), at - 1)).toMatchObject({ cause });
      expect(parsed(tcp4.subarray(0, at - 4), at).flags & layout.FLAG_CUT).toBe(layout.FLAG_CUT);
    }
  });

  test("a lie about a length is refused in a cut frame, too", () => {
    const frame = f.ethernet(f.ipv4(f.tcp(data), { totalLength: 1500 }));
    expect(parsed(frame, 14 + 1500).cause).toBe(layout.OK);
    expect(parsed(frame, 14 + 1499).cause).toBe(layout.DROP_IPV4_TOTAL_LENGTH);
  });

  test("padding behind a datagram is not part of it", () => {
    const frame = concat(f.ethernet(f.ipv4(f.udp(counting(4)))), new Uint8Array(14));
    expect(parsed(frame)).toMatchObject({ cause: layout.OK, l4: 34, payload: 42, l4Len: 12 });
  });

  test("options and tags move what is behind them", () => {
    const options = counting(40);
    const tags = [{ tpid: 0x9100, tci: 0x0fff }, { tci: 0xe001 }];
    const frame = f.ethernet(f.ipv4(f.tcp(data, { options: counting(12) }), { options }), { tags });
    expect(parsed(frame)).toEqual({
      flags: layout.FLAG_VLAN | layout.FLAG_QINQ | layout.FLAG_IPV4 | layout.FLAG_TCP,
      l3: 22,
      l4: 22 + 60,
      payload: 22 + 60 + 32,
      l4Len: 32 + 12,
      cause: layout.OK,
    });
  });

  test("a third tag is not looked into", () => {
    const found = parsed(f.ethernet(f.ipv4(f.udp(data)), { tags: [{ tci: 1 }, { tci: 2 }, { tci: 3 }] }));
    expect(found).toMatchObject({ flags: layout.FLAG_VLAN | layout.FLAG_QINQ, l3: 22, l4: 0, cause: layout.OK });
  });

  test("fragments: of the first one the header counts, of later ones there is none", () => {
    const whole = f.udp(counting(100));
    const first = parsed(f.ethernet(f.ipv4(f.slice(whole, 0, 48), { fragment: 0x2000 })));
    expect(first).toMatchObject({ flags: layout.FLAG_IPV4 | layout.FLAG_UDP | layout.FLAG_FRAGMENT, payload: 42 });
    const later = parsed(f.ethernet(f.ipv4(f.slice(whole, 48), { fragment: 6 })));
    const flags = layout.FLAG_IPV4 | layout.FLAG_FRAGMENT | layout.FLAG_LATER_FRAGMENT;
    expect(later).toMatchObject({ flags, l4: 34, payload: 0, cause: layout.OK });
  });

  test("fragments: TCP options may go on in the next one", () => {
    const whole = f.tcp(counting(100), { options: counting(20) });
    const first = parsed(f.ethernet(f.ipv4(f.slice(whole, 0, 24), { fragment: 0x2000 })));
    const flags = layout.FLAG_IPV4 | layout.FLAG_TCP | layout.FLAG_FRAGMENT;
    expect(first).toMatchObject({ flags, l4: 34, payload: 54, l4Len: 24, cause: layout.OK });
  });

  test("IPv6: an atomic fragment is none (RFC 6946), and a routing header with segments left is noted", () => {
    const atomic = parsed(f.ethernet(f.ipv6(f.fragment6(0, false, f.udp(data)))));
    expect(atomic).toMatchObject({ flags: layout.FLAG_IPV6 | layout.FLAG_UDP, l4: 62, cause: layout.OK });
    const routed = parsed(f.ethernet(f.ipv6(f.extension(43, [4, 2, 0, 0, 0, 0], f.udp(data)))));
    expect(routed.flags).toBe(layout.FLAG_IPV6 | layout.FLAG_UDP | layout.FLAG_ROUTED);
    const arrived = parsed(f.ethernet(f.ipv6(f.extension(43, [4, 0, 0, 0, 0, 0], f.udp(data)))));
    expect(arrived.flags).toBe(layout.FLAG_IPV6 | layout.FLAG_UDP);
  });

  test("IPv6: eight extension headers are walked", () => {
    expect(parsed(f.ethernet(f.ipv6(nested(8))))).toMatchObject({ cause: layout.OK, l4: 54 + 64 });
  });

  test("addresses: broadcast, multicast, unicast", () => {
    const flagsTo = (dst: string) => parsed(f.ethernet(f.layer3(0x88b5, data), { dst: hex(dst) })).flags;
    expect(flagsTo("ffffffffffff")).toBe(layout.FLAG_BROADCAST);
    expect(flagsTo("feffffffffff")).toBe(0);
    expect(flagsTo("fffffffffffe")).toBe(layout.FLAG_MULTICAST);
    expect(flagsTo("010000000000")).toBe(layout.FLAG_MULTICAST);
    expect(flagsTo("020000000000")).toBe(0);
  });

  test("a datagram over 64 KiB carries no length (GSO as a host records it)", () => {
    const big = new Uint8Array(65_550).fill(9);
    const frame = f.ethernet(f.ipv4(f.udp(big, { length: 0, checksum: 0 }), { totalLength: 0 }));
    expect(parsed(frame)).toMatchObject({ cause: layout.OK, l4Len: 65_558, payload: 42 });
    const frame6 = f.ethernet(f.ipv6(f.tcp(big, { checksum: 0 }), { payloadLength: 0 }));
    expect(parsed(frame6)).toMatchObject({ cause: layout.OK, l4Len: 65_570, payload: 74 });
  });

  test("what is not known is carried: EtherTypes, protocols, ICMP of the other version", () => {
    expect(parsed(f.ethernet(f.layer3(0x88cc, data)))).toMatchObject({ flags: 0, l3: 14, l4: 0, cause: layout.OK });
    expect(parsed(f.ethernet(f.ipv4(f.raw(58, data))))).toMatchObject({
      flags: layout.FLAG_IPV4,
      payload: 0,
      cause: 0,
    });
    expect(parsed(f.ethernet(f.ipv6(f.raw(1, data))))).toMatchObject({ flags: layout.FLAG_IPV6, payload: 0, cause: 0 });
    const sctp = patched(tcp4, 23, 132);
    expect(parsed(sctp)).toMatchObject({ flags: layout.FLAG_IPV4, l4: 34, payload: 0, cause: layout.OK });
  });
});
