import { expect, it } from "vitest";
import { duration, durationText } from "../../src/cli/duration.js";

const upToASecond = duration(0, 1e9);

it.each([
  ["100us", 100_000],
  ["100µs", 100_000],
  ["1ms", 1_000_000],
  ["0.5ms", 500_000],
  ["0.05ms", 50_000],
  ["1.1us", 1100],
  ["250ns", 250],
  ["1s", 1e9],
  ["0", 0],
  ["0ms", 0],
])("%s is %i ns", (text, ns) => {
  expect(upToASecond(text)).toBe(ns);
});

it.each(["", "100", "us", "-1us", "1 us", "1m", "1e3us", ".5ms", "1.ms", "1.1s", "1000.1ms", "1US", "Infinityus"])(
  "%j is refused with its bounds",
  (text) => {
    expect(() => upToASecond(text)).toThrow("must be from 0us to 1s");
  },
);

it.each([
  [0, "0us"],
  [999, "999ns"],
  [1000, "1us"],
  [1500, "1500ns"],
  [100_000, "100us"],
  [5_000_000, "5ms"],
  [1e9, "1s"],
])("%i ns is %s", (ns, text) => {
  expect(durationText(ns)).toBe(text);
});
