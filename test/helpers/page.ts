/** A page of Chromium with one of the helpers in it, as a script that has its exports under a global name. */
import { build } from "esbuild";
import { chromium, type Page } from "playwright-core";
import { has } from "./command.js";

const CHROMIUM = "/usr/bin/chromium";

export const hasChromium = has(CHROMIUM);

/** Runs in a page, and closes the browser whatever comes of it. An error of the page fails it. */
export async function inPage<T>(helper: string, globalName: string, run: (page: Page) => Promise<T>): Promise<T> {
  const bundle = await build({
    entryPoints: [`test/helpers/${helper}.ts`],
    bundle: true,
    format: "iife",
    globalName,
    platform: "browser",
    target: "es2022",
    write: false,
  });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? "" });
    const result = await run(page);
    if (errors.length > 0) throw new Error(errors.join("; "));
    return result;
  } finally {
    await browser.close();
  }
}
