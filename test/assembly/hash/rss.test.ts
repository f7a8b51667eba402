/** Receive-side scaling over whole frames. */
import ipaddr from "ipaddr.js";
import { beforeAll, describe, expect, test } from "vitest";
import { counting } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import * as f from "../../helpers/frames.js";
import { type HashBed, makeHashBed } from "../../helpers/hash-bed.js";
import { Random } from "../../helpers/property.js";
import { toeplitz } from "../../model/toeplitz.js";
import { RSS_IPV4, RSS_IPV6, RSS_KEY, type RssVector } from "../../vectors/rss.js";

const address = (text: string) => ipaddr.parse(text).toByteArray();
const segments = [f.tcp, f.udp];

function framesOf({ source, destination }: RssVector): Uint8Array[] {
  const ends = { src: address(source[0]), dst: address(destination[0]) };
  const ports = { sport: source[1], dport: destination[1] };
  return segments.flatMap((segment) => {
    const inside = segment(counting(9), ports);
    const layer3 = ends.src.length === 4 ? f.ipv4(inside, ends) : f.ipv6(inside, ends);
    const multicast = { dst: [0x33, 0x33, 0, 0, 0, 1] };
    return [f.ethernet(layer3), f.ethernet(layer3, { tags: [{ tci: 7 }] }), f.ethernet(layer3, multicast)];
  });
}

describe.each(BUILDS)("receive-side scaling over frames (%s build)", (build) => {
  let bed: HashBed;
  beforeAll(async () => {
    bed = await makeHashBed(build);
  });

  test.each([...RSS_IPV4, ...RSS_IPV6])("Microsoft's verification suite: $source to $destination", (vector) => {
    for (const frame of framesOf(vector)) {
      expect(bed.hash({ policy: "toeplitz" }, frame)).toBe(vector.withPorts);
      expect(bed.hash({ policy: "toeplitz", key: RSS_KEY, ports: true }, frame)).toBe(vector.withPorts);
      expect(bed.hash({ policy: "toeplitz", ports: false }, frame)).toBe(vector.addresses);
    }
  });

  test.each([...RSS_IPV4, ...RSS_IPV6])("addresses only of what has no ports: $source to $destination", (vector) => {
    const ends = { src: address(vector.source[0]), dst: address(vector.destination[0]) };
    const ports = { sport: vector.source[1], dport: vector.destination[1] };
    const datagram = f.udp(counting(40), ports);
    const frames =
      ends.src.length === 4
        ? [
            f.ipv4(f.slice(datagram, 0, 24), { ...ends, fragment: 0x2000 }),
            f.ipv4(f.slice(datagram, 24), { ...ends, fragment: 3 }),
            f.ipv4(f.icmp(counting(9)), ends),
            f.ipv4(f.raw(132, counting(20)), ends),
          ]
        : [
            f.ipv6(f.fragment6(0, true, f.slice(datagram, 0, 24)), ends),
            f.ipv6(f.fragment6(3, false, f.slice(datagram, 24)), ends),
            f.ipv6(f.icmpv6(counting(9)), ends),
            f.ipv6(f.raw(59, new Uint8Array()), ends),
          ];
    for (const layer3 of frames) expect(bed.hash({ policy: "toeplitz" }, f.ethernet(layer3))).toBe(vector.addresses);
  });

  test("ports behind IPv6 extension headers count", () => {
    const vector = RSS_IPV6[0] as RssVector;
    const ends = { src: address(vector.source[0]), dst: address(vector.destination[0]) };
    const inside = f.tcp([], { sport: vector.source[1], dport: vector.destination[1] });
    const wrapped = f.extension(0, [0, 0, 0, 0, 0, 0], f.extension(60, new Uint8Array(14), inside));
    expect(bed.hash({ policy: "toeplitz" }, f.ethernet(f.ipv6(wrapped, ends)))).toBe(vector.withPorts);
  });

  test("of a longer key the first 40 bytes count", () => {
    const random = new Random();
    const key = random.bytes(52);
    const frame = f.ethernet(f.ipv6(f.tcp([])));
    expect(bed.hash({ policy: "toeplitz", key }, frame)).toBe(toeplitz(key, frame.subarray(22, 58)));
    expect(bed.hash({ policy: "toeplitz", key: key.subarray(0, 40) }, frame)).toBe(
      toeplitz(key, frame.subarray(22, 58)),
    );
  });

  test("symmetric: both directions hash alike, and flows do not", () => {
    const random = new Random();
    const seen = new Set<number>();
    for (let i = 0; i < 64; i++) {
      const bytes = i % 2 === 0 ? 4 : 16;
      const [a, b] = [random.bytes(bytes), random.bytes(bytes)];
      const [p, q] = [random.below(65536), random.below(65536)];
      const layer = (src: Uint8Array, dst: Uint8Array, sport: number, dport: number) => {
        const inside = f.udp([], { sport, dport });
        return f.ethernet(bytes === 4 ? f.ipv4(inside, { src, dst }) : f.ipv6(inside, { src, dst }));
      };
      for (const ports of [true, false]) {
        const there = bed.hash({ policy: "toeplitz-symmetric", ports }, layer(a, b, p, q));
        expect(bed.hash({ policy: "toeplitz-symmetric", ports }, layer(b, a, q, p))).toBe(there);
        if (ports) seen.add(there);
      }
    }
    expect(seen.size).toBeGreaterThan(48);
  });

  test("what is no IP hashes to 0", () => {
    expect(bed.hash({ policy: "toeplitz" }, f.ethernet(f.arp()))).toBe(0);
    expect(bed.hash({ policy: "toeplitz" }, f.ethernet(f.layer3(0x88cc, counting(46))))).toBe(0);
    expect(bed.hash({ policy: "toeplitz" }, counting(9))).toBe(0);
  });
});
