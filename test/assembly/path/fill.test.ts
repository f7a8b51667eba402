/** fillChecksums: against real traffic, whose checksums real hosts computed. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type CapturePacket, CaptureReader } from "../../../src/index.js";
import { BUILDS, testEngine } from "../../helpers/engines.js";
import { exampleCapture } from "../../helpers/files.js";

/** The capture's packets, each with its last byte turned over: payload, or the last option of a bare ACK. */
async function turnedOver(name: string): Promise<{ original: CapturePacket; changed: CapturePacket }[]> {
  const packets: { original: CapturePacket; changed: CapturePacket }[] = [];
  for await (const original of new CaptureReader([readFileSync(exampleCapture(name))])) {
    const data = original.data.slice();
    data[data.length - 1] = (data.at(-1) as number) ^ 0xff;
    packets.push({ original, changed: { ...original, data } });
  }
  return packets;
}

function hex(spans: readonly Uint8Array[]): string {
  return Buffer.concat(spans).toString("hex");
}

describe.each(BUILDS)("fillChecksums (%s build)", (build) => {
  it("makes every checksum right again after a change, and the original's after its undoing", async () => {
    const engine = await testEngine({ ports: 0 }, build);
    const burst = engine.burst();
    const packets = await turnedOver("web-mix.pcap");
    const bad: number[] = [];
    for (let at = 0; at < packets.length; ) {
      const n = burst.load(
        packets.map(({ changed }) => changed),
        at,
      );
      bad.push(
        ...burst.verify().flatMap(({ outer, inner }, i) => ([outer.l4, inner?.l4].includes("bad") ? [at + i] : [])),
      );
      burst.load(
        packets.map(({ changed }) => changed),
        at,
      );
      burst.fillChecksums();
      const filled = burst.frames().map(({ spans }) => Buffer.concat(spans));
      burst.load(filled.map((data) => ({ data })));
      for (const { outer, cause } of burst.verify()) {
        expect(cause).toBeUndefined();
        expect(outer.l3).not.toBe("bad");
        expect(outer.l4).not.toBe("bad");
      }
      // Undo the change: the checksums must be those that the hosts had computed.
      for (const frame of filled) frame[frame.length - 1] = (frame.at(-1) as number) ^ 0xff;
      burst.load(filled.map((data) => ({ data })));
      burst.fillChecksums();
      const restored = burst.frames().map(({ spans }) => hex(spans));
      expect(restored).toEqual(packets.slice(at, at + n).map(({ original }) => hex([original.data])));
      at += n;
    }
    // The change was one that breaks checksums: all but those of fragments and of padded frames.
    expect(bad.length).toBeGreaterThan(1000);
  });

  it("sends a computed UDP 0 as 0xffff, and leaves an absent one absent", async () => {
    const engine = await testEngine({ ports: 0 }, build);
    const burst = engine.burst();
    const header = Buffer.from("020000000002020000000001080045000020000000004011ffff0a0000010a000002", "hex");
    // Ports, length 12, checksum, and a payload word that makes the whole sum 0xffff (pseudo-header: 0x1428 + 0x11 + 12).
    const sum = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 17 + 12 + 0x1234 + 0x5678 + 12;
    const udp = (check: number) => {
      const bytes = Buffer.alloc(12);
      for (const [i, word] of [0x1234, 0x5678, 12, check, 0xffff - sum, 0].entries()) bytes.writeUInt16BE(word, i * 2);
      return { data: Buffer.concat([header, bytes]) };
    };
    burst.load([udp(0x1111), udp(0)]);
    burst.fillChecksums();
    const fields = burst.frames().map(({ spans }) => Buffer.concat(spans).readUInt16BE(14 + 20 + 6));
    expect(fields).toEqual([0xffff, 0]);
  });

  it("an all-zero echo reply has the checksum 0xffff, whatever stood there", async () => {
    const engine = await testEngine({ ports: 0 }, build);
    const burst = engine.burst();
    // An empty echo reply from 10.0.0.1 to 10.0.0.2.
    const header = "0200000000020200000000010800" + "4500001c0000000040010000" + "0a0000010a000002";
    const reply = (check: string) => ({ data: Buffer.from(`${header}0000${check}00000000`, "hex") });
    burst.load(["0000", "1234", "ffff"].map(reply));
    burst.fillChecksums();
    const frames = burst.frames().map(({ spans }) => Buffer.concat(spans));
    expect(frames.map((frame) => frame.readUInt16BE(36))).toEqual([0xffff, 0xffff, 0xffff]);
    burst.load(frames.map((data) => ({ data })));
    expect(burst.verify().map(({ outer }) => outer)).toMatchObject(Array(3).fill({ l3: "good", l4: "good" }));
  });

  it("counts the frames that had a wrong checksum", async () => {
    const engine = await testEngine({ ports: 0 }, build);
    const burst = engine.burst();
    const packets: { data: Uint8Array }[] = [];
    for await (const { data } of new CaptureReader([readFileSync(exampleCapture("bulk.pcap"))])) {
      if (packets.length < 64) packets.push({ data: data.slice() });
    }
    burst.load(packets);
    expect(burst.fillChecksums()).toBe(0);
    for (const i of [3, 40, 41]) {
      const { data } = packets[i] as { data: Uint8Array };
      data[i === 3 ? 24 : data.length - 1] = 0xaa ^ (data[i === 3 ? 24 : data.length - 1] as number);
    }
    burst.load(packets);
    expect(burst.fillChecksums()).toBe(3);
    burst.fillChecksums();
    expect(burst.fillChecksums()).toBe(0);
  });

  it("leaves alone what a capture cut, also of a GSO datagram whose length fields are 0", async () => {
    const engine = await testEngine({ ports: 0 }, build);
    const burst = engine.burst();
    const ip = (length: string) => `02000000000202000000000108004500${length}00000000401100000a0000010a000002`;
    const udp = (length: string) => `12345678${length}1111${"ab".repeat(58)}`;
    const frames = ["0000", "0100"].map((length) =>
      Buffer.from(ip(length) + udp(length === "0000" ? length : "00ec"), "hex"),
    );
    burst.load(frames.map((data, i) => ({ data, originalLength: i === 0 ? 70_000 : 270 })));
    burst.fillChecksums();
    const filled = burst.frames().map(({ spans, cause }) => {
      expect(cause).toBeUndefined();
      return Buffer.concat(spans);
    });
    expect(filled.map((frame) => frame.readUInt16BE(34 + 6))).toEqual([0x1111, 0x1111]);
    expect(filled.map((frame) => frame.readUInt16BE(14 + 10))).not.toContain(0);
  });
});
