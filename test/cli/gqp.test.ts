/** encap, decap and verify of packets between queue pairs, as people and programs use them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type CapturePacket,
  CaptureReader,
  createCaptureWriter,
  decodeErf,
  ERF_TYPE_INFINIBAND,
  encodeErf,
  LINKTYPE_ERF,
} from "../../src/capture/index.js";
import { controlPacket } from "../../src/gqp/control-packet.js";
import { concat, patched } from "../helpers/bytes.js";
import { ringlane } from "../helpers/command.js";
import { exampleCapture, testFolder } from "../helpers/files.js";
import { crcOf } from "../model/crc.js";
import { open } from "../model/gqp.js";
import { IB_GLOBAL, IB_LOCAL } from "../vectors/crc.js";

const WEB_MIX = exampleCapture("web-mix.pcap");
const PAIR = ["--vni", "42", "--qpn", "1193046", "--source-qpn", "512"];
const ROCE = ["--rocev2", ...PAIR, "--src", "192.0.2.1", "--dst", "192.0.2.2"];
const ROCE6 = ["--rocev2", ...PAIR, "--src", "2001:db8::1", "--dst", "2001:db8::2", "--vlan", "5"];
const NATIVE = ["--infiniband", ...PAIR, "--slid", "1", "--dlid", "49151", "--sl", "3", "--vl", "2"];

function json(args: readonly string[], input?: Uint8Array) {
  const { code, stdout } = ringlane([...args, "--json"], input ? { input } : {});
  return { code, value: JSON.parse(stdout.toString()) };
}

async function packetsOf(file: string): Promise<CapturePacket[]> {
  const packets: CapturePacket[] = [];
  for await (const packet of new CaptureReader(new Uint8Array(readFileSync(file)))) packets.push(packet);
  return packets;
}

async function write(file: string, linkType: number, packets: readonly Uint8Array[]): Promise<void> {
  const chunks: Uint8Array[] = [];
  const writer = createCaptureWriter("pcap", { sink: (chunk) => void chunks.push(chunk) });
  writer.addInterface({ linkType });
  for (const data of packets) writer.write({ timestampNs: 0n, data });
  await writer.close();
  writeFileSync(file, concat(...chunks));
}

/** InfiniBand packets as ERF records, with their VCRC. */
function erf(packet: Uint8Array): Uint8Array {
  const vcrc = crcOf("crc16", packet);
  const data = concat(packet, [vcrc & 0xff, vcrc >> 8]);
  return encodeErf({ type: ERF_TYPE_INFINIBAND, timestampNs: 0n, data, originalLength: data.length }).data;
}

describe("encap and decap between queue pairs", () => {
  it.each([
    ["RoCEv2 over IPv4", "a.pcapng", ROCE],
    ["RoCEv2 over IPv6", "a.pcap.gz", ROCE6],
    ["RoCEv2 with UDP checksums", "a.pcap", [...ROCE6, "--udp-checksum", "full", "--dscp", "uniform"]],
    ["InfiniBand", "a.pcap", NATIVE],
    ["InfiniBand in pcapng", "a.pcapng", NATIVE],
  ])("%s: the same file comes back", (_, name, options) => {
    const folder = testFolder();
    const [out, back] = [join(folder, name), join(folder, "back.pcap")];
    const all = { packetsRead: 1350, packetsWritten: 1350, leftOut: {} };
    const encapsulations = { [options === NATIVE ? "infiniband" : "rocev2"]: 1350 };
    expect(json(["encap", ...options, WEB_MIX, out])).toMatchObject({ code: 0, value: all });
    expect(json(["decap", "--vni", "42", out, back])).toMatchObject({ code: 0, value: { ...all, encapsulations } });
    expect(readFileSync(back).equals(readFileSync(WEB_MIX))).toBe(true);
    const other = json(["decap", "--vni", "43", out, back]);
    expect(other).toMatchObject({ code: 0, value: { packetsWritten: 0, leftOut: { "unknown-vni": 1350 } } });
  });

  it("numbers packets from the PSN on, round the end of 24 bits", async () => {
    const out = join(testFolder(), "out.pcap");
    ringlane(["encap", ...ROCE, "--psn", "16777000", WEB_MIX, out]);
    const opened = (await packetsOf(out)).map(({ data }) => open(data, "rocev2"));
    const expected = opened.map((_, i) => ({ destQpn: 0x123456, sourceQpn: 512, psn: (16_777_000 + i) % 2 ** 24 }));
    expect(opened).toMatchObject(expected);
  });

  it("writes native packets as ERF records with their time and length", async () => {
    const out = join(testFolder(), "out.pcap");
    ringlane(["encap", ...NATIVE, WEB_MIX, out]);
    const packets = await packetsOf(out);
    for (const packet of packets) {
      const record = decodeErf(packet.data);
      expect(packet.linkType).toBe(LINKTYPE_ERF);
      expect(record).toMatchObject({ type: 21, timestampNs: packet.timestampNs });
      expect(packet.originalLength).toBe(16 + (record?.originalLength ?? 0));
    }
    expect(decodeErf((packets[0] as CapturePacket).data)?.data.subarray(0, 4)).toEqual(
      Uint8Array.of(0x20, 0x32, 0xbf, 0xff),
    );
  });

  it("leaves out other RDMA traffic without complaint, and control messages", async () => {
    const folder = testFolder();
    const out = join(folder, "out.pcap");
    const ud = json(["decap", exampleCapture("rocev2-ud-pingpong.pcap"), out]);
    expect(ud).toMatchObject({ code: 0, value: { packetsWritten: 0, leftOut: { "ib-qkey": 20 } } });
    const rc = json(["decap", exampleCapture("rocev2-rc-pingpong.pcap"), out]);
    expect(rc).toMatchObject({ code: 0, value: { packetsWritten: 0, leftOut: { "ib-opcode": 80 } } });
    const control = controlPacket(new Uint8Array(64), { local: "192.0.2.1", remote: "192.0.2.2", psn: 0 });
    await write(join(folder, "control.pcap"), 1, [control]);
    const left = json(["decap", join(folder, "control.pcap"), out]);
    expect(left).toMatchObject({ code: 0, value: { leftOut: { "inner-protocol": 1 } } });
  });

  it("exits with 1 for a wrong ICRC or VCRC", async () => {
    const folder = testFolder();
    const [good, bad, out] = ["good.pcap", "bad.pcap", "out.pcap"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const [options, linkType, cause] of [
      [ROCE, 1, "ib-icrc"],
      [NATIVE, LINKTYPE_ERF, "ib-vcrc"],
    ] as const) {
      ringlane(["encap", ...options, WEB_MIX, good]);
      const packets = (await packetsOf(good)).map(({ data }) => data);
      const first = packets[0] as Uint8Array;
      const flipped = patched(first, first.length - 9, (first[first.length - 9] as number) ^ 1);
      await write(bad, linkType, [flipped, ...packets.slice(1)]);
      expect(json(["decap", bad, out])).toMatchObject({
        code: 1,
        value: { packetsWritten: 1349, leftOut: { [cause]: 1 } },
      });
    }
  });

  it.each([
    [["--rocev2", "--vni", "1", "--source-qpn", "2", "--src", "192.0.2.1", "--dst", "192.0.2.2"], "--qpn"],
    [["--rocev2", ...PAIR, "--src", "192.0.2.1"], "--dst"],
    [["--infiniband", ...PAIR, "--slid", "1"], "--dlid"],
    [["--infiniband", ...PAIR, "--slid", "0", "--dlid", "1"], "slid"],
    [
      ["--rocev2", "--vni", "1", "--qpn", "16777216", "--source-qpn", "2", "--src", "192.0.2.1", "--dst", "192.0.2.2"],
      "destQpn",
    ],
    [["--rocev2", "--infiniband", ...PAIR], "--infiniband"],
    [["--vxlan", ...ROCE], "--vxlan"],
    [["--vxlan", "--vni", "1"], "--src"],
    [[...ROCE, "--option", "1:2:"], "--option"],
    [[...NATIVE, "--no-ecn"], "--no-ecn"],
    [PAIR, "encapsulation"],
  ])("bad usage %j exits with 2 and names %s", (args, name) => {
    const { code, stderr } = ringlane(["encap", ...args, WEB_MIX, join(testFolder(), "out.pcap")]);
    expect([code, stderr.includes(name)]).toEqual([2, true]);
  });
});

describe("capture verify", () => {
  const counts = (good: number, bad = 0, unchecked = 0) => ({ good, bad, absent: 0, unchecked, offloaded: 0 });

  it.each([
    ["RoCEv2 over IPv4", ROCE],
    ["RoCEv2 over IPv6", ROCE6],
  ])("%s: every ICRC, by name", (_, options) => {
    const out = join(testFolder(), "out.pcap");
    ringlane(["encap", ...options, WEB_MIX, out]);
    const { code, value } = json(["capture", "verify", out]);
    expect([code, value.wrong, value.checksums.icrc]).toEqual([0, [], counts(1350)]);
  });

  it("InfiniBand: every ICRC and VCRC, also of packets that are not ours", async () => {
    const folder = testFolder();
    const [out, mixed] = [join(folder, "out.pcap"), join(folder, "mixed.pcap")];
    ringlane(["encap", ...NATIVE, WEB_MIX, out]);
    const { code, value } = json(["capture", "verify", out]);
    expect([code, value.checksums]).toEqual([0, { icrc: counts(1350), vcrc: counts(1350) }]);

    const raw = concat([0x00, 0x00, 0, 1, 0, 3, 0, 2], [1, 2, 3, 4]);
    const global = concat(IB_GLOBAL, [0, 0, 0, 0]);
    const local = erf(IB_LOCAL);
    await write(mixed, LINKTYPE_ERF, [
      local,
      erf(global),
      erf(raw),
      // The last byte of the VCRC, and of the ICRC.
      patched(local, local.length - 1, (local[local.length - 1] as number) ^ 1),
      erf(patched(IB_LOCAL, IB_LOCAL.length - 1, 0)),
      patched(local, 16 + 5, 0x0f),
      local.subarray(0, 40),
      local.subarray(0, 20),
    ]);
    const report = json(["capture", "verify", mixed]);
    expect(report.code).toBe(1);
    expect(report.value.checksums).toEqual({ icrc: counts(2, 2, 1), vcrc: counts(4, 1, 2) });
    expect(report.value.wrong).toEqual([
      { packet: 2, what: "icrc" },
      { packet: 4, what: "vcrc" },
      { packet: 5, what: "icrc" },
    ]);
    expect(report.value.malformed).toEqual([{ packet: 6, what: "ib-truncated" }]);
  });
});
