/** Frames in frames for hashes: tags, PPPoE, MPLS, IP in IP, GRE, VXLAN and Geneve around each other, some of them cut or damaged. */
import fc from "fast-check";
import { mutatedFrame, validFrame } from "./arbitraries.js";
import { concat, u16 } from "./bytes.js";
import * as f from "./frames.js";

/** GRE (RFC 2784, RFC 2890): a field of four bytes for each of the flags C, K and S; of version 1 one for the flag A. */
export function gre(type: number, inside: ArrayLike<number>, flags = 0, second = 0): f.Layer4 {
  const fields = [0x80, 0x20, 0x10].filter((bit) => flags & bit).length + (second & 0x80 ? 1 : 0);
  return f.raw(47, concat([flags, second], u16(type), new Uint8Array(fields * 4).fill(0x5c), inside));
}

/** Geneve (RFC 8926) with options of so many words. */
export function geneve(type: number, inside: ArrayLike<number>, optionWords = 0): f.Layer4 {
  const header = [optionWords, 0, ...u16(type), 0, 0, 7, 0];
  return f.udp(concat(header, new Uint8Array(optionWords * 4), inside), { sport: 50001, dport: 6081 });
}

/** A PPPoE session (RFC 2516) around a PPP frame; a protocol below 256 may be one byte long. */
export function pppoe(protocol: number, inside: ArrayLike<number>, isShort = false, code = 0): f.Layer3 {
  const ppp = isShort ? [protocol & 0xff] : u16(protocol);
  return f.layer3(0x8864, concat([0x11, code, 0, 9], u16(inside.length + ppp.length), ppp, inside));
}

/** A label stack of depth entries; what is inside follows the last. */
export function mpls(inside: ArrayLike<number>, depth = 1): f.Layer3 {
  const entries = Array.from({ length: depth }, (_, i) => [0, 1, i === depth - 1 ? 0x31 : 0x30, 64]).flat();
  return f.layer3(0x8847, concat(entries, inside));
}

const addresses = (length: number) =>
  fc.record({
    src: fc.uint8Array({ minLength: length, maxLength: length }),
    dst: fc.uint8Array({ minLength: length, maxLength: length }),
  });

/** Segments without anything in them, of every kind that a hash tells apart. */
const leaf: fc.Arbitrary<f.Layer4> = fc.oneof(
  fc.record({ sport: fc.nat(65535), dport: fc.nat(65535) }).map((ports) => f.tcp([1, 2, 3], ports)),
  fc.record({ sport: fc.nat(65535), dport: fc.nat(65535) }).map((ports) => f.udp([1, 2, 3], ports)),
  fc
    .record({
      protocol: fc.constantFrom(1, 58),
      type: fc.constantFrom(0, 3, 8, 13, 128, 129, 1, 11),
      id: fc.nat(65535),
    })
    .map(({ protocol, type, id }) =>
      f.raw(protocol, Uint8Array.from([type, 0, 0, 0, ...u16(id), 0, 1, ...ICMP_QUOTE])),
    ),
  fc.record({ protocol: fc.constantFrom(2, 33, 50, 51, 132, 136, 137, 103) }).map(({ protocol }) =>
    f.raw(
      protocol,
      Uint8Array.from({ length: 40 }, (_, i) => i * 37),
    ),
  ),
);
/** What an ICMP error quotes: an IPv4 datagram's first 28 bytes. */
const ICMP_QUOTE = f.ipv4(f.udp([], { sport: 7, dport: 9 }), { src: [9, 8, 7, 6], dst: [5, 4, 3, 2] }).bytes;

function inIp(inside: fc.Arbitrary<f.Layer4>): fc.Arbitrary<f.Layer3> {
  const fragment = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(0, 0x4000) }, fc.constantFrom(0x2000, 0x2007, 3));
  const v4 = fc
    .record({ inside, ends: addresses(4), words: fc.constantFrom(0, 0, 1, 3), fragment })
    .map(({ inside, ends, words, fragment }) =>
      f.ipv4(inside, { ...ends, fragment, options: new Uint8Array(words * 4).fill(1) }),
    );
  const wraps: fc.Arbitrary<string[]> = fc.array(
    fc.constantFrom("hop", "routing", "destination", "fragment", "first", "atomic", "ah"),
    {
      maxLength: 3,
    },
  );
  const v6 = fc
    .record({
      inside,
      ends: addresses(16),
      wraps: fc.oneof(fc.constant<string[]>([]), wraps),
      flowLabel: fc.constantFrom(0, 0x4d5e6),
    })
    .map(({ inside, ends, wraps, flowLabel }) =>
      f.ipv6(
        wraps.reduce((within, kind) => WRAPS[kind]?.(within) as f.Layer4, inside),
        { ...ends, flowLabel },
      ),
    );
  return fc.oneof(v4, v6);
}

const WRAPS: Record<string, (inside: f.Layer4) => f.Layer4> = {
  hop: (inside) => f.extension(0, [0, 0, 0, 0, 0, 0], inside),
  routing: (inside) => f.extension(43, new Uint8Array(14), inside),
  destination: (inside) => f.extension(60, [1, 4, 0, 0, 0, 0], inside),
  ah: (inside) => f.extension(51, new Uint8Array(22).fill(3), inside),
  fragment: (inside) => f.fragment6(5, false, inside),
  first: (inside) => f.fragment6(0, true, inside),
  atomic: (inside) => f.fragment6(0, false, inside),
};

/** A layer in a tunnel, as a segment of the datagram around it. */
function tunnelled(inner: f.Layer3): fc.Arbitrary<f.Layer4> {
  const frame = fc
    .record({
      tags: fc.array(fc.record({ tpid: fc.constantFrom(0x8100, 0x88a8, 0x9100), tci: fc.nat(65535) }), {
        maxLength: 3,
      }),
      last: fc.nat(255),
    })
    .map(({ tags, last }) => f.ethernet(inner, { tags, src: [2, 1, 2, 3, 4, last], dst: [2, 9, 8, 7, last, 6] }));
  const flags = fc.constantFrom(0, 0x80, 0x20, 0xb0, 0x40);
  const isIp = inner.type === 0x0800 || inner.type === 0x86dd;
  const inFrame = [
    frame.map((bytes) => f.vxlan(7, bytes)),
    frame.map((bytes) => f.vxlan(7, bytes, { flags: 0 })),
    fc.tuple(frame, fc.constantFrom(0, 1, 5)).map(([bytes, words]) => geneve(0x6558, bytes, words)),
    fc.tuple(frame, flags).map(([bytes, flag]) => gre(0x6558, bytes, flag)),
  ];
  const bare = [
    fc.tuple(flags, fc.constantFrom(0, 0, 0, 2)).map(([flag, version]) => gre(inner.type, inner.bytes, flag, version)),
    fc.constantFrom(0, 2).map((words) => geneve(inner.type, inner.bytes, words)),
    fc
      .constantFrom(0x0021, 0x0057, 0xc021)
      .map((ppp) => gre(0x880b, concat([0xff, 3], u16(ppp), inner.bytes), 0x20, 0x81)),
    fc.constant(f.raw(inner.type === 0x0800 ? 4 : 41, inner.bytes)),
    fc.constant(f.raw(137, mpls(inner.bytes).bytes)),
  ];
  return fc.oneof(...inFrame, ...(isIp ? bare : bare.slice(0, 2)));
}

/** Something in an Ethernet frame, with up to depth tunnels in it. */
function layered(depth: number): fc.Arbitrary<f.Layer3> {
  if (depth === 0)
    return fc.oneof({ weight: 6, arbitrary: inIp(leaf) }, { weight: 1, arbitrary: fc.constant(f.arp()) });
  const inner = layered(depth - 1);
  return fc.oneof(
    { weight: 4, arbitrary: inner.chain((layer) => inIp(tunnelled(layer))) },
    { weight: 1, arbitrary: inner },
    {
      weight: 1,
      arbitrary: fc
        .record({ layer: inner, isShort: fc.boolean(), code: fc.constantFrom(0, 0, 0, 9) })
        .map(({ layer, isShort, code }) => {
          const protocol = { 2048: 0x21, 34525: 0x57, 34887: 0x281 }[layer.type] ?? 0xc021;
          return pppoe(protocol, layer.bytes, isShort && protocol < 256, code);
        }),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(inner, fc.constantFrom(1, 3)).map(([layer, labels]) => mpls(layer.bytes, labels)),
    },
  );
}

const whole: fc.Arbitrary<Uint8Array> = fc
  .record({
    layer: fc.oneof(layered(0), layered(1), layered(2), layered(3), layered(5)),
    tags: fc.oneof(
      fc.constant([]),
      fc.array(fc.record({ tpid: fc.constantFrom(0x8100, 0x88a8, 0x9100), tci: fc.nat(65535) }), { maxLength: 3 }),
    ),
    ends: addresses(6),
  })
  .map(({ layer, tags, ends }) => f.ethernet(layer, { tags, ...ends }));

/** A frame in frames: sound, mutated, or cut short. */
export function nestedFrame(): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 6, arbitrary: whole },
    { weight: 2, arbitrary: fc.tuple(whole, fc.nat(160)).map(([data, keep]) => data.slice(0, keep)) },
    { weight: 2, arbitrary: mutatedFrame(whole) },
    { weight: 1, arbitrary: validFrame() },
  );
}
