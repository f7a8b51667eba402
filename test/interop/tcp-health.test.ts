/**
 * What tshark's TCP analysis says of real captures, and what we say. Where the definitions are the same the frames are; where they
 * differ (docs/limits.md), each frame that differs must do so for the reason that is given there.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encodeCapture } from "../../src/capture/index.js";
import { has } from "../helpers/command.js";
import { exampleCapture, testFolder } from "../helpers/files.js";
import { healthBed } from "../helpers/health.js";
import { canLose, type Transfer, transfer } from "../helpers/lossy-link.js";
import { ALICE, BOB, type Segment, segmentFrame } from "../helpers/tcp.js";
import { type Analysed, analyse, readFrames } from "../helpers/tcp-analysis.js";
import type { Finding } from "../model/tcp-health.js";

const CLEAN = ["bulk", "many-flows", "small-messages", "web-mix", "kernel-vxlan-underlay"];
const DELAY_MS = 2;
const BAD = { lost: 0.02, late: 0.02, twice: 0.01 };
const LOSSY: readonly [string, Transfer][] = [
  ["losses behind the capture", { ...common(1), before: {}, after: { lost: 0.03 } }],
  ["losses before it", { ...common(2), before: { lost: 0.03 }, after: {} }],
  ["losses, delays and copies on both sides", { ...common(3), before: BAD, after: BAD }],
  ["the same without SACK", { ...common(4), before: BAD, after: BAD, sack: false }],
  ["a receiver that does not read", { ...common(5), before: {}, after: { lost: 0.01 }, stallSeconds: 1.5 }],
];

function common(seed: number) {
  return { seed, delayMs: DELAY_MS, bytes: 600_000, sack: true };
}

interface Compared {
  readonly found: readonly Finding[];
  readonly said: readonly Analysed[];
  /** Frames of which a thing is true. */
  count(of: (finding: Finding, said: Analysed) => unknown): number;
}

async function compare(file: string, isTunnelled = false): Promise<Compared> {
  const bed = await healthBed("release", {}, isTunnelled);
  const found = bed.findings(await readFrames(file));
  const said = analyse(file);
  expect(found.length).toBe(said.length);
  const count = (of: (finding: Finding, said: Analysed) => unknown) =>
    said.filter((each, i) => of(found[i] as Finding, each)).length;
  for (const i of said.keys()) expectAgreement(found[i] as Finding, said, i);
  return { found, said, count };
}

/** Of one frame, given what tshark says of those before it. */
function expectAgreement(finding: Finding, all: readonly Analysed[], i: number): void {
  const said = all[i] as Analysed;
  const at = `frame ${i + 1}: ${said.text}`;
  expect(finding.segment ?? false, at).toBe(said.isTcp);
  if (!said.isTcp) return;
  expect(finding.zeroWindow ?? false, at).toBe(said.zeroWindow);
  const isAgain = Boolean(finding.retransmission || finding.outOfOrder);
  const isDuplicate = finding.duplicateAck ?? false;
  const before = () => all.slice(0, i).filter(({ stream }) => stream === said.stream);
  const ours = () => before().filter(({ source }) => source === said.source);
  const theirs = () => before().filter(({ source }) => source !== said.source);
  const highest = (segments: readonly Analysed[]) => Math.max(...segments.map(({ seq, length }) => seq + length));
  // Sent before: tshark has four names, chosen by time and duplicate acknowledgments, we two, by what was seen.
  if (isAgain !== (said.again !== "")) {
    // Some of it was, and some is new: tshark goes by where a segment begins.
    expect(said.again, at).not.toBe("");
    expect(said.seq + said.length, at).toBeGreaterThan(highest(ours()));
  }
  if (said.again === "spurious_retransmission") expect(finding.retransmission, at).toBe(true);
  if (isDuplicate === said.duplicateAck) return;
  const greatest = Math.max(...ours().map(({ ack }) => ack));
  if (said.duplicateAck) {
    // (a) Nothing is outstanding, or (d) more has been acknowledged before: tshark asks for neither.
    expect(highest(theirs()) <= said.ack || greatest > said.ack, at).toBe(true);
  } else {
    // (d) As much as the greatest acknowledgment, which the last one, late, was not: tshark asks for that.
    expect(ours().at(-1)?.ack, at).toBeLessThan(said.ack);
    expect(greatest, at).toBe(said.ack);
  }
}

describe.skipIf(!has("tshark"))("tshark's TCP analysis", () => {
  it.each(CLEAN)("finds what we find in %s", async (name) => {
    const { found, said, count } = await compare(exampleCapture(`${name}.pcap`), name.includes("vxlan"));
    expect(count(({ segment }) => segment)).toBeGreaterThan(200);
    expect(count(({ roundTripUs }) => roundTripUs !== undefined)).toBeGreaterThan(20);
    for (const [i, { roundTripUs }] of found.entries()) {
      const { ackRttUs } = said[i] as Analysed;
      if (roundTripUs === undefined || ackRttUs === undefined) continue;
      // tshark's began with the segment that is acknowledged, ours with the first of its TSval: not after it.
      expect(roundTripUs, `frame ${i + 1}`).toBeGreaterThanOrEqual(ackRttUs - 1);
    }
  });

  it("says otherwise of hand-made segments, as docs/limits.md says", async () => {
    const file = join(testFolder(), "differ.pcap");
    const alice = (said: Partial<Segment>) => segmentFrame({ from: ALICE, to: BOB, seq: 1000, ack: 5000, ...said });
    const bob = (said: Partial<Segment>) => segmentFrame({ from: BOB, to: ALICE, seq: 5000, ack: 1500, ...said });
    const frames: [Uint8Array, ours: string, theirs: string][] = [
      [alice({ bytes: 1000 }), "", ""],
      [bob({}), "", ""],
      [bob({ window: 0 }), "zero", "zero"],
      // RFC 5681 knows no exception for a window of 0.
      [bob({ window: 0 }), "zero duplicate", "zero"],
      [bob({ ack: 2000, window: 0 }), "zero", "zero"],
      // A window probe that itself advertises nothing.
      [alice({ seq: 2000, bytes: 1, window: 0 }), "zero", ""],
      [bob({ ack: 2001 }), "", ""],
      // Nothing is outstanding.
      [bob({ ack: 2001 }), "", "duplicate"],
      // Partly seen, partly new.
      [alice({ seq: 1500, bytes: 1000 }), "", "again"],
      // The last byte again is a keep-alive.
      [alice({ seq: 2499, bytes: 1 }), "", ""],
    ];
    const chunks: Uint8Array[] = [];
    const packets = frames.map(([data], i) => ({ data, timestampNs: BigInt(1 + i) * 500_000_000n }));
    for await (const chunk of encodeCapture(packets, { format: "pcap", interfaces: [{ linkType: 1 }] }))
      chunks.push(chunk);
    writeFileSync(file, Buffer.concat(chunks));
    const found = (await healthBed("release")).findings(await readFrames(file));
    const words = (zero: unknown, again: unknown, duplicate: unknown) =>
      [zero && "zero", again && "again", duplicate && "duplicate"].filter(Boolean).join(" ");
    const ours = found.map((f) => words(f.zeroWindow, f.retransmission || f.outOfOrder, f.duplicateAck));
    const theirs = analyse(file).map((said) => words(said.zeroWindow, said.again, said.duplicateAck));
    expect(ours).toEqual(frames.map(([, expected]) => expected));
    expect(theirs).toEqual(frames.map(([, , expected]) => expected));
  });

  describe.skipIf(!canLose())("of two Linux kernels over a bad link", () => {
    it.each(LOSSY)("finds what we find: %s", async (_, options) => {
      const file = join(testFolder(), "lossy.pcap");
      await transfer(file, options);
      const { count, found } = await compare(file);
      const trips = found.flatMap(({ roundTripUs }) => (roundTripUs === undefined ? [] : [roundTripUs]));
      expect(trips.length).toBeGreaterThan(3);
      // From the capture to the receiver and back is at once; what comes back waits on its way out.
      expect(Math.min(...trips)).toBeGreaterThanOrEqual(DELAY_MS * 1000);
      expect(count((finding) => finding.retransmission || finding.outOfOrder)).toBeGreaterThan(0);
      expect(count(({ duplicateAck }) => duplicateAck)).toBeGreaterThan(2);
      if (options.stallSeconds) expect(count(({ zeroWindow }) => zeroWindow)).toBeGreaterThan(0);
      // What was lost behind the capture is seen again, what was lost before it comes late.
      if (!options.before.lost) expect(count(({ outOfOrder }) => outOfOrder)).toBe(0);
      if (options.before.lost) expect(count(({ outOfOrder }) => outOfOrder)).toBeGreaterThan(0);
    });
  });
});
