/**
 * Writes pcapng 1.0 files: one little-endian section of unspecified length, nanosecond timestamps, enhanced packet
 * blocks (draft-ietf-opsawg-pcapng).
 */
import { ConfigError } from "../errors.js";
import { OutputBuffer, type OutputOptions } from "./output.js";
import { MAX_RECORD_BYTES } from "./packet.js";
import * as format from "./pcapng-format.js";
import { OptionEncoder } from "./pcapng-option-encoder.js";
import {
  type CaptureWriter,
  checkInterface,
  checkOriginalLength,
  checkTimestamp,
  copySpans,
  type InterfaceCounts,
  type InterfaceToWrite,
  type PacketToWrite,
  spansLength,
} from "./writer.js";

const MAX_TIMESTAMP_NS = 2n ** 64n - 1n;
const NANOSECOND_TSRESOL = 9;
const APPLICATION = "ringlane";
/** -1: readers must find the section's end themselves. */
const SECTION_LENGTH_UNKNOWN = -1n;
const NO_OPTIONS = new Uint8Array(0);

export class PcapngWriter implements CaptureWriter {
  readonly format = "pcapng";
  readonly #output: OutputBuffer;
  readonly #options = new OptionEncoder();
  /** Most bytes of a packet that are written, by interface. */
  readonly #cuts: number[] = [];
  /** Encoded options of the statistics block that `close` will write, by interface. */
  readonly #counts = new Map<number, Uint8Array>();
  #newestNs = 0n;

  constructor(options: OutputOptions) {
    this.#output = new OutputBuffer(options);
    this.#writeSectionHeader();
  }

  addInterface(description: InterfaceToWrite): number {
    const { linkType, snapLength, cut } = checkInterface(description);
    const options = this.#options
      .start()
      .text("name", format.OPTION_INTERFACE_NAME, description.name)
      .text("description", format.OPTION_INTERFACE_DESCRIPTION, description.description)
      .u8("tsresol", format.OPTION_INTERFACE_TSRESOL, NANOSECOND_TSRESOL)
      .finish();
    const body = this.#openBlock(format.BLOCK_INTERFACE, format.INTERFACE_BODY_BYTES, options);
    this.#output.view.setUint16(body, linkType, true);
    this.#output.view.setUint32(body + 4, snapLength, true);
    return this.#cuts.push(cut) - 1;
  }

  write(packet: PacketToWrite): Promise<void> | undefined {
    const interfaceId = packet.interfaceId ?? 0;
    const cut = this.#cutOf(interfaceId);
    const dataLength = spansLength(packet.data);
    const originalLength = checkOriginalLength(packet, dataLength);
    const timestampNs = checkTimestamp(packet.timestampNs, MAX_TIMESTAMP_NS);
    const captured = Math.min(dataLength, cut);
    const fixedBytes = format.PACKET_BODY_BYTES + format.padded(captured);
    const body = this.#openBlock(format.BLOCK_ENHANCED_PACKET, fixedBytes, this.#packetOptions(packet));
    const { view, bytes } = this.#output;
    view.setUint32(body, interfaceId, true);
    this.#putTimestamp(body + 4, timestampNs);
    view.setUint32(body + 12, captured, true);
    view.setUint32(body + 16, originalLength, true);
    copySpans(packet.data, captured, bytes, body + format.PACKET_BODY_BYTES);
    if (timestampNs > this.#newestNs) this.#newestNs = timestampNs;
    return this.#output.busy;
  }

  setCounts(interfaceId: number, counts: InterfaceCounts): void {
    this.#cutOf(interfaceId);
    const options = this.#options
      .start()
      .u64("received", format.OPTION_STATISTICS_RECEIVED, counts.received)
      .u64("dropped", format.OPTION_STATISTICS_DROPPED, counts.dropped)
      .u64("osDropped", format.OPTION_STATISTICS_OS_DROPPED, counts.osDropped)
      .finish();
    this.#counts.set(interfaceId, options.slice());
  }

  flush(): Promise<void> {
    return this.#output.flush();
  }

  /** The statistics bear the time of the newest packet: a writer has no clock of its own. */
  async close(): Promise<void> {
    for (const [interfaceId, options] of this.#counts) {
      const body = this.#openBlock(format.BLOCK_STATISTICS, format.STATISTICS_BODY_BYTES, options);
      this.#output.view.setUint32(body, interfaceId, true);
      this.#putTimestamp(body + 4, this.#newestNs);
    }
    await this.#output.close();
  }

  #writeSectionHeader(): void {
    const options = this.#options.start().text("application", format.OPTION_SECTION_APPLICATION, APPLICATION).finish();
    const body = this.#openBlock(format.BLOCK_SECTION_HEADER, format.SECTION_BODY_BYTES, options);
    const { view } = this.#output;
    view.setUint32(body, format.BYTE_ORDER_MAGIC, true);
    view.setUint16(body + 4, format.PCAPNG_VERSION_MAJOR, true);
    view.setBigInt64(body + 8, SECTION_LENGTH_UNKNOWN, true);
  }

  /** Writes a block but for the fixed part of its body; returns the index in the output where that begins. */
  #openBlock(type: number, fixedBytes: number, options: Uint8Array): number {
    const length = format.BLOCK_FRAME_BYTES + fixedBytes + options.length;
    if (length > MAX_RECORD_BYTES) throw new ConfigError("block length", length, `at most ${MAX_RECORD_BYTES} bytes`);
    const at = this.#output.reserve(length);
    const { view, bytes } = this.#output;
    view.setUint32(at, type, true);
    view.setUint32(at + 4, length, true);
    if (options.length > 0) bytes.set(options, at + 8 + fixedBytes);
    view.setUint32(at + length - 4, length, true);
    return at + 8;
  }

  /** The high word comes first, although each word is little-endian. */
  #putTimestamp(at: number, timestampNs: bigint): void {
    const { view } = this.#output;
    view.setBigUint64(at, timestampNs, true);
    const low = view.getUint32(at, true);
    view.setUint32(at, view.getUint32(at + 4, true), true);
    view.setUint32(at + 4, low, true);
  }

  #cutOf(interfaceId: number): number {
    const cut = this.#cuts[interfaceId];
    if (cut === undefined) throw new ConfigError("interfaceId", interfaceId, "an interface added before");
    return cut;
  }

  #packetOptions({ comments, flags, dropCount }: PacketToWrite): Uint8Array {
    if (comments === undefined && flags === undefined && dropCount === undefined) return NO_OPTIONS;
    this.#options.start();
    if (comments !== undefined) {
      for (const [idx, comment] of comments.entries()) {
        this.#options.text(`comments[${idx}]`, format.OPTION_COMMENT, comment);
      }
    }
    return this.#options
      .u32("flags", format.OPTION_PACKET_FLAGS, flags)
      .u64("dropCount", format.OPTION_PACKET_DROPCOUNT, dropCount)
      .finish();
  }
}
