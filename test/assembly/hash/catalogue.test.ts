/** Every hash of the catalogue is its twin, on frames of every kind, alone and in bursts. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { GENERATIONS } from "../../../src/hash/generations.js";
import type { HashOptions } from "../../../src/hash/options.js";
import { anyFrame, tunnelFrame, type WireFrame } from "../../helpers/arbitraries.js";
import { type Bed, makeBed, UNTOUCHED } from "../../helpers/bed.js";
import { BUILDS } from "../../helpers/engines.js";
import { HASHER_BYTES, hasherOn } from "../../helpers/hasher.js";
import { nestedFrame } from "../../helpers/nested.js";
import { holds } from "../../helpers/property.js";
import { type AixMode, aix } from "../../model/aix.js";
import { BONDING_POLICIES, type BondingPolicy, bonding, RELEASES } from "../../model/bonding.js";
import { rss } from "../../model/rss.js";
import { slb } from "../../model/slb.js";

const BURST = 256;
const KEY = Uint8Array.from({ length: 52 }, (_, i) => (i * 73 + 41) & 0xff);
const SYMMETRIC = Uint8Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 0x6d : 0x5a));
const AIX: readonly AixMode[] = ["aix-default", "aix-src-dst-port", "aix-src-port", "aix-dst-port"];

type Twin = (frame: Uint8Array) => number;

/** All that can be chosen, and what it should be. */
const CATALOGUE: readonly [options: HashOptions, twin: Twin][] = (["outer", "inner"] as const).flatMap((headers) => [
  ...BONDING_POLICIES.flatMap((policy) =>
    RELEASES.filter((release) => policy !== "vlan+srcmac" || RELEASES.indexOf(release) >= RELEASES.indexOf("5.12")).map(
      (generation): [HashOptions, Twin] => [
        { policy, generation, headers },
        (frame) => bonding(frame, policy as BondingPolicy, generation, headers),
      ],
    ),
  ),
  ...AIX.map((policy): [HashOptions, Twin] => [{ policy, headers }, (frame) => aix(frame, policy, headers)]),
  ...[0, 0xdeadbeef].map((basis): [HashOptions, Twin] => [
    { policy: "slb", basis, headers },
    (frame) => slb(frame, basis, headers),
  ]),
  ...[true, false].flatMap((ports): [HashOptions, Twin][] => [
    [{ policy: "toeplitz", key: KEY, ports, headers }, (frame) => rss(frame, KEY, ports, headers)],
    [{ policy: "toeplitz-symmetric", ports, headers }, (frame) => rss(frame, SYMMETRIC, ports, headers)],
  ]),
]);

test("the twin knows every generation", () => {
  expect(GENERATIONS.map(({ name }) => name)).toEqual([...RELEASES]);
});

describe.each(BUILDS)("hashes (%s build)", (build) => {
  let bed: Bed;
  let out: number;
  let hashers: { readonly name: string; readonly ptr: number; readonly twin: Twin }[];
  beforeAll(async () => {
    const spareBytes = CATALOGUE.length * HASHER_BYTES + BURST * 4 + 256;
    bed = await makeBed(build, { mbufs: BURST + 8, bufBytes: 1088, spareBytes });
    out = bed.arena.take(BURST * 4 + 64);
    hashers = CATALOGUE.map(([options, twin]) => ({
      name: JSON.stringify(options),
      ptr: hasherOn(bed, options),
      twin,
    }));
  });

  function parsed(frame: Uint8Array | readonly Uint8Array[], wire?: number): number {
    const m = bed.frame(frame, wire);
    bed.kernels.parseBurst(bed.listOf(m), 1);
    return m;
  }

  function burst(hasher: number, list: readonly number[]): number[] {
    bed.view(out, BURST * 4 + 64).fill(UNTOUCHED);
    bed.kernels.hashBurst(hasher, bed.listOf(...list), out, list.length);
    expect(bed.view(out + list.length * 4, 64).every((byte) => byte === UNTOUCHED)).toBe(true);
    return list.map((_, i) => bed.u32(out + i * 4));
  }

  function expectTwins(frame: Uint8Array, m: number): void {
    const before = bed.recordsOf(m);
    for (const { name, ptr, twin } of hashers) expect(burst(ptr, [m]), name).toEqual([twin(frame)]);
    expect(bed.recordsOf(m)).toEqual(before);
    bed.free(m);
  }

  test("are their twins on frames in frames", () => {
    holds(
      fc.property(nestedFrame(), (frame) => expectTwins(frame, parsed(frame))),
      1500,
    );
  });

  test("are their twins on any frame, and on tunnels", () => {
    const frames = fc.oneof(
      { weight: 4, arbitrary: anyFrame() },
      { weight: 1, arbitrary: tunnelFrame().map((data): WireFrame => ({ data, wire: data.length })) },
    );
    holds(
      fc.property(frames, ({ data, wire }) => expectTwins(data, parsed(data, wire))),
      1000,
    );
  });

  test("see the first segment only", () => {
    holds(
      fc.property(nestedFrame(), fc.nat(120), (frame, at) => {
        const head = frame.subarray(0, at);
        expectTwins(head, parsed([head, frame.subarray(at)]));
      }),
      300,
    );
  });

  test("of a burst, from none to 256 frames, each on its own", () => {
    const frames = fc.array(
      fc.oneof(
        nestedFrame(),
        anyFrame().map(({ data }) => data),
      ),
      { maxLength: BURST, size: "max" },
    );
    holds(
      fc.property(frames, (list) => {
        const mbufs = list.map((frame) => parsed(frame));
        for (const { name, ptr, twin } of hashers) expect(burst(ptr, mbufs), name).toEqual(list.map(twin));
        for (const m of mbufs) bed.free(m);
      }),
      8,
    );
  });
});
