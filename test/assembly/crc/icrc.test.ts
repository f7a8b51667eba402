import { beforeAll, describe, expect, test } from "vitest";
import * as layout from "../../../assembly/layout.js";
import type { Arena } from "../../../src/memory.js";
import type { Kernels } from "../../../src/wasm.js";
import { UNTOUCHED } from "../../helpers/bed.js";
import { concat } from "../../helpers/bytes.js";
import { BUILDS, testKernels } from "../../helpers/engines.js";
import { Random } from "../../helpers/property.js";
import { rocePackets } from "../../helpers/roce.js";
import { crcOf, type IcrcFormat, icrcOf, ONES } from "../../model/crc.js";
import { IB_GLOBAL, IB_LOCAL } from "../../vectors/crc.js";

const CAPTURES = [
  ["rocev2-atomic", 40],
  ["rocev2-rc-ipv6", 40],
  ["rocev2-rc-loss", 208],
  ["rocev2-rc-pingpong", 80],
  ["rocev2-rping-cm", 65],
  ["rocev2-ud-pingpong", 20],
  ["rocev2-write", 100],
] as const;

describe.each(BUILDS)("ICRC (%s build)", (build) => {
  let kernels: Kernels;
  let arena: Arena;
  let table: number;
  let base: number;

  beforeAll(async () => {
    ({ kernels, arena } = await testKernels(2 * layout.CRC_TABLE_BYTES + 2 ** 18 + 8192, build));
    table = arena.take(layout.CRC_TABLE_BYTES);
    kernels.crcInit(table, layout.CRC_POLYNOMIAL_32);
    base = arena.take(2 ** 18 + 4096);
  });

  function icrc(format: IcrcFormat, packet: Uint8Array, align = 0): number {
    arena.u8.set(packet, base + align);
    const kernel = format === "ipv4" || format === "ipv6" ? kernels.icrcIp : kernels.icrcIb;
    return kernel(table, base + align, packet.length) >>> 0;
  }

  /** What stands at a packet's end. */
  function stored(packet: Uint8Array): number {
    return new DataView(packet.buffer, packet.byteOffset).getUint32(packet.length - 4, true);
  }

  test("IBTA volume 1, 7.8.1: the sample packet", () => {
    expect(icrc("local", IB_LOCAL)).toBe(stored(IB_LOCAL));
    expect(stored(IB_LOCAL)).toBe(0x5ab72596);
  });

  test("the sample packet's VCRC goes over the ICRC too", () => {
    const vcrcTable = arena.take(layout.CRC_TABLE_BYTES);
    kernels.crcInit(vcrcTable, layout.CRC_POLYNOMIAL_16);
    arena.u8.set(IB_LOCAL, base);
    expect(kernels.crc16(vcrcTable, base, IB_LOCAL.length)).toBe(crcOf("crc16", IB_LOCAL));
    expect(kernels.crc16(vcrcTable, base, IB_LOCAL.length - 4)).not.toBe(crcOf("crc16", IB_LOCAL));
  });

  describe.each(CAPTURES)("%s: captured from Linux", (name, count) => {
    test("every packet's ICRC is right, by kernel and by definition", async () => {
      const packets = await rocePackets(name);
      expect(packets.length).toBe(count);
      for (const [i, packet] of packets.entries()) {
        const format = (packet[0] as number) >> 4 === 4 ? "ipv4" : "ipv6";
        expect(icrc(format, packet, i & 15), `packet ${i}`).toBe(stored(packet));
        expect(icrcOf(format, packet), `packet ${i}`).toBe(stored(packet));
      }
    });

    test("in one burst, and not a byte further", async () => {
      const packets = await rocePackets(name);
      const [ptrs, lens, out] = [base, base + 1024, base + 2048];
      let at = base + 4096;
      for (const [i, packet] of packets.entries()) {
        arena.u8.set(packet, at);
        arena.u32[(ptrs >> 2) + i] = at;
        arena.u32[(lens >> 2) + i] = packet.length;
        at += packet.length + (i & 3);
      }
      arena.u8.fill(UNTOUCHED, out, out + 1024);
      kernels.icrcBurst(table, ptrs, lens, out, count);
      expect([...arena.u32.subarray(out >> 2, (out >> 2) + count)]).toEqual(packets.map(stored));
      expect(arena.u8.subarray(out + 4 * count, out + 1024).every((byte) => byte === UNTOUCHED)).toBe(true);
    });

    test("a changed bit shows, unless its field may change on the way", async () => {
      const [packet] = (await rocePackets(name)) as [Uint8Array];
      const format = (packet[0] as number) >> 4 === 4 ? "ipv4" : "ipv6";
      const ones = new Map(ONES[format]);
      for (let at = 0; at < packet.length - 4; at++) {
        for (let bit = 0; bit < 8; bit++) {
          // The version says which packet it is.
          if (at === 0 && bit >= 4) continue;
          const changed = packet.slice();
          changed[at] = (changed[at] as number) ^ (1 << bit);
          const isFree = (((ones.get(at) ?? 0) >> bit) & 1) === 1;
          expect(icrc(format, changed) === stored(packet), `bit ${bit} of byte ${at}`).toBe(isFree);
        }
      }
    });
  });

  test("InfiniBand: a changed bit shows, unless its field may change on the way", () => {
    for (const [format, packet] of [
      ["local", IB_LOCAL],
      ["global", concat(IB_GLOBAL, [0, 0, 0, 0])],
    ] as const) {
      const ones = new Map(ONES[format]);
      const right = icrc(format, packet);
      expect(right).toBe(icrcOf(format, packet));
      for (let at = 0; at < packet.length - 4; at++) {
        for (let bit = 0; bit < 8; bit++) {
          // The link next header says which packet it is.
          if (at === 1 && bit < 2) continue;
          const changed = packet.slice();
          changed[at] = (changed[at] as number) ^ (1 << bit);
          const isFree = (((ones.get(at) ?? 0) >> bit) & 1) === 1;
          expect(icrc(format, changed) === right, `${format}: bit ${bit} of byte ${at}`).toBe(isFree);
        }
      }
    }
  });

  test("every length up to 700 bytes, even too short for its headers, by definition", () => {
    const random = new Random();
    const first = { ipv4: 0x45, ipv6: 0x60, local: 0x70, global: 0x70 };
    for (const format of ["ipv4", "ipv6", "local", "global"] as const) {
      for (let len = 2; len <= 700; len++) {
        const packet = random.bytes(len);
        packet[0] = first[format] | random.below(16);
        packet[1] = ((packet[1] as number) & 0xfc) | (format === "global" ? 3 : 2);
        expect(icrc(format, packet, len & 15), `${format}, ${len} bytes`).toBe(icrcOf(format, packet));
      }
    }
  });

  test("the packet stays as it is", () => {
    const packet = new Random(1).bytes(400);
    packet[0] = 0x45;
    icrc("ipv4", packet);
    expect(arena.u8.slice(base, base + 400)).toEqual(packet);
  });
});
