/** `ringlane limit` as people and programs use it: figures by hand and of real captures, files, exit codes. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import type { CaptureFormat } from "../../src/capture/decoder.js";
import { encodeCapture } from "../../src/capture/encode.js";
import { LINKTYPE_ETHERNET } from "../../src/capture/linktype.js";
import { ringlane } from "../helpers/command.js";
import { exampleCapture, testFolder } from "../helpers/files.js";
import * as f from "../helpers/frames.js";
import { argumentsOf, expectDrawing, expectNoEntry, expectRefusal, expectReport } from "./expectations.js";
import { type ReplayReport, ReplayReportSchema } from "./limit-report.js";

const WEB_MIX = exampleCapture("web-mix.pcap");
const MANY_FLOWS = exampleCapture("many-flows.pcap");
const EPOCH_NS = 1_700_000_000_000_000_000n;

/** A packet: when it came, from whom, and how long it was on the wire. */
type Packet = readonly [ms: number, source: string, lengthBytes?: number];

function frameFrom(source: string): Uint8Array {
  if (source === "arp") return f.ethernet(f.arp());
  const bytes = source.includes(":")
    ? Uint8Array.from({ length: 16 }, (_, i) => (i === 0 ? 0xfd : i === 15 ? Number(source.at(-1)) : 0))
    : Uint8Array.from(source.split("."), Number);
  return f.ethernet(
    source.includes(":") ? f.ipv6(f.udp([1, 2]), { src: bytes }) : f.ipv4(f.udp([1, 2]), { src: bytes }),
  );
}

async function capture(packets: readonly Packet[], format: CaptureFormat = "pcapng"): Promise<Buffer> {
  const written = packets.map(([ms, source, lengthBytes]) => {
    const data = frameFrom(source);
    const originalLength = Math.max(data.length, lengthBytes ?? 0);
    return { timestampNs: EPOCH_NS + BigInt(Math.round(ms * 1e6)), data, originalLength };
  });
  const chunks: Uint8Array[] = [];
  const interfaces = [{ linkType: LINKTYPE_ETHERNET }];
  for await (const chunk of encodeCapture(written, { format, interfaces })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(testFolder(), name);
  writeFileSync(path, content);
  return path;
}

function replay(path: string, ...options: readonly string[]): ReplayReport {
  const { code, stdout, stderr } = ringlane(["limit", "replay", path, ...options, "--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  return v.parse(ReplayReportSchema, JSON.parse(stdout.toString()));
}

/** Replays packets, from a file. */
async function replayOf(packets: readonly Packet[], ...options: readonly string[]): Promise<ReplayReport> {
  return replay(fileOf("trace.pcapng", await capture(packets)), ...options);
}

const TWO_MBUFS = "{ floor: 2, preset: 2, ceiling: 2 }\n";

describe("ringlane limit replay", () => {
  it("has the figures that a pencil has", async () => {
    const packets: Packet[] = [
      [0, "10.0.0.1", 100],
      [0, "10.0.0.1", 2048],
      [0, "10.0.0.1"], // refused: a third mbuf
      [10, "10.0.0.1", 5000], // refused: three mbufs
      [10, "10.0.0.1", 4096], // two
      [20, "fd00::2"],
    ];
    const policy = fileOf("policy.yaml", TWO_MBUFS);
    const report = await replayOf(packets, "--drain-rate", "1000", "--policy", policy);
    expect(report).toMatchObject({
      packets: 6,
      frames: 6,
      lengthMs: 20,
      meanFramesPerSecond: 300,
      consumer: { framesPerSecond: 1000, timesMean: null, assumed: false },
      mbufBytes: 2048,
      wall: 4,
      wallAssumed: true,
      backwards: 0,
    });
    const rest = {
      drained: 3,
      waiting: 0,
      preset: 2,
      low: 2,
      high: 2,
      final: 2,
      firstMs: 0,
      meanHeld: 2,
      limitChanges: 0,
    };
    expect(report.peers).toMatchObject([
      // Two for a millisecond, one for a millisecond, and two for another, of twenty.
      { peer: "10.0.0.1", frames: 5, refused: 2, ...rest, meanInUse: 0.25, mostInUse: 2 },
      { peer: "fd00::2", frames: 1, refused: 0, drained: 0, waiting: 1, firstMs: 20, meanHeld: 2, meanInUse: 1 },
    ]);
    // Limits that cannot move are alike, whoever keeps them.
    for (const totals of Object.values(report.totals)) {
      expect(totals).toMatchObject({ frames: 6, refused: 2, drained: 3, waiting: 1, meanHeld: 2, mostHeld: 4 });
      expect(totals.meanInUse).toBeCloseTo(0.25, 12);
    }
    const larger = await replayOf(packets, "--drain-rate", "1000", "--policy", policy, "--mbuf-size", "8192");
    expect(larger.peers[0]).toMatchObject({ frames: 5, refused: 1 });
  });

  it("drains at 1.25 times the mean rate when nobody says otherwise, and says so", async () => {
    const packets = Array.from({ length: 101 }, (_, i): Packet => [i, "10.0.0.1"]);
    const report = await replayOf(packets);
    expect(report).toMatchObject({ meanFramesPerSecond: 1010, consumer: { timesMean: 1.25, assumed: true } });
    expect(report.consumer.framesPerSecond).toBeCloseTo(1262.5, 9);
    const path = fileOf("trace.pcap", await capture(packets, "pcap"));
    const text = ringlane(["limit", "replay", path]).stdout.toString();
    expect(text).toMatch(/consumer +1,262\.5 frames\/s, 1\.25 × the mean rate \(assumed: .*--drain-rate/);
    expect(replay(path, "--drain-rate", "3x").consumer).toMatchObject({ timesMean: 3, assumed: false });
  });

  it("tells peers apart by source address, and puts what is not IP into one", async () => {
    const packets: Packet[] = [
      [0, "10.0.0.1"],
      [1, "arp"],
      [2, "fd00::1"],
      [3, "10.0.0.1"],
      [4, "arp"],
    ];
    const { peers } = await replayOf(packets);
    expect(peers.map(({ peer, frames }) => [peer, frames])).toEqual([
      ["10.0.0.1", 2],
      ["other", 2],
      ["fd00::1", 1],
    ]);
  });

  it("a stalled peer keeps its own mbufs, and the others lose nothing", async () => {
    // A hostile peer at ten times the other's rate, which nobody reads from the tenth millisecond on.
    const packets = Array.from({ length: 2200 }, (_, i): Packet => [i / 11, i % 11 === 0 ? "10.0.0.2" : "10.0.0.1"]);
    const options = ["--drain-rate", "20000"] as const;
    const report = await replayOf(packets, ...options, "--drain-stall", "10.0.0.1:10-");
    expect(report.consumer.stalls).toEqual(["10.0.0.1:10-"]);
    const [other, hostile] = report.peers;
    expect(other).toMatchObject({ peer: "10.0.0.2", frames: 200, refused: 0 });
    expect(hostile).toMatchObject({ peer: "10.0.0.1", frames: 2000 });
    expect(hostile?.refused).toBeGreaterThan(1000);
    expect(hostile?.waiting).toBe(hostile?.inUse);
    const awake = await replayOf(
      packets,
      ...options,
      "--drain-stall",
      "10.0.0.0/31:10-12",
      "--drain-stall",
      "10.0.0.2:1-2",
    );
    expect(awake.totals.controller.refused).toBe(0);
    expect(awake.consumer.stalls).toHaveLength(2);
  });

  it("gives peers the policies that the file says, the narrowest prefix first", async () => {
    const policy = fileOf(
      "policy.yaml",
      `ceiling: 512
wall: 5000
window: { ms: 50 }
peers:
  10.0.0.0/8: { ceiling: 1024, window: { descriptors: 64 } }
  10.0.0.2: { preset: 100 }
  fd00::/16: { floor: 8, preset: 8, reduce: { by: sojourn, targetMs: 2 } }
  other: { weight: 10 }
`,
    );
    const packets = ["10.0.0.1", "10.0.0.2", "192.0.2.1", "fd00::1", "arp"].map((source, i): Packet => [i, source]);
    const report = await replayOf(packets, "--policy", policy);
    expect(report.peers.map((peer) => [peer.peer, peer.policy, peer.preset])).toEqual([
      ["10.0.0.1", "10.0.0.0/8", 256],
      ["10.0.0.2", "10.0.0.2", 100],
      ["192.0.2.1", null, 256],
      ["fd00::1", "fd00::/16", 8],
      ["other", "other", 256],
    ]);
    expect(report).toMatchObject({ wall: 5000, wallAssumed: false });
    const { all, peers } = report.policies;
    expect(all).toMatchObject({ ceiling: 512, window: { descriptors: 256, ms: 50 } });
    expect(peers["10.0.0.0/8"]).toMatchObject({ ceiling: 1024, window: { descriptors: 64, ms: 50 } });
    expect(peers["10.0.0.2"]).toMatchObject({ ceiling: 512, preset: 100 });
    expect(peers["fd00::/16"]).toMatchObject({ floor: 8, reduce: { by: "sojourn", targetMs: 2, intervalMs: 100 } });
  });

  it("never holds more than the wall", () => {
    const { totals } = replay(MANY_FLOWS, "--wall", "1000");
    expect(totals.controller.mostHeld).toBeLessThanOrEqual(1000);
    expect(totals.staticMaximum.mostInUse).toBeGreaterThan(1000);
  });

  it("loses no frame, and prints the same twice", () => {
    const report = replay(WEB_MIX);
    for (const { frames, refused, drained, waiting } of [...report.peers, ...Object.values(report.totals)]) {
      expect(frames).toBe(refused + drained + waiting);
    }
    expect(replay(WEB_MIX)).toEqual(report);
  });

  it("reads stdin, and compressed captures", async () => {
    const input = gzipSync(readFileSync(WEB_MIX));
    const { code, stdout } = ringlane(["limit", "replay", "-", "--json"], { input });
    expect(code).toBe(0);
    expect(JSON.parse(stdout.toString())).toEqual({ ...replay(WEB_MIX), file: "stdin" });
  });
});

describe("ringlane limit replay on real captures", () => {
  it.each([
    ["web-mix.pcap", "1.25x", ""],
    ["rocev2-write.pcap", "1.25x", ""],
    ["many-flows.pcap", "1.25x", ""],
    ["bulk.pcap", "4x", ""],
    ["bulk.pcap", "1.25x", ""],
    // Its bursts come so much faster than a consumer at 1.25 times the mean of the whole capture that nothing comes back meanwhile.
    ["kernel-vxlan-underlay.pcap", "1.25x", "raise: { returned: 0 }"],
  ])(
    "%s at %s: half of the static maximum's memory, its refusals, fewer than the minimum's %s",
    (name, rate, policy) => {
      const options = policy === "" ? [] : ["--policy", fileOf("policy.yaml", policy)];
      const { frames, totals } = replay(exampleCapture(name), "--drain-rate", rate, ...options);
      const { controller, staticMinimum, staticMaximum } = totals;
      expect(controller.meanHeld).toBeLessThanOrEqual(0.5 * staticMaximum.meanHeld);
      expect(controller.refused - staticMaximum.refused).toBeLessThanOrEqual(0.001 * frames);
      expect(controller.refused).toBeLessThan(staticMinimum.refused);
      expect(controller.reactions.count).toBeGreaterThan(0);
    },
  );
});

describe("odd captures", () => {
  it("an empty one has nothing to show", async () => {
    const report = await replayOf([]);
    expect(report).toMatchObject({ packets: 0, frames: 0, lengthMs: 0, meanFramesPerSecond: null, peers: [] });
    const path = fileOf("empty.pcap", await capture([], "pcap"));
    const { code, stdout } = ringlane(["limit", "replay", path, "--svg", join(testFolder(), "empty.svg")]);
    expect([code, stdout.toString()]).toEqual([0, expect.stringContaining("packets   0")]);
  });

  it.each([
    [1, "the only frame came at one time"],
    [40, "all 40 frames came at one time"],
  ])("%i packets of one time have no mean rate", async (count, why) => {
    const packets = Array.from({ length: count }, (): Packet => [5, "10.0.0.1"]);
    const path = fileOf("once.pcap", await capture(packets, "pcap"));
    const { code, stderr } = ringlane(["limit", "replay", path]);
    expect(code).toBe(2);
    expect(stderr).toContain("--drain-rate");
    expect(stderr).toContain(why);
    const report = replay(path, "--drain-rate", "1000");
    expect(report).toMatchObject({ lengthMs: 0, meanFramesPerSecond: null });
    expect(report.totals.controller).toMatchObject({ frames: count, refused: 0, waiting: count, meanHeld: 256 });
    expect(ringlane(["limit", "replay", path, "--drain-rate", "1000"]).code).toBe(0);
  });

  it("takes what comes late as come with the latest before it", async () => {
    const packets: Packet[] = [
      [0, "10.0.0.1"],
      [10, "10.0.0.1"],
      [4, "10.0.0.2"],
      [-3, "10.0.0.2"],
      [12, "10.0.0.2"],
    ];
    const report = await replayOf(packets);
    expect(report).toMatchObject({ lengthMs: 12, backwards: 2 });
    expect(report.peers[1]).toMatchObject({ peer: "10.0.0.2", firstMs: 10 });
    const path = fileOf("back.pcap", await capture(packets, "pcap"));
    expect(ringlane(["limit", "replay", path]).stdout.toString()).toMatch(/out of order +2 frames/);
  });

  it("passes over a silence of years", async () => {
    const year = 365 * 24 * 3600 * 1000;
    const burst = (fromMs: number) => Array.from({ length: 300 }, (_, i): Packet => [fromMs + i / 100, "10.0.0.1"]);
    const report = await replayOf([...burst(0), ...burst(30 * year)], "--drain-rate", "1000");
    expect(report.lengthMs).toBeGreaterThan(29 * year);
    expect(report.peers[0]).toMatchObject({ frames: 600, low: 64 });
    expect(report.peers[0]?.meanHeld).toBeCloseTo(64, 3);
  });

  it("says where a damaged one ends, and exits with 1", async () => {
    const whole = await capture(
      [
        [0, "10.0.0.1"],
        [1, "10.0.0.1"],
        [2, "10.0.0.1"],
      ],
      "pcap",
    );
    const path = fileOf("cut.pcap", whole.subarray(0, whole.length - 5));
    const { code, stdout, stderr } = ringlane(["limit", "replay", path]);
    expect(code).toBe(1);
    expect(stdout.toString()).toContain("packets   2");
    expect(stderr).toContain("is damaged at byte");
    const { damage } = JSON.parse(ringlane(["limit", "replay", path, "--json"]).stdout.toString());
    expect(damage.byteOffset).toBeGreaterThan(24);
  });
});

describe("what people see", () => {
  it("tables, the verdict, and a chart", () => {
    expectReport(
      ["limit", "replay", WEB_MIX],
      [
        "10.20.0.2",
        "static minimum (floor)",
        "static maximum (ceiling)",
        "of the static maximum on average",
        "from the first pressure to a limit that suffices: 2 windows at most",
        "━ held (limits)   • in use",
        "ms since the first packet",
      ],
    );
  });

  it("a drawing with axes, units and a legend", () => {
    const svg = join(testFolder(), "limits.svg");
    replay(WEB_MIX, "--svg", svg);
    expectDrawing(svg, ["mbufs held, three ways", "static maximum", "ms since the first packet", "mbufs", "10.20.0.1"]);
  });
});

describe("bad usage of ringlane limit", () => {
  it.each([
    ["", "missing required argument 'capture'"],
    ["CAPTURE --wall 0", "--wall is 0; it must be a whole number from 1 to 16777216"],
    ["CAPTURE --wall 1.5", "not a whole number"],
    ["CAPTURE --wall 100", "--wall is 100; it must be at least 384, the floors of the capture's 6 peers together"],
    ["CAPTURE --wall 99999999", "--wall is 99999999; it must be a whole number from 1 to 16777216"],
    ["CAPTURE --mbuf-size 63", "--mbuf-size is 63; it must be a whole number from 64 to 65536"],
    ["CAPTURE --mbuf-size 65537", "--mbuf-size is 65537; it must be a whole number from 64 to 65536"],
    ["CAPTURE --drain-rate 0", "must be more than 0"],
    ["CAPTURE --drain-rate -5", "must be more than 0"],
    ["CAPTURE --drain-rate fast", "must be more than 0"],
    ["CAPTURE --drain-rate 1e99x", "at most"],
    ["CAPTURE --drain-stall 10.20.0.1", "must be PEER:FROM-TO"],
    ["CAPTURE --drain-stall 10.20.0.1:20-10", "FROM less than TO"],
    ["CAPTURE --drain-stall 10.20.0.1/8:1-10", "must be PEER:FROM-TO"],
    ["CAPTURE --drain-stall host:1-10", "must be PEER:FROM-TO"],
    ["CAPTURE --drain-stall 192.0.2.1:1-10", 'is "192.0.2.1:1-10"; it must be of a peer that sends something'],
    ["CAPTURE --policy WALLED --wall 1000", "--wall is 1000; it must be left out with a policy that says it"],
    ["CAPTURE --policy LOW", "policy.yaml: wall is 300; it must be at least 384, the floors"],
  ])("%s exits with 2 and says why: %s", (line, why) => {
    const words = {
      CAPTURE: () => WEB_MIX,
      WALLED: () => fileOf("policy.yaml", "wall: 2000\n"),
      LOW: () => fileOf("policy.yaml", "wall: 300\n"),
    };
    expectRefusal(["limit", "replay", ...argumentsOf(line, words)], why);
  });

  it.each([
    ["floor: 300\nceiling: 200", ":1:1: floor: expected at most the ceiling, 200, received 300"],
    ["preset: 10\nfloor: 20", ":1:1: preset: expected from the floor, 20, to the ceiling, 2048, received 10"],
    ["preset: 4000", ""],
    ["ceiling: 100\npreset: 200", ":2:1: preset: expected from the floor, 64, to the ceiling, 100, received 200"],
    ["window: { descriptors: 0 }", ":1:11: window.descriptors: expected a whole number from 1 to 16777216, received 0"],
    ["window:\n  ms: 0", ":2:3: window.ms: expected more than 0 and at most 3600000, received 0"],
    ["window: { seconds: 1 }", "window.seconds: expected no such key"],
    ["floor: many", ":1:1: floor: expected number, received"],
    ["wall: 0", ":1:1: wall: expected >=1, received 0"],
    ["wall: 99999999", ":1:1: wall: expected <=16777216, received 99999999"],
    ["reduce: { by: tcp }", ":1:11: reduce.by: expected"],
    ["reduce: { by: filled, above: 1 }", "reduce.above: expected no such key"],
    ["reduce: { by: filled, below: 0.9 }", "raise.filled: expected more than 0.9"],
    ["raise: { filled: 2 }", ":1:10: raise.filled: expected a share from 0 to 1, received 2"],
    ["reading: batch", ':1:1: reading: expected "held", received "batch"'],
    ["holdWindows: -1", ":1:1: holdWindows: expected a whole number from 0 to 1000, received -1"],
    ["weight: 0", ":1:1: weight: expected a whole number from 1 to 1000, received 0"],
    ["peers:\n  10.0.0.1/8: {}", ":2:3: peers.10.0.0.1/8: expected an address, a prefix"],
    ["peers:\n  10.0.0.1: { ceiling: 8, floor: 9 }", ":2:27: peers.10.0.0.1.floor: expected at most the ceiling, 8"],
    [
      "floor: 9\npeers:\n  10.0.0.1: { ceiling: 8 }",
      ":3:3: peers.10.0.0.1.floor: expected at most the ceiling, 8, received 9",
    ],
    ["peers:\n  10.0.0.1: { wall: 8 }", "peers.10.0.0.1.wall: expected no such key"],
    ["peers: [1]", ":1:9: peers.0: expected Object, received 1"],
    ["floor: [", ":2:1: YAML: expected valid YAML"],
  ])("a policy file that says %j is refused at its place", (text, message) => {
    const policy = fileOf("policy.yaml", `${text}\n`);
    const { code, stdout, stderr } = ringlane(["limit", "replay", WEB_MIX, "--policy", policy]);
    if (message === "") return expect(code).toBe(0);
    expect([code, stdout.toString()]).toEqual([2, ""]);
    expect(stderr).toContain(`ringlane: ${policy}:`);
    expect(stderr).toContain(message);
  });

  it.each([
    [["/nonexistent/file"]],
    [[WEB_MIX, "--policy", "/nonexistent/policy.yaml"]],
    [[WEB_MIX, "--svg", "/nonexistent/a.svg"]],
  ])("%j exits with 1", (args) => {
    expectNoEntry(["limit", "replay", ...args]);
  });
});
