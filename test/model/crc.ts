/**
 * CRCs by their definition: long division, a bit at a time, with the polynomial as the standards write it. Bit 0 of a byte
 * goes first, the register starts as all ones and ends inverted, and the result is read with the first bit lowest.
 */
import type { CrcName } from "../vectors/crc.js";

const POLYNOMIALS: Readonly<Record<CrcName, { readonly width: number; readonly polynomial: number }>> = {
  crc32: { width: 32, polynomial: 0x04c11db7 },
  crc32c: { width: 32, polynomial: 0x1edc6f41 },
  crc16: { width: 16, polynomial: 0x100b },
};

export function crcOf(name: CrcName, bytes: Iterable<number>): number {
  const { width, polynomial } = POLYNOMIALS[name];
  const top = 2 ** (width - 1);
  let remainder = 2 ** width - 1;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const due = (remainder >= top ? 1 : 0) ^ ((byte >> bit) & 1);
      remainder = (remainder * 2) % 2 ** width;
      if (due) remainder = (remainder ^ polynomial) >>> 0;
    }
  }
  let result = 0;
  for (let bit = 0; bit < width; bit++) result = result * 2 + ((Math.floor(remainder / 2 ** bit) & 1) ^ 1);
  return result;
}

/** Packets that have an ICRC: RoCEv2 over IPv4 or IPv6, InfiniBand without or with a global route header. */
export type IcrcFormat = "ipv4" | "ipv6" | "local" | "global";

/** Bits of a packet's first bytes that its ICRC takes as ones, as [offset, bits] (IBTA volume 1, 7.8.1; annex A17). */
export const ONES: Readonly<Record<IcrcFormat, readonly (readonly [number, number])[]>> = {
  ipv4: [
    [1, 0xff],
    [8, 0xff],
    [10, 0xff],
    [11, 0xff],
    [26, 0xff],
    [27, 0xff],
    [32, 0xff],
  ],
  ipv6: [
    [0, 0x0f],
    [1, 0xff],
    [2, 0xff],
    [3, 0xff],
    [7, 0xff],
    [46, 0xff],
    [47, 0xff],
    [52, 0xff],
  ],
  local: [
    [0, 0xf0],
    [12, 0xff],
  ],
  global: [
    ...Array.from({ length: 8 }, (_, at) => [at, 0xff] as const),
    [8, 0x0f],
    [9, 0xff],
    [10, 0xff],
    [11, 0xff],
    [15, 0xff],
    [52, 0xff],
  ],
};

/** ICRC of a packet whose last four bytes are the place for it. */
export function icrcOf(format: IcrcFormat, packet: Uint8Array): number {
  const masked = packet.slice(0, -4);
  for (const [at, bits] of ONES[format]) if (at < masked.length) masked[at] = (masked[at] as number) | bits;
  const isIp = format === "ipv4" || format === "ipv6";
  return crcOf("crc32", [...(isIp ? new Uint8Array(8).fill(0xff) : []), ...masked]);
}
