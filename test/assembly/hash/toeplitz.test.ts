import ipaddr from "ipaddr.js";
import { beforeAll, describe, expect, test } from "vitest";
import { TOEPLITZ_ROW_BYTES } from "../../../assembly/layout.js";
import type { Arena } from "../../../src/memory.js";
import type { Kernels } from "../../../src/wasm.js";
import { concat, u16 } from "../../helpers/bytes.js";
import { BUILDS, testKernels } from "../../helpers/engines.js";
import { Random } from "../../helpers/property.js";
import { toeplitz } from "../../model/toeplitz.js";
import { RSS_IPV4, RSS_IPV6, RSS_KEY, type RssVector } from "../../vectors/rss.js";

const TUPLES = [8, 12, 32, 36] as const;
const BURST = 256;
/** S. Woo and K. Park, "Scalable TCP session monitoring with symmetric receive-side scaling", KAIST, 2012. */
const SYMMETRIC_KEY = Uint8Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 0x6d : 0x5a));

const address = (text: string) => ipaddr.parse(text).toByteArray();
const tupleOf = ({ source, destination }: RssVector, ports: boolean) =>
  concat(address(source[0]), address(destination[0]), ports ? [...u16(source[1]), ...u16(destination[1])] : []);

/** A 12- or 36-byte tuple as the other direction has it. */
function reversed(tuple: Uint8Array): Uint8Array {
  const n = (tuple.length - 4) / 2;
  const part = (from: number, to: number) => tuple.subarray(from, to);
  return concat(part(n, 2 * n), part(0, n), part(2 * n + 2, 2 * n + 4), part(2 * n, 2 * n + 2));
}

describe.each(BUILDS)("the Toeplitz hash (%s build)", (build) => {
  let kernels: Kernels;
  let arena: Arena;
  let key: number;
  let table: number;
  let tuples: number;
  let ptrs: number;
  let out: number;

  beforeAll(async () => {
    ({ kernels, arena } = await testKernels(128 * 1024, build));
    key = arena.take(64);
    table = arena.take(37 * TOEPLITZ_ROW_BYTES);
    tuples = arena.take(BURST * 64);
    ptrs = arena.take(BURST * 4);
    out = arena.take(BURST * 4 + 64);
  });

  function init(bytes: Uint8Array, tupleBytes: number): void {
    arena.u8.set(bytes, key);
    arena.u8.fill(0xa5, table, table + 37 * TOEPLITZ_ROW_BYTES);
    expect(kernels.toeplitzInit(table, key, bytes.length, tupleBytes)).toBe(1);
    const behind = arena.u8.subarray(table + tupleBytes * TOEPLITZ_ROW_BYTES, table + 37 * TOEPLITZ_ROW_BYTES);
    expect(behind.every((byte) => byte === 0xa5)).toBe(true);
  }

  /** The burst's hashes, each held to the form for one tuple; tuples stand at any alignment. */
  function hashes(list: readonly Uint8Array[]): number[] {
    const bytes = (list[0] as Uint8Array).length;
    for (const [i, tuple] of list.entries()) {
      const at = tuples + i * 64 + (i % 16);
      arena.u8.set(tuple, at);
      arena.u32[(ptrs >> 2) + i] = at;
    }
    arena.u8.fill(0xa5, out, out + BURST * 4 + 64);
    kernels.toeplitzBurst(table, ptrs, bytes, out, list.length);
    const end = (out >> 2) + list.length;
    expect(arena.u8.subarray(end * 4, end * 4 + 64).every((byte) => byte === 0xa5)).toBe(true);
    const found = [...arena.u32.subarray(out >> 2, end)];
    const single = list.map((_, i) => kernels.toeplitz(table, tuples + i * 64 + (i % 16), bytes) >>> 0);
    expect(found).toEqual(single);
    return found;
  }

  test.each([
    ["IPv4", RSS_IPV4, 8, 12],
    ["IPv6", RSS_IPV6, 32, 36],
  ] as const)("Microsoft's verification suite: %s", (_, vectors, addressBytes, tupleBytes) => {
    init(RSS_KEY, addressBytes);
    expect(hashes(vectors.map((v) => tupleOf(v, false)))).toEqual(vectors.map((v) => v.addresses));
    init(RSS_KEY, tupleBytes);
    expect(hashes(vectors.map((v) => tupleOf(v, true)))).toEqual(vectors.map((v) => v.withPorts));
  });

  test.each(TUPLES)("is its twin: %i bytes, keys of 40 and 52 bytes, bursts of every size", (tupleBytes) => {
    const random = new Random(tupleBytes);
    for (const keyBytes of [40, 52]) {
      const secret = random.bytes(keyBytes);
      init(secret, tupleBytes);
      for (const n of [1, 2, 31, 32, 33, BURST]) {
        const list = Array.from({ length: n }, () => random.bytes(tupleBytes));
        expect(hashes(list)).toEqual(list.map((tuple) => toeplitz(secret, tuple)));
      }
    }
  });

  test("any other length of tuple, too", () => {
    const random = new Random();
    const secret = random.bytes(40);
    for (const tupleBytes of [1, 4, 13, 35]) {
      init(secret, tupleBytes);
      const list = Array.from({ length: 20 }, () => random.bytes(tupleBytes));
      expect(hashes(list)).toEqual(list.map((tuple) => toeplitz(secret, tuple)));
    }
  });

  test("every bit of the tuple is the key's at its place", () => {
    init(RSS_KEY, 36);
    const bits = Array.from({ length: 36 * 8 }, (_, bit) => {
      const tuple = new Uint8Array(36);
      tuple[bit >> 3] = 0x80 >> (bit & 7);
      return tuple;
    });
    const list = [...hashes(bits.slice(0, BURST)), ...hashes(bits.slice(BURST))];
    expect(list).toEqual(bits.map((tuple) => toeplitz(RSS_KEY, tuple)));
    expect(new Set(list).size).toBe(36 * 8);
  });

  test.each([12, 36])(
    "a key of repeated 6d5a hashes both directions alike, and Microsoft's does not: %i bytes",
    (bytes) => {
      const random = new Random(bytes);
      const list = Array.from({ length: BURST }, () => random.bytes(bytes));
      init(SYMMETRIC_KEY, bytes);
      const there = hashes(list);
      expect(hashes(list.map(reversed))).toEqual(there);
      expect(new Set(there).size).toBeGreaterThan(BURST / 2);
      init(RSS_KEY, bytes);
      const unlike = hashes(list);
      const back = hashes(list.map(reversed));
      expect(unlike.filter((hash, i) => hash === back[i]).length).toBeLessThan(4);
    },
  );

  test("a key that is too short for the tuple builds nothing", () => {
    arena.u8.fill(0xa5, table, table + 64);
    expect(kernels.toeplitzInit(table, key, 39, 36)).toBe(0);
    expect(arena.u8.subarray(table, table + 64).every((byte) => byte === 0xa5)).toBe(true);
  });
});
