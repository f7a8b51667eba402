/**
 * Writing by format name, and writing as an async iterable of chunks: `encodeCapture(packets, …)` goes wherever a
 * stream of bytes goes (a Response, a pipeline, a compression stream).
 */
import { checkOneOf } from "../check.js";
import type { CaptureFormat } from "./decoder.js";
import { PcapWriter, type PcapWriterOptions } from "./pcap-writer.js";
import { PcapngWriter } from "./pcapng-writer.js";
import type { CaptureWriter, InterfaceToWrite, PacketToWrite } from "./writer.js";

/** @throws ConfigError if the format is neither "pcap" nor "pcapng", or an option is out of its bound */
export function createCaptureWriter(format: CaptureFormat, options: PcapWriterOptions): CaptureWriter {
  checkOneOf("format", format, ["pcap", "pcapng"]);
  return format === "pcap" ? new PcapWriter(options) : new PcapngWriter(options);
}

export interface EncodeOptions extends Omit<PcapWriterOptions, "sink"> {
  readonly format: CaptureFormat;
  /** The interfaces that the packets' `interfaceId` are indices of; a pcap file has exactly one. */
  readonly interfaces: readonly InterfaceToWrite[];
}

/** The capture file that holds the packets, chunk by chunk. Throws (from the iteration) what `CaptureWriter` throws. */
export async function* encodeCapture(
  packets: AsyncIterable<PacketToWrite> | Iterable<PacketToWrite>,
  options: EncodeOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const ready: Uint8Array[] = [];
  const writer = createCaptureWriter(options.format, { ...options, sink: (chunk) => void ready.push(chunk) });
  for (const description of options.interfaces) writer.addInterface(description);
  for await (const packet of packets) {
    writer.write(packet);
    if (ready.length > 0) yield* ready.splice(0);
  }
  await writer.close();
  yield* ready;
}
