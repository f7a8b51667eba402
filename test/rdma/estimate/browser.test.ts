/** An estimate in a page: the same trace gives the same figures as in Node. */
import { describe, expect, it } from "vitest";
import { figuresOf } from "../../helpers/estimate-figures.js";
import { hasChromium, inPage } from "../../helpers/page.js";

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

describe.skipIf(!hasChromium)("an estimate in a page (chromium)", () => {
  it("has the figures that it has in Node", async () => {
    const figures = (seed: number) => globalThis.rdmaEstimate.figuresOf(seed);
    expect(await inPage("estimate-figures", "rdmaEstimate", (page) => page.evaluate(figures, SEED))).toEqual(
      figuresOf(SEED),
    );
  });
});
