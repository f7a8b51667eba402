/**
 * What every capture writer does, whatever the format: interfaces and packets in, chunks of the file to a sink.
 */
import { checkInteger } from "../check.js";
import { ConfigError } from "../errors.js";
import type { CaptureFormat } from "./decoder.js";
import { MAX_RECORD_BYTES, MAX_SNAP_LENGTH } from "./packet.js";

/** An interface to write; a `CaptureInterface` of a reader is one. */
export interface InterfaceToWrite {
  /** LINKTYPE_ value, 16 bits. */
  readonly linkType: number;
  /** Longest capture of a packet in bytes; the writer cuts what is longer. 0 and the default: 262144. */
  readonly snapLength?: number | undefined;
  /** Pcap files have no room for names and descriptions and leave them out. */
  readonly name?: string | undefined;
  readonly description?: string | undefined;
}

/** A packet to write; a `CapturePacket` of a reader is one. */
export interface PacketToWrite {
  /** Nanoseconds since the Unix epoch, not negative. Pcap ends in the year 2106, pcapng in 2554. */
  readonly timestampNs: bigint;
  /** The packet's bytes, possibly in several spans. They are copied before `write` returns. */
  readonly data: Uint8Array | readonly Uint8Array[];
  /** Length on the wire in bytes; by default that of the data. */
  readonly originalLength?: number | undefined;
  /** What `addInterface` returned; by default 0. */
  readonly interfaceId?: number | undefined;
  /** Pcap files have no room for comments, drop counts and flags and leave them out. */
  readonly comments?: readonly string[] | undefined;
  /** Packets lost since the packet before, 64 bits. */
  readonly dropCount?: bigint | number | undefined;
  /** epb_flags, 32 bits. */
  readonly flags?: number | undefined;
}

/** What an interface saw in all, 64 bits each. */
export interface InterfaceCounts {
  readonly received?: bigint | number | undefined;
  readonly dropped?: bigint | number | undefined;
  readonly osDropped?: bigint | number | undefined;
}

/**
 * Writes one capture file. Bad arguments throw ConfigError and change nothing. A failure of the sink comes out of the
 * call that hands it a chunk or, if the sink is asynchronous, of the calls after the failure.
 */
export interface CaptureWriter {
  readonly format: CaptureFormat;
  /** Returns the interface's id: 0, 1, … A pcap file has one interface only. */
  addInterface(description: InterfaceToWrite): number;
  /**
   * Appends a packet. Returns a promise when an asynchronous sink is behind: a caller that awaits it keeps memory
   * bounded; one that cannot wait may go on. The promise never rejects.
   */
  write(packet: PacketToWrite): Promise<void> | undefined;
  /** What the interface saw up to now; written at `close`. Pcap files have no room for it and leave it out. */
  setCounts(interfaceId: number, counts: InterfaceCounts): void;
  /** Hands all that was written to the sink; ends when the sink has taken it. */
  flush(): Promise<void>;
  /** Completes the file and flushes it. Writing after that throws RinglaneError with code CAPTURE_CLOSED. */
  close(): Promise<void>;
}

/** The interface's link type and snap length, checked; how many bytes of a packet to write at most. */
export function checkInterface(description: InterfaceToWrite): { linkType: number; snapLength: number; cut: number } {
  const linkType = checkInteger("linkType", description.linkType, 0, 0xffff);
  const snapLength = checkInteger("snapLength", description.snapLength ?? MAX_SNAP_LENGTH, 0, 0xffff_ffff);
  return { linkType, snapLength, cut: Math.min(snapLength || MAX_SNAP_LENGTH, MAX_RECORD_BYTES) };
}

/** The wire length of a packet whose spans have `dataLength` bytes in all. */
export function checkOriginalLength(packet: PacketToWrite, dataLength: number): number {
  if (packet.originalLength === undefined) return dataLength;
  return checkInteger("originalLength", packet.originalLength, dataLength, 0xffff_ffff);
}

/** The time, checked to be from 0 to `max` nanoseconds. */
export function checkTimestamp(timestampNs: bigint, max: bigint): bigint {
  if (timestampNs < 0n || timestampNs > max) throw new ConfigError("timestampNs", timestampNs, `from 0 to ${max}`);
  return timestampNs;
}

/** Bytes of all spans together. */
export function spansLength(data: Uint8Array | readonly Uint8Array[]): number {
  if (data instanceof Uint8Array) return data.length;
  let length = 0;
  for (const span of data) length += span.length;
  return length;
}

/** Copies the first `count` bytes of the spans to `bytes[at…]`. */
export function copySpans(
  data: Uint8Array | readonly Uint8Array[],
  count: number,
  bytes: Uint8Array,
  at: number,
): void {
  if (data instanceof Uint8Array) {
    bytes.set(data.length === count ? data : data.subarray(0, count), at);
    return;
  }
  let left = count;
  for (const span of data) {
    const taken = Math.min(left, span.length);
    bytes.set(taken === span.length ? span : span.subarray(0, taken), at + count - left);
    left -= taken;
  }
}
