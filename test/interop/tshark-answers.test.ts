/** What tshark says of our answers, announcements, fragments and clamped SYNs: the right fields, and nothing to complain of. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LINKTYPE_ETHERNET, PcapngWriter } from "../../src/capture/index.js";
import {
  announcements,
  arpReply,
  neighbourAdvertisement,
  readArp,
  readNeighbour,
  tooBig,
} from "../../src/overlay/answers/index.js";
import { makeBed } from "../helpers/bed.js";
import { concat, counting, patched } from "../helpers/bytes.js";
import { has } from "../helpers/command.js";
import { testFolder } from "../helpers/files.js";
import * as f from "../helpers/frames.js";
import { tsharkFields } from "../helpers/tshark.js";

const OWNER = Uint8Array.of(0x02, 0, 0, 0, 0x0b, 0x02);
const CHECKSUMS = ["ip", "udp", "tcp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);
/** Wireshark's severities (epan/proto.h) above Note, which says that something is unusual. */
const WARNING = 0x600000;

/** A row of fields a packet; no packet is malformed or has an expert item above Note. */
async function dissect(
  frames: readonly Uint8Array[],
  fields: readonly string[],
  options: readonly string[] = [],
): Promise<string[][]> {
  const chunks: Uint8Array[] = [];
  const writer = new PcapngWriter({ sink: (chunk) => void chunks.push(chunk) });
  writer.addInterface({ linkType: LINKTYPE_ETHERNET, name: "vnic" });
  for (const [i, data] of frames.entries()) writer.write({ timestampNs: BigInt(i), data });
  await writer.close();
  const file = join(testFolder(), "answers.pcapng");
  writeFileSync(file, concat(...chunks));
  const all = [...fields, "_ws.malformed", "_ws.expert.severity", "_ws.expert.message"];
  const rows = tsharkFields(file, all, [...CHECKSUMS, ...options]);
  expect(rows.length).toBe(frames.length);
  return rows.map((row, i) => {
    const [malformed = "", severity = "", message] = row.slice(fields.length);
    const worst = Math.max(0, ...severity.split(",").map(Number));
    expect([malformed, worst < WARNING], `packet ${i + 1}: ${message}`).toEqual(["", true]);
    return row.slice(0, fields.length);
  });
}

function replyTo(request: Uint8Array): Uint8Array {
  const question = readArp(request);
  if (typeof question === "string") throw new Error(question);
  return arpReply(question, OWNER) as Uint8Array;
}

function advertisementTo(solicitation: Uint8Array): Uint8Array {
  const question = readNeighbour(solicitation);
  if (typeof question === "string") throw new Error(question);
  return neighbourAdvertisement(question, OWNER) as Uint8Array;
}

/** A solicitation of B's address, from A or from ::. */
function solicitation(isProbe: boolean): Uint8Array {
  const option = isProbe ? [] : [1, 1, 0x02, 0, 0, 0, 0x0a, 0x01];
  const message = concat([135, 0, 0, 0, 0, 0, 0, 0], f.IPV6_B, option);
  const dst = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 2];
  const src = isProbe ? new Uint8Array(16) : f.IPV6_A;
  return f.ethernet(f.ipv6(f.checksummed(58, message, 2), { hopLimit: 255, src, dst }), {
    dst: [0x33, 0x33, 0xff, 0, 0, 2],
  });
}

describe.skipIf(!has("tshark"))("tshark", () => {
  it("reads ARP replies, to requests and to probes", async () => {
    const request = f.ethernet(f.arp(), { dst: new Uint8Array(6).fill(0xff), tags: [{ tci: 7 }] });
    const probe = patched(request, 18 + 14, 0, 0, 0, 0);
    const fields = ["vlan.id", "arp.opcode", "arp.src.hw_mac", "arp.src.proto_ipv4", "arp.dst.proto_ipv4"];
    expect(await dissect([request, replyTo(request), probe, replyTo(probe)], fields)).toEqual([
      ["7", "1", "02:00:00:00:0a:01", "10.0.0.1", "10.0.0.2"],
      ["7", "2", "02:00:00:00:0b:02", "10.0.0.2", "10.0.0.1"],
      ["7", "1", "02:00:00:00:0a:01", "0.0.0.0", "10.0.0.2"],
      ["7", "2", "02:00:00:00:0b:02", "10.0.0.2", "0.0.0.0"],
    ]);
  });

  it("reads neighbour advertisements, to solicitations and to duplicate address detection", async () => {
    const asked = [solicitation(false), solicitation(true)];
    const names = ["flag.r", "flag.s", "flag.o", "target_address"].map((name) => `icmpv6.nd.na.${name}`);
    const fields = ["ipv6.dst", ...names, "icmpv6.opt.linkaddr", "icmpv6.checksum.status"];
    const rows = await dissect([...asked, ...asked.map(advertisementTo)], fields);
    expect(rows.slice(2)).toEqual([
      ["fd00:0:0:a::1", "0", "1", "1", "fd00:0:0:b::2", "02:00:00:00:0b:02", "1"],
      ["ff02::1", "0", "0", "1", "fd00:0:0:b::2", "02:00:00:00:0b:02", "1"],
    ]);
  });

  it("would complain of what is wrong", async () => {
    const wrong = patched(advertisementTo(solicitation(false)), 60, 1);
    await expect(dissect([wrong], [])).rejects.toThrow("Bad checksum");
  });

  it("reads announcements", async () => {
    const frames = announcements({ mac: "02:00:00:00:0b:02", ips: ["10.0.0.2", "fd00::2"] });
    const fields = ["frame.protocols", "arp.opcode", "arp.isgratuitous", "arp.src.hw_mac"];
    const rows = await dissect(frames, [...fields, "icmpv6.nd.na.target_address", "icmpv6.checksum.status"]);
    expect(rows).toEqual([
      ["eth:ethertype:arp", "3", "", "02:00:00:00:0b:02", "", ""],
      ["eth:ethertype:arp", "1", "1", "02:00:00:00:0b:02", "", ""],
      ["eth:ethertype:ipv6:icmpv6", "", "", "", "fd00::2", "1"],
    ]);
  });

  it("reads that packets are too big, and what is quoted", async () => {
    const inside = f.udp(counting(1472), { sport: 50000, dport: 50001 });
    const frames = [
      tooBig(f.ethernet(f.ipv4(inside), { tags: [{ tci: 7 }] }), 1450),
      tooBig(f.ethernet(f.ipv6(inside)), 1430),
      tooBig(f.ethernet(f.ipv4(f.tcp(counting(1400)))), 1400),
      tooBig(f.ethernet(f.ipv4(f.icmp(counting(1400)))), 1400),
      tooBig(f.ethernet(f.ipv6(f.fragment6(0, true, f.slice(inside, 0, 1432)))), 1400),
    ] as Uint8Array[];
    const fields = ["icmp.type", "icmp.code", "icmp.mtu", "icmpv6.type", "icmpv6.mtu"];
    const sums = ["icmp.checksum.status", "icmpv6.checksum.status", "ip.len", "ipv6.plen"];
    // A quote ends before what a TCP checksum covers, and tshark would hold it to that.
    const quotes = ["-o", "tcp.check_checksum:FALSE"];
    expect(await dissect(frames, [...fields, ...sums], quotes)).toEqual([
      ["3", "4", "1450", "", "", "1", "", "576,1500", ""],
      ["", "", "", "2", "1430", "", "1", "", "1240,1480"],
      ["3", "4", "1400", "", "", "1", "", "576,1440", ""],
      ["3,8", "4,0", "1400", "", "", "1,2", "", "576,1428", ""],
      ["", "", "", "2", "1400", "", "1", "", "1240,1440"],
    ]);
  });

  it("puts fragments together again, and fragments of fragments", async () => {
    const bed = await makeBed("release", { mbufs: 64 });
    const out = bed.arena.take(64 * 4);
    const cut = (frame: Uint8Array, mtu: number): Uint8Array[] => {
      const m = bed.frame(frame);
      bed.kernels.parseBurst(bed.listOf(m), 1);
      const n = bed.kernels.fragment(bed.pool, m, mtu, out);
      const pieces = Array.from({ length: n }, (_, i) => bed.bytes(bed.u32(out + 4 * i)));
      bed.kernels.freeBurst(bed.pool, out, n);
      bed.free(m);
      return n === 0 ? [frame] : pieces;
    };
    // A router alert (RFC 2113), which is copied, and a record route, which is not.
    const options = [0x94, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0];
    const datagrams = [
      f.ipv4(f.udp(counting(1472), { dport: 50001 }), { fragment: 0, identification: 1 }),
      f.ipv4(f.udp(counting(1400), { dport: 50001 }), { fragment: 0, identification: 2, options }),
      f.ipv4(f.icmp(counting(1001)), { fragment: 0, identification: 3 }),
    ];
    const frames = [
      ...cut(f.ethernet(datagrams[0] as f.Layer3), 1450),
      ...cut(f.ethernet(datagrams[1] as f.Layer3, { tags: [{ tci: 7 }] }), 600).flatMap((piece) => cut(piece, 300)),
      ...cut(f.ethernet(datagrams[2] as f.Layer3), 68),
    ];
    const fields = [
      "ip.id",
      "ip.checksum.status",
      "ip.reassembled.length",
      "udp.checksum.status",
      "icmp.checksum.status",
    ];
    const rows = await dissect(frames, fields);
    expect(rows.every(([, status]) => status === "1")).toBe(true);
    expect(rows.filter(([, , length]) => length !== "").map(([id, , ...whole]) => [id, ...whole])).toEqual([
      ["0x0001", "1480", "1", ""],
      ["0x0002", "1408", "1", ""],
      ["0x0003", "1009", "", "1"],
    ]);
  });

  it("finds the checksums of clamped SYNs right, at even and at odd places", async () => {
    const bed = await makeBed("release");
    const syn = (options: readonly number[]) =>
      f.checksummed(
        6,
        patched(f.tcp([], { options, checksum: 0 }).build(new Uint8Array(4), new Uint8Array(4)), 13, 0x12),
        16,
      );
    const frames = [
      f.ethernet(f.ipv4(syn([2, 4, 0x05, 0xb4]))),
      f.ethernet(f.ipv6(syn([1, 2, 4, 0x05, 0xb4, 3, 3, 7]))),
      f.ethernet(f.ipv4(syn([1, 2, 4, 0x23, 0x28, 0, 0, 0])), { tags: [{ tci: 7 }] }),
    ];
    const mbufs = frames.map((frame) => bed.frame(frame));
    bed.kernels.parseBurst(bed.listOf(...mbufs), 3);
    expect(bed.kernels.clampMssBurst(bed.list, 3, 1450)).toBe(3);
    const clamped = mbufs.map((m) => bed.bytes(m));
    expect(await dissect(clamped, ["tcp.options.mss_val", "tcp.checksum.status"])).toEqual([
      ["1410", "1"],
      ["1390", "1"],
      ["1410", "1"],
    ]);
    for (const m of mbufs) bed.free(m);
  });
});
