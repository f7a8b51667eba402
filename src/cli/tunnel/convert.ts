/** A whole capture through one kernel, packet by packet into another capture: what `ringlane encap` and `ringlane decap` share. */
import {
  type Burst,
  type BurstFrame,
  type CapturePacket,
  type CaptureReader,
  causeText,
  type EncapsulationName,
  type Engine,
  LINKTYPE_ETHERNET,
} from "../../index.js";
import { type OutputFile, openInput, openOutput } from "../files.js";
import { type LoadedBurst, type OtherWork, printUnread, type ReadSummary, readThrough } from "../read.js";
import { countOne, printJson, table } from "../report.js";

export interface Conversion {
  readonly from: string;
  readonly to: string;
  readonly json: boolean | undefined;
  readonly work: (burst: Burst) => void;
  /** Whether a frame that is left out for this cause makes the whole a failure. */
  readonly isFault: (cause: string) => boolean;
  /** What becomes of a packet whose frame work has left like this; by default just that. */
  readonly convertOne?: (frame: BurstFrame, packet: CapturePacket) => Converted;
  /** What becomes of a packet that is no Ethernet frame; undefined when it is none of the command's. */
  readonly convertOther?: (packet: CapturePacket) => Converted | undefined;
  /** What the output's packets are; Ethernet by default. */
  readonly linkType?: number;
}

/** A packet to write, or why it is left out. */
export interface Converted {
  readonly cause: string | undefined;
  readonly data: Uint8Array | readonly Uint8Array[];
  readonly originalLength: number;
  /** What it was taken out of. */
  readonly encapsulation?: EncapsulationName | undefined;
}

const asItIs = ({ spans, ...frame }: BurstFrame): Converted => ({ ...frame, data: spans });

/** Exit code 0; 1 when a frame was left out for a fault, or the input is damaged. */
export async function convert(engine: Engine, conversion: Conversion): Promise<number> {
  const { from, to, json, work, isFault, convertOne = asItIs, convertOther = () => undefined } = conversion;
  const burst = engine.burst();
  // Once on nothing: a bad option is refused before a file is opened.
  work(burst);
  const input = openInput(from);
  const output = await openOutput(to);
  const interfaces = new Interfaces(output, conversion.linkType);
  const left: Record<string, number> = {};
  const found: Record<string, number> = {};
  let written = 0;
  let writtenBytes = 0;
  const write = async (converted: Converted, packet: CapturePacket, reader: CaptureReader) => {
    const { cause, data, originalLength, encapsulation } = converted;
    if (cause !== undefined) {
      countOne(left, cause);
      return;
    }
    const { timestampNs, interfaceId, comments } = packet;
    const target = interfaces.idFor(interfaceId, reader);
    await output.writer.write({ timestampNs, data, originalLength, comments, interfaceId: target });
    if (encapsulation) countOne(found, encapsulation);
    written++;
    writtenBytes += originalLength;
  };
  const convertBurst = async ({ packets }: LoadedBurst, reader: CaptureReader) => {
    work(burst);
    for (const [i, frame] of burst.frames().entries()) {
      const packet = packets[i] as CapturePacket;
      await write(convertOne(frame, packet), packet, reader);
    }
  };
  const other: OtherWork = (packet, _, reader) => {
    const converted = convertOther(packet);
    return converted && (() => write(converted, packet, reader));
  };
  let summary: ReadSummary;
  try {
    summary = await readThrough(input, burst, convertBurst, () => {}, other);
    interfaces.ensureOne();
    await output.close();
  } finally {
    output.discard();
    engine.close();
  }
  const report = reportOf(input.name, output.name, summary, { written, writtenBytes, found, left });
  if (json) printJson(report);
  else printReport(report, to === "-");
  return Object.keys(left).some(isFault) || summary.unread.damage ? 1 : 0;
}

/** Interfaces of the output: one for each of the input's; a pcap file has room for one only. */
class Interfaces {
  readonly #output: OutputFile;
  readonly #linkType: number;
  readonly #ids = new Map<number, number>();

  constructor(output: OutputFile, linkType = LINKTYPE_ETHERNET) {
    this.#output = output;
    this.#linkType = linkType;
  }

  idFor(interfaceId: number, reader: CaptureReader): number {
    const key = this.#output.writer.format === "pcap" ? 0 : interfaceId;
    let id = this.#ids.get(key);
    if (id === undefined) {
      const { name, description } = reader.interfaces[interfaceId] ?? {};
      id = this.#output.writer.addInterface({ linkType: this.#linkType, name, description });
      this.#ids.set(key, id);
    }
    return id;
  }

  /** A file without packets still says what it would hold. */
  ensureOne(): void {
    if (this.#ids.size === 0) this.#output.writer.addInterface({ linkType: this.#linkType });
  }
}

function reportOf(
  from: string,
  to: string,
  { packets, unread }: ReadSummary,
  done: { written: number; writtenBytes: number; found: Record<string, number>; left: Record<string, number> },
) {
  return {
    input: from,
    output: to,
    packetsRead: packets,
    packetsWritten: done.written,
    wireBytesWritten: done.writtenBytes,
    ...(Object.keys(done.found).length > 0 ? { encapsulations: done.found } : {}),
    leftOut: done.left,
    ...unread,
  };
}

function printReport(report: ReturnType<typeof reportOf>, toStdout: boolean): void {
  // The file itself goes to stdout when it was asked for there.
  const print = toStdout ? console.error : console.log;
  print(
    `${report.packetsRead} packets read from ${report.input}, ${report.packetsWritten} written to ${report.output}`,
  );
  const found = Object.entries(report.encapsulations ?? {});
  if (found.length > 0) print(table(["encapsulation", "frames"], found));
  const left = Object.entries(report.leftOut).map(([cause, n]) => [n, cause, causeText(cause)]);
  if (left.length > 0) print(table(["left out", "cause", "which means"], left));
  printUnread(report.input, report);
}
