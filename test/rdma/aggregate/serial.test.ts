import fc from "fast-check";
import { expect, test } from "vitest";
import { STREAM_UNACKED_MAX } from "../../../assembly/layout.js";
import { serialAdd, serialDistance } from "../../../src/rdma/aggregate/serial.js";
import { holds } from "../../helpers/property.js";

test("distances by hand, around both seams", () => {
  const cases = [
    [0, 0, 0],
    [0, 1, 1],
    [1, 0, -1],
    [0xffff, 0, 1],
    [0, 0xffff, -1],
    [0x7fff, 0x8000, 1],
    [0, 0x7fff, 0x7fff],
    [0, 0x8001, -0x7fff],
    [0xffff, 0x7ffe, 0x7fff],
  ] as const;
  for (const [from, to, distance] of cases) expect(serialDistance(from, to)).toBe(distance);
});

test("within the credits a new number is ahead and an old one behind, wherever it wraps", () => {
  const property = fc.property(fc.nat(0xffff), fc.integer({ min: 0, max: STREAM_UNACKED_MAX }), (due, by) => {
    expect(serialDistance(due, serialAdd(due, by))).toBe(by);
    expect(serialDistance(serialAdd(due, by), due)).toBe(by === 0 ? 0 : -by);
  });
  holds(property, 2000);
});
