/** Packet sequence numbers on both sides of a move, over uplinks that are not quite in step, and where numbers begin again. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { Passage } from "../../src/scenario/passage.js";

it("has the highest number to the old host and the lowest to the new one, wherever numbers begin again", () => {
  const cases = fc.record({
    start: fc.integer({ min: 0, max: 2 ** 24 - 1 }),
    before: fc.integer({ min: 1, max: 40 }),
    after: fc.integer({ min: 1, max: 40 }),
    shuffle: fc.infiniteStream(fc.nat()),
  });
  fc.assert(
    fc.property(cases, ({ start, before, after, shuffle }) => {
      const numbers = Array.from({ length: before + after }, (_, i) => (start + i) % 2 ** 24);
      const shuffled = (list: readonly number[]) => {
        const keyed = list.map((number) => ({ number, key: shuffle.next().value as number }));
        return keyed.toSorted((a, b) => a.key - b.key).map(({ number }) => number);
      };
      const passage = new Passage();
      for (const psn of shuffled(numbers.slice(0, before))) passage.old(psn);
      for (const psn of shuffled(numbers.slice(before))) passage.new(psn);
      expect([passage.last, passage.first]).toEqual([numbers[before - 1], numbers[before]]);
    }),
  );
});

it("has none of frames without numbers", () => {
  const passage = new Passage();
  passage.old(undefined);
  passage.new(undefined);
  expect([passage.last, passage.first]).toEqual([undefined, undefined]);
});
