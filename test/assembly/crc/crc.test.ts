import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import type { Arena } from "../../../src/memory.js";
import type { Kernels } from "../../../src/wasm.js";
import { UNTOUCHED } from "../../helpers/bed.js";
import { BUILDS, testKernels } from "../../helpers/engines.js";
import { holds, Random } from "../../helpers/property.js";
import { crcOf } from "../../model/crc.js";
import { CHECK, CRC16_BYTES, type CrcName, RFC_3720 } from "../../vectors/crc.js";

const LONG_BYTES = 2 ** 16 + 5;

const CRCS = [
  { name: "crc32", update: "crc32Update", burst: "crc32Burst", polynomial: layout.CRC_POLYNOMIAL_32 },
  { name: "crc32c", update: "crc32cUpdate", burst: "crc32cBurst", polynomial: layout.CRC_POLYNOMIAL_32C },
  { name: "crc16", update: "crc16Update", burst: "crc16Burst", polynomial: layout.CRC_POLYNOMIAL_16 },
] as const;

describe.each(BUILDS)("CRC (%s build)", (build) => {
  let kernels: Kernels;
  let arena: Arena;
  let base: number;
  const tables = {} as Record<CrcName, number>;

  beforeAll(async () => {
    ({ kernels, arena } = await testKernels(3 * (layout.CRC_TABLE_BYTES + 64) + LONG_BYTES + 8192, build));
    for (const { name, polynomial } of CRCS) {
      tables[name] = arena.take(layout.CRC_TABLE_BYTES);
      kernels.crcInit(tables[name], polynomial);
    }
    base = arena.take(LONG_BYTES + 4096);
  });

  function crcAt(name: CrcName, ptr: number, len: number): number {
    return kernels[name](tables[name], ptr, len) >>> 0;
  }

  function crcOfBytes(name: CrcName, bytes: Uint8Array, align = 0): number {
    arena.u8.set(bytes, base + align);
    return crcAt(name, base + align, bytes.length);
  }

  test.each(CHECK)("the check value of %s", (name, expected) => {
    expect(crcOfBytes(name, new TextEncoder().encode("123456789"))).toBe(expected);
  });

  test.each(RFC_3720)("RFC 3720 appendix B.4: %s", (_, bytes, expected) => {
    expect(crcOfBytes("crc32c", bytes)).toBe(expected);
  });

  test.each(CRC16_BYTES)("CRC-16 register after byte %i", (byte, expected) => {
    arena.u8[base] = byte;
    // A register of zero is a CRC of all ones.
    expect(kernels.crc16Update(tables.crc16, 0xffff, base, 1) ^ 0xffff).toBe(expected);
  });

  test("the table ends where it says", () => {
    const end = base + layout.CRC_TABLE_BYTES;
    arena.u8.fill(UNTOUCHED, base, end + 64);
    kernels.crcInit(base, layout.CRC_POLYNOMIAL_32);
    expect(arena.u32[(base + layout.CRC_POLYNOMIAL) >> 2]).toBe(layout.CRC_POLYNOMIAL_32);
    expect(arena.u8.subarray(end, end + 64).every((byte) => byte === UNTOUCHED)).toBe(true);
    expect(kernels.crc32(base, end, 64) >>> 0).toBe(crcOf("crc32", new Uint8Array(64).fill(UNTOUCHED)));
  });

  describe.each(CRCS)("$name", ({ name, update, burst }) => {
    test("every length from 0 to 300 at every alignment, by definition", () => {
      const random = new Random();
      for (let align = 0; align < 16; align++) {
        const bytes = random.bytes(300);
        for (let len = 0; len <= 300; len++) {
          const some = bytes.subarray(0, len);
          expect(crcOfBytes(name, some, align), `length ${len} at ${align}`).toBe(crcOf(name, some));
        }
      }
    });

    test("every length from 300 to 900: each number of planes before and after the blocks of eight", () => {
      const bytes = new Random(1).bytes(900);
      for (let len = 300; len <= 900; len++) {
        expect(crcOfBytes(name, bytes.subarray(900 - len), len & 15), `length ${len}`).toBe(
          crcOf(name, bytes.subarray(900 - len)),
        );
      }
    });

    test.each([1500, 9000, 2 ** 16, LONG_BYTES])("%i bytes", (len) => {
      const bytes = new Random(len).bytes(len);
      const expected = name === "crc32" ? zlibCrc32(bytes) : crcOf(name, bytes);
      expect(crcOfBytes(name, bytes)).toBe(expected);
    });

    test("every bit counts: changing any one changes the CRC as the definition says", () => {
      const random = new Random(2);
      const bytes = random.bytes(420);
      for (let at = 0; at < bytes.length; at++) {
        bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
        expect(crcOfBytes(name, bytes, 3), `byte ${at}`).toBe(crcOf(name, bytes));
      }
    });

    test("chunks give what the whole gives", () => {
      const bytes = fc.uint8Array({ minLength: 1, maxLength: 900 });
      const cuts = fc.array(fc.nat(900), { maxLength: 6 });
      holds(
        fc.property(bytes, cuts, fc.nat(15), (data, at, align) => {
          arena.u8.set(data, base + align);
          const bounds = [0, ...at.map((cut) => Math.min(cut, data.length)), data.length].sort((a, b) => a - b);
          let crc = 0;
          for (let i = 1; i < bounds.length; i++) {
            const [from, to] = [bounds[i - 1] as number, bounds[i] as number];
            crc = kernels[update](tables[name], crc, base + align + from, to - from);
          }
          expect(crc >>> 0).toBe(crcOf(name, data));
        }),
        200,
      );
    });

    test("no byte beside the message is read into it", () => {
      const random = new Random(3);
      for (const len of [1, 3, 15, 16, 17, 19, 64, 66, 272, 290, 420, 707]) {
        const bytes = random.bytes(len);
        arena.u8.fill(0, base, base + 1024);
        const expected = crcOfBytes(name, bytes, 64);
        arena.u8.fill(0xff, base, base + 1024);
        expect(crcOfBytes(name, bytes, 64), `length ${len}`).toBe(expected);
      }
    });

    test("a burst: the CRC of each message, and not a byte further", () => {
      const random = new Random(4);
      const lens = [0, 64, 64, 1500, 1, 272, 273, 64, 900, 16];
      const ptrs = lens.map(() => base + 512 + random.below(2000));
      arena.u8.set(random.bytes(4000), base + 512);
      const [list, sizes, out] = [base, base + 64, base + 128];
      arena.u32.set(ptrs, list >> 2);
      arena.u32.set(lens, sizes >> 2);
      for (let n = 0; n <= lens.length; n++) {
        arena.u8.fill(UNTOUCHED, out, out + 64);
        kernels[burst](tables[name], list, sizes, out, n);
        const expected = lens.map((len, i) =>
          crcOf(name, arena.u8.subarray(ptrs[i] as number, (ptrs[i] as number) + len)),
        );
        expect([...arena.u32.subarray(out >> 2, (out >> 2) + n)]).toEqual(expected.slice(0, n));
        expect(arena.u8.subarray(out + 4 * n, out + 64).every((byte) => byte === UNTOUCHED)).toBe(true);
      }
    });
  });
});

describe("CRC misuse", () => {
  test("the debug build refuses another polynomial's table", async () => {
    const { kernels, arena } = await testKernels(layout.CRC_TABLE_BYTES + 128);
    const table = arena.take(layout.CRC_TABLE_BYTES);
    kernels.crcInit(table, layout.CRC_POLYNOMIAL_32C);
    expect(() => kernels.crc32(table, table, 64)).toThrow(/crc32/);
  });
});
