/**
 * Reads pcap records from a cursor, in either byte order and with either unit of time (draft-ietf-opsawg-pcap).
 */
import type { ChunkCursor } from "./chunks.js";
import type { FormatReader } from "./decoder.js";
import { type CaptureInterface, type CapturePacket, MAX_RECORD_BYTES, MAX_SNAP_LENGTH } from "./packet.js";
import { PCAP_HEADER_BYTES, PCAP_RECORD_BYTES, PCAP_VERSION_MAJOR } from "./pcap-format.js";

/** The upper half of the link type field tells about the frame check sequence (section 4 of the draft). */
const LINK_TYPE_MASK = 0xffff;

export class PcapReader implements FormatReader {
  readonly format = "pcap";
  readonly interfaces: CaptureInterface[] = [];
  readonly littleEndian: boolean;
  readonly #input: ChunkCursor;
  readonly #nsPerTick: number;
  #linkType = 0;
  #capturedLimit = 0;
  /** The newest packet's second, and the same in nanoseconds: spares most packets a bigint product. */
  #second = 0;
  #secondNs = 0n;

  constructor(input: ChunkCursor, littleEndian: boolean, nanoseconds: boolean) {
    this.#input = input;
    this.littleEndian = littleEndian;
    this.#nsPerTick = nanoseconds ? 1 : 1000;
  }

  read(burst: CapturePacket[], max: number): void {
    const input = this.#input;
    if (this.interfaces.length === 0 && !this.#readHeader()) return;
    while (burst.length < max && input.has(PCAP_RECORD_BYTES)) {
      const captured = input.view.getUint32(input.pos + 8, this.littleEndian);
      if (captured > this.#capturedLimit) {
        throw input.damage(`captured length ${captured} exceeds ${this.#capturedLimit}`);
      }
      if (!input.has(PCAP_RECORD_BYTES + captured)) return;
      const { view, pos } = input;
      const original = view.getUint32(pos + 12, this.littleEndian);
      burst.push({
        timestampNs: this.#timestamp(
          view.getUint32(pos, this.littleEndian),
          view.getUint32(pos + 4, this.littleEndian),
        ),
        originalLength: Math.max(original, captured),
        data: input.span(pos + PCAP_RECORD_BYTES, captured),
        linkType: this.#linkType,
        interfaceId: 0,
        comments: undefined,
        dropCount: undefined,
        flags: undefined,
      });
      input.advance(PCAP_RECORD_BYTES + captured);
    }
  }

  #readHeader(): boolean {
    const input = this.#input;
    if (!input.has(PCAP_HEADER_BYTES)) return false;
    const { view, pos } = input;
    const major = view.getUint16(pos + 4, this.littleEndian);
    // Every minor version of 2 that is still around has 2.4's layout.
    if (major !== PCAP_VERSION_MAJOR) throw input.damage(`pcap version ${major} is not ${PCAP_VERSION_MAJOR}`);
    const snapLength = view.getUint32(pos + 16, this.littleEndian);
    this.#capturedLimit = Math.min(Math.max(snapLength, MAX_SNAP_LENGTH), MAX_RECORD_BYTES);
    this.#linkType = view.getUint32(pos + 20, this.littleEndian) & LINK_TYPE_MASK;
    this.interfaces.push({
      linkType: this.#linkType,
      snapLength,
      name: undefined,
      description: undefined,
      timestampsPerSecond: BigInt(1_000_000_000 / this.#nsPerTick),
      offsetSeconds: 0n,
      section: 0,
      received: undefined,
      dropped: undefined,
      osDropped: undefined,
    });
    input.advance(PCAP_HEADER_BYTES);
    return true;
  }

  /** A fraction of a second or more is odd, but counts on like libpcap's. */
  #timestamp(second: number, ticks: number): bigint {
    if (second !== this.#second) {
      this.#second = second;
      this.#secondNs = BigInt(second) * 1_000_000_000n;
    }
    return this.#secondNs + BigInt(ticks * this.#nsPerTick);
  }
}
