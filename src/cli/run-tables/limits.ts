/** What `ringlane run --tables` prints of mbuf limits: owners that were refused something, or whose limits changed, the most refused first. */
import type { ScenarioReport } from "../../scenario/run.js";
import { table } from "../report.js";

/** The rest is in the JSON. */
const ROWS_MAX = 4;

export function limitTable({ limits }: ScenarioReport): string {
  const told = limits.filter(({ refused, changes }) => refused + changes > 0);
  if (told.length === 0) return "mbuf limits: nobody was refused anything, and no limit changed";
  const head = ["mbuf limits on", "partition", "peer", "limit", "in use", "taken", "refused", "changed"];
  const rows = told
    .toSorted((a, b) => b.refused - a.refused || b.changes - a.changes)
    .map(({ host, partition, peer, endpoint, limit, inUse, frames, refused, changes }) => {
      return [host, partition, peerText(endpoint, peer), limit, inUse, frames, refused, changes];
    });
  const left = rows.length - ROWS_MAX;
  return `${table(head, rows.slice(0, ROWS_MAX))}${left > 0 ? `\nmbuf limits of ${left} others changed: --json` : ""}`;
}

/** "others": the partition's own record, for what it sends and for those who have none. */
function peerText(endpoint: string | undefined, peer: string | undefined): string {
  if (peer === undefined) return "others";
  return endpoint === undefined ? peer : `${endpoint} ${peer}`;
}
