/**
 * The pcapng file format, version 1.0 (draft-ietf-opsawg-pcapng): blocks of
 *
 *     type u32 | total length u32 | body, padded to 4 bytes | total length u32 again
 *
 * in the byte order that the section's header tells. A body ends in options: code u16, length u16, value padded to 4.
 */

export const BLOCK_SECTION_HEADER = 0x0a0d0d0a;
export const BLOCK_INTERFACE = 1;
/** Obsolete since 2004, yet old files have it. */
export const BLOCK_PACKET = 2;
export const BLOCK_SIMPLE_PACKET = 3;
export const BLOCK_STATISTICS = 5;
export const BLOCK_ENHANCED_PACKET = 6;

export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
export const PCAPNG_VERSION_MAJOR = 1;

/** Type and the two total lengths: what any block has besides its body. */
export const BLOCK_FRAME_BYTES = 12;
/** Fixed part of each body, in bytes, before data and options. */
export const SECTION_BODY_BYTES = 16;
export const INTERFACE_BODY_BYTES = 8;
export const PACKET_BODY_BYTES = 20;
export const SIMPLE_PACKET_BODY_BYTES = 4;
export const STATISTICS_BODY_BYTES = 12;

export const OPTION_END = 0;
export const OPTION_COMMENT = 1;
export const OPTION_SECTION_APPLICATION = 4;
export const OPTION_INTERFACE_NAME = 2;
export const OPTION_INTERFACE_DESCRIPTION = 3;
export const OPTION_INTERFACE_TSRESOL = 9;
export const OPTION_INTERFACE_TSOFFSET = 14;
export const OPTION_PACKET_FLAGS = 2;
export const OPTION_PACKET_DROPCOUNT = 4;
export const OPTION_STATISTICS_RECEIVED = 4;
export const OPTION_STATISTICS_DROPPED = 5;
export const OPTION_STATISTICS_OS_DROPPED = 7;

/** `length` rounded up to the 4 bytes that pcapng pads data and option values to. */
export function padded(length: number): number {
  return (length + 3) & ~3;
}
