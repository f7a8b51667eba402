/** Moves that do not come about, and frames that are not taken: the VM runs where it was, and nothing is lost. */
import { describe, expect, it } from "vitest";
import type { MoveSource, MoveTarget } from "../../../src/migrate/move/index.js";
import { Chance } from "./chance.js";
import { type JudgedOptions, judge } from "./judged.js";
import type { World } from "./world.js";

const GOOD = {
  links: { delayMs: 0.2, jitterMs: 0.1, loss: 0, duplicate: 0, reorders: false },
  cuts: [],
  kills: [],
};

function move(options: JudgedOptions) {
  return judge(new Chance(1, "refusals"), GOOD, options);
}

/** The reasons that both sides end with. */
function reasons(world: World): (host: string) => string | undefined {
  const found = new Map<string, string>();
  world.onAction = (host, action) => {
    if (action.type === "ended") found.set(host.name, action.reason);
  };
  return (host) => found.get(host);
}

describe("a move", () => {
  it("does not begin where there is no room", () => {
    let reasonOf: ReturnType<typeof reasons> = () => undefined;
    const { world, wrong, outcomes } = move({
      prepared: (prepared) => {
        prepared.hosts[1].roomFailure = "one free function, two needed";
        reasonOf = reasons(prepared);
      },
    });
    expect([wrong, outcomes, world.running[0]?.name]).toEqual([[], ["stayed", "stayed"], "alpha"]);
    expect(reasonOf("alpha")).toBe("one free function, two needed");
    expect(world.directory.owner).toEqual({ host: "alpha", generation: 1, start: "kept" });
  });

  it("is nothing when one adapter of several does not take its state", () => {
    let reasonOf: ReturnType<typeof reasons> = () => undefined;
    const { world, wrong, outcomes } = move({
      adapters: 3,
      prepared: (prepared) => {
        prepared.hosts[1].insertFailure = "firmware changed";
        reasonOf = reasons(prepared);
      },
    });
    expect([wrong, outcomes, world.running[0]?.name]).toEqual([[], ["stayed", "stayed"], "alpha"]);
    expect(reasonOf("alpha")).toMatch(/^a[12]: firmware changed$/);
    expect(world.hosts[0].machine?.state).toBe("RUNNING");
    expect(world.directory.owner).toEqual({ host: "alpha", generation: 2, start: "kept" });
  });

  it("can be cancelled at any moment, and then the VM is where the directory says", () => {
    const runners = new Set<string | undefined>();
    for (let atMs = 0; atMs < 6; atMs += 0.05) {
      const { wrong, runner, outcomes } = move({
        prepared: (world) => {
          world.clock.after(Math.round(atMs * 1e6), { fire: () => world.hosts[0].handle({ type: "cancel" }) });
        },
      });
      expect(wrong, `cancelled after ${atMs} ms`).toEqual([]);
      expect(outcomes[0]).toBe(runner === "alpha" ? "stayed" : "moved");
      runners.add(runner);
    }
    expect(runners).toEqual(new Set(["alpha", "beta"]));
  });

  it("goes on without a pause of copying: no round, or as many as there may be", () => {
    for (const roundsMax of [0, 1, 20]) {
      const { wrong, world } = move({ intervalMs: 0.1, limits: { roundsMax, stopBytes: 0 } });
      const { copied } = world.hosts[0].machine as MoveSource<unknown>;
      expect([wrong, copied.rounds]).toEqual([[], roundsMax]);
      expect((world.hosts[1].machine as MoveTarget<unknown>).receivedBytes).toBeGreaterThanOrEqual(1200);
    }
  });

  it("answers moved beyond its bounds, and senders send again", () => {
    const { world, wrong, runner } = move({ intervalMs: 0.1, limits: { holdMax: 5, forwardMax: 0 } });
    expect([wrong, runner]).toEqual([[], "beta"]);
    const [source, target] = world.hosts.map(({ machine }) => machine);
    expect(source?.counters.heldMaxFrames).toBeLessThanOrEqual(5);
    expect(source?.counters.movedFrames).toBeGreaterThan(10);
    expect(world.resent).toBeGreaterThan(10);
    expect(world.count()).toEqual({ doubled: 0, diedWithHost: 0 });
    const got = new Set(world.deliveries.map(({ frame: { flow, seq } }) => `${flow}/${seq}`));
    // What was sent in the last moments may still be on its way back.
    expect(world.sentFrames - got.size).toBe(0);
    expect(target?.state).toBe("RUNNING");
  });

  it("counts and ignores what a step has no use for", () => {
    const { world } = move({});
    const [source, target] = world.hosts;
    source.handle({ type: "start" });
    source.handle({ type: "quiesced" });
    target.handle({ type: "inserted", adapter: "a0" });
    target.handle({ type: "packet", packet: { move: "another", ack: 9 } });
    expect(source.machine?.ignored).toMatchObject({ "released/start": 1, "released/quiesced": 1 });
    expect(target.machine?.ignored).toMatchObject({ "free/inserted": 1, "free/packet": 1 });
    expect([source.machine?.state, target.machine?.state]).toEqual(["STOP", "RUNNING"]);
  });
});
