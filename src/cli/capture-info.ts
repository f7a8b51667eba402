/** `ringlane capture info FILE`: what is in a capture. */
import {
  type CaptureInterface,
  createEngine,
  FLAG_ARP,
  FLAG_CUT,
  FLAG_FRAGMENT,
  FLAG_ICMP,
  FLAG_ICMPV6,
  FLAG_IPV4,
  FLAG_IPV6,
  FLAG_TCP,
  FLAG_UDP,
  FLAG_VLAN,
  linkTypeName,
} from "../index.js";
import { openInput } from "./files.js";
import { printUnread, type ReadSummary, readThrough } from "./read.js";
import { countOne, facts, printJson, table } from "./report.js";
import { isoTime, seconds } from "./time.js";

const PROTOCOLS: readonly (readonly [name: string, flag: number])[] = [
  ["vlan", FLAG_VLAN],
  ["arp", FLAG_ARP],
  ["ipv4", FLAG_IPV4],
  ["ipv6", FLAG_IPV6],
  ["tcp", FLAG_TCP],
  ["udp", FLAG_UDP],
  ["icmp", FLAG_ICMP],
  ["icmpv6", FLAG_ICMPV6],
  ["fragment", FLAG_FRAGMENT],
  ["cut before the end of its headers", FLAG_CUT],
];

/** Upper bounds of the length classes in bytes, those of RFC 2819's etherStatsPkts and one for jumbo and GSO frames. */
const LENGTH_CLASSES = [64, 127, 255, 511, 1023, 1518, 9018, Number.POSITIVE_INFINITY];

/** Exit code 0, or 1 when the file is damaged. */
export async function captureInfo(path: string, options: { json?: boolean }): Promise<number> {
  const engine = await createEngine({ ports: 0, tunnels: 0 });
  const burst = engine.burst();
  const totals = new Totals();
  const input = openInput(path);
  const summary = await readThrough(
    input,
    burst,
    () => {
      burst.parse();
      for (const frame of burst.frames()) totals.addParsed(frame.flags, frame.cause);
    },
    (packet) => totals.addPacket(packet),
  );
  engine.close();
  const report = totals.report(input.name, summary);
  if (options.json) printJson(report);
  else printReport(report);
  return summary.unread.damage ? 1 : 0;
}

class Totals {
  #captured = 0;
  #wire = 0;
  #cut = 0;
  #first: bigint | undefined;
  #last: bigint | undefined;
  readonly #perInterface = new Map<number, number>();
  readonly #lengths = LENGTH_CLASSES.map(() => 0);
  readonly #protocols = PROTOCOLS.map(() => 0);
  readonly #malformed: Record<string, number> = {};

  addPacket(packet: { data: Uint8Array; originalLength: number; timestampNs: bigint; interfaceId: number }): void {
    this.#captured += packet.data.length;
    this.#wire += packet.originalLength;
    if (packet.data.length < packet.originalLength) this.#cut++;
    const at = packet.timestampNs;
    if (this.#first === undefined || at < this.#first) this.#first = at;
    if (this.#last === undefined || at > this.#last) this.#last = at;
    this.#perInterface.set(packet.interfaceId, (this.#perInterface.get(packet.interfaceId) ?? 0) + 1);
    const lengthClass = LENGTH_CLASSES.findIndex((bound) => packet.originalLength <= bound);
    this.#lengths[lengthClass] = (this.#lengths[lengthClass] ?? 0) + 1;
  }

  addParsed(flags: number, cause: string | undefined): void {
    if (cause !== undefined) countOne(this.#malformed, cause);
    for (const [i, [, flag]] of PROTOCOLS.entries()) {
      if (flags & flag) this.#protocols[i] = (this.#protocols[i] ?? 0) + 1;
    }
  }

  report(file: string, { reader, packets, unread }: ReadSummary) {
    const spanNs = (this.#last ?? 0n) - (this.#first ?? 0n);
    return {
      file,
      format: reader.format,
      compressed: reader.compressed,
      byteOrder: reader.littleEndian === undefined ? undefined : reader.littleEndian ? "little" : "big",
      packets,
      cutPackets: this.#cut,
      capturedBytes: this.#captured,
      wireBytes: this.#wire,
      first: this.#first === undefined ? undefined : isoTime(this.#first),
      last: this.#last === undefined ? undefined : isoTime(this.#last),
      durationSeconds: seconds(spanNs),
      interfaces: reader.interfaces.map((i, id) => describe(i, this.#perInterface.get(id) ?? 0)),
      protocols: Object.fromEntries(PROTOCOLS.map(([name], i) => [name, this.#protocols[i]])),
      lengths: LENGTH_CLASSES.map((bound, i) => ({
        upToBytes: Number.isFinite(bound) ? bound : null,
        packets: this.#lengths[i],
      })),
      malformed: this.#malformed,
      ...unread,
    };
  }
}

function describe(i: CaptureInterface, packets: number) {
  const { name, description, snapLength, received, dropped, osDropped } = i;
  return { name, description, linkType: linkTypeName(i.linkType), snapLength, packets, received, dropped, osDropped };
}

type Report = ReturnType<Totals["report"]>;

function printReport(report: Report): void {
  const rows: (readonly [string, string | number | undefined])[] = [
    ["file", report.file],
    ["format", `${report.format ?? "unknown"}${report.compressed ? ", gzip" : ""}, ${report.byteOrder ?? "?"}-endian`],
    ["packets", report.packets],
    ["bytes captured", report.capturedBytes],
    ["bytes on the wire", report.wireBytes],
    ["cut by snaplen", report.cutPackets],
    ["first", report.first],
    ["last", report.last],
    ["duration", `${report.durationSeconds} s`],
  ];
  for (const [cause, count] of Object.entries(report.malformed)) rows.push([`malformed (${cause})`, count]);
  console.log(facts(rows));
  const interfaces = report.interfaces.map((i, id) => [
    id,
    i.name,
    i.linkType,
    i.snapLength,
    i.packets,
    num(i.dropped),
  ]);
  console.log(table(["interface", "name", "link type", "snaplen", "packets", "dropped"], interfaces));
  const protocols = Object.entries(report.protocols).filter(([, count]) => count !== 0);
  console.log(table(["protocol", "packets"], protocols));
  const lengths = report.lengths.filter(({ packets }) => packets !== 0);
  console.log(
    table(
      ["length", "packets"],
      lengths.map((l) => [l.upToBytes ? `to ${l.upToBytes}` : "more", l.packets]),
    ),
  );
  printUnread(report.file, report);
}

function num(count: bigint | undefined): number | undefined {
  return count === undefined ? undefined : Number(count);
}
