/** What tshark says of an announcer's rounds: the times of QEMU's schedule, and three kinds of frames without a complaint. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LINKTYPE_ETHERNET, PcapngWriter } from "../../src/capture/index.js";
import { Announcer } from "../../src/migrate/move/index.js";
import { concat } from "../helpers/bytes.js";
import { has } from "../helpers/command.js";
import { testFolder } from "../helpers/files.js";
import { tsharkFields } from "../helpers/tshark.js";

const NS_PER_MS = 1_000_000n;

describe.skipIf(!has("tshark"))("tshark", () => {
  it("reads five rounds of announcements", async () => {
    const announcer = new Announcer({ mac: "02:00:00:00:0b:02", ips: ["10.0.0.2", "fd00::2"] }, 0);
    const chunks: Uint8Array[] = [];
    const writer = new PcapngWriter({ sink: (chunk) => void chunks.push(chunk) });
    writer.addInterface({ linkType: LINKTYPE_ETHERNET, name: "uplink" });
    for (let atMs = announcer.nextMs; atMs !== undefined; atMs = announcer.nextMs) {
      for (const data of announcer.tick(atMs)) writer.write({ timestampNs: BigInt(atMs) * NS_PER_MS, data });
    }
    await writer.close();
    const file = join(testFolder(), "announcements.pcapng");
    writeFileSync(file, concat(...chunks));
    const fields = ["frame.time_relative", "arp.opcode", "arp.isgratuitous", "arp.src.hw_mac"];
    const more = ["icmpv6.nd.na.target_address", "icmpv6.opt.linkaddr", "icmpv6.checksum.status"];
    const rows = tsharkFields(file, [...fields, ...more, "_ws.malformed", "_ws.expert.message"]);
    const mac = "02:00:00:00:0b:02";
    const kinds = [
      ["3", "", mac, "", "", ""],
      ["1", "1", mac, "", "", ""],
      ["", "", "", "fd00::2", mac, "1"],
    ];
    const expected = [0, 50, 200, 450, 800].flatMap((ms) => kinds.map((kind) => [ms, ...kind]));
    expect(rows.map(([time, ...row]) => [Math.round(Number(time) * 1000), ...row.slice(0, 6)])).toEqual(expected);
    expect(rows.map((row) => row[7])).toEqual(rows.map(() => ""));
  });
});
