import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LIMIT_BYTES, RING_BYTES } from "../../../assembly/layout.js";
import { ConfigError } from "../../../src/errors.js";
import { Accounts } from "../../../src/limit/plane/accounts.js";
import { dueSlots } from "../../../src/limit/plane/sizes.js";
import { BUILDS, testKernels } from "../../helpers/engines.js";
import { holdsAsync } from "../../helpers/property.js";
import { ModelLedger } from "../../model/ledger.js";

const OWNERS = 5;

async function accounts(build: (typeof BUILDS)[number], owners = OWNERS) {
  const { kernels, arena } = await testKernels(owners * LIMIT_BYTES + RING_BYTES + dueSlots(owners) * 4 + 256, build);
  return new Accounts(kernels, arena, owners);
}

/** What may happen to a ledger; an owner is the place of one that is open, as far as there is one. */
type Step =
  | { readonly do: "open"; readonly limit: number; readonly mark: number; readonly window: number }
  | { readonly do: "charge"; readonly at: number; readonly mbufs: number; readonly bytes: number }
  | { readonly do: "release"; readonly at: number; readonly mbufs: number; readonly heldUs: number }
  | { readonly do: "set"; readonly at: number; readonly limit: number; readonly mark: number }
  | { readonly do: "shut"; readonly at: number }
  | { readonly do: "tick"; readonly closed: number };

const mbufs = fc.integer({ min: 0, max: 40 });
const at = fc.nat(OWNERS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("open" as const), limit: mbufs, mark: mbufs, window: fc.integer({ min: 1, max: 9 }) }),
  {
    arbitrary: fc.record({
      do: fc.constant("charge" as const),
      at,
      mbufs: fc.integer({ min: 1, max: 9 }),
      bytes: fc.nat(65_599),
    }),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      do: fc.constant("release" as const),
      at,
      mbufs: fc.integer({ min: 1, max: 9 }),
      heldUs: fc.nat(2 ** 31),
    }),
    weight: 4,
  },
  fc.record({ do: fc.constant("set" as const), at, limit: mbufs, mark: mbufs }),
  fc.record({ do: fc.constant("shut" as const), at }),
  fc.record({ do: fc.constant("tick" as const), closed: fc.nat(2 ** OWNERS - 1) }),
);

describe.each(BUILDS)("accounts of owners (%s build)", (build) => {
  test("do what their twin does, step by step", async () => {
    await holdsAsync(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        const real = await accounts(build);
        const model = new ModelLedger(OWNERS);
        const open: number[] = [];
        for (const s of steps) {
          if (s.do === "open") {
            if (open.length === OWNERS) continue;
            const owner = real.open(s.limit, Math.min(s.mark, s.limit), s.window);
            expect(owner).toBe(model.open(s.limit, Math.min(s.mark, s.limit), s.window));
            open.push(owner);
          } else if (s.do === "tick") {
            const due = real.due();
            expect(due).toEqual(model.due());
            // All of them, or only some: the others stay due.
            for (const { owner } of due.filter((_, i) => ((s.closed >> i) & 1) === 0)) {
              expect(real.close(owner)).toEqual(model.close(owner));
            }
          } else if (open.length > 0) {
            const owner = open[s.at % open.length] as number;
            if (s.do === "charge") {
              expect(real.charge(owner, s.mbufs, s.bytes)).toBe(model.charge(owner, s.mbufs, s.bytes));
            } else if (s.do === "release") {
              const held = Math.min(s.mbufs, model.inUse(owner));
              if (held === 0) continue;
              real.release(owner, held, s.heldUs / 1000);
              model.release(owner, held, s.heldUs / 1000);
            } else if (s.do === "set") {
              real.set(owner, s.limit, Math.min(s.mark, s.limit));
              model.set(owner, s.limit, Math.min(s.mark, s.limit));
            } else if (model.inUse(owner) === 0) {
              real.shut(owner);
              model.shut(owner);
              open.splice(open.indexOf(owner), 1);
            }
          }
          for (const owner of open) expect(real.inUse(owner)).toBe(model.inUse(owner));
        }
        for (const owner of open) expect(real.close(owner)).toEqual(model.close(owner));
      }),
      200,
    );
  });

  test("an owner more than planned is refused, with the bound", async () => {
    const real = await accounts(build, 2);
    real.open(1, 1, 1);
    real.open(1, 1, 1);
    expect(() => real.open(1, 1, 1)).toThrow(
      new ConfigError("owners", 3, "at most 2, as planned (limits of createEngine)"),
    );
  });

  test("a window counts bytes beyond 32 bits", async () => {
    const real = await accounts(build);
    const owner = real.open(2 ** 31, 2 ** 31, 2 ** 31);
    for (let i = 0; i < 3; i++) real.charge(owner, 1, 2 ** 31);
    expect(real.close(owner)).toMatchObject({ bytes: 3 * 2 ** 31, filled: 3, frames: 3 });
    expect(real.close(owner).bytes).toBe(0);
  });
});
