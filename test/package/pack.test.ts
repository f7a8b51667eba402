/** The package as its users get it: packed, installed in an empty folder, imported by Node and by a plain page. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { has, run } from "../helpers/command.js";
import { ROOT } from "../helpers/files.js";

const CHROMIUM = "/usr/bin/chromium";
const TEN_LINES = readFileSync(join(ROOT, "test/package/ten-lines.mjs"), "utf8");
/** Outer headers of the ten lines' frame: made from the RFCs, entropy port and UDP checksum left open. */
const OUTER = /^0200c00002020200c0000201080045000096000040004011b653c0000201c0000202....12b50082....0800000000002a00/;

let folder: string;
let fromNode: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ringlane-pack-"));
  // prepack would build again what the suite has built already.
  expect(run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], { cwd: ROOT }).code).toBe(0);
  const [tarball = ""] = readdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }');
  const installed = run("npm", ["install", "--no-audit", "--no-fund", join(folder, tarball)], { cwd: folder });
  expect(installed.code, installed.stderr).toBe(0);
  writeFileSync(join(folder, "ten-lines.mjs"), TEN_LINES);
  const main =
    'import * as ringlane from "ringlane"; import { tenLines } from "./ten-lines.mjs"; console.log(await tenLines(ringlane));';
  writeFileSync(join(folder, "main.mjs"), main);
  const ran = run(process.execPath, ["main.mjs"], { cwd: folder });
  expect(ran.code, ran.stderr).toBe(0);
  fromNode = ran.stdout.toString().trim();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the packed package", () => {
  it("runs ten lines in Node", () => {
    expect(fromNode).toMatch(OUTER);
    expect(fromNode.length).toBe((50 + 14 + 100) * 2);
  });

  it("pulls no compiler", () => {
    const installed = readdirSync(join(folder, "node_modules"));
    expect(installed).toContain("ringlane");
    for (const name of ["assemblyscript", "as-bind", "typescript", "esbuild"]) expect(installed).not.toContain(name);
  });

  it("has sockets of Node in an entry of their own, whose errors are those of the package", () => {
    const source = `import { ConfigError } from "ringlane";
import { AggregateServer, connectSocket } from "ringlane/socket";
const server = new AggregateServer({ listen() {}, unlisten() {}, connect() {} });
try { server.listen(-1); } catch (error) { console.log(error instanceof ConfigError, error.argument, typeof connectSocket); }
server.listen(7, () => server.close(() => console.log("closed")));`;
    writeFileSync(join(folder, "socket.mjs"), source);
    const { code, stdout, stderr } = run(process.execPath, ["socket.mjs"], { cwd: folder });
    expect([code, stdout.toString()], stderr).toEqual([0, "true port function\nclosed\n"]);
  });

  it("has a command line", () => {
    const { code, stdout } = run(join(folder, "node_modules/.bin/ringlane"), ["--version"]);
    expect([code, stdout.toString()]).toEqual([
      0,
      `${JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version}\n`,
    ]);
  });

  it("has a UDP driver for Node, with the same errors", () => {
    const source =
      'import { ConfigError } from "ringlane";\nimport { openUdpDriver } from "ringlane/udp";\nawait openUdpDriver({ local: "here" }).catch((error) => console.log(error instanceof ConfigError));';
    writeFileSync(join(folder, "udp.mjs"), source);
    const { stdout, stderr } = run(process.execPath, ["udp.mjs"], { cwd: folder });
    expect([stdout.toString(), stderr]).toEqual(["true\n", ""]);
  });

  it("holds one self-contained module for browsers", () => {
    const text = readFileSync(join(folder, "node_modules/ringlane/dist/index.js"), "utf8");
    const bareImports = [...text.matchAll(/^\s*(?:import|export)\b[^;]*?\bfrom\s*"([^"]+)"/gm)].map(([, from]) => from);
    expect(bareImports).toEqual([]);
    expect(text).not.toMatch(/\bimport\("(?!\.)/);
  });

  it("has types that a consumer can check against", () => {
    const source =
      'import { createEngine, type Engine } from "ringlane";\nexport const e: Promise<Engine> = createEngine({ mbufs: 2 });\n// @ts-expect-error mbufs is a number\ncreateEngine({ mbufs: "2" });\n';
    writeFileSync(join(folder, "consumer.mts"), source);
    for (const resolution of [
      ["nodenext", "nodenext"],
      ["esnext", "bundler"],
    ] as const) {
      const options = [
        "--module",
        resolution[0],
        "--moduleResolution",
        resolution[1],
        "--target",
        "es2022",
        "--lib",
        "es2023,dom",
      ];
      const checked = run(join(ROOT, "node_modules/.bin/tsc"), ["--noEmit", "--strict", ...options, "consumer.mts"], {
        cwd: folder,
      });
      expect(checked.stdout.toString()).toBe("");
      expect(checked.code).toBe(0);
    }
  });

  it.skipIf(!has(CHROMIUM))(
    "gives the same bytes in a page under a strict Content-Security-Policy (chromium)",
    async () => {
      const server = await serve(folder);
      const browser = await chromium.launch({
        executablePath: CHROMIUM,
        args: ["--no-sandbox", "--disable-background-networking"],
      });
      try {
        const page = await browser.newPage();
        const errors: string[] = [];
        page.on("pageerror", (error) => errors.push(String(error)));
        page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
        await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
        const out = page.locator("#out");
        await out.filter({ hasText: /./ }).waitFor();
        expect(errors).toEqual([]);
        expect(await out.textContent()).toBe(fromNode);
      } finally {
        await browser.close();
        server.close();
      }
    },
  );
});

const PAGE = `<!doctype html><link rel="icon" href="data:,"><pre id="out"></pre><script type="module" src="/page.mjs"></script>`;
const PAGE_SCRIPT = `import * as ringlane from "/node_modules/ringlane/dist/index.js";
import { tenLines } from "/ten-lines.mjs";
document.querySelector("#out").textContent = await tenLines(ringlane).catch(String);`;
const TYPES: Record<string, string> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** A plain file server whose pages may do no more than the README says they need. */
async function serve(root: string): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    response.setHeader(
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src data:",
    );
    response.setHeader("Content-Type", TYPES[extname(path)] ?? "text/html");
    if (path === "/") response.end(PAGE);
    else if (path === "/page.mjs") response.end(PAGE_SCRIPT);
    else response.end(readFileSync(join(root, path)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
