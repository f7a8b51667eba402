/** What an audit found, for people. */
import { causeText, type Failure } from "../../index.js";
import { whole } from "../numbers.js";
import { printUnread } from "../read.js";
import { facts, table } from "../report.js";
import type { AuditReport } from "./audit-json.js";
import { barTable } from "./bars.js";
import { RESILIENT_BUCKETS } from "./failing.js";
import { printPolarization } from "./polarization-report.js";

export type Print = (text: string) => void;

export function printAudit(report: AuditReport, print: Print): void {
  printTotals(report, print);
  printMembers(report, print);
  printMatrix(report, print);
  printLargest(report, print);
  printByHash(report, print);
  print(failureText(report));
  if (report.polarization) printPolarization(report.polarization, report.members.length, print);
  if (report.out !== undefined) print(`written: ${report.out}`);
  printUnread(report.file, report);
}

function printTotals(report: AuditReport, print: Print): void {
  const { packets, frames, flows, unknownFrames, malformed, imbalance, imbalanceByFrames, imbalanceByFlows } = report;
  const uneven = ({ maxOverMean, cv }: typeof imbalance) =>
    `${decimal(maxOverMean)} × the mean at most, cv ${decimal(cv)}`;
  print(
    facts([
      ["file", report.file],
      ["hash", report.describes],
      ["selection", selectionText(report)],
      ["packets", packets],
      ["frames spread", frames],
      ...(unknownFrames === undefined ? [] : [["frames of no partition", unknownFrames] as const]),
      ...Object.entries(malformed).map(([cause, n]) => [`malformed (${cause})`, `${n}: ${causeText(cause)}`] as const),
      ["flows", flows],
      ["imbalance of bytes", uneven(imbalance)],
      ["imbalance of frames", uneven(imbalanceByFrames)],
      ["imbalance of flows", uneven(imbalanceByFlows)],
    ]),
  );
}

function selectionText({ selection, buckets, members, matrix }: AuditReport): string {
  if (selection === "turn") return "each member in its turn";
  if (selection === "buckets") return `hash mod ${buckets} resilient buckets`;
  return matrix ? "hash mod the ports of the set" : `hash mod ${members.length}`;
}

function printMembers({ members, bytes: all }: AuditReport, print: Print): void {
  const rows = members.map(({ member, port, frames, bytes, flows }) => {
    return [port ?? `${member}`, frames, bytes, flows, percent(bytes, all)];
  });
  const head = [members[0]?.port === undefined ? "member" : "port", "frames", "bytes", "flows", "of bytes"];
  print(
    barTable(
      head,
      rows,
      members.map(({ bytes }) => bytes),
    ),
  );
}

function printMatrix({ matrix, ordinaryLag }: AuditReport, print: Print): void {
  if (!matrix) return;
  const names = matrix[0]?.ports.map(({ port }) => port) ?? [];
  const cell = (role: string, frames: number) => (role === "none" && frames === 0 ? "·" : `${whole(frames)} ${role}`);
  const rows = matrix.map(({ partition, ports }) => [
    partition,
    ...ports.map(({ role, frames }) => cell(role, frames)),
  ]);
  print(table(["partition, frames by", ...names], rows));
  for (const { partition, flows, misdelivered } of ordinaryLag ?? []) {
    print(
      `an ordinary LAG of all ${names.length} ports would send ${misdelivered} of the ${flows} flows of ${partition} elsewhere`,
    );
  }
}

function printLargest({ largestFlows, bytes: all, members: every }: AuditReport, print: Print): void {
  const name = (member: number) => every[member]?.port ?? `${member}`;
  const rows = largestFlows.map(({ flow, frames, bytes, members }) => {
    return [flow, frames, bytes, percent(bytes, all), members.map(name).join(", ")];
  });
  print(table(["largest flows", "frames", "bytes", "of bytes", "members"], rows));
}

function printByHash({ byHash, hash }: AuditReport, print: Print): void {
  const rows = Object.entries(byHash)
    .sort(([, a], [, b]) => a.imbalance.cv - b.imbalance.cv)
    .map(([name, { generation, headers, imbalance, idle }]) => [
      `${name}${headers === "inner" ? ", inner" : ""}${name === hash ? " ←" : ""}`,
      generation ?? undefined,
      decimal(imbalance.cv),
      decimal(imbalance.maxOverMean),
      idle,
    ]);
  print(table(["hash", "of Linux", "cv of bytes", "max / mean", "idle members"], rows));
}

function failureText(report: AuditReport): string {
  const { failures, failuresByModulo, failuresByBuckets, members } = report;
  if (failures.length === 0) return "in turn no flow has a member, and none moves when one fails";
  const name = (member: number) => members[member]?.port ?? `${member}`;
  const moves = ({ moved, needlesslyMoved }: Failure) => [moved, needlesslyMoved];
  if (!failuresByModulo || !failuresByBuckets) {
    const rows = failures.map((failure) => {
      return [name(failure.member), failure.flows, ...moves(failure), failure.unserved];
    });
    return table(["fails", "its flows", "flows moved", "needlessly", "without a port"], rows);
  }
  const rows = failuresByModulo.map((failure, i) => {
    return [name(failure.member), failures[i]?.flows, ...moves(failure), ...moves(failuresByBuckets[i] as Failure)];
  });
  const buckets = report.buckets ?? RESILIENT_BUCKETS;
  return table(
    ["fails", "its flows", "moved by modulo", "needlessly", `moved by ${buckets} buckets`, "needlessly"],
    rows,
  );
}

function percent(part: number, all: number): string {
  return all === 0 ? "-" : `${((100 * part) / all).toFixed(1)} %`;
}

function decimal(value: number): string {
  return value.toFixed(3);
}
