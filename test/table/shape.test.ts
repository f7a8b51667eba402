import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import { MemoryPlan } from "../../src/memory.js";
import { tableBytes, tableShape } from "../../src/table/shape.js";

const MIB = 2 ** 20;

describe("a table's shape", () => {
  test.each([
    [1, 2],
    [5, 2],
    [6, 4],
    [10, 4],
    [11, 8],
    [1024, 512],
    [2688, 1024],
    [2689, 2048],
    [2 ** 20, 2 ** 19],
    [2 ** 24, 2 ** 23],
  ])("of %i entries has %i buckets", (capacity, buckets) => {
    for (const keyBytes of [16, 32, 48]) {
      const shape = tableShape(keyBytes, capacity);
      expect(shape).toEqual({ keyBytes, capacity, buckets });
      expect(tableBytes(shape)).toBe(buckets * keyBytes * 4);
    }
  });

  test("is the least power of two of buckets that is at most 7/8 full", () => {
    for (let capacity = 1; capacity < 5000; capacity++) {
      const { buckets } = tableShape(16, capacity);
      expect(Math.log2(buckets) % 1).toBe(0);
      expect(capacity * 8).toBeLessThanOrEqual(buckets * 21);
      if (buckets > 2) expect(capacity * 8).toBeGreaterThan((buckets / 2) * 21);
    }
  });

  test.each([
    [16, 2 ** 24, 512 * MIB],
    [32, 11_010_048, 512 * MIB],
    [48, 11_010_048, 768 * MIB],
  ])("keys of %i bytes, %i entries: fits an engine's memory", (keyBytes, capacity, bytes) => {
    expect(tableBytes(tableShape(keyBytes, capacity))).toBe(bytes);
    expect(() => new MemoryPlan().add(bytes).createMemory()).not.toThrow();
    if (keyBytes > 16) {
      const larger = tableBytes(tableShape(keyBytes, capacity + 1));
      expect(() => new MemoryPlan().add(larger).createMemory()).toThrowError(ConfigError);
    }
  });

  test.each([0, 8, 17, 64, Number.NaN])("keys of %s bytes: ConfigError", (keyBytes) => {
    expect(() => tableShape(keyBytes, 10)).toThrowError(ConfigError);
    expect(() => tableShape(keyBytes, 10)).toThrowError("keyBytes");
  });

  test.each([0, -1, 1.5, 2 ** 24 + 1])("%s entries: ConfigError", (capacity) => {
    expect(() => tableShape(16, capacity)).toThrowError("capacity");
  });
});
