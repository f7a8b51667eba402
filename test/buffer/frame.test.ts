import { beforeEach, describe, expect, test } from "vitest";
import type { Frame } from "../../src/buffer/frame.js";
import type { Port } from "../../src/buffer/port.js";
import type { Engine } from "../../src/engine.js";
import { ConfigError, FrameReleased } from "../../src/errors.js";
import { concat, counting } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { testEngine } from "../helpers/engines.js";
import { drain } from "../helpers/ports.js";

censusAfterEach();

let engine: Engine;
let port: Port;
beforeEach(async () => {
  engine = await testEngine({ mbufs: 8, headers: ["ethernet", "ipv4", "udp"], payloadBytes: 256 });
  port = engine.addPort("a");
});

function reserved(payloadBytes: number): Frame {
  const frame = port.reserve(payloadBytes);
  if (!frame) throw new Error("the pool is empty");
  return frame;
}

describe("a frame that the host holds", () => {
  test("has the engine's headroom in front of its payload", () => {
    // 14 + 20 + 8 = 42, on the next vector boundary
    expect(engine.headroomBytes).toBe(48);
    const frame = reserved(100);
    expect([frame.headroomBytes, frame.payload.length, frame.bytes.length]).toEqual([48, 100, 100]);
    frame.release();
  });

  test("shows its payload as a live view: what is written there is what leaves", () => {
    const frame = reserved(30);
    const view = frame.payload;
    view.set(counting(30));
    frame.prepend(counting(14, 99));
    expect(frame.bytes).toEqual(concat(counting(14, 99), counting(30)));
    view[0] = 0xee;
    expect(frame.payload).toBe(view);
    port.post(frame);
    expect(drain(port)[0]?.bytes).toEqual(concat(counting(14, 99), [0xee], counting(30).subarray(1)));
  });

  test("takes headers until the room in front is full, byte for byte in front of each other", () => {
    const frame = reserved(5);
    frame.payload.set(counting(5));
    expect(frame.prepend(counting(8, 11))).toBe(true);
    expect(frame.prepend(counting(20, 22))).toBe(true);
    expect(frame.prepend(counting(20, 33))).toBe(true);
    expect(frame.headroomBytes).toBe(0);
    const all = concat(counting(20, 33), counting(20, 22), counting(8, 11), counting(5));
    expect(frame.bytes).toEqual(all);
    expect(frame.prepend(counting(1))).toBe(false);
    expect(frame.prepend(new Uint8Array())).toBe(true);
    expect([frame.bytes, frame.headroomBytes, port.counters.prependFailures]).toEqual([all, 0, 1]);
    frame.release();
  });

  test("is as it was when a header finds no room, and that is counted", () => {
    const frame = reserved(40);
    frame.payload.set(counting(40));
    frame.prepend(counting(10, 5));
    const before = frame.bytes.slice();
    expect(frame.prepend(counting(39))).toBe(false);
    expect(frame.bytes).toEqual(before);
    expect(frame.headroomBytes).toBe(38);
    expect(port.counters).toMatchObject({ prependFailures: 1, copiedBytes: 0 });
    frame.release();
  });

  test.each([0, 1, 255, 256])("can be %i bytes long", (payloadBytes) => {
    const frame = reserved(payloadBytes);
    frame.payload.set(counting(payloadBytes));
    port.post(frame);
    expect(drain(port)[0]?.bytes).toEqual(counting(payloadBytes));
  });

  test.each([-1, 257, 1.5])("cannot be %f bytes long", (payloadBytes) => {
    expect(() => port.reserve(payloadBytes)).toThrowError(ConfigError);
    expect(engine.freeMbufs).toBe(8);
  });
});

describe("a frame that was given away", () => {
  const GIVEN: readonly [how: string, give: (frame: Frame) => void][] = [
    ["posted", (frame) => void port.post(frame)],
    ["received", (frame) => void port.receive(frame)],
    ["released", (frame) => frame.release()],
    ["posted as a fragment", (frame) => void port.postFragments(counting(3), [frame], "gather")],
  ];

  test.each(GIVEN)("%s: every use throws FrameReleased", (_, give) => {
    const frame = reserved(20);
    expect(frame.isReleased).toBe(false);
    give(frame);
    expect(frame.isReleased).toBe(true);
    const uses: (() => unknown)[] = [
      () => frame.payload,
      () => frame.bytes,
      () => frame.headroomBytes,
      () => frame.prepend(counting(4)),
      () => frame.release(),
      () => port.post(frame),
      () => port.receive(frame),
      () => port.postFragments(counting(2), [frame], "gather"),
    ];
    const before = engine.census();
    for (const use of uses) expect(use).toThrowError(FrameReleased);
    expect(engine.census()).toEqual(before);
  });

  test("its buffer can be another frame's, which the old handle does not reach", () => {
    const old = reserved(20);
    old.release();
    const young = reserved(20);
    young.payload.set(counting(20));
    expect(() => old.payload).toThrowError(FrameReleased);
    expect(young.payload).toEqual(counting(20));
    young.release();
  });
});
