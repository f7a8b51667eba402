/** Frames for property tests: valid ones of every kind that the engine knows, and the same made to lie. */
import fc from "fast-check";
import { concat } from "./bytes.js";
import * as f from "./frames.js";

/** A frame, and how long it was on the wire: longer than its bytes where a capture's snaplen cut it. */
export interface WireFrame {
  readonly data: Uint8Array;
  readonly wire: number;
}

const payload = (maxLength: number) => fc.uint8Array({ maxLength });
const port = fc.integer({ min: 1, max: 65535 }).filter((p) => p !== 4789);
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
/** DSCP and ECN: mostly none, else any. */
const tos = fc.oneof(fc.constant(0), fc.nat(255));

const transport4 = (max: number): fc.Arbitrary<f.Layer4> =>
  fc.oneof(
    fc
      .record({ data: payload(max), sport: port, dport: port, zero: fc.boolean() })
      .map(({ data, sport, dport, zero }) => f.udp(data, { sport, dport, ...(zero ? { checksum: "zero" } : {}) })),
    tcpSegment(max),
    payload(max).map((data) => f.icmp(data)),
    payload(max).map((data) => f.raw(50, data)),
  );

const transport6 = (max: number): fc.Arbitrary<f.Layer4> =>
  fc.oneof(
    fc.record({ data: payload(max), sport: port, dport: port }).map(({ data, ...ports }) => f.udp(data, ports)),
    tcpSegment(max),
    payload(max).map((data) => f.icmpv6(data)),
    fc.constant(f.raw(59, new Uint8Array())),
  );

function tcpSegment(max: number): fc.Arbitrary<f.Layer4> {
  return fc
    .record({ data: payload(max), sport: port, dport: port, words: fc.nat(10) })
    .map(({ data, sport, dport, words }) => f.tcp(data, { sport, dport, options: new Uint8Array(words * 4).fill(1) }));
}

function ipv4(max: number): fc.Arbitrary<f.Layer3> {
  return fc
    .record({
      inside: transport4(max),
      src: bytes(4),
      dst: bytes(4),
      tos,
      ttl: fc.nat(255),
      words: fc.oneof(fc.constant(0), fc.nat(10)),
      fragment: fc.oneof(fc.constantFrom(0, 0x4000), fc.constantFrom(0, 0x4000, 0x2000, 0x2003, 0x0010)),
    })
    .map(({ inside, words, ...rest }) => f.ipv4(inside, { ...rest, options: new Uint8Array(words * 4).fill(1) }));
}

/** Extension headers around a segment, innermost last. */
const wrap: fc.Arbitrary<(inside: f.Layer4) => f.Layer4> = fc.oneof(
  fc.record({ kind: fc.constantFrom(0, 43, 60, 135), units: fc.nat(3) }).map(
    ({ kind, units }) =>
      (inside: f.Layer4) =>
        f.extension(kind, new Uint8Array(6 + 8 * units), inside),
  ),
  fc.nat(2).map((units) => (inside: f.Layer4) => f.extension(51, new Uint8Array(10 + 8 * units).fill(7), inside)),
  fc.constant((inside: f.Layer4) => f.extension(43, [4, 2, 0, 0, 0, 0], inside)),
  fc.record({ offset: fc.constantFrom(0, 0, 1, 180), more: fc.boolean() }).map(
    ({ offset, more }) =>
      (inside: f.Layer4) =>
        f.fragment6(offset, more, inside),
  ),
);

function ipv6(max: number): fc.Arbitrary<f.Layer3> {
  return fc
    .record({
      inside: transport6(max),
      wraps: fc.oneof(fc.constant<((inside: f.Layer4) => f.Layer4)[]>([]), fc.array(wrap, { maxLength: 8 })),
      src: bytes(16),
      dst: bytes(16),
      trafficClass: tos,
      hopLimit: fc.nat(255),
      flowLabel: fc.nat(0xfffff),
    })
    .map(({ inside, wraps, ...rest }) =>
      f.ipv6(
        wraps.reduce((inner, around) => around(inner), inside),
        rest,
      ),
    );
}

const tags = fc.oneof(
  fc.constant([]),
  fc.array(fc.record({ tpid: fc.constantFrom(0x8100, 0x88a8, 0x9100), tci: fc.nat(0xffff) }), { maxLength: 3 }),
);
const destination = fc.oneof(
  fc.constant([0x02, 0, 0, 0, 0, 9]),
  fc.constant([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
  fc.constant([0x01, 0, 0x5e, 0, 0, 1]),
  fc.constant([0xff, 0xff, 0xff, 0xff, 0xff, 0xfe]),
);

/** A valid frame; some have Ethernet padding behind the datagram. max bounds the transport's payload. */
export function validFrame(max = 120): fc.Arbitrary<Uint8Array> {
  const inside = fc.oneof(
    { weight: 4, arbitrary: ipv4(max) },
    { weight: 4, arbitrary: ipv6(max) },
    { weight: 1, arbitrary: fc.constant(f.arp()) },
    { weight: 1, arbitrary: payload(60).map((data) => f.layer3(0x88b5, data)) },
  );
  return fc
    .record({ inside, tags, dst: destination, padding: fc.oneof(fc.constant(0), fc.nat(20)) })
    .map(({ inside, padding, ...options }) => concat(f.ethernet(inside, options), new Uint8Array(padding)));
}

/** A frame in a tunnel, as the segment of the datagram around it: any encapsulation, some with bits that are no good. */
function tunnelled(vni: number, inner: Uint8Array): fc.Arbitrary<f.Layer4> {
  const checksum = fc.constantFrom<f.UdpOptions>({}, { checksum: "zero" });
  const option = fc
    .record({ space: fc.nat(0xffff), type: fc.oneof(fc.nat(127), fc.nat(255)), words: fc.nat(5), high: fc.nat(15) })
    .map(({ space, type, words, high }) =>
      f.geneveOption(space, type, new Uint8Array(words * 4).fill(type), { length: words | (high === 0 ? 0x20 : 0) }),
    );
  const options = fc.array(option, { maxLength: 3 }).map((list) => concat(...list));
  return fc.oneof(
    fc.tuple(checksum, fc.constantFrom(8, 8, 8, 0xff)).map(([o, flags]) => f.vxlan(vni, inner, { ...o, flags })),
    fc
      .tuple(checksum, options, fc.constantFrom(0, 0, 0, 0x01, 0x40, 0x80))
      .map(([o, options, flags]) => f.geneve(vni, inner, { ...o, options, flags })),
    fc
      .tuple(
        checksum,
        fc.constantFrom([0x0c, 0, 0, 3], [0x0c, 0, 0, 3], [0x08, 0, 0, 0], [0x0e, 0, 1, 3], [0x0c, 0, 0, 1]),
      )
      .map(([o, first]) => f.gpe(vni, inner, { ...o, first })),
    fc
      .constantFrom([0x20, 0], [0x20, 0], [0x20, 0], [0x21, 0], [0x20, 0x08], [0xa0, 0])
      .map((first) => f.nvgre(vni, inner, { first })),
  );
}

/** A tunnel's datagram around a valid frame. */
export function tunnelFrame(vni = 4242): fc.Arbitrary<Uint8Array> {
  return validFrame(60).chain((inner) =>
    fc
      .record({ segment: tunnelled(vni, inner), v6: fc.boolean(), vlan: fc.boolean(), tos })
      .map(({ segment, v6, vlan, tos }) =>
        f.ethernet(v6 ? f.ipv6(segment, { trafficClass: tos }) : f.ipv4(segment, { tos }), {
          tags: vlan ? [{ tci: 7 }] : [],
        }),
      ),
  );
}

type Mutation = (data: Uint8Array) => Uint8Array;

/** Most damage is done in the first 100 bytes, where the headers are. */
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ at: fc.nat(100), bit: fc.nat(7) }).map(({ at, bit }) => (data: Uint8Array) => {
    const copy = data.slice();
    if (at < copy.length) copy[at] = (copy[at] as number) ^ (1 << bit);
    return copy;
  }),
  fc
    .record({ at: fc.nat(100), value: fc.constantFrom(0, 1, 4, 5, 6, 15, 17, 43, 44, 58, 60, 0x7f, 0x80, 0xff) })
    .map(({ at, value }) => (data: Uint8Array) => {
      const copy = data.slice();
      if (at < copy.length) copy[at] = value;
      return copy;
    }),
  fc.nat(200).map((length) => (data: Uint8Array) => data.slice(0, length)),
  fc.uint8Array({ maxLength: 30 }).map((tail) => (data: Uint8Array) => concat(data, tail)),
  fc.record({ at: fc.nat(100), count: fc.nat(12) }).map(
    ({ at, count }) =>
      (data: Uint8Array) =>
        concat(data.subarray(0, at), data.subarray(at + count)),
  ),
);

/** The frames with one to three mutations each. */
export function mutatedFrame(frames: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(frames, fc.array(mutation, { minLength: 1, maxLength: 3 }))
    .map(([data, mutations]) => mutations.reduce((bytes, mutate) => mutate(bytes), data));
}

/** Frames as they come: valid, mutated, cut by a snaplen, or no frames at all. */
export function anyFrame(max = 120): fc.Arbitrary<WireFrame> {
  const honest = validFrame(max);
  const mutated = mutatedFrame(fc.oneof(honest, tunnelFrame()));
  const noise = fc.uint8Array({ maxLength: 150 });
  const whole = (data: Uint8Array): WireFrame => ({ data, wire: data.length });
  const cut = fc
    .tuple(fc.oneof(honest, mutated), fc.nat(150), fc.oneof(fc.constant(0), fc.nat(40)))
    .map(([data, keep, less]) => ({
      data: data.slice(0, keep),
      wire: Math.max(Math.min(keep, data.length), data.length - less),
    }));
  return fc.oneof(
    { weight: 3, arbitrary: honest.map(whole) },
    { weight: 1, arbitrary: tunnelFrame().map(whole) },
    { weight: 5, arbitrary: mutated.map(whole) },
    { weight: 2, arbitrary: cut },
    { weight: 1, arbitrary: noise.map(whole) },
  );
}
