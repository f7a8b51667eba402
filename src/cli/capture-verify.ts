/** `ringlane capture verify FILE`: is every checksum right, and if not, in which packet. */
import {
  causeText,
  createEngine,
  createToolkit,
  FLAG_ICMP,
  FLAG_ICMPV6,
  FLAG_TCP,
  type FrameVerdicts,
  type LayerVerdicts,
  type Verdict,
} from "../index.js";
import { openInput } from "./files.js";
import { type InfinibandVerdicts, icrcVerdict, infinibandVerdicts } from "./rdma.js";
import { type LoadedBurst, type OtherWork, printUnread, type ReadSummary, readThrough } from "./read.js";
import { printJson, table } from "./report.js";

const VERDICTS: readonly Verdict[] = ["good", "bad", "absent", "unchecked", "offloaded"];
type Counts = Record<Verdict, number>;

/** A finding: a packet, by its number from 1, and what is wrong with it. */
interface Finding {
  readonly packet: number;
  readonly what: string;
}

/** Most findings that people get to see; JSON has them all. */
const SHOWN = 20;

/** Exit code 0; 1 when a checksum is wrong, a packet malformed or the file damaged. */
export async function captureVerify(path: string, options: { json?: boolean }): Promise<number> {
  const engine = await createEngine({ ports: 0, tunnels: 0 });
  const toolkit = await createToolkit({ dataBytes: 0 });
  const burst = engine.burst();
  const checks = new Checks();
  const input = openInput(path);
  const verifyBurst = ({ numbers }: LoadedBurst) => {
    const verdicts = burst.verify();
    for (const [i, frame] of burst.frames().entries()) {
      checks.add(numbers[i] as number, verdicts[i] as FrameVerdicts, icrcVerdict(toolkit, frame));
    }
  };
  const verifyOther: OtherWork = (packet, number) => {
    const verdicts = infinibandVerdicts(toolkit, packet);
    return verdicts && (() => checks.addInfiniband(number, verdicts));
  };
  const summary = await readThrough(input, burst, verifyBurst, () => {}, verifyOther);
  engine.close();
  toolkit.close();
  const report = checks.report(input.name, summary);
  if (options.json) printJson(report);
  else printReport(report);
  return report.wrong.length + report.malformed.length > 0 || summary.unread.damage ? 1 : 0;
}

class Checks {
  readonly #counts = new Map<string, Counts>();
  readonly #wrong: Finding[] = [];
  readonly #malformed: Finding[] = [];

  add(packet: number, { cause, outer, inner }: FrameVerdicts, icrc: Verdict | undefined): void {
    this.#addLayer(packet, "", outer);
    if (inner) this.#addLayer(packet, "inner ", inner);
    if (icrc !== undefined) this.#addOne(packet, `${inner ? "inner " : ""}icrc`, icrc);
    if (cause !== undefined) this.#malformed.push({ packet, what: `${inner ? "inner " : ""}${cause}` });
  }

  addInfiniband(packet: number, { cause, icrc, vcrc }: InfinibandVerdicts): void {
    if (icrc !== undefined) this.#addOne(packet, "icrc", icrc);
    if (vcrc !== undefined) this.#addOne(packet, "vcrc", vcrc);
    if (cause !== undefined) this.#malformed.push({ packet, what: cause });
  }

  report(file: string, { packets, unread }: ReadSummary) {
    return {
      file,
      packets,
      checksums: Object.fromEntries(this.#counts),
      wrong: this.#wrong,
      malformed: this.#malformed,
      ...unread,
    };
  }

  #addLayer(packet: number, where: string, { flags, l3, l4 }: LayerVerdicts): void {
    if (l3 !== undefined) this.#addOne(packet, `${where}ipv4`, l3);
    if (l4 !== undefined) this.#addOne(packet, `${where}${transportOf(flags)}`, l4);
  }

  #addOne(packet: number, what: string, verdict: Verdict): void {
    const counts = this.#counts.get(what) ?? { good: 0, bad: 0, absent: 0, unchecked: 0, offloaded: 0 };
    counts[verdict]++;
    this.#counts.set(what, counts);
    if (verdict === "bad") this.#wrong.push({ packet, what });
  }
}

function transportOf(flags: number): string {
  if (flags & FLAG_TCP) return "tcp";
  if (flags & FLAG_ICMP) return "icmp";
  return flags & FLAG_ICMPV6 ? "icmpv6" : "udp";
}

type Report = ReturnType<Checks["report"]>;

function printReport(report: Report): void {
  const rows = Object.entries(report.checksums).map(([what, counts]) => [what, ...VERDICTS.map((v) => counts[v])]);
  console.log(table(["checksum", ...VERDICTS], rows));
  printFindings("wrong checksum", report.wrong, (what) => what);
  printFindings("malformed", report.malformed, (what) => `${what}: ${causeText(what.replace("inner ", ""))}`);
  if (report.wrong.length === 0) console.log(`${report.packets.toLocaleString("en-US")} packets, no wrong checksum`);
  printUnread(report.file, report);
}

function printFindings(title: string, findings: readonly Finding[], describe: (what: string) => string): void {
  for (const { packet, what } of findings.slice(0, SHOWN)) console.log(`packet ${packet}: ${title}: ${describe(what)}`);
  if (findings.length > SHOWN) console.log(`… and ${findings.length - SHOWN} more (--json has them all)`);
}
