/**
 * Slow, plain twins of the capture writers: byte by byte into number arrays, in either byte order, and with everything
 * that a file may hold and our writers never write. They share no code and no constant with src/capture.
 */

export interface ModelPacket {
  timestampNs: bigint;
  data: Uint8Array;
  originalLength: number;
  interfaceId: number;
  comments?: string[] | undefined;
  dropCount?: bigint | undefined;
  flags?: number | undefined;
}

export interface ModelInterface {
  linkType: number;
  snapLength: number;
  name?: string | undefined;
  description?: string | undefined;
  /** The option's byte; without it the ticks are microseconds. */
  tsresol?: number | undefined;
  tsoffset?: bigint | undefined;
}

/** The bytes of a file, and where each record (block) of it starts. */
export interface ModelFile {
  bytes: Uint8Array;
  starts: number[];
}

/** `value` in `size` bytes; negative values in two's complement. */
export function word(value: number | bigint, size: number, littleEndian: boolean): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(size * 8, BigInt(value));
  for (let i = 0; i < size; i++) {
    bytes.push(Number(rest % 256n));
    rest /= 256n;
  }
  return littleEndian ? bytes : bytes.reverse();
}

export function concat(parts: readonly (readonly number[] | Uint8Array)[]): ModelFile {
  const starts: number[] = [];
  const bytes: number[] = [];
  for (const part of parts) {
    starts.push(bytes.length);
    for (const byte of part) bytes.push(byte);
  }
  return { bytes: Uint8Array.from(bytes), starts };
}

export interface PcapShape {
  littleEndian: boolean;
  nanoseconds: boolean;
  /** The whole 32-bit field, FCS bits included. */
  network: number;
  snapLength: number;
}

/** starts[0] is the header, starts[i + 1] the record of packet i. */
export function modelPcap(packets: readonly ModelPacket[], shape: PcapShape): ModelFile {
  const u32 = (value: number) => word(value, 4, shape.littleEndian);
  const u16 = (value: number) => word(value, 2, shape.littleEndian);
  const header = [
    ...u32(shape.nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4),
    ...u16(2),
    ...u16(4),
    ...u32(0),
    ...u32(0),
    ...u32(shape.snapLength),
    ...u32(shape.network),
  ];
  const records = packets.map((packet) => [
    ...u32(Number(packet.timestampNs / 10n ** 9n)),
    ...u32(Number((packet.timestampNs % 10n ** 9n) / (shape.nanoseconds ? 1n : 1000n))),
    ...u32(packet.data.length),
    ...u32(packet.originalLength),
    ...packet.data,
  ]);
  return concat([header, ...records]);
}

/** The blocks of one pcapng section. */
export class ModelSection {
  readonly littleEndian: boolean;

  constructor(littleEndian: boolean) {
    this.littleEndian = littleEndian;
  }

  u16(value: number): number[] {
    return word(value, 2, this.littleEndian);
  }

  u32(value: number): number[] {
    return word(value, 4, this.littleEndian);
  }

  u64(value: bigint): number[] {
    return word(value, 8, this.littleEndian);
  }

  block(type: number, body: readonly number[]): number[] {
    const bytes = pad(body);
    return [...this.u32(type), ...this.u32(bytes.length + 12), ...bytes, ...this.u32(bytes.length + 12)];
  }

  option(code: number, value: readonly number[]): number[] {
    return [...this.u16(code), ...this.u16(value.length), ...pad(value)];
  }

  text(code: number, text: string | undefined): number[] {
    return text === undefined ? [] : this.option(code, [...new TextEncoder().encode(text)]);
  }

  /** With opt_endofopt, unless there are no options. */
  options(...options: number[][]): number[] {
    const bytes = options.flat();
    return bytes.length === 0 ? [] : [...bytes, 0, 0, 0, 0];
  }

  header(application?: string): number[] {
    const version = [...this.u32(0x1a2b3c4d), ...this.u16(1), ...this.u16(0), ...this.u64(-1n)];
    return this.block(0x0a0d0d0a, [...version, ...this.options(this.text(4, application))]);
  }

  interface(description: ModelInterface): number[] {
    const { tsresol, tsoffset } = description;
    return this.block(1, [
      ...this.u16(description.linkType),
      ...this.u16(0),
      ...this.u32(description.snapLength),
      ...this.options(
        this.text(2, description.name),
        this.text(3, description.description),
        tsresol === undefined ? [] : this.option(9, [tsresol]),
        tsoffset === undefined ? [] : this.option(14, this.u64(tsoffset)),
      ),
    ]);
  }

  /** `ticks` is the packet's time in units of its interface. */
  enhanced(packet: ModelPacket, ticks: bigint): number[] {
    return this.block(6, [
      ...this.u32(packet.interfaceId),
      ...this.u32(Number(ticks >> 32n)),
      ...this.u32(Number(ticks & 0xffff_ffffn)),
      ...this.u32(packet.data.length),
      ...this.u32(packet.originalLength),
      ...pad([...packet.data]),
      ...this.options(
        ...(packet.comments ?? []).map((comment) => this.text(1, comment)),
        packet.flags === undefined ? [] : this.option(2, this.u32(packet.flags)),
        packet.dropCount === undefined ? [] : this.option(4, this.u64(packet.dropCount)),
      ),
    ]);
  }

  simple(data: readonly number[], originalLength: number): number[] {
    return this.block(3, [...this.u32(originalLength), ...data]);
  }

  /** `counts` by option code: 4 received, 5 dropped, 7 dropped by the operating system. */
  statistics(interfaceId: number, ticks: bigint, counts: readonly (readonly [number, bigint])[]): number[] {
    return this.block(5, [
      ...this.u32(interfaceId),
      ...this.u32(Number(ticks >> 32n)),
      ...this.u32(Number(ticks & 0xffff_ffffn)),
      ...this.options(...counts.map(([code, count]) => this.option(code, this.u64(count)))),
    ]);
  }
}

function pad(bytes: readonly number[]): number[] {
  return [...bytes, ...new Array<number>((4 - (bytes.length % 4)) % 4).fill(0)];
}
