/** What a check found, for people: the answer, the matrix, a line for each candidate. */
import type { Inventory, InventoryVm, MigrationCandidate, MigrationVerdict } from "../../index.js";
import { facts } from "../report.js";
import { legend, matrices, WIDTH } from "./matrix.js";
import { reasonsOf } from "./reasons.js";

export function reportText(inventory: Inventory, vm: InventoryVm, candidates: readonly MigrationCandidate[]): string {
  const parts = [facts([["answer", answerText(candidates)], ["VM", `${vm.name} on ${vm.host}`], ...vnicFacts(vm)])];
  if (candidates.length === 0) return parts.join("\n\n");
  const tables = vm.vnics.flatMap((vnic, i) => matrices(inventory, vnic, i, candidates));
  parts.push(...tables);
  const marks = legend(tables);
  if (marks !== undefined) parts.push(marks);
  parts.push(candidateLines(vm, candidates));
  return parts.join("\n\n");
}

function vnicFacts({ vnics }: InventoryVm) {
  return vnics.map(({ name, adapter, format, version }) => {
    return [name, `on ${adapter.name}, with state of format ${format}, version ${version}`] as const;
  });
}

function answerText(candidates: readonly MigrationCandidate[]): string {
  const [best] = candidates;
  if (!best) return "no: there is no other host";
  const others = candidates.filter(({ verdict }) => verdict === best.verdict).length - 1;
  const rest = others === 0 ? "" : `; ${others} more would do`;
  if (best.verdict === "native") return `yes, to ${nameOf(best)}, as it is${rest}`;
  if (best.verdict === "convertible") return `only with a conversion, to ${nameOf(best)}${rest}`;
  if (others === 0) return `no: ${nameOf(best)} does not take it`;
  return `no: none of ${candidates.length} takes it; the nearest miss is ${nameOf(best)}`;
}

/** Such as beta/nic0, or beta/nic0+nic1 where several vnics go to several adapters. */
function nameOf({ host, placements }: MigrationCandidate): string {
  return `${host}/${[...new Set(placements.map(({ adapter }) => adapter))].join("+")}`;
}

function candidateLines(vm: InventoryVm, candidates: readonly MigrationCandidate[]): string {
  const rows = candidates.map((candidate) => {
    return [nameOf(candidate), candidate.verdict, reasonsOf(vm, candidate)] as const;
  });
  const nameWidth = Math.max(...rows.map(([name]) => name.length)) + 2;
  const indent = nameWidth + VERDICT_WIDTH;
  return rows
    .map(([name, verdict, reasons]) => {
      const lines = wrapped(reasons, WIDTH - indent).join(`\n${" ".repeat(indent)}`);
      return `${name.padEnd(nameWidth)}${verdict.padEnd(VERDICT_WIDTH)}${lines}`;
    })
    .join("\n");
}

const VERDICTS: readonly MigrationVerdict[] = ["native", "convertible", "refused"];
const VERDICT_WIDTH = Math.max(...VERDICTS.map(({ length }) => length)) + 2;

/** Reasons in as few lines as the width allows; only one that is wider by itself is broken. */
function wrapped(reasons: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const [i, reason] of reasons.entries()) {
    const text = i < reasons.length - 1 ? `${reason};` : reason;
    const pieces = text.length > width ? text.split(" ") : [text];
    for (const [j, piece] of pieces.entries()) {
      const last = lines.at(-1);
      const mayJoin = j > 0 || pieces.length === 1;
      if (last !== undefined && mayJoin && last.length + piece.length < width) lines.push(`${lines.pop()} ${piece}`);
      else lines.push(piece);
    }
  }
  return lines;
}
