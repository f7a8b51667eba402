/** Anti-spoofing, both ways: partitions send from their own addresses, hosts from where the directory says; loops, nesting, strangers. */
import { describe, expect, test } from "vitest";
import { parseIp } from "../../../src/overlay/address.js";

import { censusAfterEach } from "../../helpers/census.js";
import * as f from "../../helpers/frames.js";
import {
  addressOf,
  type Guest,
  type Guesting,
  makeWorld,
  type World,
  type WorldOptions,
} from "../../helpers/overlay-world.js";

censusAfterEach();

const OPEN = { networks: { blue: { vni: 42, default: "allow" } } } as const satisfies WorldOptions;
const FLOODED = { networks: { blue: { vni: 42, default: "allow", flood: true } } } as const satisfies WorldOptions;

async function pair(options: Partial<WorldOptions> = {}, guesting: Guesting = {}) {
  const world = await makeWorld({ ...OPEN, ...options });
  const [a, b] = [world.attach(0, 1, guesting), world.attach(1, 2)];
  world.run(50);
  return { world, a, b };
}

/** A frame as another machine of the underlay would send it to a host. */
function outer(to: number, from: Uint8Array, inside: f.Layer4, o: { readonly tos?: number } = {}): Uint8Array {
  const dst = parseIp("to", addressOf(to));
  return f.ethernet(f.ipv4(inside, { src: from, dst, fragment: 0, ...o }), {
    dst: [2, 0, ...dst],
    src: [2, 0, ...from],
  });
}
const hostIp = (i: number) => parseIp("ip", addressOf(i));

function arrive(world: World, i: number, frame: Uint8Array, forMs = 20): void {
  expect(world.host(i).uplinks[0]?.receive(frame)).toBe(true);
  world.run(forMs);
}

describe("what a partition sends", () => {
  const linkLocal = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe, 0, 0, 1];

  test.each<[name: string, frame: (a: Guest, b: Guest) => Uint8Array, cause: string | undefined]>([
    ["its own IPv4 address", (a, b) => a.udp(b), undefined],
    ["its own IPv6 address", (a, b) => a.udp6(b), undefined],
    ["its link-local address", (a, b) => a.frame(f.ipv6(f.udp([1]), { src: linkLocal, dst: b.ip6 }), b), undefined],
    [
      "another MAC address",
      (a, b) => f.ethernet(f.ipv4(f.udp([1]), { src: a.ip, dst: b.ip }), { dst: b.mac }),
      "spoofed-mac",
    ],
    ["another's IPv4 address", (a, b) => a.udp(b, { src: b.ip }), "spoofed-ip"],
    ["an IPv4 address that is nobody's", (a, b) => a.udp(b, { src: [10, 0, 0, 77] }), "spoofed-ip"],
    ["another's IPv6 address", (a, b) => a.frame(f.ipv6(f.udp([1]), { src: b.ip6, dst: b.ip6 }), b), "spoofed-ip"],
    [
      "another's link-local address",
      (a, b) => a.frame(f.ipv6(f.udp([1]), { src: [...linkLocal.slice(0, 15), 2], dst: b.ip6 }), b),
      "spoofed-ip",
    ],
    ["0.0.0.0, and no DHCP", (a, b) => a.udp(b, { src: [0, 0, 0, 0] }), "spoofed-ip"],
    ["0.0.0.0 as a DHCP client", (a, b) => a.udp(b, { src: [0, 0, 0, 0], sport: 68, dport: 67 }), undefined],
    [":: and UDP", (a, b) => a.frame(f.ipv6(f.udp([1]), { src: new Uint8Array(16), dst: b.ip6 }), b), "spoofed-ip"],
    [
      ":: and a router solicitation",
      (a, b) =>
        a.frame(
          f.ipv6(f.checksummed(58, Uint8Array.of(133, 0, 0, 0, 0, 0, 0, 0), 2), {
            src: new Uint8Array(16),
            dst: b.ip6,
          }),
          b,
        ),
      undefined,
    ],
    ["what is not IP", (a, b) => a.frame(f.layer3(0x88b5, Uint8Array.of(1, 2, 3)), b), undefined],
    [
      "an IPv4 header that ends too early",
      (a, b) => a.frame(f.layer3(0x0800, Uint8Array.of(0x45, 0, 0)), b),
      "ipv4-truncated",
    ],
  ])("from %s", async (_, frame, cause) => {
    const { world, a, b } = await pair();
    a.send(frame(a, b));
    world.run(20);
    expect(a.drops).toEqual(cause === undefined ? {} : { [cause]: 1 });
    expect(b.take()).toHaveLength(cause === undefined ? 1 : 0);
  });

  test("from a second own address, and from none when it has none", async () => {
    const { world, a, b } = await pair({}, { ips: ["fd00:a::1", "fd00:a::7", "fd00:b::1"] });
    const from = (src: Uint8Array) => a.frame(f.ipv6(f.udp([1]), { src, dst: b.ip6 }), b);
    a.send(from(parseIp("ip", "fd00:a::7")), from(parseIp("ip", "fd00:b::1")));
    world.run(20);
    expect(b.take()).toHaveLength(2);
    // A partition without IPv4: 0.0.0.0 is no address of its own.
    a.send(a.frame(f.ipv4(f.udp([1]), { src: [0, 0, 0, 0], dst: b.ip }), b));
    world.run(20);
    expect([b.take(), a.drops]).toEqual([[], { "spoofed-ip": 1 }]);
  });

  test("a waypoint may forward what others have sent", async () => {
    const { world, a, b } = await pair({}, { forwards: true });
    a.send(a.udp(b, { src: [10, 9, 9, 9] }));
    world.run(20);
    expect(b.take()).toHaveLength(1);
  });
});

describe("DHCP is left alone", () => {
  const discover = (a: Guest) =>
    f.ethernet(f.ipv4(f.udp([1], { sport: 68, dport: 67 }), { src: [0, 0, 0, 0], dst: [255, 255, 255, 255] }), {
      ...{ src: a.mac, dst: [255, 255, 255, 255, 255, 255] },
    });

  test("a broadcast goes nowhere where nothing is flooded", async () => {
    const { world, a, b } = await pair();
    a.send(discover(a));
    world.run(20);
    expect([b.take(), a.drops]).toEqual([[], { "no-flood": 1 }]);
  });

  test("and to all where the network floods", async () => {
    const { world, a, b } = await pair(FLOODED);
    a.send(discover(a));
    world.run(20);
    expect([b.take().length, a.drops]).toEqual([1, {}]);
  });
});

describe("what the underlay brings", () => {
  const inner = (a: Guest, b: Guest) => a.udp(b);

  test("from the host of its source", async () => {
    const { world, a, b } = await pair();
    arrive(world, 1, outer(1, hostIp(0), f.vxlan(42, inner(a, b))));
    expect(b.take()).toHaveLength(1);
  });

  test.each([0.5, 70, 300])(
    "from another host: dropped, after one question (directory %f ms away)",
    async (delayMs) => {
      const { world, a, b } = await pair({ hosts: 3, directory: { delayMs } });
      world.run(3000);
      arrive(world, 1, outer(1, hostIp(0), f.vxlan(42, inner(a, b))), 1000);
      expect(b.take()).toHaveLength(1);
      const { questions } = world.host(1).core.counters;
      arrive(world, 1, outer(1, hostIp(2), f.vxlan(42, inner(a, b))), 3000);
      expect(b.take()).toEqual([]);
      expect(world.host(1).drops).toEqual({ "spoofed-host": 1 });
      expect(world.host(1).core.counters.questions).toBe(questions + 1);
      // What comes from the right host is not hurt.
      arrive(world, 1, outer(1, hostIp(0), f.vxlan(42, inner(a, b))));
      expect(b.take()).toHaveLength(1);
    },
  );

  test("in the name of somebody who is here, or nowhere", async () => {
    const { world, a, b } = await pair();
    const c = world.attach(1, 3);
    world.run(20);
    arrive(world, 1, outer(1, hostIp(0), f.vxlan(42, c.udp(b))));
    const stranger = f.ethernet(f.ipv4(f.udp([1]), { src: [10, 0, 0, 9], dst: b.ip }), {
      dst: b.mac,
      src: [2, 0, 0, 0, 0, 9],
    });
    arrive(world, 1, outer(1, hostIp(0), f.vxlan(42, stranger)));
    expect([b.take(), a.dropped]).toEqual([[], 0]);
    expect(world.host(1).drops).toEqual({ "spoofed-host": 2 });
  });

  test("in the name of somebody who is here: asked once, and nobody waits for the answer", async () => {
    const { world, b } = await pair({ directory: { delayMs: 70 } });
    const c = world.attach(1, 3);
    world.run(1000);
    const lie = () => world.host(1).uplinks[0]?.receive(outer(1, hostIp(0), f.vxlan(42, c.udp(b))));
    const { questions } = world.host(1).core.counters;
    lie();
    world.run(5);
    c.send(c.udp(b));
    b.send(b.udp(c));
    world.run(5);
    expect([b.take().length, c.take().length]).toEqual([1, 1]);
    expect(world.host(1).drops).toEqual({});
    world.run(200);
    lie();
    world.run(10);
    expect(world.host(1).drops).toEqual({ "spoofed-host": 2 });
    expect(world.host(1).core.counters.questions).toBe(questions + 1);
    expect(b.take()).toEqual([]);
    // Nor when nobody answers.
    const repair = world.cut();
    world.run(200);
    lie();
    world.run(3000);
    expect(world.host(1).drops).toEqual({ "spoofed-host": 3 });
    repair();
  });

  test.each<[name: string, frame: (a: Guest, b: Guest) => Uint8Array, cause: string, options?: Partial<WorldOptions>]>([
    ["for another host's address", (a, b) => outer(2, hostIp(0), f.vxlan(42, inner(a, b))), "outer-address"],
    ["from this host's own address", (a, b) => outer(1, hostIp(1), f.vxlan(42, inner(a, b))), "loop"],
    ["of a network that is not here", (a, b) => outer(1, hostIp(0), f.vxlan(77, inner(a, b))), "unknown-vni"],
    ["in no encapsulation", () => outer(1, hostIp(0), f.udp([1, 2, 3])), "not-encapsulated"],
    ["that is no IP", () => f.ethernet(f.layer3(0x88b5, Uint8Array.of(1, 2))), "outer-address"],
    [
      "with reserved bits, strictly",
      (a, b) => outer(1, hostIp(0), f.vxlan(42, inner(a, b), { flags: 0x0c })),
      "reserved-bits",
      { host: { strict: true } },
    ],
    [
      "with a VLAN tag inside",
      (a, b) => outer(1, hostIp(0), f.vxlan(42, a.udp(b, { tags: [{ tci: 5 }] }))),
      "inner-vlan",
    ],
    [
      "marked CE around a packet that is not ECN-capable",
      (a, b) => outer(1, hostIp(0), f.vxlan(42, inner(a, b)), { tos: 3 }),
      "ecn-ce",
    ],
    [
      "with less than an Ethernet header inside",
      () => outer(1, hostIp(0), f.vxlan(42, [1, 2, 3])),
      "ethernet-truncated",
    ],
    [
      "with an inner IP header that lies",
      (a, b) =>
        outer(1, hostIp(0), f.vxlan(42, a.frame(f.ipv4(f.udp([1]), { src: a.ip, dst: b.ip, totalLength: 500 }), b))),
      "ipv4-total-length",
    ],
    [
      "a broadcast inside, where nothing is flooded",
      (a) =>
        outer(
          1,
          hostIp(0),
          f.vxlan(
            42,
            f.ethernet(f.layer3(0x88b5, Uint8Array.of(1)), { src: a.mac, dst: [255, 255, 255, 255, 255, 255] }),
          ),
        ),
      "no-flood",
    ],
    [
      "for nobody here",
      (a) =>
        outer(
          1,
          hostIp(0),
          f.vxlan(42, f.ethernet(f.layer3(0x88b5, Uint8Array.of(1)), { src: a.mac, dst: [2, 0, 0, 0, 0, 9] })),
        ),
      "endpoint-elsewhere",
    ],
  ])("%s is dropped", async (_, frame, cause, options = {}) => {
    const { world, a, b } = await pair(options);
    arrive(world, 1, outer(1, hostIp(0), f.vxlan(42, b.udp(a).with(0, 2))), 50);
    const before = world.host(1).drops;
    arrive(world, 1, frame(a, b));
    expect(b.take()).toEqual([]);
    expect({
      ...world.host(1).drops,
      ...before,
      [cause]: (world.host(1).drops[cause] ?? 0) - (before[cause] ?? 0),
    }).toEqual({ ...before, [cause]: 1 });
  });

  test("with reserved bits is taken where that is not strict", async () => {
    const { world, a, b } = await pair();
    arrive(world, 1, outer(1, hostIp(0), f.vxlan(42, inner(a, b), { flags: 0x0c })));
    expect(b.take()).toHaveLength(1);
  });

  test("an IPv4 address that begins as the host's own IPv6 address is another's", async () => {
    const { world, a, b } = await pair({ family: 6 });
    // fd00::2 begins with fd 00 00 00: 253.0.0.0.
    const frame = f.ethernet(f.ipv4(f.vxlan(42, inner(a, b)), { src: [253, 0, 0, 1], dst: [253, 0, 0, 0] }));
    arrive(world, 1, frame);
    expect([b.take(), world.host(1).drops]).toEqual([[], { "outer-address": 1 }]);
  });
});

describe("what the tunnel does to a frame", () => {
  test("congestion marked outside is marked inside, where that can be", async () => {
    const { world, a, b } = await pair();
    arrive(world, 1, outer(1, hostIp(0), f.vxlan(42, a.udp(b, { tos: 2 })), { tos: 3 }));
    const [got] = b.take();
    expect(got?.[15]).toBe(3);
    expect(got).toEqual(a.udp(b, { tos: 3 }));
  });

  test("the inner ECN field and, uniformly, DSCP are outside, and come back", async () => {
    const { world, a, b } = await pair({ host: { paths: { dscp: "uniform" } } });
    a.send(a.udp(b, { tos: 0xb9 }));
    world.run(20);
    expect(world.wire.at(-1)?.bytes[15]).toBe(0xb9);
    expect(b.take()).toEqual([a.udp(b, { tos: 0xb9 })]);
    arrive(world, 1, outer(1, hostIp(0), f.vxlan(42, a.udp(b)), { tos: 0x28 }));
    expect(b.take()).toEqual([a.udp(b, { tos: 0x28 })]);
  });

  test("DSCP ends with the tunnel in the pipe model", async () => {
    const { world, a, b } = await pair({ host: { paths: { dscp: 10 } } });
    a.send(a.udp(b, { tos: 0xb9 }));
    world.run(20);
    expect(world.wire.at(-1)?.bytes[15]).toBe((10 << 2) | 1);
    expect(b.take()).toEqual([a.udp(b, { tos: 0xb9 })]);
    arrive(world, 1, outer(1, hostIp(0), f.vxlan(42, a.udp(b)), { tos: 0x28 }));
    expect(b.take()).toEqual([a.udp(b)]);
  });

  test.each(["vxlan", "geneve", "vxlan-gpe", "rocev2"] as const)(
    "a VLAN tag is taken out, on one host as between two (%s)",
    async (encapsulation) => {
      const { world, a, b } = await pair({ host: { encapsulations: [encapsulation] } });
      const c = world.attach(0, 3);
      world.run(20);
      const tags = [{ tci: 0x2005 }];
      a.send(a.udp(b, { tags }), a.udp(c, { tags }));
      world.run(20);
      expect(b.take()).toEqual([a.udp(b)]);
      expect(c.take()).toEqual([a.udp(c)]);
    },
  );

  test("and carried in a network that says so", async () => {
    const { world, a, b } = await pair({ networks: { blue: { vni: 42, default: "allow", innerVlan: true } } });
    const c = world.attach(0, 3);
    world.run(20);
    const tags = [{ tci: 0x2005 }];
    a.send(a.udp(b, { tags }), a.udp(c, { tags }));
    world.run(20);
    expect(b.take()).toEqual([a.udp(b, { tags })]);
    expect(c.take()).toEqual([a.udp(c, { tags })]);
  });
});

describe("tunnels inside", () => {
  const wrap = (a: Guest, b: Guest, inside: f.Layer4) =>
    a.frame(f.ipv4(inside, { src: a.ip, dst: b.ip, fragment: 0 }), b);
  const plain = f.ethernet(f.ipv4(f.udp([1, 2, 3])));
  const once = f.ethernet(f.ipv4(f.vxlan(1, plain)));

  test.each<[name: string, max: number, inside: f.Layer4, isDropped: boolean]>([
    ["one, where one may be", 1, f.vxlan(1, plain), false],
    ["two, where one may be", 1, f.geneve(1, once), true],
    ["two, where two may be", 2, f.geneve(1, once), false],
    ["one, where none may be", 0, f.gpe(1, plain), true],
    ["NVGRE, where none may be", 0, f.nvgre(5000, plain), true],
    ["none, where none may be", 0, f.udp([1, 2, 3]), false],
  ])("%s", async (_, nestedMax, inside, isDropped) => {
    const { world, a, b } = await pair({ host: { nestedMax } });
    a.send(wrap(a, b, inside));
    world.run(20);
    expect([b.take().length, a.drops]).toEqual(isDropped ? [0, { nested: 1 }] : [1, {}]);
  });

  test("NVGRE in IPv6 counts, too", async () => {
    const { world, a, b } = await pair({ host: { nestedMax: 0 } });
    a.send(a.frame(f.ipv6(f.nvgre(5000, plain), { src: a.ip6, dst: b.ip6 }), b));
    world.run(20);
    expect([b.take().length, a.drops]).toEqual([0, { nested: 1 }]);
  });
});

test("a frame for an address that is no station's is nobody's, and nobody is told", async () => {
  const { world, a } = await pair();
  a.send(f.ethernet(f.ipv4(f.udp([1]), { src: a.ip, dst: [10, 0, 0, 9] }), { src: a.mac, dst: [0, 0, 0, 0, 0, 0] }));
  arrive(
    world,
    1,
    outer(
      1,
      hostIp(0),
      f.vxlan(42, f.ethernet(f.ipv4(f.udp([1]), { src: a.ip }), { src: a.mac, dst: [0, 0, 0, 0, 0, 0] })),
    ),
  );
  expect(world.host(1).drops).toEqual({ "endpoint-elsewhere": 1 });
  expect(world.host(1).core.counters.movedMessages).toBe(0);
});

test("a host's new address is learned by asking once about those who are on it", async () => {
  const { world, a, b } = await pair();
  a.send(a.udp(b));
  world.run(500);
  b.take();
  const record = world.host(0).core.record;
  world.directory.store.publishHost({ ...record, address: "192.0.2.9" });
  arrive(world, 1, outer(1, Uint8Array.of(192, 0, 2, 9), f.vxlan(42, a.udp(b))));
  expect(b.take()).toHaveLength(1);
});
