// Brings a checkout to where it can run: dependencies installed, data plane compiled, dist/ bundled. Each step only when
// something it depends on is newer than what it made. Called by `npm start`, `npm test` and `npm run bench`.
import { execSync } from "node:child_process";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const INSTALLED = join(root, "node_modules/.package-lock.json");
const BUILT = join(root, "dist/.built");
const SOURCES = [
  "assembly",
  "src",
  "scripts/build.mjs",
  "asconfig.json",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
];

/** When a file, or the newest file under a folder, was changed; 0 when there is none. */
function changedMs(path) {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => changedMs(join(path, name))));
}

function run(step, command) {
  console.error(`ringlane: ${step} (${command})`);
  execSync(command, { cwd: root, stdio: ["ignore", process.stderr, "inherit"] });
}

if (changedMs(INSTALLED) < changedMs(join(root, "package-lock.json"))) {
  run("installing dependencies", "npm ci --no-audit --no-fund --ignore-scripts");
}
if (changedMs(BUILT) < Math.max(...SOURCES.map((source) => changedMs(join(root, source))))) {
  run("building", "npm run --silent build");
  writeFileSync(BUILT, "");
}
