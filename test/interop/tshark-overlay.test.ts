/** What tshark says of what overlay hosts send each other: every frame is found inside, nothing is fragmented outside, nothing is odd. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createCaptureWriter } from "../../src/capture/index.js";
import { concat, counting } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { has } from "../helpers/command.js";
import { testFolder } from "../helpers/files.js";
import * as f from "../helpers/frames.js";
import { makeWorld, type Wired } from "../helpers/overlay-world.js";
import { tsharkFields } from "../helpers/tshark.js";

censusAfterEach();

/** Wireshark's severities (epan/proto.h) above Note. */
const WARNING = 0x600000;

async function captured(frames: readonly Wired[]): Promise<string> {
  const chunks: Uint8Array[] = [];
  const writer = createCaptureWriter("pcap", { sink: (chunk) => void chunks.push(chunk) });
  writer.addInterface({ linkType: 1 });
  for (const { bytes } of frames) writer.write({ timestampNs: 0n, data: bytes });
  await writer.close();
  const file = join(testFolder(), "underlay.pcap");
  writeFileSync(file, concat(...chunks));
  return file;
}

describe.skipIf(!has("tshark"))("tshark on the underlay of overlay hosts", () => {
  test.each([
    ["vxlan", "eth:ethertype:ip:udp:vxlan:eth:"],
    ["geneve", "eth:ethertype:ip:udp:geneve:eth:"],
    ["vxlan-gpe", "eth:ethertype:ip:udp:eth:"],
    ["nvgre", "eth:ethertype:ip:gre:eth:"],
    ["rocev2", "eth:ethertype:ip:udp:infiniband:ethertype:eth:"],
  ] as const)("%s: also what is too big for it, and while a partition moves", async (encapsulation, outer) => {
    const world = await makeWorld({
      ...{ hosts: 3, networks: { blue: { vni: 4242, default: "allow", flood: true } }, engine: { payloadBytes: 4096 } },
      host: { encapsulations: [encapsulation] },
    });
    const [a, b] = [world.attach(0, 1), world.attach(1, 2)];
    world.run(100);
    const plain = [20, 1300, 2900].map((length) => a.udp(b, { dport: 9, payload: counting(length) }));
    a.send(...plain, a.udp6(b, { dport: 9 }), a.frame(f.ipv4(f.tcp([]), { src: a.ip, dst: b.ip }), b));
    a.send(f.ethernet(f.layer3(0x88b5, counting(60)), { src: a.mac, dst: [255, 255, 255, 255, 255, 255] }));
    world.run(50);
    const moved = world.attach(2, 2);
    for (let i = 0; i < 40; i++) {
      a.send(a.udp(moved, { dport: 9, payload: counting(100, i) }));
      world.run(0.1);
    }
    world.run(100);
    const names = [
      "frame.protocols",
      "_ws.expert.severity",
      "_ws.expert.message",
      "ip.flags.mf",
      "ip.frag_offset",
      "frame.len",
      "ip.dst",
    ];
    const checks = ["ip", "udp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);
    const rows = tsharkFields(await captured(world.wire), names, [
      ...checks,
      "-o",
      "ip.defragment:FALSE",
      "-E",
      "aggregator=;",
    ]);
    expect(rows.length).toBe(world.wire.length);
    expect(rows.length).toBeGreaterThan(40);
    for (const [protocols = "", severity = "", message, mf = "", offset = "", length, to = ""] of rows) {
      // Messages between the hosts themselves are of queue pairs, whatever carries the guests' frames.
      const isMessage = encapsulation !== "rocev2" && protocols.startsWith("eth:ethertype:ip:udp:infiniband");
      if (!isMessage && !protocols.endsWith("infiniband:data"))
        expect(protocols.startsWith(outer), protocols).toBe(true);
      expect(
        severity.split(";").every((one) => Number(one) < WARNING),
        `${protocols}: ${message}`,
      ).toBe(true);
      // The first of each is the outer header's.
      expect([mf.split(";")[0], offset.split(";")[0]]).toEqual([expect.stringMatching(/^(0|False)$/), "0"]);
      expect(Number(length)).toBeLessThanOrEqual(1514);
      expect(to.startsWith("192.0.2.")).toBe(true);
    }
  });
});
