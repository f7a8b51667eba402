import { beforeEach, describe, expect, test } from "vitest";
import type { Frame } from "../../src/buffer/frame.js";
import type { Port } from "../../src/buffer/port.js";
import type { Engine } from "../../src/engine.js";
import { ConfigError } from "../../src/errors.js";
import { concat, counting } from "../helpers/bytes.js";
import { censusAfterEach } from "../helpers/census.js";
import { BUILDS, testEngine } from "../helpers/engines.js";
import { drain } from "../helpers/ports.js";

censusAfterEach();

/** System 1's mixed path: a payload in pieces, copied together or sent as it lies. */
describe.each(BUILDS)("postFragments (%s build)", (build) => {
  let engine: Engine;
  let port: Port;
  beforeEach(async () => {
    engine = await testEngine({ mbufs: 80, queueSize: 64, payloadBytes: 512 }, build);
    port = engine.addPort("a", { scatterGather: true });
  });

  const headers = counting(42, 200);

  function fragments(lengths: readonly number[], on = port): Frame[] {
    return lengths.map((length, i) => {
      const frame = on.reserve(length);
      if (!frame) throw new Error("the pool is empty");
      frame.payload.set(counting(length, i * 3 + 1));
      return frame;
    });
  }

  test.each([1, 2, 3, 8, 30])(
    "%i fragments: the same bytes leave either way; 1 descriptor, or one each and one more",
    (k) => {
      const lengths = Array.from({ length: k }, (_, i) => 5 + (i % 7));
      const expected = concat(headers, ...lengths.map((length, i) => counting(length, i * 3 + 1)));
      const payload = expected.length - headers.length;

      expect(port.postFragments(headers, fragments(lengths), "gather")).toBe(true);
      expect(port.counters).toMatchObject({
        txDescriptors: 1,
        copiedBytes: payload,
        gatheredFrames: 1,
        scatteredFrames: 0,
      });
      expect(port.postFragments(headers, fragments(lengths), "scatter")).toBe(true);
      expect(port.counters).toMatchObject({ txDescriptors: 1 + k + 1, copiedBytes: payload, scatteredFrames: 1 });
      expect(port.counters).toMatchObject({ txFrames: 2, txDoorbells: 2, txBytes: 2 * expected.length });

      const [gathered, scattered] = drain(port);
      expect(gathered?.bytes).toEqual(expected);
      expect(scattered?.bytes).toEqual(expected);
      expect(gathered?.spans).toEqual([expected.length]);
      expect(scattered?.spans).toEqual([headers.length, ...lengths]);
      expect(engine.freeMbufs).toBe(80);
    },
  );

  test.each(["gather", "scatter"] as const)("%s: the fragments' handles end", (how) => {
    const given = fragments([10, 20]);
    expect(port.postFragments(headers, given, how)).toBe(true);
    expect(given.map((fragment) => fragment.isReleased)).toEqual([true, true]);
    drain(port);
  });

  test.each(["gather", "scatter"] as const)("%s: headers that fragments have already leave with them", (how) => {
    const given = fragments([10, 20]);
    given[1]?.prepend(counting(4, 77));
    port.postFragments(headers, given, how);
    expect(drain(port)[0]?.bytes).toEqual(concat(headers, counting(10), counting(4, 77), counting(20, 4)));
  });

  test.each(["gather", "scatter"] as const)(
    "%s: a full queue says false, is counted, and the fragments stay the host's",
    (how) => {
      port.postBurst(port.reserveBurst(10, 64));
      const given = fragments([10, 20]);
      const before = engine.census();
      expect(port.postFragments(headers, given, how)).toBe(false);
      expect(given.map((fragment) => fragment.payload)).toEqual([counting(10), counting(20, 4)]);
      expect(engine.census()).toEqual(before);
      expect(port.counters).toMatchObject({
        txFrames: 64,
        txRefused: 1,
        gatheredFrames: 0,
        scatteredFrames: 0,
        copiedBytes: 0,
      });
      drain(port);
      expect(port.postFragments(headers, given, how)).toBe(true);
      drain(port);
    },
  );

  test.each(["gather", "scatter"] as const)("%s: an empty pool says false, and is counted", (how) => {
    const given = fragments([10, 20]);
    const rest = port.reserveBurst(10, 78);
    expect(port.postFragments(headers, given, how)).toBe(false);
    expect(port.counters).toMatchObject({ noBuffer: 1, txFrames: 0 });
    expect(given.map((fragment) => fragment.isReleased)).toEqual([false, false]);
    for (const frame of [...given, ...rest]) frame.release();
  });

  test.each(["gather", "scatter"] as const)("%s: headers beyond the headroom say false, and are counted", (how) => {
    const given = fragments([10, 20]);
    const before = engine.census();
    expect(port.postFragments(counting(engine.headroomBytes + 1), given, how)).toBe(false);
    expect(engine.census()).toEqual(before);
    expect(port.counters).toMatchObject({ prependFailures: 1, txFrames: 0, txDescriptors: 0 });
    for (const frame of given) frame.release();
  });

  test("scatter on a port of one span is refused", () => {
    const single = engine.addPort("b");
    const given = fragments([10], single);
    expect(() => single.postFragments(headers, given, "scatter")).toThrowError(ConfigError);
    expect(single.postFragments(headers, given, "gather")).toBe(true);
    drain(single);
  });

  test("no fragments, too many, one twice, or more than a buffer holds, are refused and left alone", () => {
    const one = fragments([10]);
    expect(() => port.postFragments(headers, [], "gather")).toThrowError(/fragments.length is 0/);
    expect(() => port.postFragments(headers, Array(64).fill(one[0]), "scatter")).toThrowError(/fragments.length is 64/);
    expect(() => port.postFragments(headers, [one[0], one[0]] as Frame[], "scatter")).toThrowError(ConfigError);
    const long = fragments([400, 113]);
    expect(() => port.postFragments(headers, long, "gather")).toThrowError(ConfigError);
    expect(port.postFragments(headers, long, "scatter")).toBe(true);
    expect(drain(port)[0]?.bytes.length).toBe(42 + 513);
    one[0]?.release();
  });

  test("63 fragments, the most, make 64 descriptors", async () => {
    expect(port.postFragments(headers, fragments(Array(63).fill(3)), "scatter")).toBe(true);
    expect(port.counters.txDescriptors).toBe(64);
    expect(drain(port)[0]?.spans).toHaveLength(64);
  });
});
