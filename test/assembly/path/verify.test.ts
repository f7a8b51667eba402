import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { anyFrame, tunnelFrame, validFrame } from "../../helpers/arbitraries.js";
import { type Bed, makeBed } from "../../helpers/bed.js";
import { concat, counting, patched } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { holds } from "../../helpers/property.js";
import { verifyFrame } from "../../helpers/verdicts.js";
import { onesSum, pseudoHeader } from "../../model/checksum.js";
import { verify } from "../../model/verify.js";

const data = counting(33);
const options = { options: counting(8) };

/** A frame, and the verdicts of its IP header and of its transport segment. */
type Case = readonly [what: string, frame: Uint8Array, l3: string | undefined, l4: string | undefined];

const SEGMENTS: readonly [name: string, at: number, segment: (checksum?: number) => f.Layer4, v6only?: boolean][] = [
  ["TCP", 16, (checksum) => f.tcp(data, checksum === undefined ? {} : { checksum })],
  ["UDP", 6, (checksum) => f.udp(data, checksum === undefined ? {} : { checksum })],
  ["ICMP", 2, (checksum) => f.icmp(data, checksum)],
  ["ICMPv6", 2, (checksum) => f.icmpv6(data, checksum), true],
];

const SWEEP: Case[] = SEGMENTS.flatMap(([name, , segment, v6only]): Case[] => {
  const over = v6only ? f.ipv6 : f.ipv4;
  const l3 = v6only ? undefined : "good";
  return [
    [`${name} that is right`, f.ethernet(over(segment())), l3, "good"],
    [`${name} that is wrong`, f.ethernet(over(segment(0x0bad))), l3, "bad"],
    [`${name} with padding behind`, concat(f.ethernet(over(segment())), counting(9)), l3, "good"],
  ];
});

const CASES: readonly Case[] = [
  ...SWEEP,
  ["TCP over IPv6", f.ethernet(f.ipv6(f.tcp(data, options))), undefined, "good"],
  ["an IPv4 header that is wrong", f.ethernet(f.ipv4(f.udp(data), { checksum: 0x4242 })), "bad", "good"],
  ["an IPv4 header with options", f.ethernet(f.ipv4(f.udp(data), options)), "good", "good"],
  ["UDP without a checksum", f.ethernet(f.ipv4(f.udp(data, { checksum: "zero" }))), "good", "absent"],
  ["UDP over IPv6 without a checksum", f.ethernet(f.ipv6(f.udp(data, { checksum: "zero" }))), undefined, "bad"],
  ...[4790, 4791, 6081].map(
    (dport): Case => [
      `UDP over IPv6 without a checksum, to port ${dport}`,
      f.ethernet(f.ipv6(f.udp(data, { checksum: "zero", dport }))),
      undefined,
      "absent",
    ],
  ),
  [
    "UDP whose length is less than the datagram's",
    f.ethernet(
      f.ipv4(f.raw(17, concat(f.udp(data).build(Uint8Array.of(10, 0, 0, 1), Uint8Array.of(10, 0, 0, 2)), [1, 2, 3]))),
    ),
    "good",
    "good",
  ],
  ["a first fragment", f.ethernet(f.ipv4(f.slice(f.udp(data), 0, 24), { fragment: 0x2000 })), "good", "unchecked"],
  ["a later fragment", f.ethernet(f.ipv4(f.slice(f.udp(data), 24), { fragment: 3 })), "good", undefined],
  ["a fragment of IPv6", f.ethernet(f.ipv6(f.fragment6(0, true, f.tcp(data)))), undefined, "unchecked"],
  ["an atomic fragment", f.ethernet(f.ipv6(f.fragment6(0, false, f.tcp(data)))), undefined, "good"],
  [
    "a source-routed datagram",
    f.ethernet(f.ipv6(f.extension(43, [4, 1, 0, 0, 0, 0], f.udp(data)))),
    undefined,
    "unchecked",
  ],
  ["ARP", f.ethernet(f.arp()), undefined, undefined],
  ["a protocol that is not known", f.ethernet(f.ipv4(f.raw(50, data))), "good", undefined],
];

describe.each(BUILDS)("verify (%s build)", (build) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await makeBed(build, { mbufs: 4, bufBytes: 704 });
  });

  test.each(CASES)("%s", (_, frame, l3, l4) => {
    expect(verifyFrame(bed, frame)).toMatchObject({ cause: layout.OK, outer: { l3, l4 }, inner: undefined });
  });

  test.each([
    ["TCP", 6, 50],
    ["UDP", 17, 40],
  ])("%s that is left to an adapter: the field holds the pseudo-header's sum", (_, protocol, at) => {
    const honest = f.ethernet(f.ipv4(protocol === 6 ? f.tcp(data) : f.udp(data)));
    const length = honest.length - 34;
    const partial = onesSum(pseudoHeader([10, 0, 0, 1], [10, 0, 0, 2], protocol, length));
    const offloaded = patched(honest, at, partial >> 8, partial & 0xff);
    expect(verifyFrame(bed, offloaded).outer).toMatchObject({ l3: "good", l4: "offloaded" });
    const neither = patched(honest, at, (partial + 1) >> 8, (partial + 1) & 0xff);
    expect(verifyFrame(bed, neither).outer.l4).toBe("bad");
  });

  test("0xffff and 0x0000 are one number: TCP may carry either (RFC 1624 section 3)", () => {
    // The payload's last word makes the checksum 0.
    const at = (word: number, checksum?: number) =>
      f.tcp(concat(data, [0x11], [word >> 8, word & 0xff]), checksum === undefined ? {} : { checksum });
    const learnt = f.ethernet(f.ipv4(at(0)));
    const word = ((learnt[50] as number) << 8) | (learnt[51] as number);
    for (const checksum of [0x0000, 0xffff]) {
      expect(verifyFrame(bed, f.ethernet(f.ipv4(at(word, checksum)))).outer.l4).toBe("good");
    }
    expect(verifyFrame(bed, f.ethernet(f.ipv4(at(word, 0x0001)))).outer.l4).toBe("bad");
  });

  test("one wrong bit anywhere in the segment is seen, over any segments", () => {
    const frame = f.ethernet(f.ipv6(f.icmpv6(data)));
    for (let at = 54; at < frame.length; at++) {
      const wrong = patched(frame, at, (frame[at] as number) ^ 0x10);
      const verdict = verifyFrame(bed, [wrong.subarray(0, 65), wrong.subarray(65, 80), wrong.subarray(80)]);
      expect(verdict.outer.l4, `byte ${at}`).toBe("bad");
    }
  });

  test("what a capture cut cannot be judged; what it kept can", () => {
    const tcp = f.ethernet(f.ipv4(f.tcp(data)));
    expect(verifyFrame(bed, tcp.subarray(0, 60), tcp.length).outer).toMatchObject({ l3: "good", l4: "unchecked" });
    expect(verifyFrame(bed, tcp.subarray(0, 40), tcp.length).outer).toMatchObject({ l3: "good", l4: "unchecked" });
    expect(verifyFrame(bed, tcp.subarray(0, 30), tcp.length).outer).toMatchObject({ l3: "unchecked", l4: undefined });
    const absent = f.ethernet(f.ipv4(f.udp(data, { checksum: "zero" })));
    expect(verifyFrame(bed, absent.subarray(0, 50), absent.length).outer.l4).toBe("absent");
  });

  describe("a frame in VXLAN", () => {
    const inner = f.ethernet(f.ipv4(f.tcp(data)));

    test("is judged on its own, besides the outer one", () => {
      const wrong = f.ethernet(f.ipv4(f.tcp(data, { checksum: 0x0bad })));
      const outer = f.ethernet(f.ipv4(f.vxlan(7, wrong, { checksum: "zero" })));
      expect(verifyFrame(bed, outer)).toEqual({
        cause: layout.OK,
        outer: { flags: layout.FLAG_IPV4 | layout.FLAG_UDP, l3: "good", l4: "absent" },
        inner: { flags: layout.FLAG_IPV4 | layout.FLAG_TCP, l3: "good", l4: "bad" },
      });
    });

    test("may have no outer checksum over IPv6 (RFC 6935)", () => {
      const outer = f.ethernet(f.ipv6(f.vxlan(7, inner, { checksum: "zero" })));
      expect(verifyFrame(bed, outer)).toMatchObject({ outer: { l4: "absent" }, inner: { l3: "good", l4: "good" } });
    });

    test("is judged even where the outer checksums are wrong", () => {
      const outer = f.ethernet(f.ipv4(f.vxlan(7, inner, { checksum: 0x0bad }), { checksum: 0x0bad }));
      expect(verifyFrame(bed, outer)).toMatchObject({ outer: { l3: "bad", l4: "bad" }, inner: { l4: "good" } });
    });

    test("that is malformed gives the cause", () => {
      const malformed = f.ethernet(f.ipv4(f.tcp(data, { dataOffset: 2 })));
      const { cause, inner: found } = verifyFrame(bed, f.ethernet(f.ipv4(f.vxlan(7, malformed))));
      expect(cause).toBe(layout.DROP_TCP_DATA_OFFSET);
      expect(found).toMatchObject({ l3: undefined, l4: undefined });
    });
  });

  test("every checksum of a valid frame is good, absent or not to be checked", () => {
    holds(
      fc.property(validFrame(), (frame) => {
        const { outer } = verifyFrame(bed, frame);
        expect(outer.l3 ?? "good").toBe("good");
        expect(["good", "absent", "unchecked", undefined]).toContain(outer.l4);
      }),
      500,
    );
  });

  test("is its twin on any frame", () => {
    const frames = fc.oneof(
      anyFrame(),
      tunnelFrame().map((bytes) => ({ data: bytes, wire: bytes.length })),
    );
    holds(
      fc.property(frames, fc.nat(160), fc.boolean(), ({ data, wire }, at, split) => {
        const here = split ? Math.min(at, data.length) : data.length;
        const parts = here < data.length ? [data.subarray(0, here), data.subarray(here)] : data;
        expect(verifyFrame(bed, parts, wire)).toEqual(verify(data, wire, here));
      }),
      4000,
    );
  });
});
