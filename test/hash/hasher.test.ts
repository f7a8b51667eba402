import { describe, expect, test } from "vitest";
import { ConfigError, EngineClosed } from "../../src/errors.js";
import { HASH_POLICIES, type HashOptions } from "../../src/hash/options.js";
import { counting } from "../helpers/bytes.js";
import { capturedFrames } from "../helpers/corpus.js";
import { BUILDS, testEngine } from "../helpers/engines.js";
import * as f from "../helpers/frames.js";
import { aix } from "../model/aix.js";
import { bonding } from "../model/bonding.js";
import { parse } from "../model/parse.js";
import { rss } from "../model/rss.js";
import { slb } from "../model/slb.js";
import { RSS_KEY } from "../vectors/rss.js";

describe.each(BUILDS)("hashers of an engine (%s build)", (build) => {
  test("hash whole captures as their twins do", async () => {
    const engine = await testEngine({ hashers: 4, mbufs: 512 }, build);
    const burst = engine.burst();
    const options: readonly HashOptions[] = [
      { policy: "layer3+4" },
      { policy: "encap2+3", generation: "4.20", headers: "inner" },
      { policy: "toeplitz" },
      { policy: "slb", basis: 3 },
    ];
    const twins = [
      (frame: Uint8Array) => bonding(frame, "layer3+4", "6.0"),
      (frame: Uint8Array) => bonding(frame, "encap2+3", "4.20", "inner"),
      (frame: Uint8Array) => rss(frame, RSS_KEY),
      (frame: Uint8Array) => slb(frame, 3),
    ];
    const hashers = options.map((asked) => engine.hasher(asked));
    const frames = (await capturedFrames()).filter((_, i) => i % 7 === 0);
    for (let at = 0; at < frames.length; at += burst.length) {
      burst.load(
        frames.slice(at).map((data) => ({ data })),
        0,
      );
      burst.parse();
      const loaded = frames.slice(at, at + burst.length);
      for (const [i, hasher] of hashers.entries()) {
        expect([...burst.hashes(hasher)], hasher.describe()).toEqual(loaded.map((frame) => twins[i]?.(frame)));
      }
    }
    burst.release();
  });

  test("what parse refuses hashes to 0, and the others as ever", async () => {
    const engine = await testEngine({}, build);
    const burst = engine.burst();
    const hasher = engine.hasher({ policy: "layer2", generation: "3.13" });
    const good = f.ethernet(f.ipv4(f.tcp(counting(3))));
    const bad = f.ethernet(f.ipv4(f.tcp(counting(3)), { version: 5 }));
    expect(parse(bad).cause).not.toBe(0);
    burst.load([{ data: good }, { data: bad }, { data: good }]);
    burst.parse();
    expect([...burst.hashes(hasher)]).toEqual([3, 0, 3]);
    burst.release();
    expect([...burst.hashes(hasher)]).toEqual([]);
  });

  test("say what they are, defaults filled in", async () => {
    const engine = await testEngine({ hashers: HASH_POLICIES.length }, build);
    for (const policy of HASH_POLICIES) {
      const hasher = engine.hasher({ policy });
      expect(hasher.options).toMatchObject({ policy, headers: "outer" });
      expect(hasher.describe()).toContain(policy);
    }
  });

  test("are as many as were planned", async () => {
    const engine = await testEngine({ hashers: 1 }, build);
    engine.hasher({ policy: "aix-default" });
    expect(() => engine.hasher({ policy: "slb" })).toThrow(ConfigError);
    const none = await testEngine({ hashers: 0 }, build);
    expect(() => none.hasher({ policy: "slb" })).toThrow(/hashers/);
    await expect(testEngine({ hashers: 65 }, build)).rejects.toThrow(/hashers is 65/);
  });

  test("a refused one takes no place", async () => {
    const engine = await testEngine({ hashers: 1 }, build);
    expect(() => engine.hasher({ policy: "slb", generation: "6.0" })).toThrow(/generation/);
    expect(engine.hasher({ policy: "slb" }).options.basis).toBe(0);
  });

  test("belong to one engine, and end with it", async () => {
    const [one, other] = [await testEngine({}, build), await testEngine({}, build)];
    const hasher = one.hasher({ policy: "aix-dst-port" });
    const burst = other.burst();
    expect(() => burst.hashes(hasher)).toThrow(/of this engine/);
    const mine = one.burst();
    mine.load([{ data: f.ethernet(f.ipv4(f.tcp([], { dport: 0x1234 }))) }]);
    mine.parse();
    expect([...mine.hashes(hasher)]).toEqual([aix(f.ethernet(f.ipv4(f.tcp([], { dport: 0x1234 }))), "aix-dst-port")]);
    mine.release();
    one.close();
    expect(() => one.hasher({ policy: "slb" })).toThrow(EngineClosed);
    expect(() => mine.hashes(hasher)).toThrow(EngineClosed);
  });
});
