/** What tshark sees of a move between queue pairs: the same queue pair at another address, and numbers without a gap. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createCaptureWriter } from "../../src/capture/index.js";
import { definePolicy } from "../../src/overlay/policy/policy.js";
import { concat } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { has } from "../helpers/command.js";
import { testFolder } from "../helpers/files.js";
import { type Guest, makeOverlayWorld } from "../helpers/moving-world.js";
import { Streams, UnderlayWatch } from "../helpers/stream.js";
import { tsharkFields } from "../helpers/tshark.js";

censusAfterEach();

const guest = (n: number): Guest => ({
  ...{ partition: `p${n}`, network: "blue", mac: `02:00:00:00:00:0${n}`, ips: [`10.0.0.${n}`] },
});

it.skipIf(!has("tshark"))(
  "tshark: infiniband.bth.destqp is constant across a move, infiniband.bth.psn without a gap",
  async () => {
    const vm = guest(9);
    const underlay = new UnderlayWatch("rocev2", vm);
    const world = await makeOverlayWorld({
      ...{ hosts: 3, encapsulations: () => ["rocev2"], tap: underlay.tap, directory: { jitterMs: 1 } },
      policy: definePolicy({ networks: { blue: { vni: 5000, default: "allow" } } }),
    });
    const sender = { guest: guest(1), attachment: world.place(guest(1), 0) };
    const first = world.place(vm, 1);
    const streams = new Streams(world, vm, [sender]);
    streams.watch(first.vnic);
    streams.run(100);
    const second = world.attach(vm, 2);
    streams.watch(second.vnic);
    streams.run(100);
    streams.rest(100);
    expect([streams.lost(0), streams.twice(0)]).toEqual([[], []]);

    const chunks: Uint8Array[] = [];
    const writer = createCaptureWriter("pcap", { sink: (chunk) => void chunks.push(chunk) });
    writer.addInterface({ linkType: 1 });
    for (const { timestampNs, bytes } of underlay.all) writer.write({ timestampNs, data: bytes });
    await writer.close();
    const file = join(testFolder(), "move.pcap");
    writeFileSync(file, concat(...chunks));

    const names = [
      "ip.src",
      "ip.dst",
      "infiniband.bth.destqp",
      "infiniband.bth.psn",
      "eth.dst",
      "infiniband.deth.q_key",
    ];
    const rows = tsharkFields(file, names).filter(([, , , , macs = ""]) => macs.endsWith(vm.mac));
    // The outer header's comes first.
    const outer = (text = "") => text.split(",")[0];
    const own = rows.filter(([source = ""]) => outer(source) === world.host(0).address);
    expect(new Set(rows.map(([, , destQpn]) => Number(destQpn)))).toEqual(new Set([second.gqpn]));
    expect(new Set(own.map(([, destination]) => outer(destination)))).toEqual(new Set(["192.0.2.2", "192.0.2.3"]));
    expect(own.map(([, , , psn]) => Number(psn))).toEqual(Array.from({ length: streams.sent }, (_, i) => i));
    world.close();
  },
);
