/** Fields in rows and candidates in columns, in as many tables as the width of a terminal asks for. */
import type { Inventory, InventoryVnic, MigrationCandidate, MigrationPlacement } from "../../index.js";
import { MIGRATION_FIELDS, nativeFields } from "../../index.js";
import { table } from "../report.js";
import { hasText, LABELS, LEGEND, needText } from "./words.js";

export const WIDTH = 100;
/** A cell with a list is broken where it gets wider. */
const CELL_WIDTH = 24;
/** A border, and a space on either side. */
const COLUMN_FRAME = 3;

interface Column {
  readonly head: string;
  readonly cells: readonly string[];
  readonly width: number;
}

/** What the state of a VM's vnic of that index needs as it is, and what each candidate has for it. */
export function matrices(
  inventory: Inventory,
  vnic: InventoryVnic,
  index: number,
  candidates: readonly MigrationCandidate[],
): string[] {
  const several = candidates.some(({ placements }) => placements.length > 1);
  const labels = [...(several ? ["adapter"] : []), "verdict", ...MIGRATION_FIELDS.map((field) => LABELS[field])];
  const blanks = labels.slice(MIGRATION_FIELDS.length).map(() => "");
  const first = column("", labels);
  const needs = column(`${vnic.name} needs`, [...blanks, ...nativeFields(inventory, vnic).map(needText)]);
  const columns = candidates.map((candidate) => {
    const { adapter, verdict, fields, route } = candidate.placements[index] as MigrationPlacement;
    const cells = fields.map((field) => hasText(field, route));
    return several
      ? column(`  ${candidate.host}`, [`  ${adapter}`, `  ${verdict}`, ...cells])
      : column(`  ${candidate.host}/${adapter}`, [`  ${verdict}`, ...cells]);
  });
  return packed(columns, first.width + needs.width).map((some) => drawn([first, needs, ...some]));
}

/** Lines about marks that are there. */
export function legend(tables: readonly string[]): string | undefined {
  const used = LEGEND.filter(([mark]) => tables.some((text) => text.includes(`│ ${mark}`)));
  return used.length === 0 ? undefined : used.map((line) => line.join("")).join("   ");
}

function column(head: string, texts: readonly string[]): Column {
  const cells = texts.map(broken);
  const lines = [head, ...cells.flatMap((cell) => cell.split("\n"))];
  return { head, cells, width: Math.max(...lines.map((line) => line.length)) + COLUMN_FRAME };
}

/** Lists are broken behind commas, and go on below their first word. */
function broken(text: string): string {
  const indent = /^\W*/.exec(text)?.[0].length ?? 0;
  const lines: string[] = [];
  for (const word of text.split(", ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 2 <= CELL_WIDTH) lines.push(`${lines.pop()}, ${word}`);
    else lines.push(last === undefined ? word : `${" ".repeat(indent)}${word}`);
  }
  return lines.map((line, i) => (i < lines.length - 1 ? `${line},` : line)).join("\n");
}

function packed(columns: readonly Column[], fixed: number): Column[][] {
  const tables: Column[][] = [[]];
  let width = fixed + 1;
  for (const one of columns) {
    if (width + one.width > WIDTH && tables.at(-1)?.length !== 0) {
      tables.push([]);
      width = fixed + 1;
    }
    tables.at(-1)?.push(one);
    width += one.width;
  }
  return tables;
}

function drawn(columns: readonly Column[]): string {
  const [{ cells }] = columns as [Column];
  const rows = cells.map((_, row) => columns.map((one) => one.cells[row]));
  return table(
    columns.map(({ head }) => head),
    rows,
  );
}
