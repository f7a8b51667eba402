import { beforeEach, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import type { Kernels } from "../../../src/wasm.js";
import { testKernels } from "../../helpers/engines.js";

describe("the debug build traps on", () => {
  let kernels: Kernels;
  let table: number;
  let buckets: number;
  beforeEach(async () => {
    const made = await testKernels(8192, "debug");
    kernels = made.kernels;
    table = made.arena.take(layout.TABLE_BYTES);
    buckets = made.arena.take(1024);
  });

  const init = (count: number, keyBytes: number, capacity: number, at = buckets) =>
    kernels.tableInit(table, at, count, keyBytes, capacity, 0n);

  test("nothing that is right", () => {
    expect(() => init(16, 16, 42)).not.toThrow();
  });

  test.each([8, 20, 64])("keys of %i bytes", (keyBytes) => {
    expect(() => init(4, keyBytes, 4)).toThrowError("tableInit");
  });

  test.each([0, 1, 3, 2 ** 24])("%i buckets", (count) => {
    expect(() => init(count, 16, 2)).toThrowError("tableInit");
  });

  test.each([0, 11])("room for %i entries in four buckets", (capacity) => {
    expect(() => init(4, 16, capacity)).toThrowError("tableInit");
  });

  test("buckets off a cache line", () => {
    expect(() => init(4, 16, 4, buckets + 16)).toThrowError("tableInit");
  });

  test("a burst of hashes of keys of any other length", () => {
    expect(() => kernels.murmur3Burst(buckets, 24, 0n, buckets, 1)).toThrowError("murmur3Burst");
  });
});
