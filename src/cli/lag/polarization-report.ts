/** What two stages do to each other, for people. */
import { table } from "../report.js";
import type { TwoStages } from "./two-stages.js";

/** Second stages that people get to see; JSON has them all. */
const SHOWN = 10;

export function printPolarization(found: TwoStages, members: number, print: (text: string) => void): void {
  const { first, perBranch, mend } = found;
  print(
    table(
      ["next hop", "flows", ...Array.from({ length: members }, (_, member) => `member ${member}`), "idle"],
      perBranch.map((branch) => [`${branch.branch}`, branch.flows, ...branch.members, branch.idle]),
    ),
  );
  const rows = mend
    .slice(0, SHOWN)
    .map((tried) => [tried.name, tried.polarized ? "yes" : "no", tried.effectiveMembers.toFixed(2), tried.idleMembers]);
  print(table(["instead", "polarized", "effective members", "idle in the worst branch"], rows));
  print(`behind ECMP over ${first.fanout} by ${first.hash}: ${verdict(found, members)}`);
}

/** What idles, and what mends it, in one line. */
function verdict({ polarized, idleMembers, effectiveMembers, best, mend }: TwoStages, members: number): string {
  const effective = `${effectiveMembers.toFixed(2)} of ${members} members effective`;
  if (!polarized) return `not polarized, ${effective}`;
  const idle = `polarized, up to ${idleMembers} of ${members} members idle in a branch, ${effective}`;
  const mended = mend.find(({ name }) => name === best);
  if (!mended) return `${idle}; no hash of the catalogue mends it`;
  const option = mended.key === null || !mended.name.includes("key") ? "" : ` (--key ${mended.key})`;
  return `${idle}; ${mended.name}${option} mends it: ${mended.effectiveMembers.toFixed(2)} effective`;
}
