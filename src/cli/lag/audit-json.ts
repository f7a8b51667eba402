/** What an audit found, as --json prints it. */
import { type Failure, type Imbalance, imbalanceOf, type MemberSpread } from "../../index.js";
import type { ReadSummary } from "../read.js";
import type { Audit } from "./audit.js";
import { evenFailures, type PlannedFailure, plannedFailures, RESILIENT_BUCKETS } from "./failing.js";
import type { Tally } from "./tally.js";

/** How the traffic would spread by a policy. */
export interface PolicySpread {
  readonly generation: string | null;
  readonly headers: "outer" | "inner";
  readonly members: readonly MemberSpread[];
  /** Of bytes, as everywhere where nothing else is said. */
  readonly imbalance: Imbalance;
  /** Members that carry nothing. */
  readonly idle: number;
}

export type AuditReport = Awaited<ReturnType<typeof auditReport>>;

export async function auditReport(
  audit: Audit,
  file: string,
  { packets, unread }: ReadSummary,
  out: string | undefined,
) {
  const { choice, catalogue, flows, planned, matrix } = audit;
  const { asked } = catalogue;
  const spread = audit.spread.report();
  const members = spread.members.map((sums) => ({ ...sums, ...(planned && { port: planned.names[sums.member] }) }));
  const by = (measure: "frames" | "flows") => imbalanceOf(members.map((sums) => sums[measure]));
  const total = (measure: "frames" | "bytes") => members.reduce((sum, row) => sum + row[measure], 0);
  return {
    file,
    packets,
    hash: choice.policy,
    generation: asked === undefined ? null : (catalogue.options(asked).generation ?? null),
    headers: choice.headers,
    describes: asked === undefined ? "frames in turn" : catalogue.describe(asked),
    selection: choice.selection.kind,
    buckets: choice.selection.kind === "buckets" ? choice.selection.buckets : null,
    frames: total("frames"),
    bytes: total("bytes"),
    flows: flows.count,
    members,
    imbalance: spread.imbalance,
    imbalanceByFrames: by("frames"),
    imbalanceByFlows: by("flows"),
    largestFlows: spread.largestFlows.map((sums) => ({ ...sums, flow: flows.text(Number(sums.flow)) })),
    byHash: byHash(audit),
    ...(await failureReports(audit)),
    ...(audit.polarized &&
      asked !== undefined && {
        polarization: audit.polarized.report(flows, audit.ways, asked),
      }),
    ...(matrix && {
      matrix: matrix.rows,
      unknownFrames: audit.unknownFrames,
      ordinaryLag: asked === undefined ? [] : matrix.control(flows, asked),
    }),
    malformed: audit.malformed,
    ...unread,
    ...(out !== undefined && { out }),
  };
}

function byHash({ catalogue, tallies }: Audit): Record<string, PolicySpread> {
  return Object.fromEntries(
    catalogue.policies.map(({ name, hash }, i) => {
      const { members, imbalance, idle } = tallies[i] as Tally;
      const { generation = null, headers = "outer" as const } = hash === undefined ? {} : catalogue.options(hash);
      return [name, { generation, headers, members, imbalance, idle }];
    }),
  );
}

interface FailureReports {
  /** By the selection in use; nothing in turn, where no flow has a member. */
  readonly failures: readonly (Failure & Partial<PlannedFailure>)[];
  /** For comparison; without a plan only. */
  readonly failuresByModulo?: readonly Failure[];
  readonly failuresByBuckets?: readonly Failure[];
}

async function failureReports({ catalogue, choice, planned, flows, ways }: Audit): Promise<FailureReports> {
  const { asked } = catalogue;
  if (asked === undefined) return { failures: [] };
  if (planned) return { failures: await plannedFailures(flows, asked, planned) };
  const { selection } = choice;
  const buckets = selection.kind === "buckets" ? selection.buckets : RESILIENT_BUCKETS;
  const { byModulo, byBuckets } = evenFailures(flows, asked, ways.names.length, buckets);
  return {
    failures: selection.kind === "buckets" ? byBuckets : byModulo,
    failuresByModulo: byModulo,
    failuresByBuckets: byBuckets,
  };
}
