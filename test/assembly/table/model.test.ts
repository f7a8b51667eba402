import { describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { BUILDS } from "../../helpers/engines.js";
import { Random } from "../../helpers/property.js";
import { makeTable, type TestTable } from "../../helpers/table.js";
import { fits, ModelTable, place } from "../../model/table.js";

const CAPACITIES = [1, 2, 5, 6, 7, 10, 11, 20, 40, 84];

describe.each(BUILDS)("a table is a Map (%s build)", (build) => {
  // Random sequences and not properties of a list of steps: to shrink one takes minutes and tells little more.
  test.each([16, 32, 48].flatMap((keyBytes) => CAPACITIES.map((capacity) => [keyBytes, capacity] as const)))(
    "keys of %i bytes, at most %i: under any inserts, updates, removals and lookups, full or not",
    async (keyBytes, capacity) => {
      for (let run = 0; run < 4; run++) {
        const random = new Random(keyBytes * 1000 + capacity * 8 + run);
        const seed = new DataView(random.bytes(8).buffer).getBigUint64(0);
        const table = await makeTable(build, keyBytes, capacity, seed);
        const model = new ModelTable();
        const keys = Array.from({ length: 2 * capacity + 4 }, () => random.bytes(keyBytes));
        for (let step = 0; step < 8 * keys.length; step++) act(table, model, keys, random);
        sameEntries(table, model);
        expect(table.isGuarded).toBe(true);
      }
    },
  );
});

/** One thing, done to both: of ten, six inserts or updates, two removals, a lookup and a burst. */
function act(table: TestTable, model: ModelTable, keys: readonly Uint8Array[], random: Random): void {
  const key = random.pick(keys);
  const what = random.below(10);
  if (what < 6) insert(table, model, key, random.below(0xffffffff));
  else if (what < 8) expect(table.remove(key)).toBe(model.remove(key));
  else if (what < 9) expect(table.lookup(key)).toBe(model.lookup(key));
  else {
    const burst = Array.from({ length: random.below(300) }, () => random.pick(keys));
    const values = burst.map((wanted) => model.lookup(wanted));
    const hits = values.filter((value) => value !== layout.TABLE_MISS).length;
    expect(table.lookupBurst(burst)).toEqual({ values, hits });
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
    const header = table.buckets + bucket * keyBytes * 4;
    expect(table.arena.u8[header + (slot & 3)]).toBe(home.tag);
    const isAway = bucket !== home.first;
    expect(((table.arena.u8[header + 3] as number) >> (slot & 3)) & 1).toBe(isAway ? 1 : 0);
    if (isAway) second++;
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
