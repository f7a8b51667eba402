/** What tshark says of our LACPDUs and Marker PDUs: the right fields, and nothing to complain of. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LINKTYPE_ETHERNET, PcapngWriter } from "../../src/capture/index.js";
import { encodeLacpdu, encodeMarker, type Lacpdu, type MarkerPdu } from "../../src/lag/lacp/index.js";
import { concat, counting, patched } from "../helpers/bytes.js";
import { has } from "../helpers/command.js";
import { testFolder } from "../helpers/files.js";
import { tsharkFields } from "../helpers/tshark.js";
import { options, pair } from "../lag/lacp/cable.js";

const ONE: Lacpdu = {
  version: 1,
  source: "02:00:00:00:00:09",
  actor: { systemPriority: 1, system: "02:03:04:05:06:07", key: 8, portPriority: 9, port: 10, state: 0x3d },
  partner: { systemPriority: 11, system: "02:13:14:15:16:17", key: 18, portPriority: 19, port: 20, state: 0xc2 },
  collectorMaxDelay: 21,
};
const TWO: Lacpdu = {
  ...ONE,
  version: 2,
  version2: {
    portAlgorithm: 0x0080c201,
    linkNumber: 3,
    linkDigest: counting(16),
    masks: { actorPartnerSync: true, discardWrong: false, mask: counting(512) },
    serviceDigest: counting(16, 5),
  },
};
const MARKER: MarkerPdu = {
  type: "marker",
  source: "02:00:00:00:00:09",
  requesterPort: 300,
  requesterSystem: "02:03:04:05:06:07",
  transactionId: 0xfedcba98,
};

/** A row of fields a packet; expert severities come last. */
async function dissect(frames: readonly Uint8Array[], fields: readonly string[]): Promise<string[][]> {
  const chunks: Uint8Array[] = [];
  const writer = new PcapngWriter({ sink: (chunk) => void chunks.push(chunk) });
  writer.addInterface({ linkType: LINKTYPE_ETHERNET, name: "uplink" });
  for (const [i, data] of frames.entries()) writer.write({ timestampNs: BigInt(i), data });
  await writer.close();
  const file = join(testFolder(), "lacp.pcapng");
  writeFileSync(file, concat(...chunks));
  return tsharkFields(file, [...fields, "_ws.expert.severity", "_ws.expert.message", "_ws.malformed"]);
}

const END_FIELDS = ["sys_priority", "sysid", "key", "port_priority", "port", "state"];
const LACP_FIELDS = [
  "frame.protocols",
  "eth.dst",
  "slow.subtype",
  "lacp.version",
  "lacp.tlv_type",
  "lacp.tlv_length",
  ...["actor", "partner"].flatMap((end) => END_FIELDS.map((name) => `lacp.${end}.${name}`)),
  "lacp.collector.max_delay",
];
const LACP_VALUES = [
  ...["1", "02:03:04:05:06:07", "8", "9", "10", "0x3d"],
  ...["11", "02:13:14:15:16:17", "18", "19", "20", "0xc2"],
  "21",
];
const CLEAN = ["", "", ""];

describe.skipIf(!has("tshark"))("tshark", () => {
  it("reads LACPDUs of version 1 and 2", async () => {
    const rows = await dissect([encodeLacpdu(ONE), encodeLacpdu(TWO)], LACP_FIELDS);
    const head = ["eth:ethertype:slow:lacp", "01:80:c2:00:00:02", "0x01"];
    const one = [...head, "0x01", "0x01,0x02,0x03,0x00", "0x14,0x14,0x10,0x00", ...LACP_VALUES, ...CLEAN];
    expect(rows[0]).toEqual(one);
    const types = "0x01,0x02,0x03,0x04,0x05,0x06,0x07,0x08,0x09,0x0a,0x00";
    const lengths = "0x14,0x14,0x10,0x06,0x14,0x83,0x82,0x82,0x82,0x12,0x00";
    expect(rows[1]).toEqual([...head, "0x02", types, lengths, ...LACP_VALUES, ...CLEAN]);
  });

  it("reads Marker and Marker Response", async () => {
    const names = ["version", "tlvType", "tlvLen", "requesterPort", "requesterSystem", "requesterTransId"];
    const frames = [encodeMarker(MARKER), encodeMarker({ ...MARKER, type: "response" })];
    const rows = await dissect(frames, ["frame.protocols", "slow.subtype", ...names.map((name) => `marker.${name}`)]);
    const [marker, response] = ["0x01,0x00", "0x02,0x00"].map((type) => [
      ...["eth:ethertype:slow:marker", "0x02", "0x01", type, "0x10,0x00", "300", "02:03:04:05:06:07", "4275878552"],
      ...CLEAN,
    ]);
    expect(rows).toEqual([marker, response]);
  });

  it("would complain of what is wrong", async () => {
    const [row] = await dissect([patched(encodeMarker(MARKER), 30, 1)], ["marker.requesterPort"]);
    expect(row?.[2]).toContain("pad");
  });

  it("complains of nothing that two systems say to each other", async () => {
    const conversations = new Map([[5, [1, 2]]]);
    const cables = pair(2, { conversations }, { conversations }, 10);
    cables.linkAll(true, "a", "b");
    cables.runTo(5000);
    cables.act("a", cables.get("a").sendMarker(1, 7, cables.nowMs));
    cables.copies = ({ from }) => (from.system === "a" ? 0 : 1);
    cables.runTo(20_000);
    cables.add("b", options(2, 2));
    cables.linkAll(true, "b");
    cables.runTo(25_000);
    const rows = await dissect(
      cables.sent.map(({ frame }) => frame),
      ["lacp.actor.state"],
    );
    expect(rows.length).toBeGreaterThan(100);
    for (const [i, row] of rows.entries()) expect(row.slice(1), `packet ${i + 1}`).toEqual(CLEAN);
    // Link up, waiting, attached, collecting, distributing, expired.
    const states = new Set(rows.map(([state]) => state));
    for (const state of ["0xc7", "0x07", "0x0f", "0x1f", "0x3f", "0x8f"]) expect(states).toContain(state);
  });
});
