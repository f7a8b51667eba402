/** The way to a directory: what a host hears, when, and what it cannot know. */
import { describe, expect, test } from "vitest";
import { DirectoryLink, type DirectoryLinkOptions } from "../../src/sim/directory-link.js";
import { createFabric } from "../../src/sim/fabric.js";
import { World } from "../../src/sim/world.js";
import { type MeshHost, makeMesh } from "../helpers/fabric.js";

function makeLink(options: DirectoryLinkOptions, seed = 3) {
  const world = new World(seed);
  const woken: string[] = [];
  const link = new DirectoryLink(world, "directory", options, (host) => woken.push(`${host} ${world.clock.nowMs}`));
  /** What was heard, with its time. */
  const heard: string[] = [];
  const hear = (what: unknown) => heard.push(`${what} at ${world.clock.nowMs}`);
  const at = (ms: number, action: () => void) => world.move(ms * 1e6, action);
  const run = () => {
    while (world.moving > 0) world.clock.advance();
  };
  return { world, link, heard, hear, woken, at, run };
}

describe("asking", () => {
  test("takes a delay there and a delay back; the operation happens in between, once", () => {
    const { world, link, heard, hear, woken, run } = makeLink({ delayMs: 2 });
    link.ask("alpha", () => `done ${world.clock.nowMs}`, hear);
    run();
    expect([heard, woken]).toEqual([["done 2 at 4"], ["alpha 4"]]);
    expect(link.counters).toMatchObject({ asked: 1, answered: 1, unavailable: 0 });
  });

  test("ends with unavailable when request or answer is lost, and only the store knows which", () => {
    const { link, heard, hear, run } = makeLink({ delayMs: 2, loss: 0.4, timeoutMs: 50 });
    let done = 0;
    for (let i = 0; i < 500; i++)
      link.ask(
        "alpha",
        () => ++done,
        () => hear("x"),
      );
    run();
    const { answered, unavailable } = link.counters;
    expect([heard.length, answered + unavailable]).toEqual([500, 500]);
    // 0.6 get there, 0.36 come back.
    expect(Math.abs(done - 300)).toBeLessThan(50);
    expect(Math.abs(answered - 180)).toBeLessThan(50);
    expect(new Set(heard)).toEqual(new Set(["x at 4", "x at 50"]));
  });

  test("does not hear an answer that comes after the timeout", () => {
    const { link, heard, hear, run } = makeLink({ delayMs: 30, timeoutMs: 50 });
    let done = 0;
    link.ask("alpha", () => ++done, hear);
    run();
    expect([done, heard]).toEqual([1, ["unavailable at 50"]]);
    expect(link.counters).toMatchObject({ asked: 1, answered: 0, unavailable: 1 });
  });

  test("is in vain while the host is cut off, and for what was on the way then; others do not notice", () => {
    const { link, heard, hear, at, run } = makeLink({ delayMs: 4, timeoutMs: 20 });
    const undo: (() => void)[] = [];
    const done: string[] = [];
    const ask = (host: string, name: string) =>
      link.ask(
        host,
        () => done.push(name),
        (result) => hear(`${name} ${typeof result}`),
      );
    at(0, () => ask("alpha", "request on the way"));
    at(2, () => undo.push(link.cut("alpha"), link.cut("alpha")));
    at(3, () => undo.pop()?.());
    at(5, () => ask("alpha", "while cut"));
    at(5, () => ask("beta", "other host"));
    at(6, () => undo.pop()?.());
    at(7, () => ask("alpha", "after repair"));
    at(20, () => ask("alpha", "answer on the way"));
    at(26, () => undo.push(link.cut("alpha")));
    run();
    expect(heard).toEqual([
      "other host number at 13",
      "after repair number at 15",
      "request on the way string at 20",
      "while cut string at 25",
      "answer on the way string at 40",
    ]);
    expect(done).toEqual(["other host", "after repair", "answer on the way"]);
  });

  test("is slower and lossier while impaired", () => {
    const { link, heard, hear, at, run } = makeLink({ delayMs: 1, timeoutMs: 100 });
    const undo: (() => void)[] = [];
    at(0, () => undo.push(link.impair("alpha", { delayMs: 5 })));
    at(1, () => link.ask("alpha", () => "slow", hear));
    at(20, () => undo.push(link.impair("alpha", { loss: 1 })));
    at(21, () => link.ask("alpha", () => "lost", hear));
    at(22, () => {
      for (const end of undo) end();
    });
    at(23, () => link.ask("alpha", () => "quick", hear));
    run();
    expect(heard).toEqual(["slow at 13", "quick at 25", "unavailable at 121"]);
  });

  test("may be answered out of order where there is jitter, and alike for one seed", () => {
    const play = (seed: number) => {
      const { world, link, heard, hear, run } = makeLink({ delayMs: 1, jitterMs: 20, loss: 0.1 }, seed);
      for (let i = 0; i < 30; i++) link.ask("alpha", () => i, hear);
      run();
      return { heard, digest: world.digest.hex };
    };
    expect(play(3)).toEqual(play(3));
    expect(play(4).digest).not.toBe(play(3).digest);
    const order = play(3).heard.map((text) => Number.parseInt(text, 10));
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
  });
});

describe("watching", () => {
  test("brings events in order, after their delay", () => {
    const { link, heard, hear, at, run, woken } = makeLink({ delayMs: 1, jitterMs: 10 });
    const { push } = link.watch<number>("alpha", { take: hear, resync: () => hear("resync") });
    for (let i = 0; i < 20; i++) at(i, () => push(i));
    run();
    expect(heard.map((text) => Number.parseInt(text, 10))).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(woken.length).toBe(20);
    expect(link.counters).toMatchObject({ pushed: 20, taken: 20, missed: 0, resyncs: 0 });
  });

  test("misses what is lost, and is told to read again once for several, while later events come", () => {
    const { link, heard, hear, at, run } = makeLink({ delayMs: 1, resyncMs: 30 });
    const { push } = link.watch<string>("alpha", { take: hear, resync: () => hear("resync") });
    let undo = () => {};
    at(0, () => push("a"));
    at(5, () => {
      undo = link.impair("alpha", { loss: 1 });
    });
    at(6, () => push("b"));
    at(7, () => push("c"));
    at(8, () => undo());
    at(9, () => push("d"));
    run();
    expect(heard).toEqual(["a at 1", "d at 10", "resync at 36"]);
    expect(link.counters).toMatchObject({ pushed: 4, taken: 2, missed: 2, resyncs: 1 });
  });

  test("that was cut off is told to read again after the repair, missed events or not", () => {
    const { link, heard, hear, at, run } = makeLink({ delayMs: 2, resyncMs: 10 });
    const watcher = (name: string) => ({
      take: (e: string) => hear(`${name} ${e}`),
      resync: () => hear(`${name} resync`),
    });
    const [a, b] = [link.watch<string>("alpha", watcher("a")), link.watch<string>("beta", watcher("b"))];
    let undo = () => {};
    at(0, () => {
      a.push("on the way");
      b.push("on the way");
    });
    at(1, () => {
      undo = link.cut("alpha");
    });
    at(5, () => a.push("while cut"));
    at(50, () => undo());
    at(51, () => a.push("after"));
    run();
    expect(heard).toEqual(["b on the way at 2", "a after at 53", "a resync at 60"]);
    expect(link.counters).toMatchObject({ missed: 2, resyncs: 1 });
  });

  test("is not told while cut off again, but after the last repair", () => {
    const { link, heard, hear, at, run } = makeLink({ delayMs: 1, resyncMs: 10 });
    link.watch<string>("alpha", { take: hear, resync: () => hear("resync") });
    const undo: (() => void)[] = [];
    at(0, () => undo.push(link.cut("alpha")));
    at(5, () => undo.pop()?.());
    at(12, () => undo.push(link.cut("alpha")));
    at(20, () => undo.pop()?.());
    run();
    expect(heard).toEqual(["resync at 30"]);
  });

  test("hears nothing once it is closed", () => {
    const { link, heard, hear, at, run } = makeLink({ delayMs: 5, resyncMs: 5 });
    const watch = link.watch<string>("alpha", { take: hear, resync: () => hear("resync") });
    at(0, () => watch.push("a"));
    at(1, () => watch.close());
    at(2, () => link.cut("alpha")());
    run();
    expect(heard).toEqual([]);
  });
});

test("a fabric's faults reach its directory, and an answer has its host work", async () => {
  const [a] = (await makeMesh(2)) as [MeshHost];
  const steps: number[] = [];
  const host = { ...a.host, step: (nowMs: number) => void steps.push(nowMs) };
  const fabric = createFabric({ seed: 1, hosts: [host] });
  const directory = fabric.addDirectory({ delayMs: 1, timeoutMs: 20 });
  const heard: string[] = [];
  const ask = (ms: number) =>
    fabric.at(ms, () =>
      directory.ask(
        "alpha",
        () => ms,
        (result) => heard.push(`${result} at ${fabric.nowMs}`),
      ),
    );
  fabric.play([
    { kind: "directory-cut", atMs: 10, forMs: 10 },
    { kind: "directory-impair", atMs: 30, forMs: 10, hosts: ["alpha"], delayMs: 3 },
  ]);
  for (const ms of [5, 15, 25, 35]) ask(ms);
  expect(fabric.settle(1000)).toBe(true);
  expect(heard).toEqual(["5 at 7", "25 at 27", "unavailable at 35", "35 at 43"]);
  expect(steps).toEqual([0, 5, 7, 15, 25, 27, 35, 43]);
});
