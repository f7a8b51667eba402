/** One way by itself: what each option does to frames, counted exactly. */
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/errors.js";
import type { UnderlayFrame } from "../../src/sim/frame.js";
import { combined, NO_IMPAIRMENT } from "../../src/sim/impairment.js";
import { imbalance, Way, type WayOptions } from "../../src/sim/way.js";
import { World } from "../../src/sim/world.js";
import { counting } from "../helpers/bytes.js";
import * as f from "../helpers/frames.js";

const SEED = 11;

interface Arrived {
  readonly number: number;
  readonly atMs: number;
  readonly data: Uint8Array;
}

/** A way to nowhere that notes what arrives; frames are numbered in their last two bytes. */
function makeWay(options: WayOptions, name = "way", seed = SEED) {
  const world = new World(seed);
  const arrived: Arrived[] = [];
  const parted = new Set<string>();
  const end = {
    accepts: ({ from }: UnderlayFrame) => !parted.has(from),
    deliver: ({ data }: UnderlayFrame, nowNs: number) => {
      arrived.push({ number: numberOf(data), atMs: nowNs / 1e6, data });
    },
  };
  const way = new Way(world, name, end, options);
  const run = () => {
    while (world.clock.advance() > 0) expect(imbalance(way.counters)).toBe(0);
    expect([way.counters.inFlight, world.moving]).toEqual([0, 0]);
  };
  return { way, world, arrived, parted, run, numbers: () => arrived.map(({ number }) => number) };
}

function frameOf(number: number, lengthBytes = 100): UnderlayFrame {
  const data = f.ethernet(f.layer3(0x88b5, counting(lengthBytes - 14)));
  data.set([number >> 8, number & 0xff], lengthBytes - 2);
  return { data, originalLength: lengthBytes, timestampNs: 0n, from: "alpha", hash: number };
}

function numberOf(data: Uint8Array): number {
  return ((data.at(-2) as number) << 8) | (data.at(-1) as number);
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe("a way", () => {
  test("without options delivers at once, each frame once and in order", () => {
    const { way, arrived, run } = makeWay({});
    for (const i of upTo(10)) expect(way.send(frameOf(i))).toBe(0);
    run();
    expect(arrived.map(({ number, atMs }) => [number, atMs])).toEqual(upTo(10).map((i) => [i, 0]));
    expect(way.counters).toMatchObject({ sent: 10, arrived: 10, arrivedBytes: 1000, lost: 0 });
  });

  test("takes its delay, and of jitter no more than it may, without reordering", () => {
    for (const jitter of ["uniform", "bell"] as const) {
      const { way, world, arrived, run, numbers } = makeWay({ delayMs: 5, jitterMs: 4, jitter });
      for (const i of upTo(2000)) world.move(i * 20_000, () => way.send(frameOf(i)));
      run();
      expect(numbers()).toEqual(upTo(2000));
      const waits = arrived.map(({ number, atMs }) => atMs - number * 0.02);
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(5 - 1e-9);
      expect(Math.max(...waits)).toBeLessThan(9 + 1e-9);
    }
  });

  test.each([
    ["uniform", 1 / 12],
    ["bell", 1 / 48],
  ] as const)("jitters by %s distribution", (jitter, variance) => {
    // One frame at a time, so that none has to wait for the one before.
    const { way, world, arrived, run } = makeWay({ jitterMs: 1, jitter });
    for (const i of upTo(4000)) world.move(i * 2e6, () => way.send(frameOf(i)));
    run();
    const shares = arrived.map(({ number, atMs }) => atMs - number * 2);
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const spread = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
    expect(Math.abs(spread / variance - 1)).toBeLessThan(0.1);
  });

  test("loses by its probability, and says how many", () => {
    for (const [loss, least, most] of [
      [0, 0, 0],
      [0.3, 250, 350],
      [1, 1000, 1000],
    ] as const) {
      const { way, run, numbers } = makeWay({ loss });
      for (const i of upTo(1000)) way.send(frameOf(i));
      run();
      const { lost, arrived } = way.counters;
      expect(lost).toBeGreaterThanOrEqual(least);
      expect(lost).toBeLessThanOrEqual(most);
      expect([arrived + lost, numbers().length]).toEqual([1000, arrived]);
    }
  });

  test("doubles: every copy is the frame's twin", () => {
    const { way, run, numbers, arrived } = makeWay({ duplicate: 1 });
    for (const i of upTo(5)) way.send(frameOf(i));
    run();
    expect(numbers()).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
    for (const { number, data } of arrived) expect(data).toEqual(frameOf(number).data);
    expect(way.counters).toMatchObject({ sent: 5, duplicated: 5, arrived: 10 });
  });

  test("holds frames back by reorderMs, and those only", () => {
    const { way, world, arrived, run } = makeWay({ delayMs: 1, reorder: 0.2, reorderMs: 3 });
    for (const i of upTo(500)) world.move(i * 1e6, () => way.send(frameOf(i)));
    run();
    const late = arrived.filter(({ number, atMs }) => atMs === number + 4);
    const onTime = arrived.filter(({ number, atMs }) => atMs === number + 1);
    expect([late.length, late.length + onTime.length]).toEqual([way.counters.reordered, 500]);
    expect(late.length).toBeGreaterThan(70);
    const order = onTime.map(({ number }) => number);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  test("corrupts one bit, in a copy, and all bits in their turn", () => {
    const { way, run, arrived } = makeWay({ corrupt: 1 });
    const original = frameOf(7, 40);
    for (let i = 0; i < 4000; i++) way.send(original);
    run();
    const flips = arrived.map(({ data }) => differingBits(data, original.data));
    expect(flips.every((bits) => bits.length === 1)).toBe(true);
    expect(new Set(flips.flat()).size).toBe(320);
    expect([way.counters.corrupted, numberOf(original.data)]).toEqual([4000, 7]);
  });

  test("sends at its rate: 84 bytes of wire for a shortest frame, IEEE 802.3", () => {
    const { way, world, arrived, run } = makeWay({ rateBps: 10e9, delayMs: 1 });
    // 14.88 million a second and no more.
    expect(upTo(3).map((i) => way.send(frameOf(i, 40)))).toEqual([68, 135, 202]);
    expect(way.send(frameOf(3, 1514))).toBe(Math.ceil(3 * 67.2 + 1538 * 0.8));
    run();
    expect(arrived.map(({ atMs }) => Math.round(atMs * 1e6) - 1e6)).toEqual([68, 135, 202, 1432]);
    expect(way.send(frameOf(4, 60))).toBe(world.clock.nowNs + 68);
  });

  test("drops what its buffer does not hold, where it may not wait", () => {
    const { way, run, numbers } = makeWay({ rateBps: 8e6, bufferBytes: 300 });
    // 100 bytes and 24 of wire overhead: beyond 300 after three.
    for (const i of upTo(10)) way.sendOrDrop(frameOf(i));
    run();
    expect(numbers()).toEqual([0, 1, 2]);
    expect(way.counters).toMatchObject({ sent: 10, full: 7, arrived: 3 });
    way.sendOrDrop(frameOf(10));
    run();
    expect(numbers()).toEqual([0, 1, 2, 10]);
  });

  test("takes payloads up to its MTU, VLAN tags not counted", () => {
    const { way, run, arrived } = makeWay({ mtuBytes: 100 });
    const tagged = f.ethernet(f.layer3(0x88b5, counting(100)), { tags: [{ tci: 5, tpid: 0x88a8 }, { tci: 7 }] });
    for (const data of [tagged, frameOf(0, 114).data, frameOf(1, 115).data]) {
      way.send({ ...frameOf(0), data, originalLength: data.length });
    }
    run();
    expect(arrived.map(({ data }) => data.length)).toEqual([122, 114]);
    expect(way.counters).toMatchObject({ tooLong: 1, arrived: 2 });
  });

  test("loses what is on it when it is cut, and what is sent until the last cut is repaired", () => {
    const { way, world, run, numbers } = makeWay({ delayMs: 10 });
    const at = (ms: number, action: () => void) => world.move(ms * 1e6, action);
    for (const [i, ms] of [0, 4, 6, 12, 21, 30].entries()) at(ms, () => way.send(frameOf(i)));
    at(5, () => way.cut());
    at(7, () => way.cut());
    at(11, () => way.repair());
    at(20, () => way.repair());
    run();
    expect(numbers()).toEqual([4, 5]);
    expect(way.counters).toMatchObject({ sent: 6, cut: 4, arrived: 2 });
  });

  test("loses what its end does not accept when it arrives", () => {
    const { way, world, parted, run, numbers } = makeWay({ delayMs: 10 });
    for (const i of upTo(3)) world.move(i * 10e6, () => way.send(frameOf(i)));
    world.move(15e6, () => parted.add("alpha"));
    world.move(25e6, () => parted.clear());
    run();
    expect([numbers(), way.counters.parted]).toEqual([[0, 2], 1]);
  });

  test("is worse while impairments lie on it, by all of them", () => {
    const { way, world, arrived, run } = makeWay({ delayMs: 1 });
    const undo: (() => void)[] = [];
    const at = (ms: number, action: () => void) => world.move(ms * 1e6, action);
    for (const i of upTo(6)) at(i * 10, () => way.send(frameOf(i)));
    at(5, () => undo.push(way.impair({ delayMs: 2 })));
    at(15, () => undo.push(way.impair({ delayMs: 3, duplicate: 1 })));
    at(25, () => undo.push(way.impair({ loss: 1 })));
    at(35, () => undo.pop()?.());
    at(45, () => undo.shift()?.());
    run();
    expect(arrived.map(({ number, atMs }) => [number, atMs - number * 10])).toEqual([
      ...[
        [0, 1],
        [1, 3],
        [2, 6],
        [2, 6],
        [4, 6],
        [4, 6],
        [5, 4],
        [5, 4],
      ],
    ]);
    expect(way.counters).toMatchObject({ lost: 1, duplicated: 3 });
  });
});

test("impairments add up: losses by independent causes, delays one after the other", () => {
  const layers = [
    { loss: 0.5, delayMs: 1, reorderMs: 4 },
    { loss: 0.5, corrupt: 0.25, jitterMs: 2, reorderMs: 3 },
  ];
  const base = { ...NO_IMPAIRMENT, loss: 0.5, duplicate: 0.1, delayMs: 3 };
  expect(combined(base, layers)).toEqual({
    ...{ loss: 0.875, duplicate: 0.1, reorder: 0, corrupt: 0.25, delayMs: 4, jitterMs: 2, reorderMs: 4 },
  });
  expect(combined(base, [])).toEqual(base);
});

describe("the dice of a way", () => {
  const fates = (options: WayOptions, name = "way", seed = SEED) => {
    const { way, run, numbers } = makeWay(options, name, seed);
    for (const i of upTo(300)) way.send(frameOf(i));
    run();
    return new Set(numbers());
  };

  test("fall alike for one seed and name, and otherwise for others", () => {
    const first = fates({ loss: 0.5 });
    expect(fates({ loss: 0.5 })).toEqual(first);
    expect(fates({ loss: 0.5 }, "other")).not.toEqual(first);
    expect(fates({ loss: 0.5 }, "way", SEED + 1)).not.toEqual(first);
  });

  test("decide a frame's loss whatever else may happen to it, and more loss loses the same frames and others", () => {
    const first = fates({ loss: 0.5 });
    expect(fates({ loss: 0.5, duplicate: 0.5, corrupt: 0.5, reorder: 0.5, jitterMs: 3, jitter: "bell" }).size).toBe(
      first.size,
    );
    const fewer = fates({ loss: 0.7 });
    expect(fewer.size).toBeLessThan(first.size);
    for (const number of fewer) expect(first).toContain(number);
  });
});

test.each([
  ["loss", { loss: 1.1 }],
  ["duplicate", { duplicate: -0.1 }],
  ["corrupt", { corrupt: Number.NaN }],
  ["delayMs", { delayMs: -1 }],
  ["jitterMs", { jitterMs: Number.POSITIVE_INFINITY }],
  ["jitter", { jitter: "normal" as "bell" }],
  ["rateBps", { rateBps: -1 }],
  ["mtuBytes", { mtuBytes: 67 }],
  ["bufferBytes", { bufferBytes: 0.5 }],
])("%s out of its bounds is refused", (argument, options) => {
  expect(() => makeWay(options)).toThrow(ConfigError);
  expect(() => makeWay(options)).toThrow(new RegExp(`^${argument} is`));
});

function differingBits(a: Uint8Array, b: Uint8Array): number[] {
  return upTo(a.length * 8).filter((bit) => (((a[bit >> 3] as number) ^ (b[bit >> 3] as number)) >> (bit & 7)) & 1);
}
