/**
 * `ringlane limit replay CAPTURE`: what the limit controller would have done. The capture is read twice: for its mean rate, its length
 * and its peers, and then frame by frame through three ledgers.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { LimitComparison } from "../../index.js";
import { printJson } from "../report.js";
import { readArrivals } from "./arrivals.js";
import { controllerFor, newLedgers } from "./controller.js";
import { PeerPolicies } from "./peer-policies.js";
import { type Peer, Peers } from "./peers.js";
import { type PolicyFile, parsePolicyFile } from "./policy-file.js";
import { allCharts } from "./replay-charts.js";
import { replayReport } from "./replay-json.js";
import { printReplay } from "./replay-report.js";
import { rereadable } from "./rereadable.js";
import { type AskedReplay, checkAsked, settingOf } from "./setting.js";

/** The busiest, which are drawn one by one. */
const PEERS_FOLLOWED = 4;

export interface ReplayArguments extends AskedReplay {
  readonly policy?: string;
  readonly svg?: string;
  readonly json?: boolean;
}

/** Exit code 0, or 1 when the file is damaged. */
export async function limitReplay(path: string, asked: ReplayArguments): Promise<number> {
  const policy: PolicyFile =
    asked.policy === undefined
      ? { name: undefined, wall: undefined, policies: new PeerPolicies() }
      : parsePolicyFile(asked.policy, readFileSync(asked.policy, "utf8"));
  checkAsked(asked, policy);
  const capture = await rereadable(path);
  try {
    const peers = new Peers();
    const input = capture.open();
    const summary = await readArrivals(input, peers, ({ peer }) => {
      (peers.all[peer] as Peer).frames++;
    });
    const setting = settingOf(asked, policy, summary, peers);
    const policyOf = (peer: number) => setting.policies.of((peers.all[peer] as Peer).address);
    const comparison = new LimitComparison({
      ledgers: await newLedgers(peers.all.length),
      controller: (ledger) => controllerFor(ledger, setting, peers),
      boundsOf: (peer) => policyOf(peer).checked,
      framesPerSecond: setting.framesPerSecond,
      stalls: setting.stalls,
      mbufBytes: setting.mbufBytes,
      lengthMs: summary.lengthMs,
      followed: busiest(peers),
    });
    await readArrivals(capture.open(), peers, (arrival) => comparison.arrive(arrival), summary.frames);
    const report = replayReport(input.name, summary, peers, setting, comparison.finish(summary.lengthMs));
    if (asked.svg !== undefined) await drawTo(asked.svg, report);
    if (asked.json) printJson(report);
    else printReplay(report);
    return summary.unread.damage ? 1 : 0;
  } finally {
    capture.discard();
  }
}

function busiest({ all }: Peers): number[] {
  return all
    .map(({ frames }, peer) => ({ frames, peer }))
    .toSorted((a, b) => b.frames - a.frames)
    .slice(0, PEERS_FOLLOWED)
    .map(({ peer }) => peer);
}

/** The drawing is by a library of some size: it is loaded when it is wanted. */
async function drawTo(file: string, report: ReturnType<typeof replayReport>): Promise<void> {
  const { svgOf } = await import("../chart/svg.js");
  writeFileSync(file, svgOf(allCharts(report)));
}
