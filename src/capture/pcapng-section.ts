/**
 * One section of a pcapng file: its byte order, its interfaces, and the blocks that mean something only within it
 * (draft-ietf-opsawg-pcapng, sections 4.2 to 4.6 and appendix A).
 *
 * Each `read…` takes the indices [body, end) of a whole block's body in the cursor's window.
 */
import type { ChunkCursor } from "./chunks.js";
import { InterfaceClock, ticksPerSecond } from "./interface-clock.js";
import { type CaptureInterface, type CapturePacket, MAX_SNAP_LENGTH } from "./packet.js";
import * as format from "./pcapng-format.js";
import type { PcapngOptions } from "./pcapng-options.js";

/** Interfaces in one file, over all sections. Bounds what a damaged file can make a reader remember. */
const MAX_INTERFACES = 65_536;
/** if_tsresol where the option is missing: microseconds. */
const DEFAULT_TSRESOL = 6;
/** Drop count of the obsolete Packet Block that means "not known". */
const DROPS_UNKNOWN = 0xffff;

interface SectionInterface {
  /** Index in the file's list of interfaces. */
  readonly id: number;
  readonly info: { -readonly [K in keyof CaptureInterface]: CaptureInterface[K] };
  readonly clock: InterfaceClock;
  /** Longest captured length that is not damage, in bytes. */
  readonly capturedLimit: number;
}

export class PcapngSection {
  readonly #input: ChunkCursor;
  readonly #options: PcapngOptions;
  readonly #littleEndian: boolean;
  readonly #number: number;
  /** Interfaces of the whole file; this section appends its own. */
  readonly #fileInterfaces: CaptureInterface[];
  readonly #interfaces: SectionInterface[] = [];

  constructor(
    input: ChunkCursor,
    options: PcapngOptions,
    littleEndian: boolean,
    number: number,
    fileInterfaces: CaptureInterface[],
  ) {
    this.#input = input;
    this.#options = options;
    this.#littleEndian = littleEndian;
    this.#number = number;
    this.#fileInterfaces = fileInterfaces;
  }

  readInterface(body: number, end: number): void {
    this.#checkBody("interface description", end - body, format.INTERFACE_BODY_BYTES);
    const id = this.#fileInterfaces.length;
    if (id === MAX_INTERFACES) throw this.#input.damage(`more than ${MAX_INTERFACES} interfaces`);
    let name: string | undefined;
    let description: string | undefined;
    let tsresol = DEFAULT_TSRESOL;
    let offsetSeconds = 0n;
    const options = this.#options.open(body + format.INTERFACE_BODY_BYTES, end, this.#littleEndian);
    while (options.next()) {
      if (options.code === format.OPTION_INTERFACE_NAME) name = options.text();
      else if (options.code === format.OPTION_INTERFACE_DESCRIPTION) description = options.text();
      else if (options.code === format.OPTION_INTERFACE_TSRESOL) tsresol = options.u8();
      else if (options.code === format.OPTION_INTERFACE_TSOFFSET) offsetSeconds = options.i64();
    }
    const clock = new InterfaceClock(ticksPerSecond(tsresol), offsetSeconds);
    const snapLength = this.#u32(body + 4);
    const info = {
      linkType: this.#u16(body),
      snapLength,
      name,
      description,
      timestampsPerSecond: clock.ticksPerSecond,
      offsetSeconds,
      section: this.#number,
      received: undefined,
      dropped: undefined,
      osDropped: undefined,
    };
    this.#fileInterfaces.push(info);
    this.#interfaces.push({ id, info, clock, capturedLimit: Math.max(snapLength, MAX_SNAP_LENGTH) });
  }

  readEnhancedPacket(body: number, end: number): CapturePacket {
    this.#checkBody("enhanced packet", end - body, format.PACKET_BODY_BYTES);
    return this.#readPacket(this.#u32(body), undefined, body, end);
  }

  /** The layout of the enhanced packet, but for a 16-bit interface and a 16-bit drop count in its first word. */
  readObsoletePacket(body: number, end: number): CapturePacket {
    this.#checkBody("packet", end - body, format.PACKET_BODY_BYTES);
    const drops = this.#u16(body + 2);
    return this.#readPacket(this.#u16(body), drops === DROPS_UNKNOWN ? undefined : BigInt(drops), body, end);
  }

  /** Has neither time nor captured length: the packet is cut by the snap length of the section's first interface. */
  readSimplePacket(body: number, end: number): CapturePacket {
    this.#checkBody("simple packet", end - body, format.SIMPLE_PACKET_BODY_BYTES);
    const source = this.#interface(0);
    const originalLength = this.#u32(body);
    const captured = Math.min(originalLength, source.info.snapLength || originalLength);
    return {
      timestampNs: 0n,
      originalLength,
      data: this.#data(source, body + format.SIMPLE_PACKET_BODY_BYTES, captured, end),
      linkType: source.info.linkType,
      interfaceId: source.id,
      comments: undefined,
      dropCount: undefined,
      flags: undefined,
    };
  }

  readStatistics(body: number, end: number): void {
    this.#checkBody("interface statistics", end - body, format.STATISTICS_BODY_BYTES);
    const { info } = this.#interface(this.#u32(body));
    const options = this.#options.open(body + format.STATISTICS_BODY_BYTES, end, this.#littleEndian);
    while (options.next()) {
      if (options.code === format.OPTION_STATISTICS_RECEIVED) info.received = options.u64();
      else if (options.code === format.OPTION_STATISTICS_DROPPED) info.dropped = options.u64();
      else if (options.code === format.OPTION_STATISTICS_OS_DROPPED) info.osDropped = options.u64();
    }
  }

  #readPacket(interfaceIdx: number, drops: bigint | undefined, body: number, end: number): CapturePacket {
    const source = this.#interface(interfaceIdx);
    const captured = this.#u32(body + 12);
    const dataStart = body + format.PACKET_BODY_BYTES;
    const data = this.#data(source, dataStart, captured, end);
    let comments: string[] | undefined;
    let dropCount = drops;
    let flags: number | undefined;
    const options = this.#options.open(dataStart + format.padded(captured), end, this.#littleEndian);
    while (options.next()) {
      if (options.code === format.OPTION_PACKET_FLAGS) flags = options.u32();
      else if (options.code === format.OPTION_PACKET_DROPCOUNT) dropCount = options.u64();
      else if (options.code === format.OPTION_COMMENT) {
        comments ??= [];
        comments.push(options.text());
      }
    }
    return {
      timestampNs: source.clock.ns(this.#u32(body + 4), this.#u32(body + 8)),
      originalLength: Math.max(this.#u32(body + 16), captured),
      data,
      linkType: source.info.linkType,
      interfaceId: source.id,
      comments,
      dropCount,
      flags,
    };
  }

  #interface(idx: number): SectionInterface {
    const found = this.#interfaces[idx];
    if (found === undefined) {
      throw this.#input.damage(`interface ${idx} in a section that has described ${this.#interfaces.length}`);
    }
    return found;
  }

  #data(source: SectionInterface, start: number, captured: number, end: number): Uint8Array {
    if (captured > source.capturedLimit) {
      throw this.#input.damage(`captured length ${captured} exceeds ${source.capturedLimit}`);
    }
    // A body ends on a multiple of 4, so data that fits has room for its padding as well.
    if (start + captured > end) throw this.#input.damage(`captured length ${captured} runs past the end of its block`);
    return this.#input.span(start, captured);
  }

  #checkBody(block: string, length: number, min: number): void {
    if (length < min) throw this.#input.damage(`${block} block is too short`);
  }

  #u16(pos: number): number {
    return this.#input.view.getUint16(pos, this.#littleEndian);
  }

  #u32(pos: number): number {
    return this.#input.view.getUint32(pos, this.#littleEndian);
  }
}
