// Bundles dist/: index.js, one self-contained module for Node and browsers; cli.js, which imports it; and nats.js with its twin for
// browsers, which import it and the NATS client, and nobody pays for who does not; udp.js and socket.js, for Node alone; and drawing.js,
// which cli.js loads when it has to draw.

import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "esbuild";

const shared = { bundle: true, format: "esm", target: "es2022", outdir: "dist", sourcemap: true, logLevel: "warning" };

// as-bind and the loader go in; no bare import is left, so a page needs no import map.
await build({ ...shared, entryPoints: ["src/index.ts"], platform: "neutral", mainFields: ["module", "main"] });

/** The command line and sockets use the public API only, from the modules beside them: nothing is bundled twice. */
const publicApi = {
  name: "public-api",
  setup({ onResolve }) {
    onResolve({ filter: /\/index\.js$/ }, ({ path, resolveDir }) => {
      if (resolve(resolveDir, path) === resolve("src/index.js")) return { path: "./index.js", external: true };
      if (resolve(resolveDir, path) === resolve("src/driver/udp/index.js")) return { path: "./udp.js", external: true };
    });
  },
};
/** Drawings are in a module of their own, which is loaded when there is something to draw. */
const drawing = {
  name: "drawing",
  setup({ onResolve }) {
    onResolve({ filter: /\/chart\/svg\.js$/ }, () => ({ path: "./drawing.js", external: true }));
  },
};
await build({
  ...shared,
  entryPoints: ["src/cli/cli.ts"],
  entryNames: "[name]",
  platform: "node",
  packages: "external",
  plugins: [publicApi, drawing],
});

// What is used of ECharts goes in: 0.5 MB, of a package of 62. Its licences ask to be handed on (tslib's does not).
await build({
  ...shared,
  entryPoints: { drawing: "src/cli/chart/svg.ts" },
  platform: "node",
  minify: true,
  sourcemap: false,
});
const licences = ["echarts/NOTICE", "echarts/LICENSE", "zrender/LICENSE"];
const licenceTexts = licences.map(
  (name) => `drawing.js contains ${name}:\n\n${readFileSync(`node_modules/${name}`, "utf8")}`,
);
writeFileSync("dist/drawing.LICENSES.txt", licenceTexts.join("\n"));

/** Errors come from the module beside it, so that instanceof holds whoever throws them. */
const publicErrors = {
  name: "public-errors",
  setup({ onResolve }) {
    onResolve({ filter: /\/errors\.js$/ }, () => ({ path: "./index.js", external: true }));
  },
};
await build({
  ...shared,
  entryPoints: { nats: "src/directory/nats/node.ts", "nats-browser": "src/directory/nats/browser.ts" },
  platform: "neutral",
  external: ["@nats-io/*"],
  mainFields: ["module", "main"],
  plugins: [publicErrors],
});
await build({
  ...shared,
  entryPoints: { socket: "src/rdma/socket/node/index.ts" },
  platform: "node",
  packages: "external",
  plugins: [publicApi, publicErrors],
});

await build({
  ...shared,
  entryPoints: { udp: "src/driver/udp/index.ts" },
  platform: "node",
  mainFields: ["module", "main"],
  plugins: [publicErrors],
});

for (const name of ["ringlane.wasm", "ringlane.debug.wasm"]) copyFileSync(`build/${name}`, `dist/${name}`);
