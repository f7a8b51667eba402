/** The main job: what goes in comes out byte for byte, and a fault is seen. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  CaptureReader,
  type CaptureWriter,
  createCaptureWriter,
  encodeCapture,
  LINKTYPE_ETHERNET,
} from "../../src/index.js";
import { parseScenario } from "../../src/scenario/parse.js";
import { runScenario, type ScenarioReport } from "../../src/scenario/run.js";
import { Witness } from "../../src/scenario/witness.js";
import { wasmBytes } from "../helpers/engines.js";
import { exampleCapture } from "../helpers/files.js";
import { ONE_CABLE as TEXT, TWO_HOSTS } from "../helpers/scenarios.js";

/** A capture in memory: its writer, and what was written, once it is closed. */
function memoryCapture(): { writer: CaptureWriter; packets: () => Promise<Uint8Array[]> } {
  const chunks: Uint8Array[] = [];
  const writer = createCaptureWriter("pcapng", { sink: (chunk) => void chunks.push(chunk) });
  const packets = async () => {
    await writer.close();
    const all: Uint8Array[] = [];
    for await (const { data } of new CaptureReader(chunks)) all.push(data);
    return all;
  };
  return { writer, packets };
}

type Bytes = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

async function runOn(captures: Bytes | readonly Bytes[], text = TEXT) {
  const underlay = memoryCapture();
  const delivered = memoryCapture();
  const files = {
    captures: several(captures).map((capture) => () => capture),
    underlay: underlay.writer,
    delivered: delivered.writer,
    wasm: wasmBytes("debug"),
  };
  const report = await runScenario(parseScenario("s.yaml", text), files);
  return { report, underlay: await underlay.packets(), delivered: await delivered.packets() };
}

function several(captures: Bytes | readonly Bytes[]): readonly Bytes[] {
  const [first] = Array.isArray(captures) ? captures : [];
  return first !== undefined && !(first instanceof Uint8Array) ? (captures as readonly Bytes[]) : [captures as Bytes];
}

/** Frames as text: compared as fast as strings are, and readable where they differ. */
function asHex(frames: readonly Uint8Array[]): string[] {
  return frames.map((frame) => Buffer.from(frame).toString("hex"));
}

async function packetsOf(file: string): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const { data } of new CaptureReader([readFileSync(file)])) all.push(data);
  return all;
}

describe("runScenario", () => {
  const full = TEXT.replace("networks:", "engine: { udpChecksum: full }\nnetworks:");
  const ipv6 = full.replace("192.0.2.1", "2001:db8::1").replace("192.0.2.2", "2001:db8::2");
  it.each([
    ["IPv4", TEXT, 50],
    ["IPv4 with UDP checksum", full, 50],
    ["IPv6", ipv6, 70],
  ])("delivers every frame of a real capture over %s", async (_, text, headerBytes) => {
    const sent = await packetsOf(exampleCapture("web-mix.pcap"));
    const { report, underlay, delivered } = await runOn([readFileSync(exampleCapture("web-mix.pcap"))], text);
    expect(asHex(delivered)).toEqual(asHex(sent));
    expect(asHex(underlay.map((frame) => frame.subarray(headerBytes)))).toEqual(asHex(sent));
    expect(report).toMatchObject({ ok: true, descriptorsPerFrame: 1, drops: {}, copiedAfterwardsBytesPerFrame: 0 });
    expect(report.comparison).toEqual({ identical: sent.length, altered: 0, missing: 0 });
  });

  it("carries 60 KiB frames as chains, with more descriptors and no copy", async () => {
    const data = Uint8Array.from({ length: 60_000 }, (_, i) => i * 7 + (i >> 8));
    data.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5]);
    const capture = encodeCapture([{ timestampNs: 5n, data }], {
      format: "pcap",
      interfaces: [{ linkType: LINKTYPE_ETHERNET }],
    });
    const { report, delivered } = await runOn(capture);
    expect(asHex(delivered)).toEqual(asHex([data]));
    expect(report).toMatchObject({ ok: true, descriptorsPerFrame: 30, copiedAfterwardsBytesPerFrame: 0 });
  });

  it("fails loudly, with the cause, when a frame cannot be delivered", async () => {
    const good = Uint8Array.from({ length: 60 }, (_, i) => (i === 12 ? 0x88 : i + 1));
    const bad = Uint8Array.from([...good.subarray(0, 12), 0x08, 0x00, 0x45, 0x00]);
    const packets = [good, bad, good].map((data, i) => ({ timestampNs: BigInt(i), data }));
    const capture = encodeCapture(packets, { format: "pcap", interfaces: [{ linkType: LINKTYPE_ETHERNET }] });
    const { report } = await runOn(capture);
    expect(report).toMatchObject({ ok: false, framesIn: 3, framesOut: 2, drops: { "ipv4-truncated": 1 } });
    expect(report.comparison).toEqual({ identical: 2, altered: 0, missing: 1 });
  });
});

describe("runScenario over several links", () => {
  const captures = () => [[readFileSync(exampleCapture("web-mix.pcap"))], [readFileSync(exampleCapture("bulk.pcap"))]];
  const sentBy = (report: ScenarioReport, name: string) => linksOf(report, name).map(({ sent }) => sent);
  const receivedBy = (report: ScenarioReport, name: string) => linksOf(report, name).map(({ received }) => received);

  function linksOf({ sets }: ScenarioReport, name: string) {
    const found = sets.find(({ partition }) => partition === name);
    if (!found) throw new Error(`no partition ${name}`);
    return found.links;
  }

  it("delivers each tenant's frames by its own links, both ways, and around a pulled cable", async () => {
    const { report, underlay } = await runOn(captures(), TWO_HOSTS);
    expect(report).toMatchObject({ ok: true, framesIn: 2902, framesOut: 2902, descriptorsPerFrame: 1, drops: {} });
    expect(report.comparison).toEqual({ identical: 2902, altered: 0, missing: 0 });
    expect(underlay).toHaveLength(2902);
    for (const [one, other, frames] of [
      ["cache", "store", 422],
      ["store", "cache", 1130],
    ] as const) {
      expect(sentBy(report, one)).toEqual([0, 0, frames]);
      expect(receivedBy(report, other)).toEqual([0, 0, frames]);
    }
    for (const [one, other, frames] of [
      ["web", "db", 819],
      ["db", "web", 531],
    ] as const) {
      const [first, second, backup] = sentBy(report, one) as [number, number, number];
      expect([first + second, backup]).toEqual([frames, 0]);
      expect(Math.min(first, second)).toBeGreaterThan(50);
      expect(receivedBy(report, other)).toEqual([first, second, 0]);
    }
    expect(report.sets.map(({ outside }) => outside)).toEqual([0, 0, 0, 0]);
  });

  it("goes by the backup while no member can carry anything", async () => {
    const pulled = TWO_HOSTS.replace("members: [a0, a1]", "members: [a1]").replace(
      "members: [b0, b1]",
      "members: [b1]",
    );
    const { report } = await runOn(captures(), pulled);
    expect(report).toMatchObject({ ok: true, comparison: { identical: 2902, altered: 0, missing: 0 } });
    const [, a1, a2] = sentBy(report, "web") as [number, number, number];
    expect([a1 + a2, a1 > 100, a2 > 100]).toEqual([819, true, true]);
  });

  it("fails loudly when an end does not expect what the other sends", async () => {
    const unequal = TWO_HOSTS.replace("members: [b0, b1], backup: [b2]", "members: [b0]");
    const { report } = await runOn(captures(), unequal);
    expect(report.ok).toBe(false);
    expect(report.drops).toEqual({ "outside-port-set": report.comparison.missing });
    expect(report.comparison.missing).toBeGreaterThan(100);
  });
});

describe("Witness", () => {
  const frame = (...bytes: number[]) => ({ data: Uint8Array.from(bytes) });

  it("tells identical, altered and missing frames apart", () => {
    const witness = new Witness();
    for (const sent of [frame(1, 2), frame(3, 4), frame(5, 6), frame(7, 8)]) witness.sent(sent);
    witness.delivered([Uint8Array.of(1), Uint8Array.of(2)], 2);
    witness.delivered([Uint8Array.of(9, 9)], 2);
    witness.delivered([Uint8Array.of(5, 6)], 2);
    expect(witness.result).toEqual({ identical: 2, altered: 1, missing: 1 });
  });

  it("sees a changed length on the wire", () => {
    const witness = new Witness();
    witness.sent({ data: Uint8Array.of(1, 2), originalLength: 100 });
    witness.delivered([Uint8Array.of(1, 2)], 2);
    expect(witness.result).toEqual({ identical: 0, altered: 1, missing: 0 });
  });
});
