/** What tshark sees of a move between hosts: datagrams to the control queue pair with right ICRCs, and with the dissector what they say. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createCaptureWriter } from "../../src/capture/index.js";
import { definePolicy } from "../../src/overlay/policy/policy.js";
import { concat } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { has, must } from "../helpers/command.js";
import { ROOT, testFolder } from "../helpers/files.js";
import { type Guest, makeOverlayWorld } from "../helpers/moving-world.js";
import { UnderlayWatch } from "../helpers/stream.js";

censusAfterEach();

const VM: Guest = { partition: "vm", network: "blue", mac: "02:00:00:00:00:09", ips: ["10.0.0.9"] };

it.skipIf(!has("tshark"))("tshark: a move's messages, from room that is asked for to the release", async () => {
  const underlay = new UnderlayWatch("vxlan", VM);
  const policy = definePolicy({ networks: { blue: { vni: 5000, default: "allow" } } });
  const world = await makeOverlayWorld({ hosts: 2, policy, tap: underlay.tap });
  const attachment = world.place(VM, 0);
  const { core } = world.host(0);
  const name = core.move({ attachments: [attachment], to: "h1", move: "vm-1" }, world.fabric.nowMs);
  world.fabric.run({ forMs: 100 });
  expect(core.moves.find((one) => one.name === name)?.outcome).toBe("moved");

  const chunks: Uint8Array[] = [];
  const writer = createCaptureWriter("pcap", { sink: (chunk) => void chunks.push(chunk) });
  writer.addInterface({ linkType: 1 });
  for (const { timestampNs, bytes } of underlay.all) writer.write({ timestampNs, data: bytes });
  await writer.close();
  const file = join(testFolder(), "host-move.pcap");
  writeFileSync(file, concat(...chunks));
  const script = `lua_script:${join(ROOT, "tools/ringlane.lua")}`;
  const fields = ["ringlane.move.name", "ringlane.move.kind"].flatMap((field) => ["-e", field]);
  const out = must("tshark", "-X", script, "-r", file, "-Y", "ringlane.move.kind", "-T", "fields", ...fields);
  const rows = out
    .trim()
    .split("\n")
    .map((row) => row.split("\t"));
  expect(new Set(rows.map(([move]) => move))).toEqual(new Set(["vm-1"]));
  const kinds = new Set(rows.map(([, kind]) => Number(kind)));
  // reserve, reserved, chunk, complete, live, done, released, flushed.
  expect([1, 2, 4, 5, 7, 8, 10, 12].filter((kind) => !kinds.has(kind))).toEqual([]);
  world.close();
});
