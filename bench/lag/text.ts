/** The matrices and the control as text: what `npm run bench -- lag` prints besides its times. */
import Table from "cli-table3";
import type { Failover } from "./failover.js";
import type { Control, Matrix } from "./matrix.js";
import { PORTS } from "./traffic.js";

export function failoverText(runs: readonly Failover[]): string {
  const [first] = runs as readonly [Failover];
  const { flows, moved, needlesslyMoved, movedByModulo } = first;
  const part = (count: number) => `${((count * 100) / flows).toFixed(1)} %`;
  return [
    `one of ${PORTS} members fails: ${moved} of ${flows} flows move (${part(moved)}; ideal ${part(flows / PORTS)}), ${needlesslyMoved} of them ` +
      `needlessly; by hash mod n ${movedByModulo} (${part(movedByModulo)})`,
    ...runs.map(({ order, lost, reordered }) => {
      return `  it fails and returns under traffic, order "${order}": ${lost} frames lost with the link, ${reordered} reordered`;
    }),
  ].join("\n");
}

export function matrixText(matrices: readonly Matrix[], { flows, misdelivered }: Control): string {
  const part = ((misdelivered * 100) / flows).toFixed(1);
  const ideal = (((PORTS - 1) * 100) / PORTS).toFixed(1);
  return [
    ...matrices.map(textOf),
    `control, an ordinary LAG of ${PORTS} ports: ${misdelivered} of ${flows} flows of the standalone partition (${part} %; (n - 1) / n is ` +
      `${ideal} %) leave by a link that is not its own`,
  ].join("\n\n");
}

function textOf({ direction, frames, rows }: Matrix): string {
  const table = new Table({
    head: ["partition", ...Array.from({ length: PORTS }, (_, i) => `port ${i}`), "outside"],
    colAligns: ["left", ...Array.from({ length: PORTS + 1 }, () => "right" as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) {
    const cells = row.frames.map((count, port) => `${count.toLocaleString("en-US")} ${row.roles[port]}`);
    table.push([row.partition, ...cells, `${row.outside}`]);
  }
  return `${frames.toLocaleString("en-US")} frames ${direction}\n${table}`;
}
