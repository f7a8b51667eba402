import { expect, test } from "vitest";
import { CaptureReader, PcapngWriter } from "../../src/capture/index.js";
import { CaptureRecorder } from "../../src/driver/recorder.js";
import { concat, counting } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { testEngine } from "../helpers/engines.js";
import { bytesOf } from "../helpers/ports.js";

censusAfterEach();

test("what leaves on a port is in the file: bytes, spans together, in order, on its interface", async () => {
  const engine = await testEngine({ mbufs: 64, queueSize: 32 });
  const port = engine.addPort("out", { scatterGather: true });
  const parts: Uint8Array[] = [];
  const writer = new PcapngWriter({ sink: (chunk) => void parts.push(chunk.slice()) });
  writer.addInterface({ linkType: 1, name: "other" });
  const id = writer.addInterface({ linkType: 1, name: "out" });
  const seen: Uint8Array[] = [];
  const recorder = new CaptureRecorder(port, writer, id, (frame) => seen.push(bytesOf(frame)));

  const expected: Uint8Array[] = [];
  for (let round = 0; round < 5; round++) {
    const [a, b, c] = port.reserveBurst(40, 3);
    if (!a || !b || !c) throw new Error("the pool is empty");
    for (const [i, frame] of [a, b, c].entries()) frame.payload.set(counting(40, round * 3 + i));
    expected.push(
      counting(40, round * 3),
      concat(counting(14, 50), counting(40, round * 3 + 1), counting(40, round * 3 + 2)),
    );
    port.post(a);
    port.postFragments(counting(14, 50), [b, c], "scatter");
    expect(await recorder.pump()).toBe(2);
    expect(engine.census()).toMatchObject({ queues: 0, free: 64 });
  }
  expect([await recorder.pump(), recorder.isDone]).toEqual([0, true]);
  await recorder.close();
  await writer.close();

  const packets: Uint8Array[] = [];
  for await (const packet of new CaptureReader(concat(...parts))) {
    expect([packet.interfaceId, packet.linkType]).toEqual([id, 1]);
    packets.push(packet.data.slice());
  }
  expect(packets).toEqual(expected);
  expect(seen).toEqual(expected);
});
