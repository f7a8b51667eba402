/** The directory from a page, by WebSocket, together with a host in Node, by TCP, on the same server. */
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Directory } from "../../src/directory/directory.js";
import type { connectNatsDirectory as Connect } from "../../src/directory/nats/browser.js";
import { connectNatsDirectory } from "../../src/directory/nats/node.js";
import type { DirectoryChange } from "../../src/directory/records.js";
import { has } from "../helpers/command.js";
import { eventually } from "../helpers/eventually.js";
import { NATS_SERVER, NatsServers } from "../helpers/nats.js";
import { endpoint, HOSTS } from "./suite.js";

const CHROMIUM = "/usr/bin/chromium";

/** What the page's script keeps there. */
declare global {
  var ringlaneNats: { connectNatsDirectory: typeof Connect };
  var pageDirectory: Directory;
  var pageHeard: DirectoryChange[];
}

describe.skipIf(!has(CHROMIUM) || !has(NATS_SERVER))("the directory in a page (chromium, nats-server)", () => {
  let servers: NatsServers;
  let browser: Browser;
  let script: string;

  beforeAll(async () => {
    servers = await NatsServers.start(1);
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ["--no-sandbox", "--disable-background-networking"],
    });
    const bundle = await build({
      entryPoints: ["src/directory/nats/browser.ts"],
      bundle: true,
      format: "iife",
      globalName: "ringlaneNats",
      platform: "browser",
      target: "es2022",
      write: false,
    });
    script = bundle.outputFiles[0]?.text ?? "";
  });

  afterAll(async () => {
    await browser?.close();
    servers?.stop();
  });

  it("publishes, hears what hosts in Node publish, claims by generation and takes blocks", async () => {
    const page = await browser.newPage();
    await page.addScriptTag({ content: script });
    const host = await connectNatsDirectory({ servers: servers.urls });
    try {
      for (const record of HOSTS) await host.publishHost(record);
      await page.evaluate(async (url) => {
        globalThis.pageHeard = [];
        globalThis.pageDirectory = await globalThis.ringlaneNats.connectNatsDirectory({ servers: url });
        await globalThis.pageDirectory.watch({ vni: 5000 }, (change) => globalThis.pageHeard.push(change));
      }, servers.webSocketUrl);

      await host.publish(endpoint());
      const heard = () => page.evaluate(() => globalThis.pageHeard);
      await eventually(async () => (await heard()).length === 1);
      expect(await heard()).toMatchObject([{ type: "endpoint", endpoint: endpoint(), host: HOSTS[0], alive: true }]);

      const moved = endpoint({ generation: 2, host: "beta" });
      await page.evaluate((record) => globalThis.pageDirectory.publish(record), moved);
      expect(await host.resolve({ gqpn: 4660 })).toMatchObject({ endpoint: moved, host: HOSTS[1] });
      const refused = await page.evaluate(
        (record) => globalThis.pageDirectory.publish(record).catch(({ code, winner }) => ({ code, winner })),
        endpoint(),
      );
      expect(refused).toEqual({ code: "STALE_GENERATION", winner: moved });

      const theirs = await page.evaluate(() => globalThis.pageDirectory.allocateBlock("page", 256));
      const ours = await host.allocateBlock("page", 256);
      expect(Math.abs(theirs.first - ours.first)).toBeGreaterThanOrEqual(256);
    } finally {
      await page.close();
      await host.close();
    }
  });
});
