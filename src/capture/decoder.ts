/**
 * The synchronous core of reading: chunks in, bursts of packets out, no I/O. CaptureReader drives it; a caller that
 * has the bytes at hand (a worker, a test) can do so as well.
 */
import { checkInteger } from "../check.js";
import { CaptureError } from "../errors.js";
import { ChunkCursor } from "./chunks.js";
import type { CaptureInterface, CapturePacket } from "./packet.js";
import { PCAP_MAGIC_MICROSECONDS, PCAP_MAGIC_MODIFIED, PCAP_MAGIC_NANOSECONDS } from "./pcap-format.js";
import { PcapReader } from "./pcap-reader.js";
import { BLOCK_SECTION_HEADER } from "./pcapng-format.js";
import { PcapngReader } from "./pcapng-reader.js";

export type CaptureFormat = "pcap" | "pcapng";

/** What one file format's reader does; each reads from the cursor that it was made with. */
export interface FormatReader {
  readonly format: CaptureFormat;
  readonly littleEndian: boolean;
  readonly interfaces: readonly CaptureInterface[];
  /**
   * Appends packets until the burst holds `max`, or the next record is not all there yet. Throws CaptureError with the
   * cursor at the damaged record; packets appended before stay in the burst.
   */
  read(burst: CapturePacket[], max: number): void;
}

/** Packets in a burst unless the caller says otherwise: what the engine takes in one call. */
export const DEFAULT_BURST = 256;
export const MAX_BURST = 65_536;

const MAGIC_BYTES = 4;

export class CaptureDecoder {
  readonly #input = new ChunkCursor();
  #reader: FormatReader | undefined;
  #damage: unknown;

  /** Known once the first four bytes have been decoded. */
  get format(): CaptureFormat | undefined {
    return this.#reader?.format;
  }

  /** Byte order of the file; of a pcapng file's newest section. Known together with `format`. */
  get littleEndian(): boolean | undefined {
    return this.#reader?.littleEndian;
  }

  /** The interfaces described so far. Grows, and their counts change, while a pcapng file is read. */
  get interfaces(): readonly CaptureInterface[] {
    return this.#reader?.interfaces ?? [];
  }

  /** Offset in bytes of the first record that has not been decoded. */
  get byteOffset(): number {
    return this.#input.offset;
  }

  /**
   * Decodes one more chunk: yields the packets it completes, in order, in bursts of 1 to `max`.
   *
   * Packet data are views into the chunk, except for records that began in an earlier chunk. Once the generator has
   * ended, the chunk is referred to by these views only.
   *
   * @throws CaptureError after everything before the damage has been yielded, and from then on always
   * @throws ConfigError if `max` is not a whole number from 1 to 65536
   */
  *decode(chunk: Uint8Array, max: number = DEFAULT_BURST): Generator<CapturePacket[], void, undefined> {
    checkInteger("max", max, 1, MAX_BURST);
    if (this.#damage !== undefined) throw this.#damage;
    this.#input.push(chunk);
    let burst: CapturePacket[];
    do {
      burst = [];
      try {
        this.#reader ??= this.#detect();
        this.#reader?.read(burst, max);
      } catch (error) {
        this.#damage = error;
      }
      if (burst.length > 0) yield burst;
      if (this.#damage !== undefined) throw this.#damage;
    } while (burst.length === max);
  }

  /**
   * Says that no chunk follows.
   *
   * @throws CaptureError if the file is empty, ends inside a record, or was found damaged before
   */
  finish(): void {
    if (this.#damage !== undefined) throw this.#damage;
    const { unread, offset } = this.#input;
    if (this.#reader === undefined) {
      throw new CaptureError(0, unread === 0 ? "empty" : `not a capture: ${unread} bytes`);
    }
    if (unread > 0) throw new CaptureError(offset, `cut off, ${unread} bytes into a record`);
  }

  /** The reader that the magic number asks for; undefined as long as there are too few bytes to tell. */
  #detect(): FormatReader | undefined {
    const input = this.#input;
    if (!input.has(MAGIC_BYTES)) return undefined;
    const big = input.view.getUint32(input.pos, false);
    if (big === BLOCK_SECTION_HEADER) return new PcapngReader(input);
    for (const littleEndian of [false, true]) {
      const magic = input.view.getUint32(input.pos, littleEndian);
      if (magic === PCAP_MAGIC_MICROSECONDS) return new PcapReader(input, littleEndian, false);
      if (magic === PCAP_MAGIC_NANOSECONDS) return new PcapReader(input, littleEndian, true);
      if (magic === PCAP_MAGIC_MODIFIED) throw input.damage('"modified" pcap (magic a1b2cd34) is not supported');
    }
    throw input.damage(`not a pcap or pcapng file: it begins with ${big.toString(16).padStart(8, "0")}`);
  }
}
