import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError, createFlowTable, EngineClosed, NOT_FOUND } from "../../src/index.js";
import { concat } from "../helpers/bytes.js";
import { BUILDS, wasmBytes } from "../helpers/engines.js";
import { holdsAsync, Random } from "../helpers/property.js";

const KEY_BYTES = [16, 32, 48] as const;
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe.each(BUILDS)("a flow table (%s build)", (build) => {
  const wasm = wasmBytes(build);

  test.each(KEY_BYTES)("is a Map of keys of %i bytes, up to its capacity", async (keyBytes) => {
    const keyOf = (n: number) => new Uint8Array(keyBytes).fill(n, keyBytes - 2);
    const step = fc.record({ what: fc.constantFrom("set", "set", "delete", "get"), key: fc.nat(40), value: fc.nat() });
    await holdsAsync(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        const table = await createFlowTable({ wasm, keyBytes, capacity: 24 });
        const model = new Map<string, number>();
        for (const { what, key, value } of steps) {
          const bytes = keyOf(key);
          const text = hexOf(bytes);
          if (what === "set") {
            const took = table.set(bytes, value);
            if (took) model.set(text, value);
            // Only a new key may find no room, and only when the table is full by its capacity or its buckets.
            else expect([model.has(text), model.size >= 20]).toEqual([false, true]);
          } else if (what === "delete") {
            expect(table.delete(bytes)).toBe(model.get(text));
            model.delete(text);
          } else {
            expect(table.get(bytes)).toBe(model.get(text));
          }
          expect(table.size).toBe(model.size);
        }
        expect(new Map([...table.entries()].map(([key, value]) => [hexOf(key), value]))).toEqual(model);
        expect(table.stats()).toMatchObject({ entries: model.size });
        table.close();
      }),
      40,
    );
  });

  test("a burst of any length finds what single lookups find", async () => {
    const random = new Random();
    const table = await createFlowTable({ wasm, keyBytes: 32, capacity: 2000 });
    const keys = Array.from({ length: 700 }, () => random.bytes(32));
    for (const [i, key] of keys.entries()) if (i % 7 !== 0) expect(table.set(key, i)).toBe(true);
    const expected = keys.map((_, i) => (i % 7 === 0 ? NOT_FOUND : i));
    expect([...table.getBurst(concat(...keys))]).toEqual(expected);
    expect(table.getBurst(new Uint8Array(0))).toHaveLength(0);
    expect(keys.map((key) => table.get(key) ?? NOT_FOUND)).toEqual(expected);
    expect(table.stats()).toMatchObject({ entries: 600, slots: 3072 });
    expect(table.stats().longestProbe).toBeLessThanOrEqual(2);
  });

  test("entries may be deleted while they are walked over", async () => {
    const table = await createFlowTable({ wasm, keyBytes: 16, capacity: 100 });
    for (let i = 0; i < 100; i++) table.set(new Uint8Array(16).fill(i), i);
    const seen: number[] = [];
    for (const [key, value] of table.entries()) {
      seen.push(value);
      if (value % 2 === 0) expect(table.delete(key)).toBe(value);
    }
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(table.size).toBe(50);
  });

  test("what is refused names the argument, what came and the bound", async () => {
    const table = await createFlowTable({ wasm, keyBytes: 16, capacity: 8, seed: -1n });
    const refusals: [() => unknown, string][] = [
      [() => table.get(new Uint8Array(15)), "key.length is 15; it must be 16 bytes"],
      [
        () => table.set(new Uint8Array(16), NOT_FOUND),
        "value is 4294967295; it must be a whole number from 0 to 4294967294",
      ],
      [() => table.getBurst(new Uint8Array(17)), "keys.length is 17; it must be a multiple of 16 bytes"],
    ];
    for (const [call, message] of refusals) {
      expect(call).toThrow(ConfigError);
      expect(call).toThrow(message);
    }
    await expect(createFlowTable({ keyBytes: 20, capacity: 8 })).rejects.toThrow("keyBytes is 20; it must be one of");
    await expect(createFlowTable({ keyBytes: 48, capacity: 2 ** 24 })).rejects.toThrow("it must be");
    table.close();
    const key = new Uint8Array(16);
    for (const call of [() => table.get(key), () => table.getBurst(key), () => table.size, () => table.stats()]) {
      expect(call).toThrow(EngineClosed);
    }
  });
});
