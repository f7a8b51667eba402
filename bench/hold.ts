/**
 * npm run bench:hold
 *
 * The regression guard of .ci/run: measures what has plain JavaScript beside it, and fails when a ratio fell below half of what
 * was recorded. A ratio that did is measured again, longer: a neighbour on the machine, or a compiler that came late, is no
 * regression.
 */
import { CPeers } from "./c-peers.js";
import { ALLOWED, fallen, keyOf, onlyPlain, plainRatios, type Recorded, readBaseline } from "./guard.js";
import { type Effort, measure, QUICK, THOROUGH } from "./measure.js";
import type { Question } from "./question.js";
import { questions } from "./questions.js";

const recorded = readBaseline();
const cPeers = new CPeers({ needed: false });
const asked = questions(cPeers).filter(({ slow }) => !slow);
let lost = fallen(recorded, await ratiosOf(asked, QUICK));
if (lost.length > 0) {
  const again = asked.filter(({ name }) => lost.some(({ question }) => question === name));
  lost = fallen(lost, await ratiosOf(again, THOROUGH));
}
for (const line of lost) console.error(`less than ${ALLOWED} of a recorded ratio of ${line.ratio}: ${keyOf(line)}`);
console.log(`${recorded.length - lost.length} of ${recorded.length} ratios to plain JavaScript hold`);
process.exitCode = lost.length === 0 ? 0 : 1;
cPeers.close();

async function ratiosOf(some: readonly Question[], effort: Effort): Promise<Recorded[]> {
  const ratios: Recorded[] = [];
  for (const question of some) {
    const cases = onlyPlain(await question.cases());
    const { rows } = await measure(question, cases, effort, () => undefined);
    ratios.push(...plainRatios(rows));
  }
  return ratios;
}
