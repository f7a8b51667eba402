/** Weighted filling against filling one by one, and the heap against sorting. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { fillByWeight, type Vessel } from "../../../src/limit/controller/fill.js";
import { Heap } from "../../../src/limit/controller/heap.js";
import { holds } from "../../helpers/property.js";

/** One mbuf after the other to the vessel with the lowest level that is not full. */
function oneByOne(vessels: readonly Vessel[], room: number): number[] {
  const given = vessels.map(() => 0);
  for (let left = room; left > 0; left--) {
    const open = vessels.map((vessel, i) => ({ ...vessel, i, got: given[i] as number })).filter((v) => v.got < v.wants);
    const level = (v: (typeof open)[0]) => (v.has + v.got) / v.weight;
    const lowest = open.sort((a, b) => level(a) - level(b) || a.i - b.i)[0];
    if (!lowest) break;
    given[lowest.i] = lowest.got + 1;
  }
  return given;
}

const vessel = fc.record({ weight: fc.integer({ min: 1, max: 9 }), has: fc.nat(60), wants: fc.nat(60) });

test("by weight is as one by one, but for rounding, and gives all there is", () => {
  holds(
    fc.property(fc.array(vessel, { maxLength: 12 }), fc.nat(400), (vessels, room) => {
      const given = fillByWeight(vessels, room);
      const wanted = vessels.reduce((sum, { wants }) => sum + wants, 0);
      expect(given.reduce((sum, n) => sum + n, 0)).toBe(Math.min(room, wanted));
      for (const [i, mbufs] of oneByOne(vessels, room).entries()) {
        expect(given[i]).toBeGreaterThanOrEqual(0);
        expect(given[i]).toBeLessThanOrEqual((vessels[i] as Vessel).wants);
        // A vessel of weight w goes up by w at once.
        expect(Math.abs((given[i] as number) - mbufs)).toBeLessThanOrEqual((vessels[i] as Vessel).weight);
      }
    }),
    1000,
  );
});

test("by hand", () => {
  const vessels = (...list: [weight: number, has: number, wants: number][]) =>
    list.map(([weight, has, wants]) => ({ weight, has, wants }));
  expect(fillByWeight(vessels([1, 0, 100], [1, 0, 100]), 100)).toEqual([50, 50]);
  expect(fillByWeight(vessels([1, 0, 100], [3, 0, 100]), 100)).toEqual([25, 75]);
  expect(fillByWeight(vessels([1, 0, 10], [1, 0, 100]), 100)).toEqual([10, 90]);
  expect(fillByWeight(vessels([1, 40, 100], [1, 0, 100]), 60)).toEqual([10, 50]);
  expect(fillByWeight(vessels([1, 90, 100], [1, 0, 100]), 60)).toEqual([0, 60]);
  expect(fillByWeight(vessels([1, 0, 9], [1, 0, 9], [1, 0, 9]), 4)).toEqual([2, 1, 1]);
  expect(fillByWeight([], 4)).toEqual([]);
});

test("a heap gives what sorting would", () => {
  const change = fc.tuple(fc.nat(15), fc.option(fc.nat(9), { nil: undefined }));
  holds(
    fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
      const items = Array.from({ length: 16 }, (_, turn) => ({ turn }));
      const heap = new Heap<{ turn: number }>();
      const keys = new Map<number, number>();
      for (const [turn, key] of changes) {
        const item = items[turn] as { turn: number };
        if (key === undefined) heap.remove(item);
        else heap.put(item, key);
        if (key === undefined) keys.delete(turn);
        else keys.set(turn, key);
        const [first] = [...keys].sort(([a, x], [b, y]) => y - x || a - b);
        expect([heap.top?.turn, heap.topKey]).toEqual(first ?? [undefined, undefined]);
        expect(heap.size).toBe(keys.size);
      }
    }),
    500,
  );
});
