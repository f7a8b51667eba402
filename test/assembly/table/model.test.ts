import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { BUILDS } from "../../helpers/engines.js";
import { holdsAsync } from "../../helpers/property.js";
import { makeTable, type TestTable } from "../../helpers/table.js";
import { fits, ModelTable, place } from "../../model/table.js";

/** What is done to a table, with a key by its number among the test's keys. */
type Step =
  | { readonly do: "insert"; readonly key: number; readonly value: number }
  | { readonly do: "remove"; readonly key: number }
  | { readonly do: "lookup"; readonly key: number }
  | { readonly do: "burst"; readonly keys: readonly number[] };

function anyStep(keys: number): fc.Arbitrary<Step> {
  const key = fc.nat(keys - 1);
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant("insert" as const), key, value: fc.nat(0xfffffffe) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("remove" as const), key }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("lookup" as const), key }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant("burst" as const), keys: fc.array(key, { maxLength: 300 }) }),
    },
  );
}

const anyShape = fc.record({
  keyBytes: fc.constantFrom(16, 32, 48),
  capacity: fc.constantFrom(1, 2, 5, 6, 7, 10, 11, 20, 40, 84),
  seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
});

describe.each(BUILDS)("a table is a Map (%s build)", (build) => {
  test("under any inserts, updates, removals and lookups, full or not", async () => {
    const property = anyShape.chain((shape) => {
      const keys = 2 * shape.capacity + 4;
      const key = fc.uint8Array({ minLength: shape.keyBytes, maxLength: shape.keyBytes });
      return fc.record({
        shape: fc.constant(shape),
        keys: fc.uniqueArray(key, { minLength: keys, maxLength: keys, selector: (k) => k.join() }),
        steps: fc.array(anyStep(keys), { minLength: 3 * keys, maxLength: 5 * keys, size: "max" }),
      });
    });
    await holdsAsync(
      fc.asyncProperty(property, async ({ shape, keys, steps }) => {
        const table = await makeTable(build, shape.keyBytes, shape.capacity, shape.seed);
        const model = new ModelTable();
        for (const step of steps) take(table, model, keys, step);
        sameEntries(table, model);
        expect(table.isGuarded).toBe(true);
      }),
      60,
    );
  });
});

function take(table: TestTable, model: ModelTable, keys: readonly Uint8Array[], step: Step): void {
  const keyOf = (i: number) => keys[i] as Uint8Array;
  if (step.do === "insert") insert(table, model, keyOf(step.key), step.value);
  else if (step.do === "lookup") expect(table.lookup(keyOf(step.key))).toBe(model.lookup(keyOf(step.key)));
  else if (step.do === "remove") expect(table.remove(keyOf(step.key))).toBe(model.remove(keyOf(step.key)));
  else {
    const expected = step.keys.map((i) => model.lookup(keyOf(i)));
    const hits = expected.filter((value) => value !== layout.TABLE_MISS).length;
    expect(table.lookupBurst(step.keys.map(keyOf))).toEqual({ values: expected, hits });
  }
  expect(table.field(layout.TABLE_ENTRIES)).toBe(model.entries.size);
}

function insert(table: TestTable, model: ModelTable, key: Uint8Array, value: number): void {
  const before = table.image();
  const refused = table.field64(layout.TABLE_REFUSED);
  const code = table.insert(key, value);
  if (model.has(key)) {
    expect(code).toBe(layout.TABLE_UPDATED);
  } else {
    const { buckets, capacity } = table.shape;
    const all = [...model.entries.values()].map((entry) => entry.key);
    const room = model.entries.size < capacity && fits([...all, key], table.seed, buckets);
    // Four buckets cannot hide a way from a search of four moves; in larger tables a longer one may not be found.
    if (buckets <= 4 || !room) expect(code).toBe(room ? layout.TABLE_INSERTED : layout.TABLE_FULL);
    else expect([layout.TABLE_INSERTED, layout.TABLE_FULL]).toContain(code);
  }
  if (code === layout.TABLE_FULL) {
    expect(Buffer.compare(table.image(), before)).toBe(0);
    expect(table.field64(layout.TABLE_REFUSED)).toBe(refused + 1n);
  } else model.set(key, value);
}

/** The walk and the statistics say what the model says, and every entry is in one of its two buckets, under its tag. */
function sameEntries(table: TestTable, model: ModelTable): void {
  const { buckets, keyBytes } = table.shape;
  const seen = [...table.walk()];
  expect(seen.length).toBe(model.entries.size);
  expect(new Set(seen.map(({ slot }) => slot)).size).toBe(seen.length);
  const counts = new Array<number>(buckets).fill(0);
  let second = 0;
  for (const { slot, key, value } of seen) {
    expect(value).toBe(model.lookup(key));
    const bucket = slot >> 2;
    const home = place(key, table.seed, buckets);
    expect([home.first, home.second]).toContain(bucket);
    expect(table.arena.u8[table.buckets + bucket * keyBytes * 4 + (slot & 3)]).toBe(home.tag);
    if (bucket !== home.first) second++;
    counts[bucket] = (counts[bucket] as number) + 1;
  }
  expect(table.stats()).toEqual({
    entries: seen.length,
    second,
    longest: second > 0 ? 2 : Math.min(seen.length, 1),
    slots: buckets * 3,
    fill: [0, 1, 2, 3].map((n) => counts.filter((count) => count === n).length),
  });
}
