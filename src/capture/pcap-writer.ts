/**
 * Writes pcap 2.4 files, little-endian, with nanosecond or microsecond timestamps (draft-ietf-opsawg-pcap).
 */
import { ConfigError } from "../errors.js";
import { LINKTYPE_ETHERNET } from "./linktype.js";
import { OutputBuffer, type OutputOptions } from "./output.js";
import { MAX_SNAP_LENGTH } from "./packet.js";
import * as pcap from "./pcap-format.js";
import {
  type CaptureWriter,
  checkInterface,
  checkOriginalLength,
  checkTimestamp,
  copySpans,
  type InterfaceToWrite,
  type PacketToWrite,
  spansLength,
} from "./writer.js";

const NS_PER_SECOND = 1_000_000_000;
/** Seconds are 32 bits: the last nanosecond of 7 February 2106, 06:28:15 UTC. */
const MAX_TIMESTAMP_NS = 2n ** 32n * 1_000_000_000n - 1n;

export interface PcapWriterOptions extends OutputOptions {
  /** Whether timestamps are in nanoseconds (the default) or cut to microseconds, for readers that know no better. */
  readonly nanoseconds?: boolean | undefined;
}

export class PcapWriter implements CaptureWriter {
  readonly format = "pcap";
  readonly #output: OutputBuffer;
  readonly #nsPerTick: number;
  /** Most bytes of a packet that are written; 0 before there is an interface. */
  #cut = 0;
  /** The newest packet's second, and the same in nanoseconds: spares most packets a bigint division. */
  #second = 0;
  #secondNs = 0n;

  constructor(options: PcapWriterOptions) {
    this.#output = new OutputBuffer(options);
    this.#nsPerTick = (options.nanoseconds ?? true) ? 1 : 1000;
  }

  /** Writes the file's header. A second interface is a ConfigError. */
  addInterface(description: InterfaceToWrite): number {
    if (this.#cut !== 0) throw new ConfigError("interfaces", 2, "1 in a pcap file; pcapng can have more");
    const { linkType, snapLength, cut } = checkInterface(description);
    const at = this.#output.reserve(pcap.PCAP_HEADER_BYTES);
    const { view } = this.#output;
    view.setUint32(at, this.#nsPerTick === 1 ? pcap.PCAP_MAGIC_NANOSECONDS : pcap.PCAP_MAGIC_MICROSECONDS, true);
    view.setUint16(at + 4, pcap.PCAP_VERSION_MAJOR, true);
    view.setUint16(at + 6, pcap.PCAP_VERSION_MINOR, true);
    view.setUint32(at + 16, snapLength, true);
    view.setUint32(at + 20, linkType, true);
    this.#cut = cut;
    return 0;
  }

  write(packet: PacketToWrite): Promise<void> | undefined {
    this.#checkInterface(packet.interfaceId ?? 0);
    const dataLength = spansLength(packet.data);
    const originalLength = checkOriginalLength(packet, dataLength);
    const timestampNs = checkTimestamp(packet.timestampNs, MAX_TIMESTAMP_NS);
    const captured = Math.min(dataLength, this.#cut);
    const at = this.#output.reserve(pcap.PCAP_RECORD_BYTES + captured);
    const { view, bytes } = this.#output;
    const ns = this.#sinceSecond(timestampNs);
    view.setUint32(at, this.#second, true);
    view.setUint32(at + 4, this.#nsPerTick === 1 ? ns : Math.floor(ns / this.#nsPerTick), true);
    view.setUint32(at + 8, captured, true);
    view.setUint32(at + 12, originalLength, true);
    copySpans(packet.data, captured, bytes, at + pcap.PCAP_RECORD_BYTES);
    return this.#output.busy;
  }

  setCounts(interfaceId: number): void {
    this.#checkInterface(interfaceId);
  }

  flush(): Promise<void> {
    return this.#output.flush();
  }

  /** A file without an interface becomes an empty Ethernet capture, since a file without a header is no capture. */
  async close(): Promise<void> {
    if (this.#cut === 0) this.addInterface({ linkType: LINKTYPE_ETHERNET, snapLength: MAX_SNAP_LENGTH });
    await this.#output.close();
  }

  #checkInterface(interfaceId: number): void {
    if (interfaceId !== 0 || this.#cut === 0) {
      throw new ConfigError("interfaceId", interfaceId, "an interface added before; a pcap file has one, 0");
    }
  }

  /** Nanoseconds of the time within its second, which `#second` becomes. */
  #sinceSecond(timestampNs: bigint): number {
    const ns = Number(timestampNs - this.#secondNs);
    if (ns >= 0 && ns < NS_PER_SECOND) return ns;
    this.#second = Number(timestampNs / BigInt(NS_PER_SECOND));
    this.#secondNs = BigInt(this.#second) * BigInt(NS_PER_SECOND);
    return Number(timestampNs - this.#secondNs);
  }
}
