/** A replay in a page: the same trace gives the same figures as in Node. */
import { describe, expect, it } from "vitest";
import { figuresOf } from "../../helpers/burst-replay.js";
import { hasChromium, inPage } from "../../helpers/page.js";

const SEED = 11;

/** What the page's script keeps there. */
declare global {
  var burstReplay: { figuresOf: typeof figuresOf };
}

describe.skipIf(!hasChromium)("a replay in a page (chromium)", () => {
  it("decides as in Node", async () => {
    const figures = (seed: number) => globalThis.burstReplay.figuresOf(seed);
    expect(await inPage("burst-replay", "burstReplay", (page) => page.evaluate(figures, SEED))).toEqual(
      figuresOf(SEED),
    );
  });
});
