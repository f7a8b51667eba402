import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { ConfigError, createToolkit, EngineClosed, type Toolkit } from "../../src/index.js";
import { concat, hex } from "../helpers/bytes.js";
import { BUILDS, wasmBytes } from "../helpers/engines.js";
import { holds, Random } from "../helpers/property.js";
import { rocePackets } from "../helpers/roce.js";
import { internetChecksum } from "../model/checksum.js";
import { crcOf, icrcOf } from "../model/crc.js";
import { murmur3 } from "../model/murmur.js";
import { toeplitz } from "../model/toeplitz.js";
import { IB_GLOBAL, IB_LOCAL } from "../vectors/crc.js";
import { RSS_KEY } from "../vectors/rss.js";

const CRCS = ["crc32", "crc32c", "crc16"] as const;
/** More than is copied in at once. */
const LONG_BYTES = 2 ** 18 + 77;

describe.each(BUILDS)("the toolkit (%s build)", (build) => {
  let toolkit: Toolkit;
  beforeAll(async () => {
    toolkit = await createToolkit({ wasm: wasmBytes(build), dataBytes: 2 ** 20, debug: build === "debug" });
  });

  /** The same bytes in the toolkit's own memory. */
  function inside(kit: Toolkit, bytes: Uint8Array): Uint8Array {
    const region = kit.take(bytes.length);
    region.set(bytes);
    return region;
  }

  test("RFC 1071's example, and the catalogue's check values", () => {
    const digits = new TextEncoder().encode("123456789");
    expect(toolkit.checksum(hex("0001 f203 f4f5 f6f7"))).toBe(0x220d);
    expect(toolkit.crc32(digits)).toBe(0xcbf43926);
    expect(toolkit.crc32c(digits)).toBe(0xe3069283);
    expect(toolkit.murmur3(new TextEncoder().encode("The quick brown fox jumps over the lazy dog"))).toBe(
      0xe34bbc7bbc071b6cn,
    );
  });

  test("any bytes: the twins' numbers, and the same from the toolkit's memory", async () => {
    const own = await createToolkit({ wasm: wasmBytes(build) });
    holds(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(), (bytes, seed) => {
        for (const data of [bytes, inside(own, bytes)]) {
          expect(own.checksum(data)).toBe(internetChecksum(bytes));
          for (const name of CRCS) expect(own[name](data)).toBe(crcOf(name, bytes));
          expect(own.murmur3(data, BigInt(seed))).toBe(murmur3(bytes, BigInt(seed)).h1);
        }
      }),
      100,
    );
  });

  test("long data goes in pieces; crc goes on where it stopped", () => {
    const data = new Random().bytes(LONG_BYTES);
    expect(toolkit.checksum(data)).toBe(internetChecksum(data));
    for (const name of CRCS) {
      const whole = crcOf(name, data);
      expect(toolkit[name](data)).toBe(whole);
      expect(toolkit[name](data.subarray(1001), toolkit[name](data.subarray(0, 1001)))).toBe(whole);
    }
  });

  test("a changed field: the checksum is what the whole would have", () => {
    const packet = fc.uint8Array({ minLength: 40, maxLength: 60 });
    const width = fc.constantFrom(2, 4, 16);
    holds(
      fc.property(
        packet,
        width,
        fc.nat(10),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        (bytes, size, word, to) => {
          const before = bytes.slice(word * 2, word * 2 + size);
          const after = to.subarray(0, size);
          const changed = bytes.slice();
          changed.set(after, word * 2);
          const updated = toolkit.updateChecksum(internetChecksum(bytes), before, after);
          // 0x0000 and 0xffff are one value where the sum is all ones (RFC 1624 section 3).
          expect(updated % 0xffff).toBe(internetChecksum(changed) % 0xffff);
        },
      ),
      200,
    );
  });

  test("Toeplitz hashes of every kind of tuple, by the default key and by another", async () => {
    const random = new Random();
    const key = random.bytes(52);
    const other = await createToolkit({ wasm: wasmBytes(build), rssKey: key });
    for (const bytes of [8, 12, 32, 36]) {
      const tuple = random.bytes(bytes);
      expect(toolkit.toeplitz(tuple)).toBe(toeplitz(RSS_KEY, tuple));
      expect(other.toeplitz(tuple)).toBe(toeplitz(key, tuple));
    }
  });

  test("the ICRCs of real RoCEv2 traffic, one by one and in batches", async () => {
    for (const name of ["rocev2-atomic", "rocev2-rc-ipv6"]) {
      const packets = await rocePackets(name);
      const stored = packets.map((packet) => new DataView(packet.buffer).getUint32(packet.length - 4, true));
      expect(packets.map((packet) => toolkit.icrc(packet))).toEqual(stored);
      expect([...toolkit.batch(packets).icrcs()]).toEqual(stored);
    }
  });

  test("the ICRCs of native InfiniBand packets, without and with a global route header", () => {
    expect(toolkit.icrcIb(IB_LOCAL)).toBe(0x5ab72596);
    const global = concat(IB_GLOBAL, [0, 0, 0, 0]);
    expect(toolkit.icrcIb(global)).toBe(icrcOf("global", global));
  });

  test("a batch gives what the single calls give, for bytes inside and outside", () => {
    const random = new Random();
    const strings = Array.from({ length: 256 }, (_, i) => {
      const bytes = random.bytes(i * 5);
      return i % 3 === 0 ? inside(toolkit, bytes) : bytes;
    });
    const batch = toolkit.batch(strings);
    expect(batch).toHaveLength(256);
    const [checksums, crc32s, crc32cs, crc16s] = [batch.checksums(), batch.crc32s(), batch.crc32cs(), batch.crc16s()];
    expect([...checksums]).toEqual(strings.map((string) => toolkit.checksum(string)));
    expect([...crc32s]).toEqual(strings.map((string) => toolkit.crc32(string)));
    expect([...crc32cs]).toEqual(strings.map((string) => toolkit.crc32c(string)));
    expect([...crc16s]).toEqual(strings.map((string) => toolkit.crc16(string)));
    expect(toolkit.batch([]).crc32s()).toHaveLength(0);
  });

  test("what is refused names the argument, what came and the bound", async () => {
    const few = new Uint8Array(3);
    const refusals: [() => unknown, string][] = [
      [() => toolkit.updateChecksum(0, few, few), "before.length is 3; it must be 2, 4 or 16 bytes"],
      [() => toolkit.updateChecksum(0, new Uint8Array(2), few), "after.length is 3; it must be as long as before"],
      [() => toolkit.updateChecksum(65536, few, few), "checksum is 65536; it must be a whole number from 0 to 65535"],
      [() => toolkit.crc16(few, 65536), "crc is 65536; it must be a whole number from 0 to 65535"],
      [() => toolkit.toeplitz(few), "tuple.length is 3; it must be 8, 12, 32 or 36 bytes"],
      [() => toolkit.icrcIb(few), "packet.length is 3; it must be a whole number from 24 to 8188"],
      [() => toolkit.icrc(few), "packet.length is 3; it must be a whole number from 44 to 65575"],
      [() => toolkit.murmur3(new Uint8Array(2 ** 18)), "data.length is 262144; it must be at most 131072 bytes"],
      [() => toolkit.batch(Array(257).fill(few)), "strings.length is 257; it must be a whole number from 0 to 256"],
      [() => toolkit.batch([new Uint8Array(2 ** 20)]), 'strings is "more than 524288 bytes"; it must be at most'],
      [() => toolkit.take(2 ** 21), "bytes is 2097152; it must be a whole number from 0 to"],
    ];
    for (const [call, message] of refusals) {
      expect(call).toThrow(ConfigError);
      expect(call).toThrow(message);
    }
    await expect(createToolkit({ rssKey: few })).rejects.toThrow("rssKey.length is 3; it must be 40 or 52 bytes");
    await expect(createToolkit({ dataBytes: -1 })).rejects.toThrow("dataBytes is -1");
  });

  test("memory that was taken is zero, apart, and as long as was asked", async () => {
    const own = await createToolkit({ wasm: wasmBytes(build), dataBytes: 64 });
    const [a, b] = [own.take(5), own.take(48)];
    a.fill(1);
    expect([...a, ...b]).toEqual([1, 1, 1, 1, 1, ...Array(48).fill(0)]);
    expect(() => own.take(1)).toThrow("bytes is 1; it must be a whole number from 0 to 0");
  });

  test("a closed toolkit says so", async () => {
    const own = await createToolkit({ wasm: wasmBytes(build) });
    const batch = own.batch([new Uint8Array(4)]);
    own.close();
    for (const call of [
      () => own.crc32(new Uint8Array(4)),
      () => own.take(1),
      () => batch.crc32s(),
      () => own.batch([]),
    ]) {
      expect(call).toThrow(EngineClosed);
    }
  });
});
