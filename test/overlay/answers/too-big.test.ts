/** "Too big": who gets an answer, who gets none and why, and the answers' bytes against a twin. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type TooBigRefusal, tooBig } from "../../../src/overlay/answers/index.js";
import { concat, counting, patched } from "../../helpers/bytes.js";
import * as f from "../../helpers/frames.js";
import { holds } from "../../helpers/property.js";
import { fragmentationNeeded, packetTooBig } from "../../model/icmp-error.js";

const BIG = f.udp(counting(1472));
const A = [0x02, 0, 0, 0, 0x0a, 0x01];
const B = [0x02, 0, 0, 0, 0x0b, 0x02];
const TAG = [{ tci: 0xe007 }];
const v4 = (o: f.Ipv4Options = {}, inside: f.Layer4 = BIG) => f.ethernet(f.ipv4(inside, o));
const v6 = (o: f.Ipv6Options = {}, inside: f.Layer4 = BIG) => f.ethernet(f.ipv6(inside, o));
const icmp4 = (type: number) => f.raw(1, concat([type], counting(1480)));
const icmp6 = (type: number) => f.raw(58, concat([type], counting(1480)));

/** The frame back to A from B. */
function back(packet: Uint8Array, type: number, tags: f.EthernetOptions["tags"] = []): Uint8Array {
  return f.ethernet(f.layer3(type, packet), { dst: A, src: B, tags });
}

describe("too big", () => {
  test("IPv4: 576 bytes, from the destination, with the MTU and the quote", () => {
    const answer = tooBig(v4(), 1450) as Uint8Array;
    expect(answer).toEqual(back(fragmentationNeeded(f.ipv4(BIG).bytes, 1450), 0x0800));
    expect(answer.length).toBe(14 + 576);
    // RFC 1191 section 4: type 3, code 4, checksum, unused, next-hop MTU, then the packet's header.
    expect([...answer.subarray(34, 36), ...answer.subarray(38, 42)]).toEqual([3, 4, 0, 0, 0x05, 0xaa]);
    expect(answer.subarray(42, 42 + 548)).toEqual(v4().subarray(14, 14 + 548));
    expect([[...answer.subarray(26, 30)], [...answer.subarray(30, 34)]]).toEqual([
      [10, 0, 0, 2],
      [10, 0, 0, 1],
    ]);
  });

  test("IPv6: 1280 bytes", () => {
    const answer = tooBig(v6(), 1430) as Uint8Array;
    expect(answer).toEqual(back(packetTooBig(f.ipv6(BIG).bytes, 1430), 0x86dd));
    expect(answer.length).toBe(14 + 1280);
    expect([...answer.subarray(54, 56), ...answer.subarray(58, 62)]).toEqual([2, 0, 0, 0, 0x05, 0x96]);
  });

  test("VLAN tags come back, padding is not quoted, short packets are quoted whole", () => {
    const small = f.ipv4(f.udp(counting(72)));
    for (const tags of [[], TAG, [{ tpid: 0x88a8, tci: 5 }, ...TAG]]) {
      const frame = concat(f.ethernet(small, { tags }), new Uint8Array(18));
      expect(tooBig(frame, 99)).toEqual(back(fragmentationNeeded(small.bytes, 99), 0x0800, tags));
      const six = concat(f.ethernet(f.ipv6(BIG), { tags }), new Uint8Array(6));
      expect(tooBig(six, 1280)).toEqual(back(packetTooBig(f.ipv6(BIG).bytes, 1280), 0x86dd, tags));
    }
  });

  test("a packet longer than its length field can say", () => {
    const frame = v4({ totalLength: 0 }, f.raw(6, counting(66_000)));
    expect((tooBig(frame, 1450) as Uint8Array).length).toBe(14 + 576);
    expect((tooBig(v6({ payloadLength: 0 }, f.raw(6, counting(66_000))), 1450) as Uint8Array).length).toBe(14 + 1280);
  });

  test("any packet with any options and extension headers", () => {
    const arbitrary = fc.record({
      payload: fc.integer({ min: 1240, max: 3001 }),
      mtu: fc.integer({ min: 1280, max: 1299 }),
      words: fc.nat(10),
      kinds: fc.array(fc.constantFrom(0, 43, 60, 51), { maxLength: 3 }),
      first: fc.boolean(),
    });
    holds(
      fc.property(arbitrary, ({ payload, mtu, words, kinds, first }) => {
        const inside = f.udp(counting(payload));
        const four = f.ipv4(inside, { options: new Uint8Array(words * 4).fill(1), fragment: first ? 0x6000 : 0x4000 });
        const wrapped = kinds.reduce((within, kind) => f.extension(kind, new Uint8Array(14), within), inside);
        const six = f.ipv6(wrapped);
        const [big4, big6] = [four.bytes.length > mtu, six.bytes.length > mtu];
        expect(tooBig(f.ethernet(four), mtu)).toEqual(
          big4 ? back(fragmentationNeeded(four.bytes, mtu), 0x0800) : "fits",
        );
        expect(tooBig(f.ethernet(six), mtu)).toEqual(big6 ? back(packetTooBig(six.bytes, mtu), 0x86dd) : "fits");
      }),
      200,
    );
  });

  test.each<[string, Uint8Array, number, TooBigRefusal]>([
    ["ARP", f.ethernet(f.arp()), 20, "not-ip"],
    ["an unknown EtherType", f.ethernet(f.layer3(0x88b5, counting(1500))), 1450, "not-ip"],
    ["nothing", new Uint8Array(13), 1450, "malformed"],
    ["a cut tag", f.ethernet(f.ipv4(BIG), { tags: TAG }).subarray(0, 17), 1450, "malformed"],
    ["half an IPv4 header", v4().subarray(0, 33), 1450, "malformed"],
    ["IPv4 with the version of another", v4({ version: 5 }), 1450, "malformed"],
    ["an IPv4 header of 16 bytes", v4({ ihl: 4 }), 1450, "malformed"],
    ["a total length beyond the frame", v4({ totalLength: 1501 }), 1450, "malformed"],
    ["a total length below the header's", v4({ totalLength: 19 }), 10, "malformed"],
    ["a wrong IPv4 checksum", v4({ checksum: 0x1234 }), 1450, "malformed"],
    ["what fits", v4(), 1500, "fits"],
    ["IPv6 that fits", v6(), 1520, "fits"],
    ["IPv4 without DF", v4({ fragment: 0 }), 1450, "fragmentable"],
    ["a first fragment without DF", v4({ fragment: 0x2000 }), 1450, "fragmentable"],
    ["an MTU below 68", v4(), 67, "mtu-below-minimum"],
    ["an MTU below 1280", v6(), 1279, "mtu-below-minimum"],
    ["a later fragment", v4({ fragment: 0x4001 }), 1450, "later-fragment"],
    ["a later IPv6 fragment", v6({}, f.fragment6(1, true, BIG)), 1430, "later-fragment"],
    ["to multicast", v4({ dst: [224, 0, 0, 5] }), 1450, "group-destination"],
    ["to broadcast", v4({ dst: [255, 255, 255, 255] }), 1450, "group-destination"],
    ["to class E", v4({ dst: [240, 0, 0, 1] }), 1450, "group-destination"],
    ["to a multicast MAC", f.ethernet(f.ipv4(BIG), { dst: [1, 0, 0x5e, 0, 0, 5] }), 1450, "group-destination"],
    ["to the broadcast MAC", f.ethernet(f.ipv6(BIG), { dst: new Uint8Array(6).fill(255) }), 1430, "group-destination"],
    ["to IPv6 multicast", v6({ dst: [0xff, 2, ...counting(14)] }), 1430, "group-destination"],
    ["from multicast", v4({ src: [239, 1, 2, 3] }), 1450, "group-source"],
    ["from IPv6 multicast", v6({ src: [0xff, 2, ...counting(14)] }), 1430, "group-source"],
    ["from a group's MAC", f.ethernet(f.ipv4(BIG), { src: [3, 0, 0, 0, 0, 1] }), 1450, "group-source"],
    ["from 0.0.0.0", v4({ src: [0, 0, 0, 0] }), 1450, "no-source"],
    ["from 127.0.0.1", v4({ src: [127, 0, 0, 1] }), 1450, "no-source"],
    ["from ::", v6({ src: new Uint8Array(16) }), 1430, "no-source"],
    ["from ::1", v6({ src: patched(new Uint8Array(16), 15, 1) }), 1430, "no-source"],
    ["to 127.1.1.1", v4({ dst: [127, 1, 1, 1] }), 1450, "no-destination"],
    ["to ::1", v6({ dst: patched(new Uint8Array(16), 15, 1) }), 1430, "no-destination"],
    ["a redirect", v6({}, icmp6(137)), 1430, "icmp-error"],
    ["an error behind extension headers", v6({}, f.extension(0, new Uint8Array(6), icmp6(1))), 1430, "icmp-error"],
    ["IPv6 of another version", v6({ version: 4 }), 1430, "malformed"],
    ["half an IPv6 header", v6().subarray(0, 53), 1430, "malformed"],
    ["a payload length beyond the frame", v6({ payloadLength: 1481 }), 1430, "malformed"],
    ["an extension header beyond the packet", v6({}, f.raw(0, patched(counting(1480), 0, 60, 255))), 1430, "malformed"],
    [
      "extension headers and no message",
      v6({}, f.raw(0, patched(new Uint8Array(1480), 0, 58, 184))),
      1430,
      "malformed",
    ],
    ["nine extension headers", v6({}, f.raw(60, repeated(60, 8, 1480))), 1430, "malformed"],
  ])("%s: none", (_, frame, mtu, refusal) => {
    expect(tooBig(frame, mtu)).toBe(refusal);
  });

  test("ICMP: about queries and their replies, about no error and no unknown type", () => {
    const answered4 = [...Array(256).keys()].filter((type) => typeof tooBig(v4({}, icmp4(type)), 1450) !== "string");
    // Echo, router discovery, timestamp, information, address mask, extended echo (IANA, ICMP types).
    expect(answered4).toEqual([0, 8, 9, 10, 13, 14, 15, 16, 17, 18, 42, 43]);
    expect(tooBig(v4({}, icmp4(3)), 1450)).toBe("icmp-error");
    const answered6 = [...Array(256).keys()].filter((type) => typeof tooBig(v6({}, icmp6(type)), 1430) !== "string");
    expect(answered6).toEqual([...Array(256).keys()].filter((type) => type >= 128 && type !== 137));
    // ICMPv6's numbers mean nothing in IPv4, nor ICMP's in IPv6.
    expect(typeof tooBig(v4({}, f.raw(58, concat([1], counting(1480)))), 1450)).not.toBe("string");
    expect(typeof tooBig(v6({}, f.raw(1, concat([3], counting(1480)))), 1430)).not.toBe("string");
  });

  test("no answer is answered", () => {
    expect(tooBig(tooBig(v4(), 1450) as Uint8Array, 100)).toBe("icmp-error");
    expect(tooBig(concat(tooBig(v6(), 1430) as Uint8Array), 1279)).toBe("mtu-below-minimum");
    const longer = v6({}, f.raw(58, concat((tooBig(v6(), 1430) as Uint8Array).subarray(54), counting(99))));
    expect(tooBig(longer, 1280)).toBe("icmp-error");
  });

  test("mutated frames: an answer of bounded length, or a reason", () => {
    const frames = [v4(), v6(), v4({}, icmp4(8)), v6({}, f.extension(43, new Uint8Array(6), icmp6(128)))];
    const change = fc.tuple(fc.nat(79), fc.nat(255));
    holds(
      fc.property(
        fc.constantFrom(...frames),
        fc.array(change, { maxLength: 4 }),
        fc.nat(1534),
        (frame, list, length) => {
          const mutant = frame.slice(0, length < 80 ? length : undefined);
          for (const [at, value] of list) if (at < mutant.length) mutant[at] = value;
          const answer = tooBig(mutant, 1300);
          if (typeof answer === "string") expect(answer).toMatch(/^[a-z-]+$/);
          else expect(answer.length).toBeLessThanOrEqual(8 + 14 + 1280);
        },
      ),
      2000,
    );
  });
});

/** Extension headers of 8 bytes, one behind the other, in so many bytes. */
function repeated(kind: number, times: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < times; i++) bytes[i * 8] = kind;
  return bytes;
}
