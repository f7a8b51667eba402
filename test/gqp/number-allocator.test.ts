import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HostNumbers } from "../../src/gqp/host-numbers.js";
import { GqpnAllocator, GqpnExhausted } from "../../src/gqp/number-allocator.js";
import { holds } from "../helpers/property.js";

const QUARANTINE_MS = 100;
const HOSTS = ["a", "b", "c"];

describe("the allocator", () => {
  test("hands out disjoint blocks, without the reserved numbers", () => {
    const allocator = new GqpnAllocator({ blockSize: 65_536, quarantineMs: 0 });
    const blocks = Array.from({ length: 256 }, () => allocator.allocate("a", 0));
    expect([blocks[0], blocks[1]]).toEqual([
      { first: 2, count: 65_534 },
      { first: 65_536, count: 65_536 },
    ]);
    expect(blocks[255]).toEqual({ first: 0xff0000, count: 65_534 });
    expect(blocks.reduce((sum, { count }) => sum + count, 0)).toBe(2 ** 24 - 4);
    expect(allocator.blocksOf("a")).toEqual(blocks);
  });

  test("exhaustion is an error that says when there will be numbers again", () => {
    const allocator = new GqpnAllocator({ blockSize: 65_536, quarantineMs: QUARANTINE_MS });
    const [first, second] = Array.from({ length: 256 }, () => allocator.allocate("a", 0));
    const exhausted = (nowMs: number) => {
      try {
        allocator.allocate("b", nowMs);
      } catch (error) {
        return error;
      }
    };
    expect(exhausted(5)).toBeInstanceOf(GqpnExhausted);
    expect(exhausted(5)).toMatchObject({ code: "GQPN_EXHAUSTED", freeAtMs: undefined });
    allocator.release("a", second?.first as number, 10);
    allocator.release("a", first?.first as number, 20);
    expect(exhausted(109)).toMatchObject({ freeAtMs: 110 });
    expect(allocator.allocate("b", 110)).toEqual(second);
    expect(exhausted(119)).toMatchObject({ freeAtMs: 120 });
    expect(allocator.allocate("b", 500)).toEqual(first);
  });

  test("a block rests only after the last of its numbers has come back", () => {
    const allocator = new GqpnAllocator({ blockSize: 65_536, quarantineMs: QUARANTINE_MS });
    const blocks = Array.from({ length: 256 }, () => allocator.allocate("a", 0));
    const { first } = blocks[7] as { first: number };
    allocator.release("a", first, 10, [first + 3, first + 9]);
    expect(allocator.holderOf(first + 3)).toBeUndefined();
    expect(allocator.returnNumber(first + 3, 1000)).toBeUndefined();
    expect(() => allocator.allocate("b", 5000)).toThrowError(GqpnExhausted);
    allocator.returnNumber(first + 9, 6000);
    expect(() => allocator.allocate("b", 6099)).toThrowError(GqpnExhausted);
    expect(allocator.allocate("b", 6100).first).toBe(first);
    // A number of a block that somebody has is that host's affair.
    expect(allocator.returnNumber(first + 9, 7000)).toBe("b");
    expect([allocator.holderOf(first), allocator.holderOf(2)]).toEqual(["b", "a"]);
  });

  test("what is not a host's cannot be released, and nothing changes", () => {
    const allocator = new GqpnAllocator({ quarantineMs: 0 });
    const { first } = allocator.allocate("a", 0);
    const before = allocator.state;
    for (const [args, argument] of [
      [["b", first, 0], "first"],
      [["a", first + 256, 0], "first"],
      [["a", 1, 0], "first"],
      [["a", 0xfffffe, 0], "first"],
      [["a", first, 0, [first + 256]], "stillUsed"],
    ] as const) {
      const [host, at, nowMs, used] = args;
      expect(() => allocator.release(host, at, nowMs, used)).toThrowError(expect.objectContaining({ argument }));
    }
    expect(() => allocator.returnNumber(0, 0)).toThrowError(expect.objectContaining({ argument: "gqpn" }));
    expect(() => allocator.allocate("", 0)).toThrowError(expect.objectContaining({ argument: "host" }));
    expect(allocator.state).toEqual(before);
  });

  test.each([
    [{ blockSize: 100, quarantineMs: 0 }, "blockSize"],
    [{ blockSize: 2, quarantineMs: 0 }, "blockSize"],
    [{ blockSize: 131_072, quarantineMs: 0 }, "blockSize"],
    [{ quarantineMs: -1 }, "quarantineMs"],
  ])("%j is refused", (options, argument) => {
    expect(() => new GqpnAllocator(options)).toThrowError(expect.objectContaining({ argument }));
  });

  /** Few blocks, so that they go round: all but some are taken by a host that keeps them. */
  function crowded(): GqpnAllocator {
    const allocator = new GqpnAllocator({ blockSize: 65_536, quarantineMs: QUARANTINE_MS });
    for (let i = 0; i < 250; i++) allocator.allocate("landlord", 0);
    return allocator;
  }

  const step = fc.oneof(
    fc.record({ kind: fc.constant("allocate" as const), host: fc.constantFrom(...HOSTS) }),
    fc.record({ kind: fc.constant("release" as const), which: fc.nat(99), used: fc.nat(2) }),
    fc.record({ kind: fc.constant("return" as const), which: fc.nat(99) }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(80) }),
    fc.record({ kind: fc.constant("restart" as const) }),
  );

  test("no number in two hands, and none again before its quarantine has ended", () => {
    holds(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        let allocator = crowded();
        let nowMs = 0;
        const held: { host: string; first: number }[] = [];
        const alive: number[] = [];
        /** When the last number of a block came back. */
        const ended = new Map<number, number>();
        for (const s of steps) {
          if (s.kind === "wait") nowMs += s.ms;
          if (s.kind === "restart") allocator = GqpnAllocator.from(JSON.parse(JSON.stringify(allocator.state)));
          if (s.kind === "allocate") {
            const isRested = [...ended.values()].some((at) => at + QUARANTINE_MS <= nowMs);
            const isFresh = held.length + ended.size + new Set(alive.map((n) => n >> 16)).size < 6;
            if (isRested || isFresh) {
              const { first } = allocator.allocate(s.host, nowMs);
              expect(held.some((block) => block.first === first)).toBe(false);
              expect(alive.some((n) => n >> 16 === first >> 16)).toBe(false);
              expect((ended.get(first) ?? Number.NEGATIVE_INFINITY) + QUARANTINE_MS).toBeLessThanOrEqual(nowMs);
              expect(allocator.holderOf(first)).toBe(s.host);
              ended.delete(first);
              held.push({ host: s.host, first });
            } else {
              expect(() => allocator.allocate(s.host, nowMs)).toThrowError(GqpnExhausted);
            }
          }
          if (s.kind === "release" && held.length > 0) {
            const [block] = held.splice(s.which % held.length, 1) as [(typeof held)[number]];
            const used = Array.from({ length: s.used }, (_, i) => block.first + i);
            allocator.release(block.host, block.first, nowMs, used);
            alive.push(...used);
            if (used.length === 0) ended.set(block.first, nowMs);
          }
          if (s.kind === "return" && alive.length > 0) {
            const [number] = alive.splice(s.which % alive.length, 1) as [number];
            expect(allocator.returnNumber(number, nowMs)).toBeUndefined();
            if (!alive.some((n) => n >> 16 === number >> 16)) ended.set((number >> 16) << 16, nowMs);
          }
          for (const host of HOSTS) {
            expect(
              allocator
                .blocksOf(host)
                .map(({ first }) => first)
                .sort(),
            ).toEqual(
              held
                .filter((block) => block.host === host)
                .map(({ first }) => first)
                .sort(),
            );
          }
        }
      }),
      400,
    );
  });
});

describe("a host's numbers", () => {
  test("another block is due, once, when few are left", () => {
    const numbers = new HostNumbers({ lowWater: 3, quarantineMs: QUARANTINE_MS });
    expect([numbers.wantsBlock(0), numbers.wantsBlock(0), numbers.take(0)]).toEqual([true, false, undefined]);
    numbers.refused();
    expect(numbers.wantsBlock(0)).toBe(true);
    numbers.add({ first: 256, count: 4 });
    expect([numbers.wantsBlock(0), numbers.take(0), numbers.take(0)]).toEqual([false, 256, 257]);
    expect([numbers.wantsBlock(0), numbers.available(0)]).toEqual([true, 2]);
    numbers.add({ first: 512, count: 4 });
    expect(() => numbers.add({ first: 512, count: 4 })).toThrowError(/block.first/);
    expect([numbers.take(0), numbers.take(0), numbers.take(0)]).toEqual([258, 259, 512]);
  });

  test("retiring gives back every block, with the numbers that live on elsewhere", () => {
    const numbers = new HostNumbers({ quarantineMs: 0 });
    numbers.add({ first: 2, count: 2 });
    numbers.add({ first: 4, count: 4 });
    for (let i = 0; i < 4; i++) numbers.take(0);
    expect([numbers.put(3, 0), numbers.put(3, 0), numbers.put(7, 0)]).toEqual([true, false, false]);
    expect(numbers.retire()).toEqual([
      { first: 2, stillUsed: [2] },
      { first: 4, stillUsed: [4, 5] },
    ]);
    expect([numbers.available(0), numbers.take(0), numbers.put(2, 0)]).toEqual([0, undefined, false]);
  });

  test("no number is given twice, nor again before it has rested", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("take" as const) }),
      fc.record({ kind: fc.constant("put" as const), which: fc.nat(99) }),
      fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(60) }),
    );
    holds(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const numbers = new HostNumbers({ quarantineMs: QUARANTINE_MS });
        numbers.add({ first: 2, count: 3 });
        numbers.add({ first: 256, count: 4 });
        let nowMs = 0;
        const inUse: number[] = [];
        const ended = new Map<number, number>();
        for (const s of steps) {
          if (s.kind === "wait") nowMs += s.ms;
          if (s.kind === "take") {
            const canTake = numbers.available(nowMs);
            const resting = [...ended.values()].filter((at) => at + QUARANTINE_MS > nowMs).length;
            expect(canTake).toBe(7 - inUse.length - resting);
            const gqpn = numbers.take(nowMs);
            expect(gqpn !== undefined).toBe(canTake > 0);
            if (gqpn === undefined) continue;
            expect(inUse).not.toContain(gqpn);
            expect([2, 3, 4, 256, 257, 258, 259]).toContain(gqpn);
            expect((ended.get(gqpn) ?? Number.NEGATIVE_INFINITY) + QUARANTINE_MS).toBeLessThanOrEqual(nowMs);
            ended.delete(gqpn);
            inUse.push(gqpn);
          }
          if (s.kind === "put" && inUse.length > 0) {
            const [gqpn] = inUse.splice(s.which % inUse.length, 1) as [number];
            expect(numbers.put(gqpn, nowMs)).toBe(true);
            ended.set(gqpn, nowMs);
          }
        }
      }),
      500,
    );
  });
});
