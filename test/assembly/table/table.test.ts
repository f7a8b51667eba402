import { describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import { counting } from "../../helpers/bytes.js";
import { BUILDS } from "../../helpers/engines.js";
import { Random } from "../../helpers/property.js";
import { makeTable, type TestTable } from "../../helpers/table.js";
import { place } from "../../model/table.js";

const { TABLE_INSERTED, TABLE_UPDATED, TABLE_FULL, TABLE_BAD_VALUE, TABLE_MISS } = layout;
const KEY_SIZES = [16, 32, 48];

/** Keys that differ from each other, by number: four bytes of it at a place that changes with the length. */
function numbered(keyBytes: number, number: number): Uint8Array {
  const key = counting(keyBytes);
  new DataView(key.buffer).setUint32(keyBytes - 7, number);
  return key;
}

function insertAll(table: TestTable, keys: readonly Uint8Array[]): void {
  for (const [i, key] of keys.entries()) expect(table.insert(key, i)).toBe(TABLE_INSERTED);
}

describe.each(BUILDS)("a table (%s build)", (build) => {
  test("its record, as the host reads it", async () => {
    const table = await makeTable(build, 48, 1000, 0xfedc_ba98_7654_3210n);
    expect(table.field(layout.TABLE_BUCKETS)).toBe(table.buckets);
    expect(table.field(layout.TABLE_MASK)).toBe(511);
    expect(table.field(layout.TABLE_BUCKET_BYTES)).toBe(192);
    expect(table.field(layout.TABLE_KEY_BYTES)).toBe(48);
    expect(table.field(layout.TABLE_CAPACITY)).toBe(1000);
    expect(table.field64(layout.TABLE_SEED)).toBe(0xfedc_ba98_7654_3210n);
    insertAll(table, [numbered(48, 1), numbered(48, 2)]);
    expect(table.field(layout.TABLE_ENTRIES)).toBe(2);
    expect([table.field64(layout.TABLE_MOVES), table.field64(layout.TABLE_REFUSED)]).toEqual([0n, 0n]);
    table.clear();
    expect([table.field(layout.TABLE_ENTRIES), [...table.walk()].length]).toEqual([0, 0]);
  });

  test.each(KEY_SIZES)(
    "no key of %i bytes may point at another: bits in any byte make another key",
    async (keyBytes) => {
      const table = await makeTable(build, keyBytes, 512);
      const base = new Random(keyBytes).bytes(keyBytes);
      const keys = [base];
      for (let bit = 0; bit < keyBytes * 8; bit++) {
        const key = base.slice();
        key[bit >> 3] = (key[bit >> 3] as number) ^ (1 << (bit & 7));
        keys.push(key);
      }
      insertAll(table, keys);
      for (const [i, key] of keys.entries()) {
        expect(table.remove(key)).toBe(i);
        expect(table.remove(key)).toBe(TABLE_MISS);
        const { values, hits } = table.lookupBurst(keys.slice(0, 300));
        expect(values).toEqual(keys.slice(0, 300).map((_, j) => (j === i ? TABLE_MISS : j)));
        expect(hits).toBe(Math.min(keys.length, 300) - (i < 300 ? 1 : 0));
        expect(table.insert(key, i)).toBe(TABLE_INSERTED);
      }
    },
  );

  test.each(KEY_SIZES)(
    "keys of %i bytes with both buckets and the tag in common: six, and no seventh",
    async (keyBytes) => {
      const table = await makeTable(build, keyBytes, 10);
      const { buckets } = table.shape;
      const alike: Uint8Array[] = [];
      const home = place(numbered(keyBytes, 0), table.seed, buckets);
      for (let i = 0; alike.length < 7; i++) {
        const at = place(numbered(keyBytes, i), table.seed, buckets);
        const same = Math.min(at.first, at.second) === Math.min(home.first, home.second);
        if (same && at.first + at.second === home.first + home.second && at.tag === home.tag) {
          alike.push(numbered(keyBytes, i));
        }
      }
      const [seventh, ...six] = alike as [Uint8Array, ...Uint8Array[]];
      insertAll(table, six);
      expect(table.insert(seventh, 7)).toBe(TABLE_FULL);
      expect(table.lookupBurst(alike)).toEqual({ values: [TABLE_MISS, 0, 1, 2, 3, 4, 5], hits: 6 });
      expect(six.map((key) => table.lookup(key))).toEqual([0, 1, 2, 3, 4, 5]);
      for (const [i, key] of six.entries()) {
        expect(table.remove(key)).toBe(i);
        expect(table.insert(seventh, 9)).toBe(TABLE_INSERTED);
        expect(table.lookupBurst(alike).values).toEqual([9, ...six.map((_, j) => (j === i ? TABLE_MISS : j))]);
        expect(table.remove(seventh)).toBe(9);
        expect(table.insert(key, i)).toBe(TABLE_INSERTED);
      }
    },
  );

  test("an update replaces the value; TABLE_MISS is no value", async () => {
    const table = await makeTable(build, 16, 8);
    const key = counting(16);
    expect(table.insert(key, TABLE_MISS)).toBe(TABLE_BAD_VALUE);
    expect(table.lookup(key)).toBe(TABLE_MISS);
    expect(table.insert(key, 0)).toBe(TABLE_INSERTED);
    expect(table.insert(key, 0xfffffffe)).toBe(TABLE_UPDATED);
    expect(table.insert(key, TABLE_MISS)).toBe(TABLE_BAD_VALUE);
    expect(table.lookup(key)).toBe(0xfffffffe);
    expect(table.field(layout.TABLE_ENTRIES)).toBe(1);
  });

  test("an update of a full table is no insert", async () => {
    const table = await makeTable(build, 16, 1);
    expect(table.insert(numbered(16, 1), 1)).toBe(TABLE_INSERTED);
    expect(table.insert(numbered(16, 2), 2)).toBe(TABLE_FULL);
    expect(table.insert(numbered(16, 1), 3)).toBe(TABLE_UPDATED);
    expect([table.lookup(numbered(16, 1)), table.lookup(numbered(16, 2))]).toEqual([3, TABLE_MISS]);
  });

  // 60,000 entries are beyond what bursts take as near, 300 are not.
  test.each(KEY_SIZES.flatMap((keyBytes) => [300, 60_000].map((capacity) => [keyBytes, capacity] as const)))(
    "bursts of 0 to 300 keys of %i bytes, found and not, in a table of %i",
    async (keyBytes, capacity) => {
      const table = await makeTable(build, keyBytes, capacity);
      expect(table.field(layout.TABLE_LARGE)).toBe(capacity > 300 ? 1 : 0);
      for (let i = 0; i < capacity; i++) table.insert(numbered(keyBytes, i), i);
      expect(table.field(layout.TABLE_ENTRIES)).toBe(capacity);
      const random = new Random(keyBytes + capacity);
      for (let n = 0; n <= 300; n++) {
        // Of every four keys one is not there in one burst, three in the next.
        const wanted = Array.from(
          { length: n },
          (_, i) => random.below(capacity) + ((i * 7 + n) % 4 < 1 + 2 * (n % 2) ? capacity : 0),
        );
        const expected = wanted.map((i) => (i < capacity ? i : TABLE_MISS));
        const { values, hits } = table.lookupBurst(wanted.map((i) => numbered(keyBytes, i)));
        expect(values).toEqual(expected);
        expect(hits).toBe(expected.filter((value) => value !== TABLE_MISS).length);
      }
    },
  );

  test("the same key many times in a burst", async () => {
    const table = await makeTable(build, 32, 300);
    for (let i = 0; i < 300; i++) table.insert(numbered(32, i), i);
    for (const i of [0, 17, 299]) {
      const burst = new Array<Uint8Array>(200).fill(numbered(32, i));
      expect(table.lookupBurst(burst)).toEqual({ values: burst.map(() => i), hits: 200 });
    }
  });

  test("another seed, other places", async () => {
    const bucketOf = async (seed: bigint) => {
      const table = await makeTable(build, 16, 2 ** 16, seed);
      insertAll(table, [counting(16)]);
      return [...table.walk()].map(({ slot }) => slot >> 2);
    };
    const [a, b, c] = [await bucketOf(1n), await bucketOf(2n), await bucketOf(1n << 63n)];
    expect([a, b, c].flat()).toEqual([1n, 2n, 1n << 63n].map((seed) => place(counting(16), seed, 2 ** 15).first));
    expect(new Set([a, b, c].flat()).size).toBe(3);
  });
});

describe.each(BUILDS)("a walk (%s build)", (build) => {
  test("goes on from any slot", async () => {
    const table = await makeTable(build, 16, 100);
    for (let i = 0; i < 100; i++) table.insert(numbered(16, i), i);
    const slots = [...table.walk()].map(({ slot }) => slot);
    expect(slots.length).toBe(100);
    for (let from = 0; from <= table.shape.buckets * 4; from++) {
      const next = slots.find((slot) => slot >= from) ?? layout.TABLE_END;
      expect(table.kernels.tableNext(table.ptr, from) >>> 0).toBe(next);
    }
  });

  test("sees each entry once while it removes some, the one just seen or any other", async () => {
    const table = await makeTable(build, 48, 500);
    for (let i = 0; i < 500; i++) table.insert(numbered(48, i), i);
    const random = new Random();
    const seen = new Set<number>();
    const removedUnseen = new Set<number>();
    for (const { value, slot } of table.walk()) {
      expect(seen.has(value) || removedUnseen.has(value)).toBe(false);
      seen.add(value);
      // The key of the entry itself, where it stands in the table.
      if (value % 3 === 0) table.kernels.tableRemove(table.ptr, table.kernels.tableKey(table.ptr, slot));
      const other = random.below(500);
      if (value % 5 === 0 && table.remove(numbered(48, other)) !== TABLE_MISS && !seen.has(other))
        removedUnseen.add(other);
    }
    expect(seen.size + removedUnseen.size).toBe(500);
    expect([...table.walk()].every(({ value }) => value % 3 !== 0)).toBe(true);
  });
});
