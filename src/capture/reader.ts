/**
 * Reads capture files of any size in constant memory: finds out the format, decompresses, and iterates the packets.
 */
import { checkInteger } from "../check.js";
import { CaptureError, RinglaneError } from "../errors.js";
import { CaptureDecoder, type CaptureFormat, DEFAULT_BURST, MAX_BURST } from "./decoder.js";
import { gunzip, isGzip } from "./gzip.js";
import type { CaptureInterface, CapturePacket } from "./packet.js";
import { type CaptureSource, chunksOf, prepend, readHead } from "./source.js";

const GZIP_MAGIC_BYTES = 2;

/**
 * A capture being read: pcap (either byte order, microseconds or nanoseconds) or pcapng (draft-ietf-opsawg-pcap,
 * draft-ietf-opsawg-pcapng), as it is or gzip-compressed.
 *
 * A damaged file yields every packet before the damage, then throws CaptureError. It can be read once. Ending the
 * iteration early (`break`, `return`) cancels the source.
 *
 * Compressed files go through the host's DecompressionStream. A cut file yields all that can be decompressed; one with a
 * flipped bit or trailing junk may cost packets of the last 16 KiB before the damage (see gzip.ts). Node reads all
 * members of a multi-member file (`cat a.gz b.gz`), zero padding behind them included; the Compression Standard allows
 * one member only, so browsers end in CaptureError after the first.
 */
export class CaptureReader implements AsyncIterable<CapturePacket> {
  readonly #source: CaptureSource;
  readonly #decoder = new CaptureDecoder();
  #compressed = false;
  #begun = false;

  constructor(source: CaptureSource) {
    this.#source = source;
  }

  /** Known once the first bytes have been read. */
  get format(): CaptureFormat | undefined {
    return this.#decoder.format;
  }

  /** Byte order of the file; of a pcapng file's newest section. Known together with `format`. */
  get littleEndian(): boolean | undefined {
    return this.#decoder.littleEndian;
  }

  /** Whether the file is gzip-compressed. False until the first bytes have been read. */
  get compressed(): boolean {
    return this.#compressed;
  }

  /** The interfaces described so far. Grows, and their counts change, while a pcapng file is read. */
  get interfaces(): readonly CaptureInterface[] {
    return this.#decoder.interfaces;
  }

  /**
   * The packets in bursts of 1 to `max`: as many as a chunk of the source holds. The fast way to read.
   *
   * @throws CaptureError (from the iteration) where the file is damaged, cut, empty or no capture
   * @throws ConfigError if `max` is not a whole number from 1 to 65536
   * @throws RinglaneError with code CAPTURE_CONSUMED if the capture was iterated before
   */
  bursts(max: number = DEFAULT_BURST): AsyncGenerator<CapturePacket[], void, undefined> {
    checkInteger("max", max, 1, MAX_BURST);
    if (this.#begun) throw new RinglaneError("CAPTURE_CONSUMED", "this capture was read before; open another reader");
    this.#begun = true;
    return this.#read(max);
  }

  /** The packets one by one; throws as `bursts` does. */
  async *[Symbol.asyncIterator](): AsyncGenerator<CapturePacket, void, undefined> {
    for await (const burst of this.bursts()) {
      for (const packet of burst) yield packet;
    }
  }

  async *#read(max: number): AsyncGenerator<CapturePacket[], void, undefined> {
    const chunks = chunksOf(this.#source);
    try {
      const head = await readHead(chunks, GZIP_MAGIC_BYTES);
      this.#compressed = isGzip(head);
      for await (const chunk of this.#decompress(prepend(head, chunks))) yield* this.#decoder.decode(chunk, max);
      this.#decoder.finish();
    } finally {
      await chunks.return();
    }
  }

  #decompress(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    if (!this.#compressed) return chunks;
    return gunzip(chunks, (cause) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      return new CaptureError(this.#decoder.byteOffset, `its gzip compression is cut or damaged (${reason})`, {
        cause,
      });
    });
  }
}
