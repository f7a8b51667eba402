import { describe, expect, test } from "vitest";
import { CaptureReader, encodeCapture, LINKTYPE_RAW } from "../../src/capture/index.js";
import { CaptureReplay } from "../../src/driver/replay.js";
import { CaptureError } from "../../src/errors.js";
import { concat, counting } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import * as f from "../helpers/frames.js";
import { makeHost } from "../helpers/hosts.js";
import { drain } from "../helpers/ports.js";
import { OUTER_V4 } from "../helpers/tunnels.js";

censusAfterEach();

const frames = Array.from({ length: 700 }, (_, n) => f.ethernet(f.ipv4(f.udp(counting(1 + (n % 60), n)))));

async function pcap(
  packets: readonly { data: Uint8Array; originalLength?: number }[],
  linkType = 1,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const timed = packets.map((packet, n) => ({ ...packet, timestampNs: 1_000_000_000n + BigInt(n) }));
  for await (const part of encodeCapture(timed, { format: "pcap", interfaces: [{ linkType }] })) parts.push(part);
  return concat(...parts);
}

describe("a capture that is replayed into a port", () => {
  test("arrives there whole and in order, as fast as the port takes it", async () => {
    const { engine, vnic, uplink } = await makeHost(OUTER_V4, "debug", { queueSize: 64, mbufs: 256 });
    const seen: Uint8Array[] = [];
    const file = await pcap(frames.map((data) => ({ data })));
    const replay = new CaptureReplay(vnic, new CaptureReader(file), (frame) => seen.push(frame.data.slice()));
    const out: Uint8Array[] = [];
    const times: bigint[] = [];
    while (!replay.isDone || out.length < frames.length) {
      expect(await replay.pump()).toBeLessThanOrEqual(64);
      // The guest's ring is full more often than not: the driver waits, and reads no further.
      engine.poll();
      for (const { bytes, timestampNs } of drain(uplink)) {
        out.push(bytes.slice(50));
        times.push(timestampNs);
      }
    }
    expect(out).toEqual(frames);
    expect(seen).toEqual(frames);
    expect(times).toEqual(frames.map((_, n) => 1_000_000_000n + BigInt(n)));
    expect(vnic.counters).toMatchObject({ rxFrames: 700, drops: {} });
    expect(vnic.counters.rxRefused).toBeGreaterThan(0);
    expect([await replay.pump(), replay.isDone]).toEqual([0, true]);
  });

  test("keeps the length on the wire of a packet that a snaplen cut", async () => {
    const { engine, vnic, uplink } = await makeHost(OUTER_V4, "debug");
    const [whole] = frames.slice(59);
    const file = await pcap([
      { data: (whole as Uint8Array).slice(0, 50), originalLength: (whole as Uint8Array).length },
    ]);
    const replay = new CaptureReplay(vnic, new CaptureReader(file));
    while (!replay.isDone) await replay.pump();
    engine.poll();
    expect(drain(uplink)).toMatchObject([{ originalLength: (whole as Uint8Array).length + 50, spans: [100] }]);
  });

  test("of another link type arrives with an Ethernet header; what cannot is skipped and counted", async () => {
    const { vnic } = await makeHost(OUTER_V4, "debug");
    const [frame] = frames;
    const packet = (frame as Uint8Array).slice(14);
    const replay = new CaptureReplay(
      vnic,
      new CaptureReader(await pcap([{ data: packet }, { data: Uint8Array.of(0x10, 1, 2) }], LINKTYPE_RAW)),
    );
    while (!replay.isDone) await replay.pump();
    expect(vnic.counters).toMatchObject({ rxFrames: 1, rxBytes: packet.length + 14 });
    expect(replay.skipped).toBe(1);
  });

  test("that is damaged: everything before the damage arrives, then pump rejects", async () => {
    const { vnic } = await makeHost(OUTER_V4, "debug");
    const file = await pcap(frames.slice(0, 5).map((data) => ({ data })));
    const replay = new CaptureReplay(vnic, new CaptureReader(file.subarray(0, file.length - 3)));
    const pumps = async () => {
      while (!replay.isDone) await replay.pump();
    };
    await expect(pumps()).rejects.toThrowError(CaptureError);
    expect(vnic.counters.rxFrames).toBe(4);
    await replay.close();
  });
});
