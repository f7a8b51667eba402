/** `ringlane lag audit CAPTURE`: how a capture's traffic would spread over the members of a LAG, and what else would happen. */
import { type BurstFrame, type CapturePacket, createEngine, type HashPolicy, Spread } from "../../index.js";
import { openInput } from "../files.js";
import { type LoadedBurst, type ReadSummary, readThrough } from "../read.js";
import { countOne, printJson } from "../report.js";
import { type AuditReport, auditReport } from "./audit-json.js";
import { printAudit } from "./audit-report.js";
import { Catalogue } from "./catalogue.js";
import { flowKey } from "./flow-key.js";
import { FlowList } from "./flow-list.js";
import { Matrix } from "./matrix.js";
import { type Choice, choiceOf, choiceOfPlan, hashName, type LagArguments, membersOf } from "./options.js";
import { readPlan } from "./plan.js";
import { type PlanWays, planWays } from "./plan-ways.js";
import { Split } from "./split.js";
import { Tally } from "./tally.js";
import { twoStagesOf } from "./two-stages.js";
import { evenWays, type Way, type Ways } from "./way.js";

export interface AuditArguments extends LagArguments {
  /** Next hops of an ECMP stage before the LAG. */
  readonly ecmp?: number;
  readonly ecmpHash?: HashPolicy;
  readonly out?: string;
}

/** Exit code 0, or 1 when the file is damaged. */
export async function lagAudit(path: string, asked: AuditArguments): Promise<number> {
  const plan = asked.plan === undefined ? undefined : await readPlan(asked.plan);
  const choice = plan ? choiceOfPlan(plan, asked) : choiceOf(asked);
  const planned = plan && (await planWays(plan));
  const audit = new Audit(choice, planned ?? evenWays(membersOf(asked), choice.selection), planned, asked);
  const engine = await createEngine({ ports: 0, tunnels: 0, hashers: audit.catalogue.count });
  try {
    audit.catalogue.open(engine);
    const input = openInput(path);
    const split = asked.out === undefined ? undefined : await Split.open(asked.out, audit.ways.names);
    let summary: ReadSummary;
    try {
      const burst = engine.burst();
      summary = await readThrough(input, burst, async ({ packets }: LoadedBurst) => {
        burst.parse();
        audit.catalogue.hash(burst);
        const frames = burst.frames();
        if (audit.ways.looksInside) burst.decapsulate();
        const inside = audit.ways.looksInside ? burst.frames() : [];
        for (const [i, frame] of frames.entries()) {
          const packet = packets[i] as CapturePacket;
          const place = audit.add(i, frame, packet.data, inside[i]);
          if (place && split) await split.write(packet, place.member, place.reason);
        }
      });
      await split?.close();
    } finally {
      split?.discard();
    }
    const report: AuditReport = await auditReport(audit, input.name, summary, split?.name);
    if (asked.json) printJson(report);
    else printAudit(report, asked.out === "-" ? console.error : console.log);
    return summary.unread.damage ? 1 : 0;
  } finally {
    engine.close();
  }
}

/** What an audit counts while the capture passes by. */
export class Audit {
  readonly choice: Choice;
  readonly ways: Ways;
  /** The same, where a plan says them. */
  readonly planned: PlanWays | undefined;
  readonly catalogue: Catalogue;
  readonly polarized: ReturnType<typeof twoStagesOf>;
  readonly flows: FlowList;
  /** By the hash that was asked for. */
  readonly spread: Spread;
  /** By each policy of the catalogue. */
  readonly tallies: readonly Tally[];
  readonly matrix: Matrix | undefined;
  /** Frames that parse refused, by cause. */
  readonly malformed: Record<string, number> = {};
  /** Frames of no partition. */
  unknownFrames = 0;
  readonly #isSplit: boolean;

  constructor(choice: Choice, ways: Ways, planned: PlanWays | undefined, asked: AuditArguments) {
    this.choice = choice;
    this.ways = ways;
    this.planned = planned;
    this.catalogue = new Catalogue(choice);
    this.polarized = twoStagesOf(this.catalogue, asked);
    this.flows = new FlowList(this.polarized ? this.catalogue.count : this.catalogue.asked === undefined ? 0 : 1);
    this.spread = new Spread(ways.names.length);
    this.tallies = this.catalogue.policies.map(() => new Tally(ways.names.length));
    this.matrix = planned && new Matrix(planned);
    this.#isSplit = asked.out !== undefined;
  }

  /** Counts the i-th frame of the burst; where it goes and why, or undefined when it goes nowhere. */
  add(i: number, { cause, originalLength }: BurstFrame, data: Uint8Array, inside: BurstFrame | undefined) {
    if (cause !== undefined) {
      countOne(this.malformed, cause);
      return undefined;
    }
    const way = this.ways.wayOf(data, inside?.cause === undefined ? inside : undefined);
    if (!way) {
      this.unknownFrames++;
      return undefined;
    }
    const { catalogue } = this;
    const flow = this.flows.numberOf(flowKey(data, this.choice.headers), way, (hash) => catalogue.of(hash, i));
    const memberBy = (hash: number | undefined) =>
      hash === undefined ? way.turn : way.memberOf(catalogue.of(hash, i));
    for (const [row, { hash }] of catalogue.policies.entries()) {
      (this.tallies[row] as Tally).add(memberBy(hash), originalLength, flow);
    }
    const member = memberBy(catalogue.asked);
    this.spread.add(member, originalLength, flow);
    this.matrix?.add(way, member, originalLength);
    const reason = this.#isSplit ? this.#reason(way, member, i) : "";
    way.frames++;
    return { member, reason };
  }

  #reason(way: Way, member: number, i: number): string {
    const { asked } = this.catalogue;
    const policy = asked === undefined ? this.choice.policy : hashName(this.catalogue.options(asked));
    return way.reason(
      policy,
      asked === undefined ? undefined : this.catalogue.of(asked, i),
      this.ways.names[member] as string,
    );
  }
}
