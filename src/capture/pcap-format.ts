/**
 * The pcap file format, version 2.4 (draft-ietf-opsawg-pcap): a header of 24 bytes, then records of a 16-byte header
 * and the captured bytes. The magic number tells the byte order and the unit of the timestamp's fraction.
 */

/** Magic numbers as big-endian files spell them; a little-endian file has the same bytes reversed. */
export const PCAP_MAGIC_MICROSECONDS = 0xa1b2c3d4;
export const PCAP_MAGIC_NANOSECONDS = 0xa1b23c4d;
/** Kuznetzov's patched libpcap: longer record headers, whose length cannot be told for sure. Not read here. */
export const PCAP_MAGIC_MODIFIED = 0xa1b2cd34;

export const PCAP_VERSION_MAJOR = 2;
export const PCAP_VERSION_MINOR = 4;

/** File header: magic u32, version u16 + u16, two reserved u32, snap length u32, link type u32. */
export const PCAP_HEADER_BYTES = 24;
/** Record header: seconds u32, fraction u32, captured length u32, original length u32. */
export const PCAP_RECORD_BYTES = 16;
