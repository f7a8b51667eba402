/**
 * Cuts a pcapng file into blocks and hands each to the section it belongs to (draft-ietf-opsawg-pcapng). Blocks that
 * hold no packets (names, secrets, custom, unknown) are skipped by their length.
 *
 * A block is looked at only when all of it is there and its two lengths agree; it is left behind only when it could be
 * read. So whatever fails, the cursor stands at the block that is to blame.
 */
import type { ChunkCursor } from "./chunks.js";
import type { FormatReader } from "./decoder.js";
import { type CaptureInterface, type CapturePacket, MAX_RECORD_BYTES } from "./packet.js";
import * as format from "./pcapng-format.js";
import { PcapngOptions } from "./pcapng-options.js";
import { PcapngSection } from "./pcapng-section.js";

export class PcapngReader implements FormatReader {
  readonly format = "pcapng";
  readonly interfaces: CaptureInterface[] = [];
  littleEndian = true;
  readonly #input: ChunkCursor;
  readonly #options: PcapngOptions;
  /** Before the first header is read: a section that has no interfaces. */
  #section: PcapngSection;
  #sectionCount = 0;

  constructor(input: ChunkCursor) {
    this.#input = input;
    this.#options = new PcapngOptions(input);
    this.#section = this.#openSection();
  }

  read(burst: CapturePacket[], max: number): void {
    const input = this.#input;
    while (burst.length < max && input.has(format.BLOCK_FRAME_BYTES)) {
      const type = input.view.getUint32(input.pos, this.littleEndian);
      if (type === format.BLOCK_SECTION_HEADER) this.#readByteOrder();
      const length = this.#blockLength();
      if (!input.has(length)) return;
      const end = input.pos + length - 4;
      const trailer = input.view.getUint32(end, this.littleEndian);
      if (trailer !== length) throw input.damage(`block length ${length} is repeated as ${trailer}`);
      this.#readBlock(type, input.pos + 8, end, burst);
      input.advance(length);
    }
  }

  /** The section header's type reads the same in both byte orders; its third word tells which it is. */
  #readByteOrder(): void {
    const { view, pos } = this.#input;
    this.littleEndian = view.getUint32(pos + 8, true) === format.BYTE_ORDER_MAGIC;
    if (!this.littleEndian && view.getUint32(pos + 8, false) !== format.BYTE_ORDER_MAGIC) {
      throw this.#input.damage("section header without byte-order magic");
    }
  }

  /** Checked before the block is waited for: a lying length fails here, not after it has been buffered. */
  #blockLength(): number {
    const length = this.#input.view.getUint32(this.#input.pos + 4, this.littleEndian);
    if (length < format.BLOCK_FRAME_BYTES || length % 4 !== 0 || length > MAX_RECORD_BYTES) {
      throw this.#input.damage(
        `block length ${length} is not a multiple of 4 from ${format.BLOCK_FRAME_BYTES} to ${MAX_RECORD_BYTES}`,
      );
    }
    return length;
  }

  /** Reads the block whose body is [body, end) of the window, and adds its packet, if it has one, to the burst. */
  #readBlock(type: number, body: number, end: number, burst: CapturePacket[]): void {
    switch (type) {
      case format.BLOCK_ENHANCED_PACKET:
        burst.push(this.#section.readEnhancedPacket(body, end));
        break;
      case format.BLOCK_SIMPLE_PACKET:
        burst.push(this.#section.readSimplePacket(body, end));
        break;
      case format.BLOCK_PACKET:
        burst.push(this.#section.readObsoletePacket(body, end));
        break;
      case format.BLOCK_SECTION_HEADER:
        this.#readSectionHeader(body, end);
        break;
      case format.BLOCK_INTERFACE:
        this.#section.readInterface(body, end);
        break;
      case format.BLOCK_STATISTICS:
        this.#section.readStatistics(body, end);
        break;
    }
  }

  #readSectionHeader(body: number, end: number): void {
    if (end - body < format.SECTION_BODY_BYTES) throw this.#input.damage("section header block is too short");
    const major = this.#input.view.getUint16(body + 4, this.littleEndian);
    if (major !== format.PCAPNG_VERSION_MAJOR) {
      throw this.#input.damage(`pcapng version ${major} is not ${format.PCAPNG_VERSION_MAJOR}`);
    }
    this.#section = this.#openSection();
    this.#sectionCount++;
  }

  #openSection(): PcapngSection {
    return new PcapngSection(this.#input, this.#options, this.littleEndian, this.#sectionCount, this.interfaces);
  }
}
