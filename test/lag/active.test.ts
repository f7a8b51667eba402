/** Primary and backup ports in virtual time, by hand and against a simulation that looks at every millisecond. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ActiveState, activePorts, INITIAL, type SetPolicy } from "../../src/lag/active.js";
import { holds } from "../helpers/property.js";

const POLICY: SetPolicy = { primary: [0, 1], backup: [4, 5], minLinks: 1, preemptionDelayMs: 100, preempt: true };

/** Plays events (time, usable ports) through the step, asking at every event and no other time. */
function play(policy: SetPolicy, events: readonly (readonly [nowMs: number, usable: readonly number[]])[]) {
  let state = INITIAL;
  return events.map(([nowMs, usable]) => {
    const { ports, nextMs, state: next } = activePorts(policy, state, new Set(usable), nowMs);
    state = next;
    return [state.using, [...ports], nextMs];
  });
}

describe("activePorts", () => {
  test("uses the usable primaries, in the policy's order", () => {
    expect(play(POLICY, [[0, [5, 1, 0]]])).toEqual([["primary", [0, 1], undefined]]);
    expect(play(POLICY, [[0, [1]]])).toEqual([["primary", [1], undefined]]);
  });

  test("goes to the backups at once, and returns after the delay of unbroken readiness", () => {
    const events = [
      [0, [0, 1, 4, 5]],
      [10, [4, 5]],
      [20, [0, 4, 5]],
      [119, [0, 1, 4, 5]],
      [119.5, [4, 5]],
      [130, [1, 4]],
      [229, [1, 4]],
      [230, [1, 4]],
    ] as const;
    expect(play(POLICY, events)).toEqual([
      ["primary", [0, 1], undefined],
      ["backup", [4, 5], undefined],
      ["backup", [4, 5], 120],
      ["backup", [4, 5], 120],
      ["backup", [4, 5], undefined],
      ["backup", [4], 230],
      ["backup", [4], 230],
      ["primary", [1], undefined],
    ]);
  });

  test("returns at once when the backups no longer can, also without preemption", () => {
    for (const preempt of [true, false]) {
      const events = [
        [0, [4]],
        [50, [0, 4]],
        [60, [0]],
      ] as const;
      expect(play({ ...POLICY, preempt }, events)[2]).toEqual(["primary", [0], undefined]);
    }
  });

  test("never returns by itself without preemption", () => {
    const events = [
      [0, [4]],
      [1, [0, 1, 4]],
      [1e9, [0, 1, 4]],
    ] as const;
    expect(play({ ...POLICY, preempt: false }, events)[2]).toEqual(["backup", [4], undefined]);
  });

  test("carries nothing when neither side has minLinks, and begins on the primaries without delay", () => {
    const events = [
      [0, [0, 4]],
      [1, [0, 4, 5]],
      [2, [0, 4]],
      [3, [0, 1, 4, 5]],
    ] as const;
    expect(play({ ...POLICY, minLinks: 2 }, events)).toEqual([
      ["none", [], undefined],
      ["backup", [4, 5], undefined],
      ["none", [], undefined],
      ["primary", [0, 1], undefined],
    ]);
  });

  test("does not wait with a delay of 0", () => {
    const events = [
      [0, [4]],
      [0, [0, 4]],
    ] as const;
    expect(play({ ...POLICY, preemptionDelayMs: 0 }, events)[1]).toEqual(["primary", [0], undefined]);
  });

  test("says why", () => {
    const from: ActiveState = { using: "backup", primaryReadySinceMs: 0 };
    expect(activePorts(POLICY, from, new Set([0, 4]), 30).reason).toBe(
      "1 of 2 primaries usable, 1 needed, for 30 of 100 ms; 1 of 2 backups carry until then",
    );
    expect(activePorts(POLICY, from, new Set(), 30).reason).toBe(
      "0 of 2 primaries usable, 1 needed, and 0 of 2 backups: nothing carries",
    );
  });
});

/** What carries at each millisecond, told from the whole history of which ports were usable. */
function simulate(policy: SetPolicy, usableAt: readonly ReadonlySet<number>[]): string[] {
  const enough = (ports: readonly number[], ms: number) =>
    ports.filter((port) => usableAt[ms]?.has(port)).length >= policy.minLinks;
  const said: string[] = [];
  for (let ms = 0; ms < usableAt.length; ms++) {
    const [primary, backup] = [enough(policy.primary, ms), enough(policy.backup, ms)];
    let readyMs = 0;
    while (primary && ms > readyMs && enough(policy.primary, ms - readyMs - 1)) readyMs++;
    const wasBackup = said[ms - 1]?.startsWith("backup") ?? false;
    const mayReturn = !wasBackup || !backup || (policy.preempt && readyMs >= policy.preemptionDelayMs);
    const using = primary && mayReturn ? "primary" : backup ? "backup" : "none";
    const side = using === "none" ? [] : policy[using];
    said.push(`${using} ${side.filter((port) => usableAt[ms]?.has(port))}`);
  }
  return said;
}

test("agrees with the simulation, asked every millisecond or only when it says so", () => {
  const policies = fc.record({
    primary: fc.constantFrom([0], [0, 1], [2, 1, 0]),
    backup: fc.constantFrom([], [7], [8, 7]),
    minLinks: fc.integer({ min: 1, max: 3 }),
    preemptionDelayMs: fc.nat(12),
    preempt: fc.boolean(),
  });
  const changes = fc.array(fc.tuple(fc.integer({ min: 1, max: 15 }), fc.subarray([0, 1, 2, 7, 8])), { maxLength: 25 });
  holds(
    fc.property(policies, changes, fc.boolean(), (policy, steps, everyMs) => {
      const usableAt = steps.flatMap(([ms, usable]) => Array<ReadonlySet<number>>(ms).fill(new Set(usable)));
      let now: ReturnType<typeof activePorts> | undefined;
      const said = usableAt.map((usable, ms) => {
        const isDue = now === undefined || usable !== usableAt[ms - 1] || ms === now.nextMs;
        if (isDue || everyMs) now = activePorts(policy, now?.state ?? INITIAL, usable, ms);
        return `${now?.state.using} ${now?.ports}`;
      });
      expect(said).toEqual(simulate(policy, usableAt));
    }),
    2000,
  );
});
