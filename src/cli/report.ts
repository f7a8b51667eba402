/** What a command prints: a table for people, or one JSON object. */
import Table from "cli-table3";

/** Prints one JSON object; bigint counts become numbers. */
export function printJson(value: unknown): void {
  const json = JSON.stringify(value, (_, v) => (typeof v === "bigint" ? Number(v) : v), 2);
  process.stdout.write(`${json}\n`);
}

/** A table with a head; numbers stand right-aligned with digit groups. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const isNumber = head.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === "number"));
  const drawn = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true },
    colAligns: isNumber.map((right) => (right ? "right" : "left")),
  });
  drawn.push(...rows.map((row) => row.map(text)));
  return drawn.toString();
}

/** Name and value, a line each. */
export function facts(rows: readonly (readonly [name: string, value: Cell])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${text(value)}`).join("\n");
}

/** Counts one more of a named thing. */
export function countOne(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

export type Cell = string | number | undefined;

function text(cell: Cell): string {
  if (cell === undefined) return "-";
  return typeof cell === "number" ? cell.toLocaleString("en-US", { maximumFractionDigits: 3 }) : cell;
}
