/** Asserts, after every test of a file that calls this, that each engine of that test has every mbuf in exactly one place. */
import { afterEach, expect } from "vitest";
import type { Census } from "../../src/census.js";
import type { Engine } from "../../src/engine.js";
import { EngineClosed } from "../../src/errors.js";
import { takeMade } from "./engines.js";

export function censusAfterEach(): void {
  afterEach(() => {
    for (const engine of takeMade()) {
      const census = censusOf(engine);
      if (census) expect(census).toMatchObject({ holds: true, lost: 0, doubles: 0 });
    }
  });
}

/** Undefined for an engine that the test has closed. */
function censusOf(engine: Engine): Census | undefined {
  try {
    return engine.census();
  } catch (error) {
    if (error instanceof EngineClosed) return undefined;
    throw error;
  }
}
