/** An estimate in a page: the same trace gives the same figures as in Node. */
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { describe, expect, it } from "vitest";
import { has } from "../../helpers/command.js";
import { figuresOf } from "../../helpers/estimate-figures.js";

const CHROMIUM = "/usr/bin/chromium";
const SEED = 7;

/** What the page's script keeps there. */
declare global {
  var rdmaEstimate: { figuresOf: typeof figuresOf };
}

it("is the same twice, and merges something", () => {
  const { totals } = figuresOf(SEED);
  expect(figuresOf(SEED).totals).toEqual(totals);
  expect(totals.windows.at(-1)?.messages.merged).toBeGreaterThan(0);
});

describe.skipIf(!has(CHROMIUM))("an estimate in a page (chromium)", () => {
  it("has the figures that it has in Node", async () => {
    const bundle = await build({
      entryPoints: ["test/helpers/estimate-figures.ts"],
      bundle: true,
      format: "iife",
      globalName: "rdmaEstimate",
      platform: "browser",
      target: "es2022",
      write: false,
    });
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    try {
      const page = await browser.newPage();
      await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? "" });
      const inPage = await page.evaluate((seed) => globalThis.rdmaEstimate.figuresOf(seed), SEED);
      expect(inPage).toEqual(figuresOf(SEED));
    } finally {
      await browser.close();
    }
  });
});
