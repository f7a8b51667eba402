import { describe, expect, it, test } from "vitest";
import { decodeMarker, encodeMarker, type MarkerPdu } from "../../../src/lag/lacp/index.js";
import { concat, hex, patched } from "../../helpers/bytes.js";
import { Random } from "../../helpers/property.js";
import { MAC, pair } from "./cable.js";

const MARKER: MarkerPdu = {
  type: "marker",
  source: "02:00:00:00:00:09",
  requesterPort: 0x0102,
  requesterSystem: "02:03:04:05:06:07",
  transactionId: 0xfedcba98,
};
/** To what port 1 of system 1 has asked first. */
const RESPONSE: MarkerPdu = {
  ...MARKER,
  type: "response",
  requesterPort: 1,
  requesterSystem: MAC(1, 0),
  transactionId: 1,
};

describe("Marker PDUs", () => {
  it("are 124 bytes, byte for byte", () => {
    const head = hex("0180c2000002 020000000009 8809 0201", "0110 0102 020304050607 fedcba98 0000", "0000");
    expect(encodeMarker(MARKER)).toEqual(concat(head, new Uint8Array(90)));
    expect(encodeMarker({ ...MARKER, type: "response" })).toEqual(patched(encodeMarker(MARKER), 16, 2));
  });

  it("what is encoded is decoded", () => {
    const random = new Random();
    for (let i = 0; i < 200; i++) {
      const type = random.pick(["marker", "response"] as const);
      const pdu = { ...MARKER, type, requesterPort: random.below(2 ** 16), transactionId: random.below(2 ** 32) };
      expect(decodeMarker(encodeMarker(pdu))).toEqual(pdu);
    }
  });

  const frame = encodeMarker(MARKER);
  test.each([
    ["not-slow-protocol", patched(frame, 0, 0)],
    ["unknown-subtype", patched(frame, 14, 1)],
    ["bad-version", patched(frame, 15, 0)],
    ["bad-tlv", patched(frame, 16, 3)],
    ["bad-tlv", patched(frame, 17, 15)],
    ["truncated", frame.subarray(0, 123)],
    ["truncated", frame.subarray(0, 3)],
  ])("%s", (cause, bad) => {
    expect(decodeMarker(bad)).toBe(cause);
  });

  it("10,000 mutations give a value or a cause", () => {
    const random = new Random();
    for (let i = 0; i < 10_000; i++) {
      const bad = encodeMarker(MARKER);
      for (let n = random.between(1, 4); n > 0; n--) bad[random.below(bad.length)] = random.below(256);
      expect(["object", "string"]).toContain(typeof decodeMarker(bad.subarray(0, random.between(1, bad.length))));
    }
  });
});

describe("the Marker protocol", () => {
  it("answers every Marker at once, with what was asked, whether or not the link is aggregated", () => {
    const cables = pair(1, { activity: "passive" });
    const a = cables.get("a");
    cables.link("a", 1, true);
    for (let transactionId = 0; transactionId < 300; transactionId++) {
      const [action, ...rest] = a.receive(1, encodeMarker({ ...MARKER, transactionId }), 5);
      expect(rest).toEqual([]);
      expect(action?.type === "send" && decodeMarker(action.frame)).toEqual({
        ...MARKER,
        transactionId,
        type: "response",
        source: MAC(1, 1),
      });
    }
    expect(a.port(1).counters).toMatchObject({ markersIn: 300, markerResponsesOut: 300 });
  });

  it("tells of a Response once, and only to what was asked on that port", () => {
    const cables = pair(2, {}, {}, 7);
    cables.linkAll(true, "a", "b");
    cables.runTo(5000);
    for (const id of [11, 0xffff_ffff]) cables.act("a", cables.get("a").sendMarker(1, id, cables.nowMs));
    cables.copies = () => 2;
    cables.act("a", cables.get("a").sendMarker(2, 12, cables.nowMs));
    cables.runTo(6000);
    const responses = cables.happened.filter(({ action }) => action.type === "marker-response");
    expect(responses).toEqual([
      { atMs: 5014, system: "a", action: { type: "marker-response", port: 1, transactionId: 11 } },
      { atMs: 5014, system: "a", action: { type: "marker-response", port: 1, transactionId: 0xffff_ffff } },
      { atMs: 5014, system: "a", action: { type: "marker-response", port: 2, transactionId: 12 } },
    ]);
    // Two copies there, two answers each: one of four is what was asked for.
    expect(cables.get("a").port(2).counters).toMatchObject({
      markersOut: 1,
      markerResponsesIn: 4,
      markerResponsesUnmatched: 3,
    });
  });

  it.each([
    ["another id", { transactionId: 2 }],
    ["another port's", { requesterPort: 2 }],
    ["another system's", { requesterSystem: MAC(3, 0) }],
  ])("passes over a Response to %s", (_, changes) => {
    const a = pair(2).get("a");
    a.link(1, true, 0);
    a.sendMarker(1, 1, 0);
    expect(a.receive(1, encodeMarker({ ...RESPONSE, ...changes }), 1)).toEqual([]);
    expect(a.receive(1, encodeMarker(RESPONSE), 1)).toEqual([{ type: "marker-response", port: 1, transactionId: 1 }]);
  });

  it("forgets what was asked when the link goes down, and asks nothing meanwhile", () => {
    const a = pair(1).get("a");
    a.link(1, true, 0);
    a.sendMarker(1, 1, 0);
    a.link(1, false, 1);
    expect(a.sendMarker(1, 2, 1)).toEqual([]);
    a.link(1, true, 2);
    expect(a.receive(1, encodeMarker(RESPONSE), 3)).toEqual([]);
    expect(a.port(1).counters.markerResponsesUnmatched).toBe(1);
  });

  it("remembers 256 Markers a port and gives up the oldest", () => {
    const a = pair(1).get("a");
    a.link(1, true, 0);
    for (let id = 0; id <= 256; id++) a.sendMarker(1, id, 0);
    const answer = { ...MARKER, type: "response", requesterPort: 1, requesterSystem: MAC(1, 0) } as const;
    expect(a.receive(1, encodeMarker({ ...answer, transactionId: 0 }), 0)).toEqual([]);
    expect(a.receive(1, encodeMarker({ ...answer, transactionId: 1 }), 0)).toHaveLength(1);
  });
});
