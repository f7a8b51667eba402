/** Frames that scenarios make up are those of the builders in test/helpers/frames.ts, which have their checksums from a twin. */
import { describe, expect, test } from "vitest";
import { echoReply, flowFrame } from "../../src/scenario/traffic/packets.js";
import { concat, u16, u32 } from "../helpers/bytes.js";
import * as f from "../helpers/frames.js";

const MACS = { srcMac: Uint8Array.of(2, 0, 0, 0, 0x0a, 1), dstMac: Uint8Array.of(2, 0, 0, 0, 0x0b, 2) };
const ends = (src: number[], dst: number[]) => ({ ...MACS, srcIp: Uint8Array.from(src), dstIp: Uint8Array.from(dst) });
const V4 = ends([10, 0, 0, 1], [10, 0, 0, 2]);
const V6 = ends(f.IPV6_A, f.IPV6_B);
const label = { flowLabel: 0 };
const around = { src: [...V4.srcIp], dst: [...V4.dstIp], identification: 0, fragment: 0x4000 };

function payload(bytes: number, number: number): Uint8Array {
  return concat(
    u32(number),
    Array.from({ length: bytes - 4 }, (_, i) => (i + 4) & 0xff),
  );
}

function syn(sport: number, dport: number, sequence: number): Uint8Array {
  return concat(u16(sport), u16(dport), u32(sequence), u32(0), [0x50, 0x02], u16(64240), u32(0));
}

describe("flowFrame", () => {
  test.each([8, 9, 64, 1400])("UDP of %i bytes", (bytes) => {
    const shape = { protocol: "udp" as const, port: 9000, bytes, number: 3 };
    const udp = f.udp(payload(bytes, 70_000), { sport: 49155, dport: 9000 });
    expect(flowFrame(V4, shape, 70_000)).toEqual(f.ethernet(f.ipv4(udp, around)));
    expect(flowFrame(V6, shape, 70_000)).toEqual(f.ethernet(f.ipv6(udp, label)));
  });

  test("TCP's first segments, each of another connection", () => {
    const shape = { protocol: "tcp" as const, port: 443, bytes: 64, number: 3 };
    for (const i of [0, 5, 16_384]) {
      const tcp = f.checksummed(6, syn(49152 + (i % 16_384), 443, i), 16);
      expect(flowFrame(V4, shape, i)).toEqual(f.ethernet(f.ipv4(tcp, around)));
      expect(flowFrame(V6, shape, i)).toEqual(f.ethernet(f.ipv6(tcp, label)));
    }
  });

  test("pings, and what answers them", () => {
    const shape = { protocol: "icmp" as const, port: 0, bytes: 33, number: 5 };
    const echo = (type: number) => concat([type, 0, 0, 0], u16(5), u16(9), payload(33, 9));
    const back = { dst: MACS.srcMac, src: MACS.dstMac };
    const ping4 = flowFrame(V4, shape, 9);
    const reply4 = f.checksummed4(echo(0), 2);
    expect(ping4).toEqual(f.ethernet(f.ipv4(f.checksummed4(echo(8), 2), around)));
    expect(echoReply(ping4)).toEqual(f.ethernet(f.ipv4(reply4, { ...around, src: around.dst, dst: around.src }), back));
    const ping6 = flowFrame(V6, shape, 9);
    expect(ping6).toEqual(f.ethernet(f.ipv6(f.checksummed(58, echo(128), 2), label)));
    const reply6 = f.ipv6(f.checksummed(58, echo(129), 2), { ...label, src: f.IPV6_B, dst: f.IPV6_A });
    expect(echoReply(ping6)).toEqual(f.ethernet(reply6, back));
  });

  test("nothing else is answered", () => {
    const reply = echoReply(flowFrame(V4, { protocol: "icmp", port: 0, bytes: 8, number: 0 }, 0)) as Uint8Array;
    const udp = flowFrame(V4, { protocol: "udp", port: 7, bytes: 8, number: 0 }, 0);
    expect([reply, udp, f.ethernet(f.arp()), new Uint8Array(3)].map(echoReply)).toEqual(Array(4).fill(undefined));
  });
});
