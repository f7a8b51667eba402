/** A replay in a page: the same trace gives the same figures as in Node. */
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { describe, expect, it } from "vitest";
import { figuresOf } from "../../helpers/burst-replay.js";
import { has } from "../../helpers/command.js";

const CHROMIUM = "/usr/bin/chromium";
const SEED = 11;

/** What the page's script keeps there. */
declare global {
  var burstReplay: { figuresOf: typeof figuresOf };
}

describe.skipIf(!has(CHROMIUM))("a replay in a page (chromium)", () => {
  it("decides as in Node", async () => {
    const bundle = await build({
      entryPoints: ["test/helpers/burst-replay.ts"],
      bundle: true,
      format: "iife",
      globalName: "burstReplay",
      platform: "browser",
      target: "es2022",
      write: false,
    });
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    try {
      const page = await browser.newPage();
      await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? "" });
      const inPage = await page.evaluate((seed) => globalThis.burstReplay.figuresOf(seed), SEED);
      expect(inPage).toEqual(figuresOf(SEED));
    } finally {
      await browser.close();
    }
  });
});
