/**
 * A host's lease in virtual time, on a way to the directory that loses requests and answers: it never believes to have one for longer than
 * the directory does, and one that nobody answers ends for both.
 */
import { describe, expect, test } from "vitest";
import { DirectoryStore } from "../../src/directory/store.js";
import { HostCore } from "../../src/host/core.js";
import { perform } from "../../src/host/perform.js";
import type { HostRequest, RequestKind } from "../../src/host/requests.js";
import { definePolicy } from "../../src/overlay/policy/policy.js";
import { PolicyBlocks } from "../../src/sim/overlay-scale/networks.js";
import { ScaleEngine } from "../../src/sim/overlay-scale/plane.js";
import { testEngine } from "../helpers/engines.js";
import { Random } from "../helpers/property.js";

const TTL_MS = 300;
const WAY_MS = 5;
const TIMEOUT_MS = 40;
/** A lease is renewed thrice in its time, and asked about twenty times. */
const RENEW_MS = TTL_MS / 3;
const QUESTION_MS = TTL_MS / 20;
/** What whole milliseconds add to the times of a few messages in a row. */
const STEPS_MS = 8;

interface Way {
  /** Probability that a message is lost. */
  requests: number;
  answers: number;
}

interface Due {
  readonly atMs: number;
  readonly run: () => void;
}

class LeaseWorld {
  readonly store = new DirectoryStore();
  readonly way: Way = { requests: 0, answers: 0 };
  readonly #random: Random;
  readonly #uplink;
  #due: Due[] = [];
  core!: HostCore<ScaleEngine>;
  nowMs = 0;
  /** By the directory's clock. */
  grantedUntilMs = 0;
  /** What has reached the directory. */
  arrived: { readonly atMs: number; readonly kind: RequestKind }[] = [];
  grown: number[] = [];
  /** What others hear of the host. */
  alive: { readonly atMs: number; readonly alive: boolean }[] = [];
  /** Answers to hosts of before are nobody's. */
  #life = 0;

  private constructor(random: Random, uplink: LeaseWorld["core"]["uplinks"][number]) {
    this.#random = random;
    this.#uplink = uplink;
    this.start();
  }

  static async make(random: Random): Promise<LeaseWorld> {
    const engine = await testEngine({ ports: 1 });
    return new LeaseWorld(random, engine.addPort("up"));
  }

  /** The host starts, without memory of what was. */
  start(): void {
    this.#life++;
    const policy = definePolicy({ networks: { n: { vni: 7, default: "allow" } } });
    const engine = new ScaleEngine(new PolicyBlocks());
    const times = { hostLeaseMs: TTL_MS };
    const ends = { name: "here", address: "192.0.2.1", uplinks: [this.#uplink] };
    this.core = new HostCore({ ...ends, engine, policy, times }, this.nowMs);
    this.core.onLeased((untilMs) => {
      // The directory's own ends no earlier: it began when the request was there.
      expect(untilMs).toBeLessThanOrEqual(this.grantedUntilMs);
      expect(untilMs).toBe(this.core.leasedUntilMs);
      this.grown.push(untilMs);
    });
  }

  run(forMs: number): void {
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs; this.nowMs++) {
      this.#tell(this.store.tick(this.nowMs));
      const due = this.#due.filter(({ atMs }) => atMs <= this.nowMs);
      this.#due = this.#due.filter(({ atMs }) => atMs > this.nowMs);
      for (const { run } of due) run();
      this.core.step(this.nowMs);
      for (const request of this.core.takeRequests()) this.#carry(request);
      if (this.nowMs < this.core.leasedUntilMs) expect(this.store.leased("here")).toBe(true);
    }
  }

  /** Words of that kind that have reached the directory since then. */
  arrivedSince(sinceMs: number, ...kinds: RequestKind[]): number {
    return this.arrived.filter(({ atMs, kind }) => atMs >= sinceMs && kinds.includes(kind)).length;
  }

  #carry(request: HostRequest): void {
    const [core, life] = [this.core, this.#life];
    let isAnswered = false;
    const answer = (value: Parameters<typeof core.answer>[1]) => {
      if (isAnswered || life !== this.#life) return;
      isAnswered = true;
      core.answer(request.id, value, this.nowMs);
    };
    this.#after(TIMEOUT_MS, () => answer({ failure: "unavailable" }));
    const [requestDie, answerDie] = [this.#random.below(1000), this.#random.below(1000)];
    const { requests, answers } = this.way;
    if (requestDie < 1000 * requests) return;
    this.#after(this.#random.between(1, WAY_MS), () => {
      this.arrived.push({ atMs: this.nowMs, kind: request.kind });
      // Nobody takes a lease that he may have.
      if (request.kind === "lease") expect(this.store.leased("here")).toBe(false);
      const value = perform(this.store, "here", request, (changes) => this.#tell(changes));
      if ((request.kind === "lease" || request.kind === "renew") && "value" in value) {
        this.grantedUntilMs = this.nowMs + TTL_MS;
      }
      if (answerDie >= 1000 * answers) this.#after(this.#random.between(1, WAY_MS), () => answer(value));
    });
  }

  #tell(changes: ReturnType<DirectoryStore["tick"]>): void {
    for (const change of changes) {
      if (change.type === "host") this.alive.push({ atMs: this.nowMs, alive: change.alive });
    }
  }

  #after(ms: number, run: () => void): void {
    this.#due.push({ atMs: this.nowMs + ms, run });
  }
}

describe("a host's lease", () => {
  test("is counted from when it was asked for, and grows with every renewal", async () => {
    const world = await LeaseWorld.make(new Random());
    expect(world.core.leasedUntilMs).toBe(Number.NEGATIVE_INFINITY);
    world.run(10 * TTL_MS);
    expect(world.grown.length).toBeGreaterThanOrEqual(26);
    expect(world.core.leasedUntilMs).toBeGreaterThan(world.nowMs + TTL_MS / 2);
    expect(world.alive.filter(({ alive }) => !alive)).toEqual([]);
    expect(world.arrivedSince(0, "lease")).toBe(1);
  });

  test("of a host whose requests arrive and whose answers do not: ends for both, with one renewal at most", async () => {
    const random = new Random();
    for (let round = 0; round < 200; round++) {
      const world = await LeaseWorld.make(random);
      world.run(TTL_MS + random.below(TTL_MS));
      const cutMs = world.nowMs;
      world.way.answers = 1;
      world.run(TTL_MS);
      // Answers that were under way when it was cut count from before.
      expect(world.core.leasedUntilMs).toBeLessThanOrEqual(cutMs + TTL_MS);
      world.run(3 * TTL_MS);
      expect(world.arrivedSince(cutMs + WAY_MS, "lease", "renew")).toBeLessThanOrEqual(1);
      expect(world.arrivedSince(cutMs + TTL_MS, "leased")).toBeGreaterThan(3);
      // A lease after the one renewal that nobody answered.
      const dead = world.alive.filter(({ alive }) => !alive);
      expect(dead).toHaveLength(1);
      expect(dead[0]?.atMs).toBeLessThanOrEqual(cutMs + RENEW_MS + 2 * WAY_MS + TTL_MS + STEPS_MS);
      expect(world.store.leased("here")).toBe(false);
      world.way.answers = 0;
      const healedMs = world.nowMs;
      world.run(TIMEOUT_MS + QUESTION_MS + 12 * WAY_MS + STEPS_MS);
      expect(world.core.leasedUntilMs).toBeGreaterThan(healedMs + TTL_MS);
      world.run(2 * TTL_MS);
      expect(world.core.leasedUntilMs).toBeGreaterThan(world.nowMs);
    }
  });

  test("is renewed again when an answer was lost, before it ends", async () => {
    const random = new Random();
    for (let round = 0; round < 100; round++) {
      const world = await LeaseWorld.make(random);
      world.run(TTL_MS + random.below(TTL_MS));
      // For less than what is left of it after the first renewal that fails, and the questions after that.
      world.way.answers = 1;
      world.run(random.below(TTL_MS / 3));
      world.way.answers = 0;
      world.run(3 * TTL_MS);
      expect(world.core.leasedUntilMs).toBeGreaterThan(world.nowMs);
      expect(world.alive.filter(({ alive }) => !alive)).toEqual([]);
      expect(world.arrivedSince(0, "lease")).toBe(1);
    }
  });

  test("of a host that lost its memory ends before it has another", async () => {
    const random = new Random();
    for (let round = 0; round < 100; round++) {
      const world = await LeaseWorld.make(random);
      world.run(TTL_MS + random.below(TTL_MS));
      const bornMs = world.nowMs;
      world.grown = [];
      world.start();
      // A renewal of its former life may be under way.
      world.run(WAY_MS + 1);
      world.run(world.grantedUntilMs - world.nowMs);
      expect(world.grown).toEqual([]);
      expect(world.core.leasedUntilMs).toBe(Number.NEGATIVE_INFINITY);
      world.run(QUESTION_MS + 6 * WAY_MS + STEPS_MS);
      expect(world.core.leasedUntilMs).toBeGreaterThan(world.nowMs);
      const heard = world.alive.filter(({ atMs }) => atMs >= bornMs);
      // Everybody has seen that it was dead.
      expect(heard.map(({ alive }) => alive)).toEqual([false, true]);
    }
  });

  test("whatever is lost, whenever it starts anew: it never believes to have more than there is", async () => {
    const random = new Random();
    let [grown, dead] = [0, 0];
    for (let round = 0; round < 60; round++) {
      const world = await LeaseWorld.make(random);
      for (let step = 0; step < 20; step++) {
        world.way.requests = random.pick([0, 0, 0.2, 0.5, 1]);
        world.way.answers = random.pick([0, 0, 0.2, 0.5, 1]);
        if (random.below(8) === 0) world.start();
        world.run(random.below(TTL_MS));
      }
      world.way.requests = 0;
      world.way.answers = 0;
      world.run(TTL_MS + TIMEOUT_MS + 2 * QUESTION_MS + RENEW_MS + 10 * WAY_MS);
      expect(world.core.leasedUntilMs).toBeGreaterThan(world.nowMs);
      grown += world.grown.length;
      dead += world.alive.filter(({ alive }) => !alive).length;
    }
    expect(grown).toBeGreaterThan(500);
    expect(dead).toBeGreaterThan(50);
  });
});
