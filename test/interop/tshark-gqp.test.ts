/** What tshark says of packets between queue pairs: every frame is found inside, no expert item is new, and our dissector reads *moved*. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createCaptureWriter, ERF_TYPE_INFINIBAND, encodeErf, LINKTYPE_ERF } from "../../src/capture/index.js";
import { type ControlPacketOptions, controlPacket, movedPacket } from "../../src/gqp/control-packet.js";
import { encodeMoved, type Moved } from "../../src/gqp/moved.js";
import { concat, patched } from "../helpers/bytes.js";
import { has, ringlane, run } from "../helpers/command.js";
import { exampleCapture, ROOT, testFolder } from "../helpers/files.js";
import { tsharkFields } from "../helpers/tshark.js";
import { crcOf, icrcOf } from "../model/crc.js";

const WEB_MIX = exampleCapture("web-mix.pcap");
const PAIR = ["--vni", "42", "--qpn", "1193046", "--source-qpn", "512", "--psn", "16777215"];
const V4 = ["--rocev2", ...PAIR, "--src", "192.0.2.1", "--dst", "192.0.2.2"];
const V6 = ["--rocev2", ...PAIR, "--src", "2001:db8::1", "--dst", "2001:db8::2"];
const CHECKSUMS = ["ip", "udp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);
const LUA = ["-X", `lua_script:${join(ROOT, "tools/ringlane.lua")}`];
/** The Linux driver's RoCEv2 over IPv6 has no UDP checksum either; tshark takes that by preference only. */
const ZERO_OVER_IPV6 = ["-o", "udp.ignore_ipv6_zero_checksum:TRUE"];
/** Wireshark's severities (epan/proto.h) above Note. */
const WARNING = 0x600000;

interface Seen {
  readonly protocols: string;
  /** Expert items above Note. */
  readonly warnings: readonly string[];
  readonly transport: string;
}

function dissect(file: string, options: readonly string[] = []): Seen[] {
  const names = [
    "frame.protocols",
    "_ws.expert.severity",
    "_ws.expert.message",
    "infiniband.bth.opcode",
    "infiniband.bth.destqp",
    "infiniband.deth.srcqp",
    "infiniband.deth.q_key",
  ];
  const rows = tsharkFields(file, names, [...CHECKSUMS, ...options, "-E", "aggregator=\x1f"]);
  return rows.map(([protocols = "", severity = "", message = "", ...transport]) => {
    const messages = message.split("\x1f");
    const severities = severity === "" ? [] : severity.split("\x1f");
    const warnings = severities.flatMap((s, i) => (Number(s) >= WARNING ? [`${messages[i]}`] : []));
    return { protocols, warnings, transport: transport.join(" ") };
  });
}

describe.skipIf(!has("tshark"))("tshark on packets between queue pairs", () => {
  it.each([
    ["RoCEv2 over IPv4", V4, "eth:ethertype:ip:udp:infiniband:ethertype:", []],
    [
      "RoCEv2 over IPv4 in a VLAN",
      [...V4, "--vlan", "9"],
      "eth:ethertype:vlan:ethertype:ip:udp:infiniband:ethertype:",
      [],
    ],
    ["RoCEv2 over IPv6", V6, "eth:ethertype:ipv6:udp:infiniband:ethertype:", ZERO_OVER_IPV6],
    [
      "RoCEv2 over IPv6, with UDP checksums",
      [...V6, "--udp-checksum", "full"],
      "eth:ethertype:ipv6:udp:infiniband:ethertype:",
      [],
    ],
    ["InfiniBand", ["--infiniband", ...PAIR, "--slid", "7", "--dlid", "9"], "erf:infiniband:ethertype:", []],
  ] as const)(
    "%s: decodes through to the inner frame, and says no worse of it than before",
    (_, options, outer, prefs) => {
      const file = join(testFolder(), "out.pcap");
      expect(ringlane(["encap", ...options, WEB_MIX, file]).code).toBe(0);
      const before = dissect(WEB_MIX);
      const after = dissect(file, prefs);
      expect(after.length).toBe(before.length);
      for (const [i, packet] of after.entries()) {
        const inner = before[i] as Seen;
        expect(packet.protocols.startsWith(`${outer}eth`), `packet ${i + 1}: ${packet.protocols}`).toBe(true);
        expect(packet.warnings, `packet ${i + 1}`).toEqual(inner.warnings);
        expect(packet.transport).toBe("100 0x123456 0x00000200 0x000000000000002a");
      }
    },
  );

  it("reads the headers' fields as they were asked for", () => {
    const file = join(testFolder(), "out.pcap");
    const options = ["--infiniband", ...PAIR, "--slid", "7", "--dlid", "49151", "--sl", "5", "--vl", "3"];
    ringlane(["encap", ...options, WEB_MIX, file]);
    const names = ["lrh.dlid", "lrh.slid", "lrh.sl", "lrh.vl", "bth.psn", "bth.p_key"].map((n) => `infiniband.${n}`);
    const rows = tsharkFields(file, [...names, "erf.wlen", "frame.len"]);
    expect(rows.slice(0, 2).map((row) => row.slice(0, 6))).toEqual([
      ["49151", "7", "5", "0x03", "16777215", "65535"],
      ["49151", "7", "5", "0x03", "0", "65535"],
    ]);
    for (const row of rows) expect(row[6]).toBe(row[7]);
  });
});

const MOVED: Moved = {
  gqpn: 0x123456,
  generation: 7,
  vni: 4242,
  mac: "02:00:00:00:00:01",
  hint: "192.0.2.9",
  sourceQpn: 0xabcdef,
  rejected: { first: 0xfffffe, bitmap: (1n << 63n) | 0b1011n },
};
const OVER4: ControlPacketOptions = { local: "192.0.2.1", remote: "192.0.2.2", psn: 3 };
const OVER6: ControlPacketOptions = { local: "2001:db8::1", remote: "2001:db8::2", psn: 3, udpChecksum: "full" };

/** The control message as a native packet: another head in front of the same transport headers. */
function native(frame: Uint8Array): Uint8Array {
  const datagram = frame.subarray(42);
  const packet = concat([0, 2, 0, 9, 0, (8 + datagram.length) / 4, 0, 7], datagram);
  new DataView(packet.buffer).setUint32(packet.length - 4, icrcOf("local", packet), true);
  const vcrc = crcOf("crc16", packet);
  return concat(packet, [vcrc & 0xff, vcrc >> 8]);
}

describe.skipIf(!has("tshark"))("tools/ringlane.lua", () => {
  async function write(linkType: number, packets: readonly Uint8Array[]): Promise<string> {
    const chunks: Uint8Array[] = [];
    const writer = createCaptureWriter("pcap", { sink: (chunk) => void chunks.push(chunk) });
    writer.addInterface({ linkType });
    for (const data of packets) writer.write({ timestampNs: 0n, data });
    await writer.close();
    const file = join(testFolder(), "moved.pcap");
    writeFileSync(file, concat(...chunks));
    return file;
  }

  const FIELDS = [
    "frame.protocols",
    "_ws.expert.severity",
    "ringlane.gqpn",
    "ringlane.generation",
    "ringlane.vni",
    "ringlane.mac",
    "ringlane.source_qpn",
    "ringlane.rejected.psn",
    "ringlane.hint.ipv4",
    "ringlane.hint.ipv6",
  ];
  const said = ["0x123456", "7", "4242", "02:00:00:00:00:01", "0xabcdef", "16777214,16777215,1,61"];

  it("reads moved over RoCEv2, with any hint", async () => {
    const file = await write(1, [
      movedPacket(MOVED, OVER4),
      movedPacket({ ...MOVED, hint: "2001:db8::9" }, OVER6),
      movedPacket({ ...MOVED, hint: undefined }, { ...OVER4, vlan: 3 }),
    ]);
    expect(tsharkFields(file, FIELDS, [...LUA, ...CHECKSUMS])).toEqual([
      ["eth:ethertype:ip:udp:infiniband:ringlane", "", ...said, "192.0.2.9", ""],
      ["eth:ethertype:ipv6:udp:infiniband:ringlane", "", ...said, "", "2001:db8::9"],
      ["eth:ethertype:vlan:ethertype:ip:udp:infiniband:ringlane", "", ...said, "", ""],
    ]);
  });

  it("reads moved over native InfiniBand", async () => {
    const data = native(movedPacket(MOVED, OVER4));
    const record = encodeErf({ type: ERF_TYPE_INFINIBAND, timestampNs: 0n, data, originalLength: data.length });
    const file = await write(LINKTYPE_ERF, [record.data]);
    expect(tsharkFields(file, FIELDS, LUA)).toEqual([["erf:infiniband:ringlane", "", ...said, "192.0.2.9", ""]]);
  });

  it("leaves alone what is no control message, and marks a version that it does not know", async () => {
    const moved = encodeMoved(MOVED);
    const elsewhere = patched(movedPacket(MOVED, OVER4), 42 + 5, 0, 1, 0);
    const file = await write(1, [
      controlPacket(patched(moved, 0, 0x53), OVER4),
      elsewhere,
      controlPacket(patched(moved, 4, 2), OVER4),
      controlPacket(moved.subarray(0, 40), OVER4),
    ]);
    const rows = tsharkFields(file, ["frame.protocols", "_ws.expert.message"], LUA);
    expect(rows.map(([protocols = ""]) => protocols.endsWith(":ringlane"))).toEqual([false, false, true, true]);
    expect(rows.map(([, message]) => message).slice(2)).toEqual(Array(2).fill("Unknown version or length"));
  });

  it("is read without complaint where there is nothing for it", () => {
    const { code, stdout } = run("tshark", [
      ...LUA,
      "-n",
      "-r",
      exampleCapture("rocev2-ud-pingpong.pcap"),
      "-Y",
      "ringlane",
    ]);
    expect([code, stdout.toString()]).toEqual([0, ""]);
  });
});
