/**
 * npm run bench [-- QUESTION...] [--json FILE] [--quick]
 *
 * Answers the questions, all by default: a table of nanoseconds per frame (the median round, the best round) and of ratios
 * to each case's baseline. --json writes the same figures, and what they were measured on, to a file. --quick is good for
 * a look only. The ratios are what to trust on a machine that others use, too.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { capture } from "./capture.js";
import { checksum } from "./checksum.js";
import { encap } from "./encap.js";
import { measure, QUICK, type Result, THOROUGH } from "./measure.js";
import { singleDma } from "./single-dma.js";

const QUESTIONS = [encap, checksum, singleDma, capture];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "string" }, quick: { type: "boolean", default: false } },
});
const unknown = positionals.filter((name) => !QUESTIONS.some((question) => question.name === name));
if (unknown.length > 0) {
  console.error(`No such question: ${unknown.join(", ")}. There are ${QUESTIONS.map(({ name }) => name).join(", ")}.`);
  process.exit(2);
}
const asked = positionals.length === 0 ? QUESTIONS : QUESTIONS.filter(({ name }) => positionals.includes(name));

const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, v8: process.versions.v8 };
const results: Result[] = [];
for (const question of asked) {
  const answer = await measure(question, values.quick ? QUICK : THOROUGH);
  results.push(...answer);
  console.log(`\n${question.name}: ${question.measured}\n${tableOf(answer)}\n`);
}
console.log(`Measured on ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}.`);
if (values.json) writeFileSync(values.json, `${JSON.stringify({ machine, results }, null, 2)}\n`);

function tableOf(answer: readonly Result[]): string {
  const table = new Table({
    head: ["question", "case", "ns per frame", "best", "spread", "GB/s", "ratio", "to"],
    colAligns: ["left", "left", "right", "right", "right", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const { question, name, nsPerFrame, bestNsPerFrame, spread, bytesPerSecond, baseline, ratio } of answer) {
    table.push([
      question,
      name,
      nsPerFrame.toFixed(1),
      bestNsPerFrame.toFixed(1),
      `${(spread * 100).toFixed(0)} %`,
      bytesPerSecond === undefined ? "" : (bytesPerSecond / 1e9).toFixed(2),
      ratio.toFixed(2),
      baseline === name ? "" : baseline,
    ]);
  }
  return table.toString();
}
