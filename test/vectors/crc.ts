/** Published CRCs. */
import { hex } from "../helpers/bytes.js";

export type CrcName = "crc32" | "crc32c" | "crc16";

/** What the Catalogue of parametrised CRC algorithms (G. Cook) lists as "check": of the digits 1 to 9 in ASCII. */
export const CHECK: readonly (readonly [CrcName, number])[] = [
  ["crc32", 0xcbf43926], // CRC-32/ISO-HDLC
  ["crc32c", 0xe3069283], // CRC-32/ISCSI
];

/** RFC 3720 appendix B.4: CRC-32C of 32 bytes each, then of an iSCSI Read (10) command. */
export const RFC_3720: readonly (readonly [string, Uint8Array, number])[] = [
  ["zeros", new Uint8Array(32), 0x8a9136aa],
  ["ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ["incrementing", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ["decrementing", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  [
    "Read (10)",
    hex(
      "01c00000 00000000 00000000 00000000 14000000 00000400",
      "00000014 00000018 28000000 00000000 02000000 00000000",
    ),
    0xd9963a56,
  ],
];

/**
 * The CRC-16 register after one byte, from zero, for 0x100B. The catalogue has no entry for InfiniBand's VCRC; these are
 * from the table in Mellanox's packet generator (mpga, 2004, OpenIB), which starts with 0xffff, goes low bit first and
 * inverts the result. IBTA volume 1, 7.8.2 has the polynomial and the seed.
 */
export const CRC16_BYTES: readonly (readonly [number, number])[] = [
  [0x01, 0x1ba1],
  [0x02, 0x3742],
  [0x10, 0x1a01],
  [0x55, 0x0720],
  [0x7f, 0xd968],
  [0x80, 0xd008],
  [0xaa, 0x0e40],
  [0xff, 0x0960],
];

/**
 * The sample packet without a global route header (IBTA volume 1, 7.8.1), its ICRC at the end. Up to there, with ones for
 * the virtual lane and resv8a, it is what the Linux RDMA list agreed on in January 2025 when it settled the byte order.
 */
export const IB_LOCAL = hex(
  "7012375c 000e17d2 0a202487 0087b1b3 000dec2a 01710a1c 015d4002",
  "38f27a05 0000000e bb884d85 fd5cfba4 728bc069 0ed40000 9625b75a",
);

/**
 * The sample packet with a global route header, the same but for that, without its CRCs: as the same packet generator has it.
 */
export const IB_GLOBAL = hex(
  "7013375c 001817d2 60000000 00320010 00000000 00000125 00000000 00000026",
  "00000000 00000117 00000000 00000096 0a202487 0087b1b3 000dec2a 01710a1c",
  "015d4002 38f27a05 0000000e bb884d85 fd5cfba4 728bc069 0ed40000",
);
