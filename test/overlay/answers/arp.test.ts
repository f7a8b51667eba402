/** ARP: what frames ask, and what the answer is, byte by byte (RFC 826, RFC 5227). */
import { describe, expect, test } from "vitest";
import { type ArpQuestion, arpReply, readArp } from "../../../src/overlay/answers/index.js";
import { concat, hex, patched } from "../../helpers/bytes.js";
import * as f from "../../helpers/frames.js";

const ASKER = "02 00 00 00 0a 01";
const OWNER = hex("02 00 00 00 0b 02");
const BROADCAST = "ff ff ff ff ff ff";
const NOBODY = "00 00 00 00 00 00";

/** A frame from its parts in hexadecimal. */
function frame(parts: {
  readonly dst?: string;
  readonly src?: string;
  readonly tags?: string;
  readonly operation?: string;
  readonly senderMac?: string;
  readonly senderIp?: string;
  readonly targetMac?: string;
  readonly targetIp?: string;
}): Uint8Array {
  const { dst = BROADCAST, src = ASKER, tags = "", operation = "0001", senderMac = ASKER } = parts;
  const { senderIp = "0a 00 00 01", targetMac = NOBODY, targetIp = "0a 00 00 02" } = parts;
  const head = hex(dst, src, tags, "0806 0001 0800 06 04", operation);
  return concat(head, hex(senderMac, senderIp, targetMac, targetIp));
}

function question(bytes: Uint8Array): ArpQuestion {
  const read = readArp(bytes);
  if (typeof read === "string") throw new Error(read);
  return read;
}

describe("ARP", () => {
  test("a request is read and answered to the asker alone", () => {
    const asked = question(frame({}));
    expect(asked).toEqual({
      kind: "request",
      senderMac: hex(ASKER),
      senderIp: hex("0a 00 00 01"),
      targetIp: hex("0a 00 00 02"),
      tags: new Uint8Array(0),
    });
    expect(arpReply(asked, OWNER)).toEqual(
      hex(
        ASKER,
        "02 00 00 00 0b 02 0806",
        "0001 0800 06 04 0002",
        "02 00 00 00 0b 02 0a 00 00 02",
        ASKER,
        "0a 00 00 01",
      ),
    );
  });

  test("tags come back as they came, and padding does not", () => {
    for (const tags of ["8100 e007", "88a8 0064 8100 0007"]) {
      const asked = question(concat(frame({ tags }), new Uint8Array(18)));
      const answer = frame({
        dst: ASKER,
        src: "02 00 00 00 0b 02",
        tags,
        operation: "0002",
        senderMac: "02 00 00 00 0b 02",
        senderIp: "0a 00 00 02",
        targetMac: ASKER,
        targetIp: "0a 00 00 01",
      });
      expect(arpReply(asked, OWNER)).toEqual(answer);
    }
  });

  test("what was read stays when the frame's buffer is used again", () => {
    const bytes = frame({ tags: "8100 0007" });
    const asked = question(bytes);
    const before = arpReply(asked, OWNER);
    bytes.fill(0xa5);
    expect(arpReply(asked, OWNER)).toEqual(before);
  });

  test("the target's MAC field, and where the request was sent to, do not matter", () => {
    const unicast = frame({ dst: "02 00 00 00 0b 02", targetMac: "ff ff ff ff ff ff" });
    expect(arpReply(question(unicast), OWNER)).toEqual(arpReply(question(frame({})), OWNER));
  });

  test("a probe is answered if the address is another's, to who probes", () => {
    const asked = question(frame({ senderIp: "00 00 00 00" }));
    expect(asked.kind).toBe("probe");
    const answer = arpReply(asked, OWNER) as Uint8Array;
    expect(answer.subarray(14 + 24)).toEqual(hex("00 00 00 00"));
    expect(answer.subarray(0, 6)).toEqual(hex(ASKER));
    expect(arpReply(asked, hex(ASKER))).toBe("own-address");
  });

  test("nobody is told of its own address", () => {
    expect(arpReply(question(frame({})), hex(ASKER))).toBe("own-address");
  });

  test("announcements are told from questions, in both forms", () => {
    for (const operation of ["0001", "0002"]) {
      const announced = question(frame({ operation, senderIp: "0a 00 00 02" }));
      expect([announced.kind, announced.targetIp]).toEqual(["announcement", hex("0a 00 00 02")]);
      expect(arpReply(announced, OWNER)).toBe("announcement");
    }
    // Of no address: somebody probes for 0.0.0.0, which nobody has.
    expect(question(frame({ senderIp: "00 00 00 00", targetIp: "00 00 00 00" })).kind).toBe("probe");
  });

  test.each<[string, Uint8Array, string]>([
    ["a reply", frame({ operation: "0002" }), "not-a-request"],
    ["a reverse request", frame({ operation: "0003" }), "not-a-request"],
    ["IPv4", f.ethernet(f.ipv4(f.udp([1]))), "not-arp"],
    ["an Ethernet header alone", frame({}).subarray(0, 14), "truncated"],
    ["27 bytes", frame({}).subarray(0, 41), "truncated"],
    ["a cut Ethernet header", frame({}).subarray(0, 13), "truncated"],
    ["a cut tag", frame({ tags: "8100 0007" }).subarray(0, 17), "truncated"],
    ["three tags", frame({ tags: "8100 0001 8100 0002 8100 0003" }), "not-arp"],
    ["another hardware", patched(frame({}), 15, 6), "not-ethernet-ipv4"],
    ["another protocol", patched(frame({}), 16, 0x86, 0xdd), "not-ethernet-ipv4"],
    ["another length of MAC addresses", patched(frame({}), 18, 8), "not-ethernet-ipv4"],
    ["another length of IP addresses", patched(frame({}), 19, 16), "not-ethernet-ipv4"],
    ["a group as the sender", frame({ senderMac: "03 00 00 00 00 01" }), "group-sender"],
  ])("%s is no question", (_, bytes, refusal) => {
    expect(readArp(bytes)).toBe(refusal);
  });
});
