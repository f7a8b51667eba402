/**
 * Polarization: two hash stages in a row, first ECMP over next hops, then this LAG. A flow is in a next hop's branch because of its
 * hash there; if the second stage picks by the same hash, the branch holds only flows that it sends to few members, and others idle.
 * From samples of flows this file says how many members stay idle, and which other second stage (hash, seed) mends it.
 */

/** A stage: it sends flow i to the member pick(i), counted from 0. */
export interface StagePick {
  readonly members: number;
  readonly pick: (flow: number) => number;
}

export interface Branch {
  /** Next hop of the first stage. */
  readonly branch: number;
  readonly flows: number;
  /** Flows by member of the second stage. */
  readonly members: readonly number[];
  readonly idle: number;
}

export interface Polarization {
  readonly perBranch: readonly Branch[];
  /** Of the worst branch; a branch without flows says nothing about the second stage and does not count. */
  readonly idleMembers: number;
  /** Mean over branches with flows of exp(entropy) of the flows' shares: as many members, evenly used, would spread the same. */
  readonly effectiveMembers: number;
  /** Members idle that chance would not leave idle. */
  readonly polarized: boolean;
}

/** Probability below which idle members are no chance. */
const SIGNIFICANCE = 1e-3;

/**
 * For the flows 0 to flows-1 that the first stage sends to each of its next hops: which members of the second stay idle.
 *
 * Polarized means that some branch with n flows leaves k of m members idle although C(m, k) * (1 - k/m)^n, times the number of branches
 * with flows, is below 1/1000. The first two factors bound the probability that n flows, each sent to any of m members alike, miss some k of
 * them, since there are C(m, k) choices of k and each is missed with probability (1 - k/m)^n. So a second stage that is even and independent
 * of the first is called polarized in at most one of 1000 cases; of uneven weights the bound knows nothing.
 */
export function detectPolarization(flows: number, first: StagePick, second: StagePick): Polarization {
  const counts = Array.from({ length: first.members }, () => new Array<number>(second.members).fill(0));
  for (let flow = 0; flow < flows; flow++) {
    const branch = counts[first.pick(flow)] as number[];
    const member = second.pick(flow);
    branch[member] = (branch[member] as number) + 1;
  }
  const perBranch = counts.map((members, branch): Branch => {
    return { branch, flows: sum(members), members, idle: members.filter((count) => count === 0).length };
  });
  const used = perBranch.filter((branch) => branch.flows > 0);
  return {
    perBranch,
    idleMembers: Math.max(0, ...used.map(({ idle }) => idle)),
    effectiveMembers: sum(used.map(effectiveMembers)) / Math.max(1, used.length),
    polarized: used.some((branch) => chanceOfIdle(branch) * used.length < SIGNIFICANCE),
  };
}

export interface Remedy extends Polarization {
  readonly name: string;
}

/**
 * Candidate second stages from best to worst: those that are not polarized first, then by effective over all members, then as given.
 * `best` is the name of the first unless it is polarized, too.
 */
export function mend(
  flows: number,
  first: StagePick,
  candidates: readonly (StagePick & { readonly name: string })[],
): { readonly best: string | undefined; readonly ranking: readonly Remedy[] } {
  const branches = Uint32Array.from({ length: flows }, (_, flow) => first.pick(flow));
  const known: StagePick = { members: first.members, pick: (flow) => branches[flow] as number };
  const ranked = candidates
    .map((second) => ({ name: second.name, second, found: detectPolarization(flows, known, second) }))
    .map(({ name, second, found }) => ({ remedy: { name, ...found }, part: found.effectiveMembers / second.members }))
    .sort((a, b) => Number(a.remedy.polarized) - Number(b.remedy.polarized) || b.part - a.part);
  const ranking = ranked.map(({ remedy }) => remedy);
  return { best: ranking.find(({ polarized }) => !polarized)?.name, ranking };
}

/** Bound of the probability that so many members or more are idle by chance; 1 when none is. */
function chanceOfIdle({ flows, members, idle }: Branch): number {
  let choices = 1;
  for (let k = 0; k < idle; k++) choices *= (members.length - k) / (k + 1);
  return choices * (1 - idle / members.length) ** flows;
}

function effectiveMembers({ flows, members }: Branch): number {
  const used = members.filter((count) => count > 0);
  return Math.exp(-sum(used.map((count) => (count / flows) * Math.log(count / flows))));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
