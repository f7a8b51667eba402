/** The main job: what goes in comes out byte for byte, and a fault is seen. */
import { describe, expect, it } from "vitest";
import { encodeCapture, LINKTYPE_ETHERNET, LINKTYPE_RAW } from "../../src/index.js";
import { concat } from "../helpers/bytes.js";
import { exampleCapture } from "../helpers/files.js";
import * as f from "../helpers/frames.js";
import { type Bytes, fileBytes, packetsOf, runText } from "../helpers/scenario-run.js";
import { ONE_LINK } from "../helpers/scenarios.js";

const WEB_MIX = () => fileBytes(exampleCapture("web-mix.pcap"));
const WEB = { mac: [0x72, 0x68, 0xde, 0x73, 0xd6, 0x92], ip: [10, 20, 0, 2] };
const DB = { mac: [0x16, 0x3b, 0x21, 0x8b, 0xfa, 0xf3], ip: [10, 20, 0, 1] };
const ICMPV6_AT = 14 + 40;

/** Frames as sorted text: hosts hold a conversation's first frames until they know where to send them. */
function asHex(frames: readonly Uint8Array[]): string[] {
  return frames.map((frame) => Buffer.from(frame).toString("hex")).toSorted();
}

/** Neighbour solicitations and advertisements, which hosts answer themselves. */
function isDiscovery(frame: Uint8Array): boolean {
  const isIcmpv6 = frame[12] === 0x86 && frame[13] === 0xdd && frame[14 + 6] === 58;
  return isIcmpv6 && [135, 136].includes(frame[ICMPV6_AT] as number);
}

function capture(frames: readonly Uint8Array[], linkType = LINKTYPE_ETHERNET): Bytes {
  const packets = frames.map((data, i) => ({ timestampNs: BigInt(i) * 1_000_000n, data }));
  return encodeCapture(packets, { format: "pcap", interfaces: [{ linkType }] });
}

function datagram(from: typeof WEB, to: typeof WEB, bytes: number): Uint8Array {
  const udp = f.udp(new Uint8Array(bytes), { dport: 9000 });
  return f.ethernet(f.ipv4(udp, { src: from.ip, dst: to.ip }), { src: from.mac, dst: to.mac });
}

describe("runScenario", () => {
  const full = ONE_LINK.replace("networks:", "engine: { udpChecksum: full }\nnetworks:");
  const ipv6 = full.replace("192.0.2.1", "2001:db8::1").replace("192.0.2.2", "2001:db8::2");
  const using = (name: string) => ONE_LINK.replaceAll("mtuBytes: 1600", `mtuBytes: 1600, encapsulations: [${name}]`);
  it.each([
    ["VXLAN over IPv4", ONE_LINK, 50, 0],
    ["VXLAN with UDP checksum", full, 50, 0],
    ["VXLAN over IPv6", ipv6, 70, 0],
    ["Geneve", using("geneve"), 50, 0],
    ["VXLAN-GPE", using("vxlan-gpe"), 50, 0],
    ["NVGRE", using("nvgre").replace("vni: 42", "vni: 4242"), 42, 0],
    ["RoCEv2", using("rocev2"), 66, 4],
  ])("delivers every frame of a real capture in %s", async (_, text, headerBytes, trailerBytes) => {
    const sent = (await packetsOf(WEB_MIX())).filter((frame) => !isDiscovery(frame));
    const { report, underlay, delivered } = await runText(text, [WEB_MIX()]);
    expect(report.unmet).toEqual([]);
    expect(report).toMatchObject({ ok: true, descriptorsPerFrame: 1, drops: {}, copiedAfterwardsBytesPerFrame: 0 });
    expect(report.comparison).toEqual({ identical: sent.length, altered: 0, missing: 0, duplicated: 0, overtaken: 0 });
    expect(asHex(delivered.filter((frame) => !isDiscovery(frame)))).toEqual(asHex(sent));
    expect(underlay).toHaveLength(sent.length);
    const [{ headerBytesPerFrame, trailerBytesPerFrame } = {}] = report.encapsulations;
    expect(headerBytesPerFrame).toBe(headerBytes);
    if (trailerBytes > 0) expect(trailerBytesPerFrame).toBeGreaterThanOrEqual(trailerBytes);
    else expect(asHex(underlay.map((frame) => frame.subarray(headerBytes)))).toEqual(asHex(sent));
    // One side solicits, its host answers; the other's answer is for its own host.
    expect(report.neighbours).toEqual({ asked: 2, answered: 1, wrong: 0, arrivals: 0 });
  });

  it("carries 60 KiB frames as chains, with more descriptors and no copy", async () => {
    const data = concat(
      DB.mac,
      WEB.mac,
      [0x88, 0xb5],
      Uint8Array.from({ length: 59_986 }, (_, i) => i * 7 + (i >> 8)),
    );
    const { report, delivered } = await runText(ONE_LINK.replaceAll("1600", "65535"), [capture([data])]);
    expect(asHex(delivered)).toEqual(asHex([data]));
    expect(report).toMatchObject({ ok: true, descriptorsPerFrame: 30, copiedAfterwardsBytesPerFrame: 0 });
  });

  it("fails loudly, with the cause, when a frame cannot be delivered", async () => {
    const good = datagram(WEB, DB, 10);
    const bad = concat(good.subarray(0, 14), [0x45, 0x00]);
    const { report } = await runText(ONE_LINK, [capture([good, bad, good])]);
    expect(report).toMatchObject({ ok: false, framesIn: 3, framesOut: 2, drops: { "ipv4-truncated": 1 } });
    expect(report.comparison).toEqual({ identical: 2, altered: 0, missing: 1, duplicated: 0, overtaken: 0 });
    expect(report.unmet).toEqual(["1 frames missing, at most 0 expected"]);
  });

  it("says that frames are too big for the underlay", async () => {
    const text = ONE_LINK.replaceAll("1600", "1500");
    const { report } = await runText(text, [capture([datagram(WEB, DB, 1422), datagram(WEB, DB, 1423)])]);
    expect(report).toMatchObject({ ok: false, framesOut: 1, tooBigAnswers: 1, drops: { "too-big-answered": 1 } });
    expect(report.unmet).toEqual(["1 frames missing, at most 0 expected"]);
  });

  it("refuses frames of addresses that are neither end's", async () => {
    const other = { ...WEB, mac: [2, 0, 0, 0, 0, 9] };
    const { report } = await runText(ONE_LINK, [capture([datagram(WEB, DB, 9), datagram(other, DB, 9)])]);
    expect(report).toMatchObject({ ok: false, framesIn: 1, foreignFrames: 1 });
    const spoofed = { ...WEB, ip: [10, 20, 0, 77] };
    const { report: second } = await runText(ONE_LINK, [capture([datagram(spoofed, DB, 9)])]);
    expect(second).toMatchObject({ ok: false, drops: { "spoofed-ip": 1 } });
  });

  it("puts the endpoints' MAC addresses into captures that have none", async () => {
    const frames = [datagram(WEB, DB, 20), datagram(DB, WEB, 21)];
    const packets = frames.map((frame) => frame.subarray(14));
    const { report, delivered } = await runText(ONE_LINK, [capture(packets, LINKTYPE_RAW)]);
    expect([report.ok, asHex(delivered)]).toEqual([true, asHex(frames)]);
  });

  it("sends at the capture's times, or at a rate", async () => {
    const frames = Array.from({ length: 11 }, (_, i) => datagram(WEB, DB, i));
    const own = await runText(ONE_LINK, [capture(frames)]);
    const rated = await runText(`${ONE_LINK}    framesPerSecond: 10\n`, [capture(frames)]);
    // Ten gaps of 1 ms, and of 100 ms.
    expect(Math.round(rated.report.virtualMs - own.report.virtualMs)).toBe(990);
    expect(rated.report.comparison.identical).toBe(11);
  });
});
