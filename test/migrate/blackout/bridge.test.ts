/** The bridge, by what IEEE 802.1Q-2022 says of one, and against a plain twin. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LearningBridge } from "../../../src/migrate/blackout/bridge.js";
import { holds } from "../../helpers/property.js";

const AGEING_MS = 300_000;
const [A, B] = [0x020000000001, 0x020000000002];
const BROADCAST = 0xffffffffffff;
const bridgeOf = (ports: number) => new LearningBridge(ports, { ageingMs: AGEING_MS });

describe("a bridge", () => {
  it("floods what it does not know to all ports but the one that it came by", () => {
    expect(bridgeOf(4).receive({ src: A, dst: B }, 2, 0)).toEqual([0, 1, 3]);
  });

  it("learns from sources, and forwards to one port", () => {
    const bridge = bridgeOf(4);
    bridge.receive({ src: B, dst: A }, 3, 0);
    expect(bridge.receive({ src: A, dst: B }, 2, 1)).toEqual([3]);
    expect(bridge.receive({ src: B, dst: A }, 3, 2)).toEqual([2]);
  });

  it("filters what is for the port that it came by", () => {
    const bridge = bridgeOf(3);
    bridge.receive({ src: B, dst: A }, 1, 0);
    expect(bridge.receive({ src: A, dst: B }, 1, 1)).toEqual([]);
  });

  it("learns a station's new port by its first frame there, whomever that is for", () => {
    const bridge = bridgeOf(3);
    bridge.receive({ src: A, dst: B }, 0, 0);
    expect(bridge.receive({ src: A, dst: BROADCAST }, 1, 1)).toEqual([0, 2]);
    expect(bridge.portOf(A, 2)).toBe(1);
  });

  it("forgets after the ageing time without a frame, and not before", () => {
    const bridge = bridgeOf(3);
    bridge.receive({ src: A, dst: B }, 0, 1000);
    bridge.receive({ src: A, dst: B }, 0, 2000);
    expect(bridge.agesMs(A)).toBe(2000 + AGEING_MS);
    expect(bridge.portOf(A, 1999 + AGEING_MS)).toBe(0);
    expect(bridge.portOf(A, 2000 + AGEING_MS)).toBeUndefined();
    expect(bridge.receive({ src: B, dst: A }, 1, 2000 + AGEING_MS)).toEqual([0, 2]);
  });

  it("learns nothing from a group address, and floods what is for one", () => {
    const bridge = bridgeOf(3);
    bridge.receive({ src: 0x01005e000001, dst: A }, 0, 0);
    expect(bridge.receive({ src: A, dst: 0x01005e000001 }, 1, 1)).toEqual([0, 2]);
  });

  it("does as a list of all that it has heard would", () => {
    const frame = fc.record({
      src: fc.constantFrom(A, B, 0x020000000003, 0x010000000001),
      dst: fc.constantFrom(A, B, 0x020000000003, BROADCAST),
      port: fc.integer({ min: 0, max: 3 }),
      afterMs: fc.constantFrom(0, 1, 1000, AGEING_MS - 1, AGEING_MS),
    });
    holds(
      fc.property(fc.array(frame, { maxLength: 40 }), (frames) => {
        const bridge = bridgeOf(4);
        const heard: { src: number; port: number; atMs: number }[] = [];
        let nowMs = 0;
        for (const { src, dst, port, afterMs } of frames) {
          nowMs += afterMs;
          heard.push({ src, port, atMs: nowMs });
          const last = dst === BROADCAST ? undefined : heard.findLast((one) => one.src === dst);
          const known = last && nowMs - last.atMs < AGEING_MS ? last.port : undefined;
          const all = [0, 1, 2, 3].filter((other) => other !== port);
          const wanted = known === undefined ? all : all.filter((other) => other === known);
          expect(bridge.receive({ src, dst }, port, nowMs)).toEqual(wanted);
        }
      }),
      500,
    );
  });
});
