/** Capture files: read and write pcap and pcapng, in Node and in browsers. */
export { CaptureDecoder, type CaptureFormat } from "./decoder.js";
export { createCaptureWriter, type EncodeOptions, encodeCapture } from "./encode.js";
export { decodeErf, ERF_TYPE_INFINIBAND, type ErfRecord, encodeErf } from "./erf.js";
export * from "./linktype.js";
export type { CaptureSink, OutputOptions } from "./output.js";
export { type CaptureInterface, type CapturePacket, MAX_SNAP_LENGTH } from "./packet.js";
export { PcapWriter, type PcapWriterOptions } from "./pcap-writer.js";
export { PcapngWriter } from "./pcapng-writer.js";
export { CaptureReader } from "./reader.js";
export type { CaptureSource } from "./source.js";
export { toEthernet } from "./to-ethernet.js";
export type { CaptureWriter, InterfaceCounts, InterfaceToWrite, PacketToWrite } from "./writer.js";
