import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createCaptureWriter, LINKTYPE_ETHERNET, LINKTYPE_LINUX_SLL } from "../../src/capture/index.js";
import { concat } from "../model/capture.js";
import { decodeAll, example } from "./reading.js";

const installed = spawnSync("tshark", ["--version"]).status === 0;
const directory = mkdtempSync(join(tmpdir(), "ringlane-capture-"));
afterAll(() => rmSync(directory, { recursive: true }));

function tshark(file: string, ...options: string[]): string[] {
  return execFileSync("tshark", ["-n", "-r", file, ...options], { encoding: "utf8", stdio: "pipe" })
    .split("\n")
    .slice(0, -1);
}

const packets = decodeAll([example("web-mix.pcap")]).packets.slice(0, 100);

// Without tshark there is nothing to compare with.
describe.skipIf(!installed)("what tshark reads in a file of ours", () => {
  test.each(["pcap", "pcapng"] as const)("%s: every packet's time and lengths, and no complaint", async (format) => {
    const chunks: Uint8Array[] = [];
    const writer = createCaptureWriter(format, { sink: (chunk) => void chunks.push(chunk), chunkBytes: 4096 });
    writer.addInterface({ linkType: LINKTYPE_ETHERNET, snapLength: 80 });
    for (const packet of packets) writer.write(packet);
    await writer.close();
    const file = join(directory, `plain.${format}`);
    writeFileSync(file, concat(chunks).bytes);
    const fields = ["frame.time_epoch", "frame.cap_len", "frame.len"].flatMap((field) => ["-e", field]);
    const seconds = (ns: bigint) => `${ns / 10n ** 9n}.${String(ns % 10n ** 9n).padStart(9, "0")}`;
    expect(tshark(file, "-T", "fields", ...fields)).toEqual(
      packets.map((p) => [seconds(p.timestampNs), Math.min(80, p.data.length), p.originalLength].join("\t")),
    );
    const { stderr, status } = spawnSync("capinfos", [file], { encoding: "utf8" });
    expect({ stderr, status }).toEqual({ stderr: expect.not.stringMatching(/damaged|error|cut short/i), status: 0 });
  });

  test("pcapng: interfaces, comments, flags, drop counts and statistics", async () => {
    const chunks: Uint8Array[] = [];
    const writer = createCaptureWriter("pcapng", { sink: (chunk) => void chunks.push(chunk) });
    writer.addInterface({ linkType: LINKTYPE_ETHERNET, name: "vnic0", description: "a guest's" });
    writer.addInterface({ linkType: LINKTYPE_LINUX_SLL, name: "any" });
    const cooked = Uint8Array.from([0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    const data = [packets[0]?.data.subarray(0, 20), packets[0]?.data.subarray(20)].map((span) => span ?? cooked);
    writer.write({ timestampNs: 5n, data, comments: ["first", "zwölf"], flags: 1, dropCount: 12 });
    writer.write({ timestampNs: 6n, data: cooked, originalLength: 60, interfaceId: 1, flags: 2 });
    writer.setCounts(0, { received: 100, dropped: 12, osDropped: 3 });
    await writer.close();
    const file = join(directory, "rich.pcapng");
    writeFileSync(file, concat(chunks).bytes);
    const fields = [
      "frame.interface_name",
      "frame.interface_description",
      "frame.comment",
      "frame.packet_flags_direction",
    ];
    expect(tshark(file, "-T", "fields", ...fields.flatMap((field) => ["-e", field]))).toEqual([
      "vnic0\ta guest's\tfirst,zwölf\t0x00000001",
      "any\t\t\t0x00000002",
    ]);
    expect(tshark(file, "-Y", '_ws.expert.severity >= "Warning"')).toEqual([]);
    const report = execFileSync("capinfos", [file], { encoding: "utf8", stdio: "pipe" });
    expect(report).toContain("ringlane");
    expect(report).toMatch(/Number of interfaces in file:\s+2/);
  });
});
