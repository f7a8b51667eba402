/**
 * What a capture holds, the same for pcap and pcapng: packets, and the interfaces they were captured on.
 */

/** One captured packet. Readers always set every property (undefined where the file says nothing). */
export interface CapturePacket {
  /** Nanoseconds since the Unix epoch; 0n where the file has no time (pcapng Simple Packet Block). */
  readonly timestampNs: bigint;
  /** Length on the wire in bytes, at least data.length; more when the capture's snap length cut the packet. */
  readonly originalLength: number;
  /** The captured bytes: a view into the chunk that was read, valid as long as that chunk is not overwritten. */
  readonly data: Uint8Array;
  /** LINKTYPE_ value of the packet's interface; see linktype.ts. */
  readonly linkType: number;
  /** Index in `CaptureReader.interfaces`, which runs over all sections of a pcapng file. Always 0 for pcap. */
  readonly interfaceId: number;
  /** Comments on this packet (pcapng opt_comment), in file order. */
  readonly comments?: readonly string[] | undefined;
  /** Packets lost by the interface and the system between the packet before and this one (epb_dropcount). */
  readonly dropCount?: bigint | undefined;
  /** Direction, reception type, FCS length and link errors (epb_flags), 32 bits. */
  readonly flags?: number | undefined;
}

/** One interface that packets were captured on. A pcap file has exactly one. */
export interface CaptureInterface {
  /** LINKTYPE_ value. */
  readonly linkType: number;
  /** Longest capture of one packet in bytes as the file declares it; 0 means no limit. */
  readonly snapLength: number;
  readonly name: string | undefined;
  readonly description: string | undefined;
  /** Ticks in one second of the timestamps in the file, such as 1_000_000n for microseconds. */
  readonly timestampsPerSecond: bigint;
  /** Seconds which the file adds to every timestamp (if_tsoffset); already part of `timestampNs`. */
  readonly offsetSeconds: bigint;
  /** Number of the pcapng section that describes this interface, from 0. */
  readonly section: number;
  /** Packets received, as the newest Interface Statistics Block read so far counts them (isb_ifrecv). */
  readonly received: bigint | undefined;
  /** Packets the interface dropped for lack of resources (isb_ifdrop). */
  readonly dropped: bigint | undefined;
  /** Packets the operating system dropped (isb_osdrop). */
  readonly osDropped: bigint | undefined;
}

/**
 * Longest packet that a file may hold without declaring a longer snap length, in bytes: libpcap's MAXIMUM_SNAPLEN,
 * and the most that Wireshark reads. A greater captured length is a sign of damage.
 */
export const MAX_SNAP_LENGTH = 262_144;

/** Longest record or block, in bytes. Bounds what a lying length can make a reader hold. */
export const MAX_RECORD_BYTES = 64 << 20;
