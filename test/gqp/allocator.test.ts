import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BlockAllocator } from "../../src/gqp/allocator.js";
import { GQPN_FIRST, GQPN_LAST } from "../../src/gqp/numbers.js";
import { holds } from "../helpers/property.js";

describe("the allocator of numbers", () => {
  test("the first number is 2, the last 0xfffffd", () => {
    expect(new BlockAllocator().allocate("a", GQPN_LAST - GQPN_FIRST + 1, 0)).toBe(2);
    expect(GQPN_LAST).toBe(0xfffffd);
    const all = new BlockAllocator();
    all.allocate("a", GQPN_LAST - GQPN_FIRST + 1, 0);
    expect(all.allocate("b", 1, 0)).toBeUndefined();
  });

  test("a block that came back rests until its time", () => {
    const allocator = new BlockAllocator(2, 5);
    expect([allocator.allocate("a", 2, 0), allocator.allocate("b", 2, 0)]).toEqual([2, 4]);
    expect(allocator.release("b", 2, 2, 100)).toBe(false);
    expect(allocator.release("a", 2, 2, 100)).toBe(true);
    expect(allocator.allocate("c", 2, 99)).toBeUndefined();
    expect(allocator.allocate("c", 2, 100)).toBe(2);
  });

  test("no number is two hosts', none is handed out before its rest is over, and a written-out allocator goes on alike", () => {
    const step = fc.record({
      host: fc.constantFrom("a", "b", "c"),
      size: fc.integer({ min: 1, max: 5 }),
      back: fc.boolean(),
    });
    holds(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const restMs = 7;
        let allocator = new BlockAllocator(2, 33);
        const owners = new Map<number, string>();
        const freeAt = new Map<number, number>();
        const blocks: { host: string; first: number; size: number }[] = [];
        for (const [nowMs, { host, size, back }] of steps.entries()) {
          allocator = new BlockAllocator(2, 33, JSON.parse(JSON.stringify(allocator.state)));
          const block = back ? blocks.shift() : undefined;
          if (block) {
            expect(allocator.release(block.host, block.first, block.size, nowMs + restMs)).toBe(true);
            for (let n = block.first; n < block.first + block.size; n++) {
              owners.delete(n);
              freeAt.set(n, nowMs + restMs);
            }
            continue;
          }
          const first = allocator.allocate(host, size, nowMs);
          if (first === undefined) continue;
          expect(first).toBeGreaterThanOrEqual(2);
          expect(first + size - 1).toBeLessThanOrEqual(33);
          for (let n = first; n < first + size; n++) {
            expect(owners.has(n)).toBe(false);
            expect(freeAt.get(n) ?? 0).toBeLessThanOrEqual(nowMs);
            owners.set(n, host);
          }
          blocks.push({ host, first, size });
        }
      }),
      300,
    );
  });
});
