/** Neighbour discovery: what frames ask, and what the answer is, byte by byte (RFC 4861). */
import { describe, expect, test } from "vitest";
import {
  type NeighbourQuestion,
  neighbourAdvertisement,
  neighbourAnnouncement,
  readNeighbour,
} from "../../../src/overlay/answers/index.js";
import { concat, hex, patched } from "../../helpers/bytes.js";
import * as f from "../../helpers/frames.js";
import { onesSum, pseudoHeader } from "../../model/checksum.js";

const ASKER = hex("02 00 00 00 0a 01");
const OWNER = hex("02 00 00 00 0b 02");
const SOLICITED_NODE = hex("ff02 0000 0000 0000 0000 0001 ff00 0002");
const SOLICITED_NODE_MAC = hex("33 33 ff 00 00 02");
const ALL_NODES = hex("ff02 0000 0000 0000 0000 0000 0000 0001");
const ALL_NODES_MAC = hex("33 33 00 00 00 01");
const UNSPECIFIED = new Uint8Array(16);
const SOURCE_LINK = hex("01 01", "02 00 00 00 0a 01");

interface Parts extends f.Ipv6Options {
  readonly type?: number;
  readonly code?: number;
  readonly flags?: number;
  readonly target?: ArrayLike<number>;
  readonly options?: Uint8Array;
  readonly tags?: f.EthernetOptions["tags"];
  readonly ethernet?: f.EthernetOptions;
  readonly checksum?: number;
}

/** A solicitation of B's address by A, unless told otherwise. */
function frame(parts: Parts = {}): Uint8Array {
  const { type = 135, code = 0, flags = 0, target = f.IPV6_B, options = SOURCE_LINK, tags = [], checksum } = parts;
  const message = concat([type, code, 0, 0, flags, 0, 0, 0], target, options);
  const inside = checksum === undefined ? f.checksummed(58, message, 2) : f.raw(58, patched(message, 2, checksum, 0));
  const ip = { hopLimit: 255, flowLabel: 0, dst: SOLICITED_NODE, ...parts };
  return f.ethernet(f.ipv6(inside, ip), { dst: SOLICITED_NODE_MAC, src: ASKER, tags, ...parts.ethernet });
}

/** The advertisement of B's address by its owner. */
function advertisement(flags: number, parts: Parts = {}): Uint8Array {
  const options = hex("02 01", "02 00 00 00 0b 02");
  const ethernet = { dst: ASKER, src: OWNER, ...parts.ethernet };
  return frame({ type: 136, flags, options, src: f.IPV6_B, dst: f.IPV6_A, ...parts, ethernet });
}

function question(bytes: Uint8Array): NeighbourQuestion {
  const read = readNeighbour(bytes);
  if (typeof read === "string") throw new Error(read);
  return read;
}

describe("neighbour discovery", () => {
  test("a solicitation is read and answered to the asker: solicited, override", () => {
    const asked = question(frame());
    expect(asked).toEqual({
      kind: "request",
      senderMac: ASKER,
      senderIp: Uint8Array.from(f.IPV6_A),
      targetIp: Uint8Array.from(f.IPV6_B),
      tags: new Uint8Array(0),
    });
    const answer = neighbourAdvertisement(asked, OWNER) as Uint8Array;
    expect(answer).toEqual(advertisement(0x60));
    const [src, dst, message] = [answer.slice(22, 38), answer.slice(38, 54), answer.slice(54)];
    expect(onesSum(message, onesSum(pseudoHeader(src, dst, 58, message.length)))).toBe(0xffff);
  });

  test("a router says that it is one", () => {
    expect(neighbourAdvertisement(question(frame()), OWNER, true)).toEqual(advertisement(0xe0));
  });

  test("duplicate address detection: to all nodes, not solicited", () => {
    const asked = question(frame({ src: UNSPECIFIED, options: new Uint8Array() }));
    expect([asked.kind, asked.senderMac]).toEqual(["probe", ASKER]);
    const expected = advertisement(0x20, { dst: ALL_NODES, ethernet: { dst: ALL_NODES_MAC } });
    expect(neighbourAdvertisement(asked, OWNER)).toEqual(expected);
    expect(neighbourAdvertisement(asked, ASKER)).toBe("own-address");
    // RFC 7527: a nonce is no link-layer address.
    const withNonce = frame({ src: UNSPECIFIED, options: hex("0e 01 010203040506") });
    expect(question(withNonce).kind).toBe("probe");
  });

  test("nobody is told of its own address", () => {
    expect(neighbourAdvertisement(question(frame()), ASKER)).toBe("own-address");
  });

  test("tags come back as they came", () => {
    const tags = [{ tpid: 0x88a8, tci: 100 }, { tci: 0xe007 }];
    expect(neighbourAdvertisement(question(frame({ tags })), OWNER)).toEqual(advertisement(0x60, { tags }));
  });

  test("a unicast solicitation, without a link-layer address, padded, with options that nobody knows", () => {
    const unicast = frame({ dst: f.IPV6_B, options: hex("fd 02", "00".repeat(14)) });
    const asked = question(concat(unicast, new Uint8Array(7)));
    expect(asked).toEqual(question(frame()));
    // The option says another MAC address than the frame: the answer goes where it says.
    const elsewhere = question(frame({ options: hex("01 01", "02 00 00 00 0c 03") }));
    expect(elsewhere.senderMac).toEqual(hex("02 00 00 00 0c 03"));
  });

  test("what was read stays when the frame's buffer is used again", () => {
    const bytes = frame({ tags: [{ tci: 7 }], options: new Uint8Array() });
    const asked = question(bytes);
    const before = neighbourAdvertisement(asked, OWNER);
    bytes.fill(0xa5);
    expect(neighbourAdvertisement(asked, OWNER)).toEqual(before);
  });

  test("unsolicited advertisements are told from questions", () => {
    const announced = question(neighbourAnnouncement(OWNER, Uint8Array.from(f.IPV6_B)));
    expect([announced.kind, announced.senderMac]).toEqual(["announcement", OWNER]);
    expect([announced.senderIp, announced.targetIp]).toEqual([f.IPV6_B, f.IPV6_B].map((ip) => Uint8Array.from(ip)));
    expect(neighbourAdvertisement(announced, OWNER)).toBe("announcement");
    expect(readNeighbour(advertisement(0x60))).toBe("not-a-solicitation");
  });

  test.each<[string, Uint8Array, string]>([
    ["an echo request", f.ethernet(f.ipv6(f.icmpv6([1, 2]))), "not-a-solicitation"],
    ["a router solicitation", frame({ type: 133 }), "not-a-solicitation"],
    ["UDP", f.ethernet(f.ipv6(f.udp([1, 2]))), "not-a-solicitation"],
    ["IPv4", f.ethernet(f.ipv4(f.icmp([1, 2]))), "not-a-solicitation"],
    ["another IP version", frame({ version: 5 }), "not-a-solicitation"],
    ["no payload", frame({ payloadLength: 0 }), "not-a-solicitation"],
    ["a cut Ethernet header", frame().subarray(0, 13), "truncated"],
    ["a cut IPv6 header", frame().subarray(0, 53), "truncated"],
    ["a cut message", frame().subarray(0, 85), "truncated"],
    ["a message of 23 bytes", frame({ payloadLength: 23 }), "truncated"],
    ["a routed one", frame({ hopLimit: 254 }), "bad-hop-limit"],
    ["a wrong checksum", frame({ checksum: 1 }), "bad-checksum"],
    ["a code", frame({ code: 1 }), "malformed"],
    ["a multicast target", frame({ target: ALL_NODES }), "malformed"],
    ["an option without length", frame({ options: hex("01 00 020000000a01") }), "malformed"],
    ["an option beyond the message", frame({ options: hex("01 02 020000000a01") }), "malformed"],
    ["half an option", frame({ options: hex("0e") }), "malformed"],
    [":: with a link-layer address", frame({ src: UNSPECIFIED }), "malformed"],
    [":: to one node", frame({ src: UNSPECIFIED, dst: f.IPV6_B, options: hex() }), "malformed"],
    ["a group as the sender", frame({ options: hex("01 01 030000000001") }), "group-sender"],
    ["a frame from a group", frame({ options: hex(), ethernet: { src: ALL_NODES_MAC } }), "group-sender"],
  ])("%s is no question", (_, bytes, refusal) => {
    expect(readNeighbour(bytes)).toBe(refusal);
  });
});
