// Bundles dist/: index.js, one self-contained module for Node and browsers, and cli.js, which imports it.
import { copyFileSync } from "node:fs";
import { build } from "esbuild";

const shared = { bundle: true, format: "esm", target: "es2022", outdir: "dist", sourcemap: true, logLevel: "warning" };

// as-bind and the loader go in; no bare import is left, so a page needs no import map.
await build({ ...shared, entryPoints: ["src/index.ts"], platform: "neutral", mainFields: ["module", "main"] });

/** The command line uses the public API only, from the module beside it: nothing is bundled twice. */
const publicApi = {
  name: "public-api",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/(\.\.\/)?index\.js$/ }, () => ({ path: "./index.js", external: true }));
  },
};
await build({
  ...shared,
  entryPoints: ["src/cli/cli.ts"],
  entryNames: "[name]",
  platform: "node",
  packages: "external",
  plugins: [publicApi],
});

for (const name of ["ringlane.wasm", "ringlane.debug.wasm"]) copyFileSync(`build/${name}`, `dist/${name}`);
