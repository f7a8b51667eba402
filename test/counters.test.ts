import { describe, expect, test } from "vitest";
import * as layout from "../assembly/layout.js";
import { causeName, causeText } from "../src/causes.js";
import { readCounters } from "../src/counters.js";
import { testKernels } from "./helpers/engines.js";

/** The drop causes as the data plane numbers them: every DROP_ constant but the count of them. */
const CODES = Object.entries(layout)
  .filter(([name]) => name.startsWith("DROP_") && name !== "DROP_CAUSES")
  .map(([name, code]) => [name, code as number] as const);

describe("drop causes", () => {
  test("their codes are 1 to DROP_CAUSES - 1, each once", () => {
    const codes = CODES.map(([, code]) => code).sort((a, b) => a - b);
    expect(codes).toEqual(Array.from({ length: layout.DROP_CAUSES - 1 }, (_, i) => i + 1));
  });

  test.each(CODES)("%s has a name after its constant, and a text", (constant, code) => {
    const name = causeName(code);
    expect(name).toBe(constant.slice("DROP_".length).toLowerCase().replaceAll("_", "-"));
    expect(causeText(name)).toMatch(/^[a-zA-Z].{10,}$/);
  });

  test("their names are unique, and so are their texts", () => {
    const names = CODES.map(([, code]) => causeName(code));
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(names.map(causeText)).size).toBe(names.length);
  });

  test("other numbers and names have none", () => {
    expect(() => causeName(0)).toThrow();
    expect(() => causeName(layout.DROP_CAUSES)).toThrow();
    expect(() => causeText("nothing")).toThrow();
  });

  test("each has a counter of its own in a port's block", () => {
    expect(layout.COUNTER_DROP + layout.DROP_CAUSES).toBeLessThanOrEqual(layout.COUNTERS);
  });
});

test("a port's counters are read each from its own word", async () => {
  const { arena } = await testKernels(4096);
  const block = arena.take(layout.COUNTERS * 8);
  for (let i = 0; i < layout.COUNTERS; i++) arena.u64[block / 8 + i] = BigInt(1000 + i) + (i === 1 ? 2n ** 40n : 0n);
  const counters = readCounters(arena, block);
  expect(counters).toMatchObject({
    rxFrames: 1000 + layout.COUNTER_RX_FRAMES,
    rxBytes: 1000 + layout.COUNTER_RX_BYTES + 2 ** 40,
    txFrames: 1000 + layout.COUNTER_TX_FRAMES,
    txBytes: 1000 + layout.COUNTER_TX_BYTES,
    txDescriptors: 1000 + layout.COUNTER_TX_DESCRIPTORS,
    txDoorbells: 1000 + layout.COUNTER_TX_DOORBELLS,
    rxRefused: 1000 + layout.COUNTER_RX_REFUSED,
    txRefused: 1000 + layout.COUNTER_TX_REFUSED,
    noBuffer: 1000 + layout.COUNTER_NO_BUFFER,
    copiedBytes: 1000 + layout.COUNTER_COPIED_BYTES,
    prependFailures: 1000 + layout.COUNTER_PREPEND_FAILURES,
    gatheredFrames: 1000 + layout.COUNTER_GATHERED,
    scatteredFrames: 1000 + layout.COUNTER_SCATTERED,
    descriptorsPerFrame: (1000 + layout.COUNTER_TX_DESCRIPTORS) / (1000 + layout.COUNTER_TX_FRAMES),
  });
  expect(Object.keys(counters.drops)).toHaveLength(layout.DROP_CAUSES - 1);
  for (const [, code] of CODES) expect(counters.drops[causeName(code)]).toBe(1000 + layout.COUNTER_DROP + code);
});
