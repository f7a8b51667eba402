/** `ringlane rdma estimate` as people and programs use it: figures by hand and of real captures, files, exit codes. */
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
import { ALICE, ALICE6, BOB, BOB6, type Segment, segmentFrame } from "../helpers/tcp.js";
import { argumentsOf, expectDrawing, expectNoEntry, expectRefusal, expectReport } from "./expectations.js";
import { type EstimateReport, EstimateReportSchema } from "./rdma-report.js";

const SMALL_MESSAGES = exampleCapture("small-messages.pcap");
const EPOCH_NS = 1_700_000_000_000_000_000n;
const WINDOWS_US = [0, 10, 20, 50, 100, 200, 500, 1000];

interface Packet {
  readonly us: number;
  readonly data: Uint8Array;
  /** On the wire, of a frame that is cut. */
  readonly originalLength?: number;
}

const udpFrame = (sport: number, payload: number, ip: f.Ipv4Options = {}) =>
  f.ethernet(f.ipv4(f.udp(new Uint8Array(payload), { sport }), ip));
/** Datagrams from ports 1, 2, 3, all of one size. */
const datagrams = (count: number, payload: number, gapUs = 0): Packet[] =>
  Array.from({ length: count }, (_, i) => ({ us: i * gapUs, data: udpFrame(i + 1, payload) }));
const segment = (us: number, s: Partial<Segment>): Packet => ({
  us,
  data: segmentFrame({ from: ALICE, to: BOB, seq: 0, ack: 1, ...s }),
});

async function capture(packets: readonly Packet[], format: CaptureFormat = "pcapng"): Promise<Buffer> {
  const written = packets.map(({ us, data, originalLength }) => {
    const timestampNs = EPOCH_NS + BigInt(Math.round(us * 1000));
    return { timestampNs, data, originalLength: originalLength ?? data.length };
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

function estimate(path: string, ...options: readonly string[]): EstimateReport {
  const { code, stdout, stderr } = ringlane(["rdma", "estimate", path, ...options, "--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  const report = v.parse(EstimateReportSchema, JSON.parse(stdout.toString()));
  expectSound(report);
  return report;
}

async function estimateOf(packets: readonly Packet[], ...options: readonly string[]): Promise<EstimateReport> {
  return estimate(fileOf("trace.pcapng", await capture(packets)), ...options);
}

/** What holds of any report: nothing is lost, in any window, and the parts are the whole. */
function expectSound({ totals, destinations, leftOut, frames }: EstimateReport): void {
  const left = Object.values(leftOut).reduce((sum, count) => sum + count, 0);
  expect(totals.messages + left).toBe(frames);
  for (const key of ["streams", "messages", "payloadBytes"] as const) {
    expect(destinations.reduce((sum, one) => sum + one[key], 0)).toBe(totals[key]);
  }
  for (const one of [totals, ...destinations]) {
    expect(one.before.transfers).toBe(one.messages);
    for (const window of one.windows) {
      expect(window.payloadBytes).toBe(one.payloadBytes);
      const { merged, alone, large, straight } = window.messages;
      expect(merged + alone + large + straight).toBe(one.messages);
      expect(window.transfers).toBeLessThanOrEqual(one.messages);
      expect(window.delayUs.most).toBeLessThanOrEqual(window.windowUs);
      expect(window.delayUs.p50).toBeLessThanOrEqual(window.delayUs.p99);
      if (one.messages > 0) expect(window.utilization).toBeCloseTo(one.payloadBytes / window.wireBytes, 12);
    }
    expect(one.windows).toContainEqual(one.after);
  }
}

describe("ringlane rdma estimate", () => {
  it.each([
    ["1024", 2, 74 + 58 + 16 * 70],
    ["2048", 1, 74 + 16 * 70],
  ])(
    "16 sockets' 64 bytes at once, MTU %s: one transfer of %i packets, 46 %% to 80 %%",
    async (mtu, packets, bytes) => {
      const report = await estimateOf(datagrams(16, 64), "--mtu", mtu);
      const { before, after, ...rest } = report.totals;
      expect(rest).toMatchObject({ streams: 16, messages: 16, payloadBytes: 1024 });
      expect(before).toEqual({ transfers: 16, packets: 16, wireBytes: 16 * 138, utilization: 1024 / (16 * 138) });
      expect(before.utilization).toBeCloseTo(0.464, 3);
      expect(after).toMatchObject({ windowUs: 100, transfers: 1, packets, wireBytes: bytes });
      expect(after.utilization).toBeGreaterThanOrEqual(0.8);
      expect(report.destinations.map(({ destination }) => destination)).toEqual(["10.0.0.1 > 10.0.0.2"]);
    },
  );

  it("has the figures that a pencil has", async () => {
    const packets: Packet[] = [
      { us: 0, data: udpFrame(1, 10) },
      { us: 40, data: udpFrame(2, 20) }, // both leave at 100
      { us: 150, data: udpFrame(1, 30) }, // leaves at 250: nobody came
      { us: 300, data: udpFrame(2, 1500) }, // too large
      { us: 310, data: udpFrame(9, 5, { dst: [10, 0, 0, 3] }) }, // the only one there
    ];
    const { totals, destinations } = await estimateOf(packets);
    const [shared, lone] = destinations;
    // Pads: 10 to 12, 30 to 32, 5 to 8; with sub-headers 42 to 44, 36, 1,506 to 1,508.
    const before = 74 + 12 + 74 + 20 + 74 + 32 + (74 + 58 + 1500);
    const after = 74 + 44 + 74 + 36 + (74 + 58 + 1508);
    expect(shared).toMatchObject({
      streams: 2,
      messages: 4,
      payloadBytes: 1560,
      before: { transfers: 4, packets: 5, wireBytes: before },
      after: {
        transfers: 3,
        packets: 4,
        wireBytes: after,
        messages: { merged: 2, alone: 1, large: 1, straight: 0 },
        delayUs: { p50: 60, p99: 100, most: 100 },
      },
    });
    expect(lone).toMatchObject({ before: { wireBytes: 82 }, after: { wireBytes: 82, messages: { straight: 1 } } });
    expect(totals.after.wireBytes).toBe(after + 82);
  });

  it("covers a range of windows, with the one that was asked for", async () => {
    const packets = datagrams(30, 20, 15);
    const report = await estimateOf(packets, "--window", "0.03ms");
    expect(report.windowUs).toBe(30);
    const windows = report.totals.windows.map(({ windowUs }) => windowUs);
    expect(windows).toEqual([...WINDOWS_US, 30].toSorted((a, b) => a - b));
    // One each, two at 20, three at 30, four at 50, seven at 100, fourteen at 200, all at 500.
    expect(report.totals.windows.map(({ transfers }) => transfers)).toEqual([30, 30, 15, 10, 8, 5, 3, 1, 1]);
    expect((await estimateOf(packets, "--window", "50us")).totals.windows).toHaveLength(WINDOWS_US.length);
  });

  it("takes limits, a count, SENDs", async () => {
    const packets = datagrams(16, 64);
    expect(await estimateOf(packets, "--count", "4")).toMatchObject({
      messagesMax: 4,
      totals: { after: { transfers: 4 } },
    });
    const limited = await estimateOf(packets, "--limit", "560");
    expect(limited).toMatchObject({ limitBytes: 560, totals: { after: { transfers: 2 } } });
    const sent = await estimateOf(packets, "--operation", "send", "--mtu", "4096");
    expect(sent).toMatchObject({ operation: "send", mtuBytes: 4096, limitBytes: 4096 });
    expect([sent.totals.before.wireBytes, sent.totals.after.wireBytes]).toEqual([16 * 122, 58 + 16 * 70]);
  });

  it("reads stdin, compressed captures, and prints the same twice", () => {
    const report = estimate(SMALL_MESSAGES);
    const input = gzipSync(readFileSync(SMALL_MESSAGES));
    const { code, stdout } = ringlane(["rdma", "estimate", "-", "--json"], { input });
    expect(code).toBe(0);
    expect(JSON.parse(stdout.toString())).toEqual({ ...report, file: "stdin" });
    expect(estimate(SMALL_MESSAGES)).toEqual(report);
  });
});

describe("what is a message", () => {
  it("of TCP: data, without what was sent again", async () => {
    const { totals, leftOut } = await estimateOf([
      segment(0, { seq: 0xffffff00, flags: "S" }),
      segment(10, { seq: 0xffffff01, bytes: 200 }),
      segment(20, { seq: 0xffffff01, bytes: 200 }), // again
      segment(30, { seq: 0xffffffc9, bytes: 100 }), // past the end of sequence numbers
      segment(40, { seq: 0xffffffc9, bytes: 150 }), // 50 of these are new
      segment(50, { seq: 0x5e, bytes: 1 }), // keep-alive
      segment(60, { seq: 0x200, bytes: 10 }), // something between was lost, and comes late
      segment(70, { seq: 0x5f, bytes: 20 }),
      segment(80, { seq: 0x20a, flags: "F" }),
    ]);
    expect(totals).toMatchObject({ streams: 1, messages: 4, payloadBytes: 200 + 100 + 50 + 10 });
    expect(leftOut).toMatchObject({ retransmitted: 3, withoutData: 2 });
  });

  it("ports that are used again are another connection", async () => {
    const { totals } = await estimateOf([
      segment(0, { seq: 5000, flags: "S" }),
      segment(1, { seq: 5001, bytes: 50 }),
      segment(2, { seq: 5051, flags: "F" }),
      segment(3, { seq: 100, flags: "S" }),
      segment(4, { seq: 100, flags: "S" }),
      segment(5, { seq: 101, bytes: 60 }),
    ]);
    expect(totals).toMatchObject({ streams: 1, messages: 2, payloadBytes: 110 });
  });

  it("connections one after the other are alone, each at its time", async () => {
    const one = (us: number, port: number): Packet[] => [
      segment(us, { from: { ...ALICE, port }, seq: 1, bytes: 40 }),
      segment(us + 1, { from: { ...ALICE, port }, seq: 41, flags: "F" }),
    ];
    const { totals } = await estimateOf([...one(0, 1001), ...one(10, 1002), ...one(20, 1003)]);
    expect(totals.after).toMatchObject({ transfers: 3, messages: { straight: 3 }, delayUs: { most: 0 } });
  });

  it("directions and hosts are destinations of their own, IPv6 in longer headers", async () => {
    const { destinations } = await estimateOf([
      segment(0, { bytes: 64 }),
      segment(1, { from: BOB, to: ALICE, bytes: 64 }),
      segment(2, { from: ALICE6, to: BOB6, bytes: 64 }),
      segment(3, { from: { ...ALICE6, port: 2 }, to: BOB6, bytes: 64 }),
    ]);
    expect(destinations.map((one) => [one.destination, one.before.wireBytes, one.after.wireBytes])).toEqual([
      ["10.0.0.1 > 10.0.0.2", 138, 138],
      ["10.0.0.2 > 10.0.0.1", 138, 138],
      ["fd00:0:0:a::1 > fd00:0:0:b::2", 2 * 158, 94 + 140],
    ]);
  });

  it("behind tags and in tunnels it is the same one", async () => {
    const inside = f.ipv4(f.udp(new Uint8Array(64), { sport: 1 }));
    const { totals, destinations } = await estimateOf([
      { us: 0, data: f.ethernet(inside, { tags: [{ tci: 5 }] }) },
      { us: 1, data: f.ethernet(inside, { tags: [{ tpid: 0x88a8, tci: 5 }, { tci: 6 }] }) },
      { us: 2, data: f.ethernet(f.ipv4(f.vxlan(77, f.ethernet(inside)), { src: [192, 0, 2, 1] })) },
    ]);
    expect(destinations.map(({ destination }) => destination)).toEqual(["10.0.0.1 > 10.0.0.2"]);
    expect(totals).toMatchObject({ streams: 1, messages: 3, payloadBytes: 3 * 64 });
  });

  it("nothing else is, and it says what was left out", async () => {
    const whole = udpFrame(1, 64);
    const short = f.ethernet(f.ipv4(f.udp([1, 2])));
    const padded = Buffer.concat([short, new Uint8Array(60 - short.length)]);
    const { totals, leftOut } = await estimateOf([
      { us: 0, data: f.ethernet(f.arp()) },
      { us: 1, data: f.ethernet(f.ipv4(f.icmp([1, 2]))) },
      { us: 2, data: udpFrame(1, 0) },
      { us: 3, data: f.ethernet(f.ipv4(f.udp(new Uint8Array(64), { dport: 4791 }))) },
      { us: 4, data: udpFrame(1, 64, { fragment: 0x2000 }) },
      { us: 5, data: f.ethernet(f.ipv4(f.udp([1], { length: 7 }))) },
      { us: 6, data: f.ethernet(f.ipv4(f.udp([1], { length: 100 }))) },
      { us: 7, data: udpFrame(1, 64, { totalLength: 1500 }) },
      { us: 8, data: f.ethernet(f.ipv4(f.tcp([1], { dataOffset: 4 }))) },
      { us: 9, data: f.ethernet(f.ipv4(f.tcp([1], { dataOffset: 15 }))) },
      { us: 10, data: whole.subarray(0, 30), originalLength: whole.length },
      { us: 11, data: whole.subarray(0, 40), originalLength: whole.length },
      { us: 12, data: whole.subarray(0, 13), originalLength: whole.length },
      { us: 13, data: udpFrame(1, 64, { version: 6 }) },
      { us: 14, data: padded },
    ]);
    // Ethernet's padding is no payload.
    expect(totals).toMatchObject({ messages: 1, payloadBytes: 2 });
    expect(leftOut).toEqual({
      notTcpOrUdp: 2,
      withoutData: 1,
      rocev2: 1,
      fragments: 1,
      unreadable: 9,
      retransmitted: 0,
      beyond: 0,
    });
  });

  it("of a cut frame has the length that it had on the wire", async () => {
    const packets = datagrams(2, 500).map(({ us, data }) => ({
      us,
      data: data.subarray(0, 42),
      originalLength: data.length,
    }));
    expect((await estimateOf(packets)).totals).toMatchObject({ messages: 2, payloadBytes: 1000 });
  });
});

describe("ringlane rdma estimate on real captures", () => {
  it("redis-benchmark's 64-byte messages: a ninth of the transfers, utilization from 42 % to 78 %", () => {
    const { totals, destinations } = estimate(SMALL_MESSAGES);
    expect(totals).toMatchObject({ streams: 130, messages: 10_002, payloadBytes: 547_626 });
    expect(totals.before.utilization).toBeCloseTo(0.421, 3);
    expect(totals.after.utilization).toBeGreaterThan(0.78);
    expect(totals.after.transfers).toBeLessThan(10_002 / 8);
    expect(destinations.map(({ destination }) => destination).toSorted()).toEqual([
      "10.20.0.1 > 10.20.0.2",
      "10.20.0.2 > 10.20.0.1",
    ]);
    const transfers = totals.windows.map((one) => one.transfers);
    expect(transfers).toEqual(transfers.toSorted((a, b) => b - a));
  });

  it("many short flows: fewer transfers the longer the window", () => {
    const { totals } = estimate(exampleCapture("many-flows.pcap"));
    expect(totals.after.transfers).toBeLessThan(totals.messages / 4);
    const transfers = totals.windows.map((one) => one.transfers);
    expect(transfers).toEqual(transfers.toSorted((a, b) => b - a));
  });

  it("web traffic, one request after the other: nothing to merge, and what sub-headers cost", () => {
    const { totals } = estimate(exampleCapture("web-mix.pcap"));
    const { before, after } = totals;
    expect(after.transfers).toBe(before.transfers);
    expect(after.wireBytes).toBeGreaterThan(before.wireBytes);
    expect(after.wireBytes).toBeLessThan(before.wireBytes * 1.002);
  });

  it("bulk: large messages go past", () => {
    const { totals } = estimate(exampleCapture("bulk.pcap"));
    expect(totals.after.messages.large).toBeGreaterThan(0.9 * totals.messages);
  });

  it("RDMA already is left alone; inside VXLAN sockets are found", () => {
    expect(estimate(exampleCapture("rocev2-write.pcap")).leftOut.rocev2).toBe(100);
    expect(estimate(exampleCapture("kernel-vxlan-underlay.pcap")).totals.streams).toBe(20);
  });
});

describe("odd captures", () => {
  it("an empty one has nothing to show", async () => {
    const report = await estimateOf([]);
    expect(report).toMatchObject({ packets: 0, lengthMs: 0, destinations: [], totals: { messages: 0 } });
    expect(report.totals.after).toMatchObject({ transfers: 0, utilization: null, delayUs: { p50: 0, p99: 0 } });
    const path = fileOf("empty.pcap", await capture([], "pcap"));
    const svg = join(testFolder(), "empty.svg");
    const { code, stdout } = ringlane(["rdma", "estimate", path, "--svg", svg]);
    expect([code, stdout.toString()]).toEqual([0, expect.stringMatching(/messages +0 of 0 sockets/)]);
    expect(readFileSync(svg, "utf8")).not.toMatch(/NaN|undefined/);
  });

  it("takes what comes late as come with the latest before it", async () => {
    const packets = [0, 500, 200, -50, 510].map((us, i) => ({ us, data: udpFrame(1 + (i % 2), 10) }));
    const report = await estimateOf(packets);
    expect(report).toMatchObject({ backwards: 2, lengthMs: 0.51, totals: { messages: 5 } });
    const path = fileOf("back.pcap", await capture(packets, "pcap"));
    expect(ringlane(["rdma", "estimate", path]).stdout.toString()).toMatch(/out of order +2 frames/);
  });

  it("passes over a silence of years", async () => {
    const year = 365 * 24 * 3600 * 1e6;
    const packets = [...datagrams(4, 10), ...datagrams(4, 10).map(({ data }) => ({ us: 30 * year, data }))];
    const { totals } = await estimateOf(packets);
    expect(totals.after).toMatchObject({ transfers: 2, messages: { merged: 8 }, delayUs: { most: 100 } });
  });

  it("says where a damaged one ends, and exits with 1", async () => {
    const whole = await capture(datagrams(3, 10), "pcap");
    const path = fileOf("cut.pcap", whole.subarray(0, whole.length - 5));
    const { code, stdout, stderr } = ringlane(["rdma", "estimate", path]);
    expect(code).toBe(1);
    expect(stdout.toString()).toMatch(/messages +2 of 2 sockets/);
    expect(stderr).toContain("is damaged at byte");
  });
});

describe("what people see", () => {
  it("tables, what became of it, and a chart", () => {
    expectReport(
      ["rdma", "estimate", SMALL_MESSAGES],
      [
        "10.20.0.1 > 10.20.0.2",
        "  65 sockets, ",
        "RDMA WRITE, path MTU 1024",
        "alone decides when to flush",
        "(before)",
        "1000 us",
        "utilization 42.1 % becomes 78",
        "━ consolidated   • one message a transfer",
        "window in us",
      ],
    );
  });

  it("a drawing with axes, units and a legend", () => {
    const svg = join(testFolder(), "estimate.svg");
    estimate(SMALL_MESSAGES, "--svg", svg);
    expectDrawing(svg, [
      "payload in wire bytes",
      "10.20.0.1 &gt; 10.20.0.2",
      "transfers",
      "added delay",
      "p99",
      "window in us",
      "us",
      "% of wire bytes",
    ]);
  });
});

describe("bad usage of ringlane rdma", () => {
  it.each([
    ["", "missing required argument 'capture'"],
    ["CAPTURE --window 100", "option '--window <time>' argument '100' is invalid. must be from 0us to 1s"],
    ["CAPTURE --window 2s", "must be from 0us to 1s"],
    ["CAPTURE --window -5us", "must be from 0us to 1s"],
    [
      "CAPTURE --mtu 1000",
      "option '--mtu <bytes>' argument '1000' is invalid. must be one of 256, 512, 1024, 2048, 4096",
    ],
    ["CAPTURE --mtu 8192", "must be one of 256"],
    ["CAPTURE --mtu big", "--mtu"],
    [
      "CAPTURE --limit 63",
      "option '--limit <bytes>' argument '63' is invalid. must be a whole number from 64 to 65536",
    ],
    ["CAPTURE --limit 65537", "from 64 to 65536"],
    ["CAPTURE --count 1", "option '--count <messages>' argument '1' is invalid. must be a whole number from 2 to 1024"],
    ["CAPTURE --count 2.5", "not a whole number"],
    [
      "CAPTURE --operation read",
      "option '--operation <name>' argument 'read' is invalid. Allowed choices are write, send.",
    ],
    ["CAPTURE --wait 5", "unknown option '--wait'"],
  ])("%s exits with 2 and says why: %s", (line, why) => {
    expectRefusal(["rdma", "estimate", ...argumentsOf(line, { CAPTURE: () => SMALL_MESSAGES })], why);
  });

  it.each([[["/nonexistent/file"]], [[SMALL_MESSAGES, "--svg", "/nonexistent/a.svg"]]])("%j exits with 1", (args) => {
    expectNoEntry(["rdma", "estimate", ...args]);
  });
});
