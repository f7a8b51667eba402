/** Announcements after a move, byte by byte. */
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../../src/index.js";
import { announcements, readArp, readNeighbour } from "../../../src/overlay/answers/index.js";
import { concat, hex } from "../../helpers/bytes.js";
import { onesSum, pseudoHeader } from "../../model/checksum.js";

const MAC = "02 00 00 00 0b 02";
const ENDPOINT = { mac: "02:00:00:00:0b:02", ips: ["10.0.0.2", "fd00::2", "10.0.0.9"] };

describe("announcements", () => {
  test("reverse ARP as QEMU sends it, then one for each address", () => {
    const [rarp, first, second, third, ...more] = announcements(ENDPOINT) as Uint8Array[];
    const group = "ff ff ff ff ff ff";
    // QEMU net/announce.c: 60 bytes, request reverse (3), the same MAC address twice, no IP address.
    const reverse = hex(group, MAC, "8035 0001 0800 06 04 0003", MAC, "00 00 00 00", MAC, "00 00 00 00");
    expect(rarp).toEqual(concat(reverse, new Uint8Array(18)));
    expect(rarp?.length).toBe(60);
    const gratuitous = (ip: string) => hex(group, MAC, "0806 0001 0800 06 04 0001", MAC, ip, "00 00 00 00 00 00", ip);
    expect(first).toEqual(gratuitous("0a 00 00 02"));
    expect(third).toEqual(gratuitous("0a 00 00 09"));
    const ip = "fd00 0000 0000 0000 0000 0000 0000 0002";
    const allNodes = "ff02 0000 0000 0000 0000 0000 0000 0001";
    const head = hex("33 33 00 00 00 01", MAC, "86dd 6000 0000 0020 3a ff", ip, allNodes, "88 00");
    expect(second?.subarray(0, head.length)).toEqual(head);
    expect(second?.subarray(head.length + 2)).toEqual(hex("20 00 00 00", ip, "02 01", MAC));
    const pseudo = pseudoHeader(hex(ip), hex(allNodes), 58, 32);
    expect(onesSum(second?.subarray(54) as Uint8Array, onesSum(pseudo))).toBe(0xffff);
    expect(more).toEqual([]);
  });

  test("are read as announcements, and reverse ARP as no ARP", () => {
    const [rarp, ...rest] = announcements(ENDPOINT) as [Uint8Array, ...Uint8Array[]];
    expect(readArp(rarp)).toBe("not-arp");
    const kinds = rest.map((frame) => [readArp(frame), readNeighbour(frame)]);
    expect(kinds).toMatchObject([
      [{ kind: "announcement" }, "not-a-solicitation"],
      ["not-arp", { kind: "announcement" }],
      [{ kind: "announcement" }, "not-a-solicitation"],
    ]);
  });

  test("a router says so in IPv6", () => {
    const flags = [false, true].map((isRouter) => announcements({ ...ENDPOINT, isRouter })[2]?.[58]);
    expect(flags).toEqual([0x20, 0xa0]);
  });

  test("an endpoint without addresses has its MAC address to announce", () => {
    expect(announcements({ mac: ENDPOINT.mac, ips: [] }).length).toBe(1);
  });

  test("bad text is a ConfigError", () => {
    expect(() => announcements({ mac: "02:00", ips: [] })).toThrow(ConfigError);
    expect(() => announcements({ mac: ENDPOINT.mac, ips: ["10.0.0.2/24"] })).toThrow("ips");
  });
});
