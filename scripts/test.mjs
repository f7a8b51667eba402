// Runs the whole test suite, then says by name what was skipped, and counts in the last line.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const report = join(tmpdir(), `ringlane-tests-${process.pid}.json`);
const args = ["vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
const { status } = spawnSync("npx", [...args, ...process.argv.slice(2)], { stdio: "inherit" });

const { testResults, numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8"));
rmSync(report);
const skipped = testResults.flatMap((file) => file.assertionResults).filter((test) => test.status === "skipped");
for (const test of skipped) console.log(`skipped: ${test.fullName}`);
// A file that cannot even be loaded has failed, though none of its tests ran.
const brokenFiles = testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
for (const file of brokenFiles) console.log(`failed to load: ${file.name}`);
console.log(`${numPassedTests} passed, ${numFailedTests + brokenFiles.length} failed, ${skipped.length} skipped`);
process.exitCode = status ?? 1;
