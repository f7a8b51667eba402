/** MTU that answers: whoever sends too much is told what fits, also after a move; IPv4 that may be is fragmented, by nobody else. */
import { describe, expect, test } from "vitest";
import type { EncapsulationName } from "../../src/directory/records.js";
import { counting, macText } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import * as f from "../helpers/frames.js";
import { type Guest, makeWorld, type World, type WorldOptions } from "../helpers/overlay-world.js";
import { reassemble } from "../model/fragment.js";

censusAfterEach();

const OPEN = { networks: { blue: { vni: 42, default: "allow" } } } as const satisfies WorldOptions;
/** What is left of 1500 bytes over IPv4: 20 + 8 + 8 + 14 in front, and RoCEv2's 20 + 8 + 12 + 8 + 4 + 14, ICRC 4, whole words. */
const LEFT = { vxlan: 1450, geneve: 1450, "vxlan-gpe": 1450, rocev2: 1430 } as const;

async function pair(options: Partial<WorldOptions> = {}): Promise<{ world: World; a: Guest; b: Guest }> {
  const world = await makeWorld({ ...OPEN, ...options });
  const [a, b] = [world.attach(0, 1), world.attach(1, 2)];
  world.run(50);
  a.send(a.udp(b));
  world.run(50);
  b.take();
  return { world, a, b };
}

/** UDP in IPv4 of so many bytes of IP. */
const packet = (a: Guest, b: Guest, bytes: number, fragment = 0x4000) =>
  a.udp(b, { fragment, payload: counting(bytes - 28), identification: bytes });
const packet6 = (a: Guest, b: Guest, bytes: number) => a.udp6(b, { payload: counting(bytes - 48) });
const u16At = (bytes: Uint8Array | undefined, at: number) =>
  ((bytes?.[at] as number) << 8) | (bytes?.[at + 1] as number);

describe.each(Object.entries(LEFT) as [EncapsulationName, number][])("%s", (encapsulation, left) => {
  const host = { encapsulations: [encapsulation] };

  test("what fits goes, and one byte more is answered with the size that fits", async () => {
    const { world, a, b } = await pair({ host });
    a.send(packet(a, b, left), packet(a, b, left + 1), packet6(a, b, left), packet6(a, b, left + 1));
    world.run(20);
    expect(b.take().map(({ length }) => length - 14)).toEqual([left, left]);
    for (const { bytes } of world.wire) expect(bytes.length - 14).toBeLessThanOrEqual(1500);
    const [four, six] = a.take();
    // ICMP 3/4 with the MTU, from the packet's own destination, quoting it (RFC 792, RFC 1191).
    expect([macText(four?.subarray(0, 6) ?? []), macText(four?.subarray(6, 12) ?? [])]).toEqual([
      a.attachment.mac,
      b.attachment.mac,
    ]);
    expect([...(four?.subarray(26, 34) ?? [])]).toEqual([...b.ip, ...a.ip]);
    expect([four?.[34], four?.[35], u16At(four, 40)]).toEqual([3, 4, left]);
    expect(four?.subarray(42, 62)).toEqual(packet(a, b, left + 1).subarray(14, 34));
    // ICMPv6 2 (RFC 4443 section 3.2).
    expect([...(six?.subarray(22, 54) ?? [])]).toEqual([...b.ip6, ...a.ip6]);
    expect([six?.[54], six?.[55], u16At(six, 60)]).toEqual([2, 0, left]);
    expect(six?.subarray(62, 102)).toEqual(packet6(a, b, left + 1).subarray(14, 54));
    expect(a.drops).toEqual({ "too-big-answered": 2 });
  });

  test("IPv4 without DF arrives in pieces that are whole again", async () => {
    const { world, a, b } = await pair({ host, engine: { payloadBytes: 4096 } });
    for (const bytes of [left + 1, 2 * left, 4000]) {
      const whole = packet(a, b, bytes, 0);
      a.send(whole);
      world.run(20);
      const pieces = b.take();
      expect(pieces.length).toBeGreaterThan(1);
      for (const piece of pieces) expect(piece.length - 14).toBeLessThanOrEqual(left);
      expect(reassemble(pieces.map((piece) => piece.subarray(14)))).toEqual(whole.subarray(14));
    }
    for (const { bytes } of world.wire) expect(bytes.length - 14).toBeLessThanOrEqual(1500);
    expect([a.take(), a.dropped]).toEqual([[], 0]);
  });

  test("what is not IP is lost, by name", async () => {
    const { world, a, b } = await pair({ host });
    a.send(a.frame(f.layer3(0x88b5, counting(left)), b), a.frame(f.layer3(0x88b5, counting(left + 1)), b));
    world.run(20);
    expect([b.take().length, a.take(), a.drops]).toEqual([1, [], { "too-big": 1 }]);
  });

  test("in a network that carries tags, these do not count, and what leaves still fits", async () => {
    const { world, a, b } = await pair({ host, networks: { blue: { vni: 42, default: "allow", innerVlan: true } } });
    const tags = [{ tci: 7 }];
    a.send(a.udp(b, { tags, fragment: 0x4000, payload: counting(left - 4 - 28) }));
    a.send(a.udp(b, { tags, fragment: 0x4000, payload: counting(left - 3 - 28) }));
    world.run(20);
    expect(b.take()).toHaveLength(1);
    for (const { bytes } of world.wire) expect(bytes.length - 14).toBeLessThanOrEqual(1500);
    const [told] = a.take();
    // The tag comes back as it went.
    expect([u16At(told, 12), u16At(told, 44)]).toEqual([0x8100, left - 4]);
  });
});

test("just after a move to a host with a smaller MTU", async () => {
  const { world, a, b } = await pair({ hosts: 3, host: (i) => ({ mtuBytes: i === 2 ? 1200 : 1500 }) });
  a.send(packet(a, b, 1450));
  world.run(20);
  expect(b.take()).toHaveLength(1);
  const moved = world.attach(2, 2);
  for (let i = 0; i < 40 && moved.attachment.state !== "live"; i++) world.run(0.1);
  for (let i = 0; i < 30; i++) {
    a.send(packet(a, moved, 1450));
    world.run(0.2);
  }
  world.run(50);
  for (const { bytes, from } of world.wire) {
    if (bytes[33] === 3 && from !== "h2") expect(bytes.length - 14).toBeLessThanOrEqual(1200);
  }
  const told = a.take();
  expect(told.length).toBeGreaterThan(0);
  expect(told.every((frame) => u16At(frame, 40) === 1150)).toBe(true);
  a.send(packet(a, moved, 1150));
  world.run(20);
  expect(moved.take()).toHaveLength(1);
});

test("answers are rate limited; the rest is dropped by name", async () => {
  const { world, a, b } = await pair();
  a.send(...Array.from({ length: 40 }, () => packet(a, b, 1500)));
  world.run(1);
  expect(a.take()).toHaveLength(16);
  expect(a.drops).toEqual({ "too-big-answered": 16, "too-big": 24 });
  world.run(100);
  a.send(...Array.from({ length: 40 }, () => packet(a, b, 1500)));
  world.run(1);
  expect(a.take()).toHaveLength(10);
});

test("errors, later fragments, and group addresses are not answered", async () => {
  const { world, a, b } = await pair();
  const error = f.ipv4(f.checksummed(1, Uint8Array.from([3, 1, 0, 0, 0, 0, 0, 0, ...counting(1460)]), 2), {
    src: a.ip,
    dst: b.ip,
  });
  const group = f.ipv4(f.udp(counting(1460)), { src: a.ip, dst: [224, 0, 0, 9] });
  a.send(a.frame(error, b), a.frame(group, b));
  world.run(20);
  expect([a.take(), a.drops]).toEqual([[], { "too-big": 2 }]);
});

test("a datagram of more pieces than a queue holds is dropped, and what is behind it goes on", async () => {
  const { world, a, b } = await pair({ engine: { queueSize: 8, payloadBytes: 16_384 }, host: { mtuBytes: 576 } });
  a.send(packet(a, b, 8000, 0), packet(a, b, 1500, 0), a.udp(b));
  world.run(50);
  expect(a.drops).toEqual({ "too-big": 1 });
  expect(b.take()).toHaveLength(4);
});

test("TCP's MSS is lowered to what the path takes, where that is asked for", async () => {
  for (const clampMss of [false, true]) {
    const { world, a, b } = await pair({ host: { clampMss } });
    const syn = (src: Uint8Array, dst: Uint8Array, mss: number) => {
      const tcp = f.tcp([], { options: [2, 4, mss >> 8, mss & 0xff] }).build(src, dst);
      tcp[13] = 0x02;
      return f.checksummed(6, tcp, 16);
    };
    a.send(
      a.frame(f.ipv4(syn(a.ip, b.ip, 1460), { src: a.ip, dst: b.ip }), b),
      a.frame(f.ipv6(syn(a.ip6, b.ip6, 1440), { src: a.ip6, dst: b.ip6 }), b),
    );
    world.run(20);
    const [four, six] = b.take();
    expect([u16At(four, 14 + 20 + 22), u16At(six, 14 + 40 + 22)]).toEqual(clampMss ? [1410, 1390] : [1460, 1440]);
    const mss = clampMss ? [1410, 1390] : [1460, 1440];
    expect([four, six]).toEqual([
      a.frame(f.ipv4(syn(a.ip, b.ip, mss[0] as number), { src: a.ip, dst: b.ip }), b),
      a.frame(f.ipv6(syn(a.ip6, b.ip6, mss[1] as number), { src: a.ip6, dst: b.ip6 }), b),
    ]);
  }
});

test("a network's own MTU is its packets', whatever the underlay takes", async () => {
  const { world, a, b } = await pair({ networks: { blue: { vni: 42, default: "allow", mtuBytes: 1400 } } });
  a.send(packet(a, b, 1400), packet(a, b, 1401));
  world.run(20);
  expect(b.take().map(({ length }) => length - 14)).toEqual([1400]);
  expect(u16At(a.take()[0], 40)).toBe(1400);
});
