/** The WHATWG pair in a page: the browser's own streams, byte streams and all, see what Node's see. */
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { describe, expect, it } from "vitest";
import { has } from "../../helpers/command.js";
import { echoed } from "../../helpers/stream-pair-echo.js";

const CHROMIUM = "/usr/bin/chromium";
const BYTES = 3_000_000;
const SEEN = { heardBytes: BYTES, wrong: 0, reset: "ECONNRESET", ended: true };

/** What the page's script keeps there. */
declare global {
  var streamPair: { echoed: typeof echoed };
}

it("echoes and resets in Node", async () => {
  expect(await echoed(BYTES)).toEqual(SEEN);
});

describe.skipIf(!has(CHROMIUM))("streams in a page (chromium)", () => {
  it("echoes and resets as in Node", async () => {
    const bundle = await build({
      entryPoints: ["test/helpers/stream-pair-echo.ts"],
      bundle: true,
      format: "iife",
      globalName: "streamPair",
      platform: "browser",
      target: "es2022",
      write: false,
    });
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    try {
      const page = await browser.newPage();
      const errors: unknown[] = [];
      page.on("pageerror", (error) => errors.push(String(error)));
      await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? "" });
      expect(await page.evaluate((bytes) => globalThis.streamPair.echoed(bytes), BYTES)).toEqual(SEEN);
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
