import { describe, expect, test } from "vitest";
import { OK } from "../../assembly/layout.js";
import type { Arrival } from "../../src/buffer/pool.js";
import { causeName } from "../../src/causes.js";
import { concat, counting } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS, testEngine } from "../helpers/engines.js";
import * as f from "../helpers/frames.js";
import { makeHost, makeHosts, settleHosts } from "../helpers/hosts.js";
import { arrivals, bytesOf, drain } from "../helpers/ports.js";
import { OUTER_V4, OUTER_V6, optionsOf } from "../helpers/tunnels.js";
import { receive } from "../model/decapsulation.js";
import { encapsulate, type Outer, untagged } from "../model/encapsulation.js";

censusAfterEach();

const frames = [
  f.ethernet(f.arp()),
  f.ethernet(f.ipv4(f.tcp(counting(100)))),
  f.ethernet(f.ipv6(f.udp(counting(31)))),
  f.ethernet(f.ipv4(f.icmp(counting(8)), { tos: 0xba }), { tags: [{ tci: 5 }] }),
];
const GENEVE = {
  encapsulation: "geneve" as const,
  geneveOptions: [{ class: 0x0102, type: 1, data: Uint8Array.of(1, 2, 3, 4) }],
};
/** Without what only UDP has. */
const NVGRE = { encapsulation: "nvgre" as const, udpChecksum: undefined, sourcePorts: undefined };

describe.each(BUILDS)("from guest to guest (%s build)", (build) => {
  test.each([
    ["IPv4", OUTER_V4, 50],
    ["IPv4 with checksums", { ...OUTER_V4, udpChecksum: "full" as const }, 50],
    ["IPv6", OUTER_V6, 70],
    ["IPv6 in a VLAN", { ...OUTER_V6, vlan: 9 }, 74],
    ["IPv4, tags carried", { ...OUTER_V4, innerVlan: true }, 50],
    ["Geneve with an option", { ...OUTER_V4, ...GENEVE }, 58],
    ["GPE in IPv6", { ...OUTER_V6, encapsulation: "vxlan-gpe" as const, dscp: 46 }, 70],
    ["NVGRE", { ...OUTER_V4, ...NVGRE }, 42],
    ["NVGRE in IPv6 in a VLAN", { ...OUTER_V6, ...NVGRE, vlan: 9 }, 66],
  ])(
    "over %s: the wire carries what the twin says, one descriptor a frame, one doorbell a burst",
    async (_, outer: Outer, header) => {
      const carried = frames.map((frame) => (outer.innerVlan ? frame : (untagged(frame) as Uint8Array)));
      const onWire: Uint8Array[] = [];
      const headers = ["ethernet", "vlan", "ipv6", "udp", "geneve", "geneve-options"] as const;
      const hosts = await makeHosts(outer, build, { headers }, (frame) => onWire.push(bytesOf(frame)));
      const { a, b } = hosts;
      expect(a.tunnel.headerBytes).toBe(header);
      a.vnic.receiveBurst(arrivals(frames));
      settleHosts(hosts);
      expect(drain(b.vnic).map((frame) => frame.bytes)).toEqual(carried);
      expect(onWire).toEqual(frames.map((frame) => encapsulate(frame, outer).bytes));

      const given = concat(...frames).length;
      const bytes = concat(...carried).length;
      const n = frames.length;
      expect(a.vnic.counters).toMatchObject({ rxFrames: n, rxBytes: given, copiedBytes: given, drops: {} });
      expect(a.uplink.counters).toMatchObject({
        txFrames: n,
        txBytes: bytes + n * header,
        txDescriptors: n,
        descriptorsPerFrame: 1,
        txDoorbells: 1,
        copiedBytes: 0,
      });
      expect(b.uplink.counters).toMatchObject({ rxFrames: n, rxBytes: bytes + n * header, drops: {} });
      expect(b.vnic.counters).toMatchObject({
        txFrames: n,
        txBytes: bytes,
        txDescriptors: n,
        txDoorbells: 1,
        copiedBytes: 0,
      });
    },
  );

  test("both ways at once, over many rounds, through rings and queues that wrap", async () => {
    const hosts = await makeHosts(OUTER_V4, build, { mbufs: 64, queueSize: 16 });
    const { a, b } = hosts;
    for (let round = 0; round < 100; round++) {
      const there = Array.from({ length: 5 }, (_, i) => f.ethernet(f.ipv4(f.udp(counting(i + 1, round)))));
      const back = Array.from({ length: 3 }, (_, i) => f.ethernet(f.ipv6(f.tcp(counting(i + 9, round + 7)))));
      a.vnic.receiveBurst(arrivals(there));
      b.vnic.receiveBurst(arrivals(back));
      settleHosts(hosts);
      expect(drain(b.vnic).map((frame) => frame.bytes)).toEqual(there);
      expect(drain(a.vnic).map((frame) => frame.bytes)).toEqual(back);
    }
  });

  test("time and length on the wire go with a frame", async () => {
    const hosts = await makeHosts(OUTER_V6, build);
    const { a, b } = hosts;
    const frame = f.ethernet(f.ipv4(f.tcp(counting(900))));
    const cut: Arrival = {
      data: frame.subarray(0, 96),
      originalLength: frame.length,
      timestampNs: 1_700_000_000_123_456_789n,
    };
    a.vnic.receiveBurst([cut]);
    settleHosts(hosts);
    expect(drain(b.vnic)).toEqual([
      { bytes: frame.slice(0, 96), spans: [96], originalLength: frame.length, timestampNs: 1_700_000_000_123_456_789n },
    ]);
  });

  test("a frame longer than a buffer: gathered for one span, or sent as it lies", async () => {
    const long = f.ethernet(f.ipv4(f.tcp(counting(700))));
    for (const scatterGather of [false, true]) {
      const { vnic, uplink, engine } = await makeHost(OUTER_V4, build, { payloadBytes: 256, scatterGather, mbufs: 16 });
      vnic.receiveBurst(arrivals([long]));
      engine.poll();
      const bytes = 50 + long.length;
      const [sent] = drain(uplink);
      if (scatterGather) {
        expect(sent?.bytes).toEqual(encapsulate(long, OUTER_V4, long.length, 256).bytes);
        expect(sent?.spans).toEqual([306, 256, long.length - 512]);
        expect(uplink.counters).toMatchObject({ txFrames: 1, txDescriptors: 3, txBytes: bytes });
        expect(vnic.counters).toMatchObject({ scatteredFrames: 1, gatheredFrames: 0 });
      } else {
        // It does not fit in one buffer, copied together or not.
        expect(sent).toBeUndefined();
        expect(vnic.counters.drops).toEqual({ "needs-scatter-gather": 1 });
      }
    }
  });

  test("a frame of two buffers that fits in one is copied together, and that is counted", async () => {
    const { vnic, uplink, engine } = await makeHost(OUTER_V4, build, { payloadBytes: 129, mbufs: 16 });
    // Buffers are whole cache lines: 80 + 129 bytes take 4 of them, made odd: 5, so 111 bytes are to spare.
    const frame = f.ethernet(f.ipv4(f.udp(counting(140))));
    vnic.receiveBurst(arrivals([frame]));
    engine.poll();
    expect(drain(uplink)).toMatchObject([
      { spans: [50 + frame.length], bytes: encapsulate(frame, OUTER_V4, frame.length, 129).bytes },
    ]);
    expect(vnic.counters).toMatchObject({ gatheredFrames: 1, copiedBytes: frame.length + frame.length - 129 });
  });
});

describe("what a tunnel does not take", () => {
  test("a frame whose room in front is used up is dropped and counted, at the guest's port", async () => {
    const { vnic, uplink, engine } = await makeHost(OUTER_V4, "debug");
    const frame = vnic.reserve(60);
    frame?.payload.set(f.ethernet(f.arp()));
    expect(frame?.prepend(f.ethernet(f.layer3(0x88b5, counting(20))))).toBe(true);
    vnic.receive(frame as never);
    engine.poll();
    expect(vnic.counters).toMatchObject({ drops: { "no-headroom": 1 }, prependFailures: 1 });
    expect(uplink.counters.txFrames).toBe(0);
  });

  test("a full uplink holds frames back in the guest's ring; none is lost", async () => {
    const { vnic, uplink, engine } = await makeHost(OUTER_V4, "debug", { queueSize: 8, mbufs: 32 });
    const first = Array.from({ length: 8 }, (_, i) => f.ethernet(f.ipv4(f.udp(counting(i + 1)))));
    const second = Array.from({ length: 8 }, (_, i) => f.ethernet(f.ipv4(f.udp(counting(i + 20)))));
    vnic.receiveBurst(arrivals(first));
    expect(engine.poll()).toBe(8);
    vnic.receiveBurst(arrivals(second));
    expect(engine.poll()).toBe(0);
    expect(engine.census()).toMatchObject({ rings: 8, queues: 8 });
    expect(vnic.receive(frames[0] as Uint8Array)).toBe(false);
    expect(drain(uplink)).toHaveLength(8);
    expect(engine.poll()).toBe(8);
    expect(drain(uplink).map((frame) => frame.bytes.subarray(50))).toEqual(second);
    expect(vnic.counters.drops).toEqual({});
  });

  test("a guest that does not take its frames loses them, counted at the uplink; other guests do not wait", async () => {
    const engine = await testEngine({ queueSize: 8, mbufs: 64 });
    const uplink = engine.addPort("uplink");
    const [slow, quick] = [engine.addPort("slow"), engine.addPort("quick")];
    for (const [vni, vnic] of [
      [1, slow],
      [2, quick],
    ] as const) {
      engine.addTunnel({ ...optionsOf({ ...OUTER_V4, vni }), vnic, uplink });
    }
    const from = { src: OUTER_V4.remote, dst: OUTER_V4.local };
    const to = (vni: number) => f.ethernet(f.ipv4(f.vxlan(vni, frames[0] as Uint8Array), from));
    for (let round = 0; round < 3; round++) {
      uplink.receiveBurst(arrivals([to(1), to(1), to(1), to(1), to(2), to(1)]));
      engine.poll();
      expect(drain(quick)).toHaveLength(1);
    }
    expect(uplink.counters.drops).toEqual({ "queue-full": 15 - 8 });
    expect(slow.counters).toMatchObject({ txFrames: 8, txRefused: 0 });
    expect(drain(slow)).toHaveLength(8);
  });

  test("VXLAN that is nobody's: another network, other ends, the other IP version", async () => {
    const { uplink, vnic, engine } = await makeHost(OUTER_V4, "debug");
    const inner = frames[1] as Uint8Array;
    const { vni, local, remote } = OUTER_V4;
    uplink.receiveBurst(
      arrivals([
        f.ethernet(f.ipv4(f.vxlan(vni + 1, inner), { src: remote, dst: local })),
        f.ethernet(f.ipv4(f.vxlan(vni, inner), { src: local, dst: remote })),
        f.ethernet(f.ipv4(f.vxlan(vni, inner), { src: remote, dst: [9, 9, 9, 9] })),
        f.ethernet(f.ipv6(f.vxlan(vni, inner))),
        f.ethernet(f.ipv4(f.vxlan(vni, inner), { src: remote, dst: local })),
      ]),
    );
    engine.poll();
    expect(uplink.counters.drops).toEqual({ "unknown-vni": 1, "unknown-tunnel-address": 3 });
    expect(drain(vnic)).toHaveLength(1);
  });

  test("a tunnel's frame by the tunnel's rules: encapsulation, reserved bits, tags inside, marks outside", async () => {
    const guest = f.ethernet(f.ipv4(f.udp(counting(20)), { tos: 0xb8 | 2 }));
    const tagged = f.ethernet(f.ipv4(f.udp(counting(20))), { tags: [{ tci: 5 }] });
    const deaf = f.ethernet(f.ipv4(f.udp(counting(20))));
    const ends = { src: OUTER_V4.remote, dst: OUTER_V4.local };
    const arriving = [0, 2, 1, 3, 0x2f].flatMap((tos) =>
      [guest, tagged, deaf, f.ethernet(f.arp())].flatMap((frame) =>
        [f.vxlan(4242, frame), f.vxlan(4242, frame, { flags: 0x18 }), f.geneve(4242, frame)].map((segment) =>
          f.ethernet(f.ipv4(segment, { ...ends, tos })),
        ),
      ),
    );
    const rules: Partial<Outer>[] = [
      {},
      { strict: true },
      { innerVlan: true },
      { dscp: "uniform" },
      { encapsulation: "geneve" },
    ];
    const seen = new Set<string>();
    for (const rule of rules) {
      const outer: Outer = { ...OUTER_V4, ...rule };
      const { uplink, vnic, engine } = await makeHost(outer, "debug");
      uplink.receiveBurst(arrivals(arriving));
      engine.poll();
      const twins = arriving.map((frame) => receive(frame, [outer]));
      const expected = twins.filter(({ cause }) => cause === OK).map(({ bytes }) => bytes);
      expect(drain(vnic).map(({ bytes }) => bytes)).toEqual(expected);
      const drops: Record<string, number> = {};
      for (const { cause } of twins) if (cause !== OK) drops[causeName(cause)] = (drops[causeName(cause)] ?? 0) + 1;
      expect(uplink.counters.drops).toEqual(drops);
      for (const cause of Object.keys(drops)) seen.add(cause);
    }
    expect([...seen].sort()).toEqual(["ecn-ce", "inner-vlan", "reserved-bits", "unknown-vni"]);
  });

  test("a frame that is too big for the underlay's MTU is dropped; one byte less goes", async () => {
    const { vnic, uplink, engine, tunnel } = await makeHost({ ...OUTER_V4, mtuBytes: 1500 }, "debug");
    expect(tunnel.frameBytesMax).toBe(1464);
    const frame = (length: number) => f.ethernet(f.layer3(0x88b5, counting(length - 14)));
    vnic.receiveBurst(arrivals([frame(1465), frame(1464)]));
    engine.poll();
    expect(vnic.counters.drops).toEqual({ "too-big": 1 });
    expect(drain(uplink).map(({ bytes }) => bytes.length)).toEqual([1514]);
  });

  test("VXLAN for a tunnel of another uplink is nobody's on this one", async () => {
    const { engine, uplink, vnic } = await makeHost(OUTER_V4, "debug");
    const other = engine.addPort("other");
    const ends = { src: OUTER_V4.remote, dst: OUTER_V4.local };
    const frame = f.ethernet(f.ipv4(f.vxlan(OUTER_V4.vni, counting(60)), ends));
    for (const port of [other, uplink]) port.receive(frame);
    expect([engine.receive(other), engine.receive(uplink)]).toEqual([1, 1]);
    expect([other.counters.drops, uplink.counters.drops]).toEqual([{ "unknown-vni": 1 }, {}]);
    expect(drain(vnic).map(({ bytes }) => bytes)).toEqual([counting(60)]);
  });

  test("IPv6 ends are compared whole", async () => {
    const { uplink, vnic, engine } = await makeHost(OUTER_V6, "debug");
    const ends = { src: OUTER_V6.remote, dst: OUTER_V6.local };
    const off = (at: number, who: "src" | "dst") => ({
      ...ends,
      [who]: ends[who].map((byte, i) => (i === at ? byte ^ 1 : byte)),
    });
    const wrong = [0, 7, 8, 15].flatMap((at) => [off(at, "src"), off(at, "dst")]);
    const all = [...wrong, ends].map((options) => f.ethernet(f.ipv6(f.vxlan(OUTER_V6.vni, counting(60)), options)));
    uplink.receiveBurst(arrivals(all));
    engine.poll();
    expect(uplink.counters.drops).toEqual({ "unknown-tunnel-address": 8 });
    expect(drain(vnic).map((frame) => frame.bytes)).toEqual([counting(60)]);
  });

  test("an inner frame that is shorter than an Ethernet header", async () => {
    const { uplink, engine } = await makeHost(OUTER_V4, "debug");
    const short = f.vxlan(OUTER_V4.vni, counting(13));
    uplink.receiveBurst(arrivals([f.ethernet(f.ipv4(short, { src: OUTER_V4.remote, dst: OUTER_V4.local }))]));
    engine.poll();
    expect(uplink.counters.drops).toEqual({ "ethernet-truncated": 1 });
  });
});

describe("small engines", () => {
  test.each([
    ["one span", false, "needs-scatter-gather"],
    ["scatter-gather", true, "too-many-segments"],
  ])(
    "a frame of more segments than the queue has descriptors does not stop those behind it: %s",
    async (_, scatterGather, cause) => {
      const shape = { queueSize: 2, payloadBytes: 64, mbufs: 16, scatterGather };
      const { vnic, uplink, engine } = await makeHost(OUTER_V4, "debug", shape);
      const long = f.ethernet(f.layer3(0x88b5, counting(150))); // three buffers of 64 bytes
      const short = f.ethernet(f.layer3(0x88b5, counting(20)));
      vnic.receiveBurst(arrivals([long, short]));
      const sent: Uint8Array[] = [];
      for (let round = 0; round < 5; round++) {
        engine.poll();
        sent.push(...drain(uplink).map((frame) => frame.bytes.subarray(50)));
      }
      expect(sent).toEqual([short]);
      expect(vnic.counters.drops).toEqual({ [cause]: 1 });
      expect(engine.freeMbufs).toBe(16);
    },
  );

  test("headers that lie over two buffers are dropped under a cause of their own", async () => {
    const { vnic, engine } = await makeHost(OUTER_V4, "debug", { payloadBytes: 64, scatterGather: true });
    vnic.receiveBurst(arrivals([f.ethernet(f.ipv6(f.tcp(counting(50))))])); // 74 bytes of headers
    engine.poll();
    expect(vnic.counters.drops).toEqual({ "headers-split": 1 });
  });
});
