import { expect, it } from "vitest";
import { Course } from "../../../src/limit/replay/course.js";
import { Gauge } from "../../../src/limit/replay/gauge.js";
import { Random } from "../../helpers/property.js";

it("keeps of each span the first, the last, the least and the greatest level", () => {
  const course = new Course(20, 2);
  for (const [ms, value] of [
    [0, 5],
    [1, 9],
    [2, 1],
    [9, 4],
    [10, 7],
    [20, 8],
  ] as const)
    course.add(ms, value);
  expect(course.points()).toEqual([
    [0, 5],
    [1, 9],
    [2, 1],
    [9, 4],
    [10, 7],
    [20, 8],
  ]);
});

it("drops what lies between", () => {
  const course = new Course(10, 1);
  for (const [ms, value] of [
    [0, 5],
    [1, 6],
    [2, 9],
    [3, 7],
    [4, 2],
    [5, 3],
    [6, 4],
  ] as const)
    course.add(ms, value);
  expect(course.points()).toEqual([
    [0, 5],
    [2, 9],
    [4, 2],
    [6, 4],
  ]);
});

it("is bounded, and loses no extreme", () => {
  const random = new Random();
  const course = new Course(1_000, 64);
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (let i = 0; i <= 100_000; i++) {
    const value = random.below(1 << 30);
    course.add(i / 100, value);
    [least, most] = [Math.min(least, value), Math.max(most, value)];
  }
  const points = course.points();
  expect(points.length).toBeLessThanOrEqual(65 * 4);
  const values = points.map(([, value]) => value);
  expect([Math.min(...values), Math.max(...values)]).toEqual([least, most]);
  const times = points.map(([ms]) => ms);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

it("a trace without length has a course of one time", () => {
  const course = new Course(0);
  course.add(0, 3);
  expect(course.points()).toEqual([[0, 3]]);
});

it("a gauge's mean is over time", () => {
  const gauge = new Gauge(10);
  gauge.set(10, 4);
  expect(gauge.mean(10)).toBe(4);
  gauge.set(12, 0);
  gauge.set(12, 10);
  gauge.set(13, 2);
  expect([gauge.mean(20), gauge.most]).toEqual([(4 * 2 + 10 * 1 + 2 * 7) / 10, 10]);
});
