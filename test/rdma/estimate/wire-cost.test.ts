/** What transfers cost, by hand and as Linux puts them on the wire. */
import { createReadStream } from "node:fs";
import { describe, expect, it } from "vitest";
import { CaptureReader } from "../../../src/capture/reader.js";
import { type Framing, wireCost } from "../../../src/rdma/estimate/wire-cost.js";
import { exampleCapture } from "../../helpers/files.js";

const WRITE: Framing = { operation: "write", mtuBytes: 1024, ipVersion: 4 };

describe("a transfer's cost", () => {
  it.each([
    [64, WRITE, 1, 14 + 20 + 8 + 12 + 16 + 64 + 4],
    [64, { ...WRITE, operation: "send" }, 1, 14 + 20 + 8 + 12 + 64 + 4],
    [64, { ...WRITE, ipVersion: 6 }, 1, 14 + 40 + 8 + 12 + 16 + 64 + 4],
    [1, WRITE, 1, 74 + 1 + 3],
    [70, WRITE, 1, 74 + 70 + 2],
    [71, WRITE, 1, 74 + 71 + 1],
    [0, WRITE, 1, 74],
    [1024, WRITE, 1, 74 + 1024],
    [1025, WRITE, 2, 74 + 58 + 1025 + 3],
    [1120, WRITE, 2, 74 + 58 + 1120],
    [1120, { ...WRITE, mtuBytes: 2048 }, 1, 74 + 1120],
    [1120, { ...WRITE, mtuBytes: 256 }, 5, 74 + 4 * 58 + 1120],
  ] as const)("%i bytes as %j: %i packets, %i bytes", (bytes, framing, packets, wireBytes) => {
    expect(wireCost(bytes, framing)).toEqual({ packets, wireBytes });
  });
});

/** Lengths of the RoCEv2 frames whose opcodes (IBTA volume 1, 9.2.1) are those. */
async function frameLengths(name: string, opcodes: readonly number[], bthAt: number): Promise<number[]> {
  const lengths: number[] = [];
  const reader = new CaptureReader(createReadStream(exampleCapture(name)));
  for await (const burst of reader.bursts()) {
    for (const { data, originalLength } of burst) {
      const isRoce = data.length > bthAt && ((data[bthAt - 6] as number) << 8) + (data[bthAt - 5] as number) === 4791;
      if (isRoce && opcodes.includes(data[bthAt] as number)) lengths.push(originalLength);
    }
  }
  return lengths;
}

describe("what Linux puts on the wire", () => {
  it.each([
    ["rocev2-write.pcap", [6, 7, 8], 42, 4096, WRITE],
    ["rocev2-rc-pingpong.pcap", [4], 42, 256, { ...WRITE, operation: "send" }],
    ["rocev2-rc-ipv6.pcap", [4], 62, 1024, { ...WRITE, operation: "send", ipVersion: 6 }],
  ] as const)("%s: each message as wireCost has it", async (name, opcodes, bthAt, messageBytes, framing) => {
    const lengths = await frameLengths(name, opcodes, bthAt);
    const { packets, wireBytes } = wireCost(messageBytes, framing);
    expect(lengths.length).toBeGreaterThan(0);
    expect(lengths.length % packets).toBe(0);
    const sum = lengths.reduce((all, length) => all + length, 0);
    expect(sum).toBe((lengths.length / packets) * wireBytes);
  });
});
