/** The WHATWG pair in a page: the browser's own streams, byte streams and all, see what Node's see. */
import { describe, expect, it } from "vitest";
import { hasChromium, inPage } from "../../helpers/page.js";
import { echoed } from "../../helpers/stream-pair-echo.js";

const BYTES = 3_000_000;
const SEEN = { heardBytes: BYTES, wrong: 0, reset: "ECONNRESET", ended: true };

/** What the page's script keeps there. */
declare global {
  var streamPair: { echoed: typeof echoed };
}

it("echoes and resets in Node", async () => {
  expect(await echoed(BYTES)).toEqual(SEEN);
});

describe.skipIf(!hasChromium)("streams in a page (chromium)", () => {
  it("echoes and resets as in Node", async () => {
    const echo = (bytes: number) => globalThis.streamPair.echoed(bytes);
    expect(await inPage("stream-pair-echo", "streamPair", (page) => page.evaluate(echo, BYTES))).toEqual(SEEN);
  });
});
