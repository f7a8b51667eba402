import { describe, expect, test } from "vitest";
import * as capture from "../../src/capture/index.js";
import { linkTypeName, toEthernet } from "../../src/capture/index.js";
import { hex } from "../helpers/bytes.js";

const MADE_UP = "020000000002 020000000001";
const IPV4 = "45000014 00000000 4011 0000 0a000001 0a000002";
const IPV6 = "60000000 00001140 00000000000000000000000000000001 00000000000000000000000000000002";

function convert(linkType: number, ...bytes: string[]) {
  const data = hex(...bytes);
  return toEthernet({ linkType, data, originalLength: data.length + 100 });
}

describe("toEthernet", () => {
  test("Ethernet is the same view", () => {
    const packet = { linkType: 1, data: hex("ffffffffffff 0a0b0c0d0e0f 0806 0001"), originalLength: 60 };
    const frame = toEthernet(packet);
    expect(frame?.data).toBe(packet.data);
    expect(frame?.originalLength).toBe(60);
    // A runt is an Ethernet frame all the same: the engine drops it by name.
    expect(toEthernet({ ...packet, data: packet.data.subarray(0, 13) })?.data).toHaveLength(13);
  });

  test.each([
    ["NULL, little-endian IPv4", capture.LINKTYPE_NULL, "02000000", IPV4, "0800"],
    ["NULL, big-endian IPv4", capture.LINKTYPE_NULL, "00000002", IPV4, "0800"],
    ["NULL, Linux IPv6", capture.LINKTYPE_NULL, "0a000000", IPV6, "86dd"],
    ["NULL, OpenBSD IPv6", capture.LINKTYPE_NULL, "18000000", IPV6, "86dd"],
    ["NULL, FreeBSD IPv6", capture.LINKTYPE_NULL, "0000001c", IPV6, "86dd"],
    ["NULL, Darwin IPv6", capture.LINKTYPE_NULL, "1e000000", IPV6, "86dd"],
    ["LOOP", capture.LINKTYPE_LOOP, "00000002", IPV4, "0800"],
    ["RAW IPv4", capture.LINKTYPE_RAW, "", IPV4, "0800"],
    ["RAW IPv6", capture.LINKTYPE_RAW, "", IPV6, "86dd"],
    ["old RAW", capture.DLT_RAW, "", IPV4, "0800"],
    ["old OpenBSD RAW", capture.DLT_RAW_OPENBSD, "", IPV6, "86dd"],
    ["IPV4", capture.LINKTYPE_IPV4, "", IPV4, "0800"],
    ["IPV6", capture.LINKTYPE_IPV6, "", IPV6, "86dd"],
    ["SLL of a tunnel", capture.LINKTYPE_LINUX_SLL, "0000 fffe 0000 0000000000000000 0800", IPV4, "0800"],
    ["SLL2 of a tunnel", capture.LINKTYPE_LINUX_SLL2, "86dd 0000 00000003 fffe 04 00 0000000000000000", IPV6, "86dd"],
  ])("%s, with made-up addresses", (_, linkType, header, payload, etherType) => {
    const frame = convert(linkType, header, payload);
    expect(frame?.data).toEqual(hex(MADE_UP, etherType, payload));
    expect(frame?.originalLength).toBe(hex(payload).length + 14 + 100);
  });

  test.each([
    ["SLL", capture.LINKTYPE_LINUX_SLL, "0004 0001 0006 0a0b0c0d0e0f abcd 0806"],
    ["SLL2", capture.LINKTYPE_LINUX_SLL2, "0806 0000 00000003 0001 04 06 0a0b0c0d0e0f abcd"],
  ])("%s keeps the sender's address", (_, linkType, header) => {
    expect(convert(linkType, header, "0001080006040001")?.data).toEqual(
      hex("020000000002 0a0b0c0d0e0f 0806 0001080006040001"),
    );
  });

  test("a header without payload is a frame without payload", () => {
    expect(convert(capture.LINKTYPE_NULL, "02000000")?.data).toEqual(hex(MADE_UP, "0800"));
  });

  test.each([
    ["an empty RAW packet", capture.LINKTYPE_RAW, ""],
    ["RAW of version 5", capture.LINKTYPE_RAW, "50000000"],
    ["NULL cut in its header", capture.LINKTYPE_NULL, "020000"],
    ["NULL of another family", capture.LINKTYPE_NULL, "07000000 01"],
    ["NULL of no family in either byte order", capture.LINKTYPE_NULL, "02000002 45"],
    ["SLL cut in its header", capture.LINKTYPE_LINUX_SLL, "0000 0001 0006 0a0b0c0d0e0f 0000 08"],
    ["SLL of an 802.2 frame", capture.LINKTYPE_LINUX_SLL, "0000 0001 0006 0a0b0c0d0e0f 0000 0004 4242"],
    ["SLL of netlink", capture.LINKTYPE_LINUX_SLL, "0000 0338 0000 0000000000000000 0800 45"],
    ["SLL2 cut in its header", capture.LINKTYPE_LINUX_SLL2, "0800 0000 00000003 0001 04 06 0a0b0c0d0e0f 00"],
    ["SLL2 of radiotap", capture.LINKTYPE_LINUX_SLL2, "0800 0000 00000003 0323 04 06 0a0b0c0d0e0f 0000 45"],
    ["InfiniBand", capture.LINKTYPE_INFINIBAND, "00".repeat(40)],
    ["a link type unheard of", 4711, "00".repeat(40)],
  ])("%s is none", (_, linkType, bytes) => {
    expect(convert(linkType, bytes)).toBeUndefined();
  });
});

test("link types have the registry's names", () => {
  const numbers = [0, 1, 12, 14, 101, 108, 113, 228, 229, 247, 276, 4711];
  expect(numbers.map(linkTypeName)).toEqual([
    ...["NULL", "ETHERNET", "RAW", "RAW", "RAW", "LOOP", "LINUX_SLL", "IPV4", "IPV6", "INFINIBAND", "LINUX_SLL2"],
    "LINKTYPE 4711",
  ]);
  for (const [name, value] of Object.entries(capture)) {
    if (name.startsWith("LINKTYPE_")) expect(linkTypeName(value as number)).toBe(name.slice("LINKTYPE_".length));
  }
});
