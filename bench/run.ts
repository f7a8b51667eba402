/**
 * npm run bench [-- QUESTION...] [--quick] [--json FILE] [--record]
 *
 * Answers the questions, all by default, with ringlane and its peers side by side. --quick is good for a look and leaves out
 * what takes long. --json writes the rows to a file. --record writes bench/RESULTS.md, and the ratios that bench/hold.ts holds
 * later trees to.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { CPeers } from "./c-peers.js";
import { writeBaseline } from "./guard.js";
import { measure, QUICK, type Row, THOROUGH, type Verdict } from "./measure.js";
import { questions } from "./questions.js";
import { machine, markdown, terminalTable, verdictTable } from "./report.js";

const RESULTS = fileURLToPath(new URL("./RESULTS.md", import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "string" },
    quick: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
  },
});
const cPeers = new CPeers({ needed: true });
const all = questions(cPeers);
const unknown = positionals.filter((name) => !all.some((question) => question.name === name));
if (unknown.length > 0) {
  console.error(`No such question: ${unknown.join(", ")}. There are ${all.map(({ name }) => name).join(", ")}.`);
  process.exit(2);
}
const isAsked = (name: string) => positionals.length === 0 || positionals.includes(name);
const asked = all.filter(({ name, slow }) => isAsked(name) && !(slow && values.quick));

const rows: Row[] = [];
const verdicts: Verdict[] = [];
const shown = new Map<string, string>();
const effort = values.quick ? QUICK : THOROUGH;
const bar = new SingleBar({ format: "{question} [{bar}] round {value} of {total}", clearOnComplete: true });
try {
  for (const question of asked) {
    const cases = await question.cases();
    bar.start(effort.rounds, 0, { question: question.name });
    const answer = await measure(question, cases, effort, (round) => bar.update(round));
    bar.stop();
    rows.push(...answer.rows);
    verdicts.push(...answer.verdicts);
    cPeers.rest();
    console.log(`\n${question.name}: ${question.measured}\n${terminalTable(answer.rows)}`);
    if (question.shows && !values.quick) {
      const text = await question.shows();
      shown.set(question.name, text);
      console.log(`\n${text}`);
    }
  }
} finally {
  cPeers.close(); // also gives back what testpmd took of the machine
}
if (verdicts.length > 0) console.log(`\nBounds:\n${verdictTable(verdicts)}`);
for (const name of cPeers.missing) console.log(`Missing: ${name}`);
console.log(`Measured on ${machine()}.`);
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
if (values.record) {
  writeFileSync(RESULTS, markdown({ questions: asked, rows, verdicts, shown, ...cPeers }));
  // The guard leaves out what takes long.
  const slow = new Set(asked.filter((question) => question.slow).map(({ name }) => name));
  writeBaseline(rows.filter(({ question }) => !slow.has(question)));
}
