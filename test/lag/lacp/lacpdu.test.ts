import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { decodeLacpdu, encodeLacpdu, type Lacpdu, type PortInfo, type Version2 } from "../../../src/lag/lacp/index.js";
import { concat, counting, hex, macText, patched } from "../../helpers/bytes.js";
import { holds, Random } from "../../helpers/property.js";
import { CISCO_LACPDUS } from "../../vectors/lacp.js";

const END: PortInfo = {
  systemPriority: 0x0102,
  system: "02:03:04:05:06:07",
  key: 0x0809,
  portPriority: 0x0a0b,
  port: 0x0c0d,
  state: 0x3d,
};
const OTHER: PortInfo = { ...END, system: "02:13:14:15:16:17", key: 0x1819, port: 0x1c1d, state: 0xc6 };
const DIGEST = counting(16);
const MASK = counting(512, 3);
const VERSION2: Version2 = {
  portAlgorithm: 0x0080c201,
  linkNumber: 0x1234,
  linkDigest: DIGEST,
  masks: { actorPartnerSync: true, discardWrong: true, mask: MASK },
  serviceDigest: counting(16, 9),
};
const ONE: Lacpdu = { version: 1, source: "02:00:00:00:00:09", actor: END, partner: OTHER, collectorMaxDelay: 0x1e1f };
const TWO: Lacpdu = { ...ONE, version: 2, version2: VERSION2 };
const HEAD_BYTES = 14 + 2 + 20 + 20 + 16;

describe("LACPDUs of version 1", () => {
  test.each(CISCO_LACPDUS)("tcpdump's $name", ({ frame, pdu }) => {
    expect(decodeLacpdu(frame)).toEqual(pdu);
    expect(encodeLacpdu(pdu)).toEqual(frame);
  });

  it("are 124 bytes, byte for byte", () => {
    const head = hex(
      "0180c2000002 020000000009 8809 0101",
      "0114 0102 020304050607 0809 0a0b 0c0d 3d 000000",
      "0214 0102 021314151617 1819 0a0b 1c1d c6 000000",
      "0310 1e1f 000000000000000000000000",
    );
    expect(encodeLacpdu(ONE)).toEqual(concat(head, new Uint8Array(124 - HEAD_BYTES)));
  });

  it("are taken whatever stands in reserved bytes, behind their end, and for further TLVs", () => {
    const frame = encodeLacpdu(ONE);
    const noisy = frame.map((byte, at) => (at >= HEAD_BYTES || (at >= 33 && at < 36) ? 0xa5 : byte));
    expect(decodeLacpdu(concat(noisy, [1, 2, 3]))).toEqual(ONE);
  });
});

describe("LACPDUs of version 2", () => {
  it("carry their TLVs in order, byte for byte", () => {
    const tail = concat(
      hex("0406 0080c201"),
      concat(hex("0514 1234"), DIGEST),
      concat(hex("0683 05"), MASK.subarray(0, 128)),
      concat(hex("0782"), MASK.subarray(128, 256)),
      concat(hex("0882"), MASK.subarray(256, 384)),
      concat(hex("0982"), MASK.subarray(384)),
      concat(hex("0a12"), counting(16, 9)),
      hex("0000"),
    );
    const head = patched(encodeLacpdu(ONE).subarray(0, HEAD_BYTES), 15, 2);
    expect(encodeLacpdu(TWO)).toEqual(concat(head, tail));
  });

  it("are 110 bytes of PDU at least", () => {
    const short: Lacpdu = { ...TWO, version2: { portAlgorithm: 1 } };
    expect(encodeLacpdu(short).length).toBe(124);
    expect(decodeLacpdu(encodeLacpdu(short))).toEqual(short);
    expect(decodeLacpdu(encodeLacpdu({ ...ONE, version: 2 }))).toEqual({ ...ONE, version: 2, version2: {} });
  });

  it("skip unknown TLVs, and masks that are not complete", () => {
    const whole = encodeLacpdu(TWO);
    const unknown = concat(whole.subarray(0, HEAD_BYTES), hex("7f05 010203", "0b02"), whole.subarray(HEAD_BYTES));
    expect(decodeLacpdu(unknown)).toEqual(TWO);
    const secondMask = HEAD_BYTES + 6 + 20 + 131;
    const three = concat(whole.subarray(0, secondMask), whole.subarray(secondMask + 130));
    expect(decodeLacpdu(three)).toEqual({ ...TWO, version2: { ...VERSION2, masks: undefined } });
  });

  it("of a higher version count as 2 where they can be read, as 1 where not", () => {
    const three = encodeLacpdu({ ...TWO, version: 3 });
    expect(decodeLacpdu(three)).toEqual({ ...TWO, version: 3 });
    expect(decodeLacpdu(patched(three, HEAD_BYTES, 4, 7))).toEqual({ ...ONE, version: 3 });
  });
});

describe("frames that are not taken", () => {
  const frame = encodeLacpdu(TWO);
  test.each([
    ["not-slow-protocol", patched(frame, 5, 3)],
    ["not-slow-protocol", patched(frame, 12, 0x81)],
    ["unknown-subtype", patched(frame, 14, 3)],
    ["bad-version", patched(frame, 15, 0)],
    ["bad-tlv", patched(frame, 16, 2)],
    ["bad-tlv", patched(frame, 17, 19)],
    ["bad-tlv", patched(frame, 36, 1)],
    ["bad-tlv", patched(frame, 57, 15)],
    ["bad-tlv", patched(frame, HEAD_BYTES + 1, 5)],
    ["bad-tlv", patched(frame, HEAD_BYTES, 0x7f, 1)],
    ["bad-tlv", patched(frame, frame.length - 2, 0x7f, 9)],
    ["bad-tlv", patched(frame, frame.length - 1, 0).subarray(0, frame.length - 3)],
  ])("%s", (cause, bad) => {
    expect(decodeLacpdu(bad)).toBe(cause);
  });

  it("truncated: every prefix of version 1", () => {
    const one = encodeLacpdu(ONE);
    for (let length = 0; length < one.length; length++) {
      expect(decodeLacpdu(one.subarray(0, length)), `${length} bytes`).toBe("truncated");
    }
  });

  it("every prefix of version 2 is refused, or says less", () => {
    const whole = Object.entries(VERSION2);
    for (let length = 0; length < frame.length - 2; length++) {
      const got = decodeLacpdu(frame.subarray(0, length));
      if (typeof got === "string") expect(got).toBe(length < 124 ? "truncated" : "bad-tlv");
      else for (const [name, value] of Object.entries(got.version2 ?? {})) expect(whole).toContainEqual([name, value]);
    }
  });

  it("10,000 mutations give a value or a cause", () => {
    const random = new Random();
    const causes = new Set<string>();
    for (let i = 0; i < 10_000; i++) {
      const bad = encodeLacpdu(random.pick([ONE, TWO, { ...TWO, version: 3 }]));
      for (let n = random.between(1, 4); n > 0; n--)
        bad[random.below(random.pick([76, bad.length]))] = random.below(random.pick([3, 256]));
      const got = decodeLacpdu(bad.subarray(0, random.below(8) === 0 ? random.below(bad.length) : bad.length));
      causes.add(typeof got === "string" ? got : "taken");
    }
    const all = ["bad-tlv", "bad-version", "not-slow-protocol", "taken", "truncated", "unknown-subtype"];
    expect([...causes].sort()).toEqual(all);
  });
});

it("what is encoded is decoded", () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const u16 = fc.integer({ min: 0, max: 0xffff });
  const mac = bytes(6).map(macText);
  const end = fc.record({
    systemPriority: u16,
    system: mac,
    key: u16,
    portPriority: u16,
    port: u16,
    state: fc.integer({ min: 0, max: 255 }),
  });
  const masks = fc.record({ actorPartnerSync: fc.boolean(), discardWrong: fc.boolean(), mask: bytes(512) });
  const link = fc.record({ linkNumber: u16, linkDigest: bytes(16) });
  const tlvs = { portAlgorithm: fc.integer({ min: 0, max: 0xffff_ffff }), masks, serviceDigest: bytes(16) };
  const version2 = fc
    .tuple(fc.record(tlvs, { requiredKeys: [] }), fc.option(link, { nil: {} }))
    .map(([fields, linkFields]) => ({ ...fields, ...linkFields }));
  const parts = { source: mac, actor: end, partner: end, collectorMaxDelay: u16 };
  const pdu = fc.oneof(
    fc.record({ version: fc.constant(1), ...parts }),
    fc.record({ version: fc.integer({ min: 2, max: 255 }), ...parts, version2 }),
  );
  holds(
    fc.property(pdu, (value) => {
      expect(decodeLacpdu(encodeLacpdu(value))).toEqual(value);
    }),
    500,
  );
});
