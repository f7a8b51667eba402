/**
 * Agents that move from one engine to another while their streams are at work, over a bad wire, packet by packet in virtual time: users keep
 * their streams, each byte comes once and in order, and ends come as they would have.
 */
import { expect, test } from "vitest";
import { makeStation, type Station, StationWire, type WireFaults } from "../../helpers/agents.js";
import { Random } from "../../helpers/property.js";
import { faultsOf, Talker } from "../../helpers/talker.js";
import { extract, moveStation } from "./mover.js";

const A = "10.0.0.1";
const B = "10.0.0.2";
const STREAMS_MAX = 5;
const SESSION = { windowBytes: 4096, sendBufferBytes: 2048, transferBytes: 4096, transfersMax: 8, resumeMs: 4000 };
const OPTIONS = { session: SESSION, connections: 6 };
const LONGEST_MS = 60_000;
/** Of a schedule: a connection manager's times are kept to the millisecond, so one that never stays for one would never see them pass. */
const MOVES_MAX = 8;
const HABITS = { longest: 6000, breakOffIn: 3000 };

class World {
  readonly wire: StationWire;
  moves = 0;
  readonly seen = new Map<string, number>();
  #takers: (Talker | undefined)[] = [];
  readonly #random: Random;
  readonly #stations: [Station, Station];
  readonly #options: readonly [object, object];

  constructor(random: Random, stations: [Station, Station], options: readonly [object, object]) {
    this.#random = random;
    this.#stations = stations;
    this.#options = options;
    this.wire = new StationWire(...stations, random);
    for (let k = 0; k < STREAMS_MAX; k++) {
      stations[1].agent.listen(1000 + k, (stream) => {
        const talker = new Talker(2 * k + 1, random.below(1500), HABITS);
        talker.stream = stream;
        this.#takers[k] = talker;
        return talker;
      });
    }
  }

  /** One of the two goes on elsewhere, and what it says there is what it said here. */
  async move(place: 0 | 1): Promise<void> {
    const old = this.#stations[place];
    for (const { state, heldBytes } of old.agent.sessions) {
      this.#count(state);
      if (heldBytes > 0) this.#count("holds bytes");
    }
    if (old.agent.sizes.directs > 0) this.#count("direct");
    if (old.agent.sizes.resting > 0) this.#count("resting");
    const { nowMs } = this.wire;
    const { station, sections } = await moveStation(old, this.#random, { ...OPTIONS, ...this.#options[place] }, nowMs);
    station.agent.stop();
    const again = extract(station.agent, nowMs);
    for (const [i, section] of sections.entries()) {
      expect(Buffer.compare(again[i] as Uint8Array, section), `section ${i}`).toBe(0);
    }
    station.agent.start();
    old.engine.close();
    this.#stations[place] = station;
    this.wire.goOn(place, station);
    this.moves++;
  }

  /** A stream whose user writes so many bytes. */
  connect(bytes: number): Talker {
    const talker = new Talker(0, bytes, { ...HABITS, breakOffIn: Number.MAX_SAFE_INTEGER });
    talker.stream = this.#stations[0].agent.connect({ address: B, port: 1000 }, talker);
    return talker;
  }

  /** Until both users of the stream are done; what is wrong then. */
  finish(talker: Talker): string[] {
    const isOver = () => talker.isClosed && this.#takers[0]?.isClosed === true;
    for (let step = 0; !isOver() && step < 20_000; step++) {
      talker.step(this.#random);
      this.#takers[0]?.step(this.#random);
      this.wire.step(0.02);
    }
    return isOver() ? faultsOf(talker, this.#takers[0]) : ["did not come to an end"];
  }

  close(): void {
    for (const { engine } of this.#stations) engine.close();
  }

  async run(faults: WireFaults): Promise<string[]> {
    const random = this.#random;
    const { wire } = this;
    const count = 1 + random.below(STREAMS_MAX);
    const openers: Talker[] = [];
    this.#takers = [];
    wire.faults = faults;
    const endMs = wire.nowMs + LONGEST_MS;
    const moveIn = 10 + random.below(120);
    let moves = 0;
    for (let step = 0; openers.length < count || !this.#areClosed(openers); step++) {
      if (openers.length < count && random.below(5) === 0) this.#open(openers);
      if (moves < MOVES_MAX && random.below(moveIn) === 0) {
        moves++;
        await this.move(random.below(2) as 0 | 1);
      }
      for (const talker of [...openers, ...this.#takers]) talker?.step(random);
      wire.step(step % 16 === 15 ? 0.2 : 0.01);
      if (step > 3000) wire.run(() => false, 2);
      if (wire.nowMs > endMs) return ["did not come to an end"];
      wire.frames.length = 0;
    }
    return openers.flatMap((opener, k) => faultsOf(opener, this.#takers[k]));
  }

  #areClosed(openers: readonly Talker[]): boolean {
    return [...openers, ...this.#takers].every((talker) => talker?.isClosed ?? true);
  }

  #open(openers: Talker[]): void {
    const k = openers.length;
    const talker = new Talker(2 * k, this.#random.below(1500), HABITS);
    talker.stream = this.#stations[0].agent.connect({ address: B, port: 1000 + k }, talker);
    openers.push(talker);
  }

  #count(moment: string): void {
    this.seen.set(moment, (this.seen.get(moment) ?? 0) + 1);
  }
}

async function makeWorld(random: Random, aggregates: boolean): Promise<World> {
  const options = [{}, { aggregates }] as const;
  const stations = await Promise.all([A, B].map((at, i) => makeStation(at, random, { ...OPTIONS, ...options[i] })));
  return new World(random, stations as [Station, Station], options);
}

test("a move at each moment of the first 60, of either agent", async () => {
  const random = new Random();
  const moments = new Set<string>();
  for (let step = 0; step < 60; step++) {
    const world = await makeWorld(random, true);
    const talker = world.connect(300);
    for (let i = 0; i < step; i++) world.wire.step();
    await world.move((step % 2) as 0 | 1);
    expect(world.finish(talker), `step ${step}`).toEqual([]);
    for (const moment of world.seen.keys()) moments.add(moment);
    world.close();
  }
  expect([...moments].sort()).toEqual(["holds bytes", "new", "open"]);
});

test.each([
  ["a good wire", true, () => ({})],
  ["loss, repeats, delays and damage", true, () => ({ loss: 0.05, twice: 0.05, late: 0.1, damaged: 0.03 })],
  ["a peer that knows no aggregates", false, () => ({ loss: 0.03, late: 0.1 })],
] as const)("%s, 40 schedules or more", async (_, aggregates, faults) => {
  const random = new Random();
  const world = await makeWorld(random, aggregates);
  const moments = aggregates ? ["open", "holds bytes"] : ["direct", "resting"];
  const isEnough = () => world.moves > 20 && moments.every((moment) => world.seen.has(moment));
  // When there are moves is drawn, too: as many schedules as it takes to see enough of them, at every moment.
  for (let i = 0; i < 40 || (!isEnough() && i < 200); i++) {
    expect(await world.run(faults()), `schedule ${i}`).toEqual([]);
  }
  expect(world.moves).toBeGreaterThan(20);
  expect([...world.seen.keys()]).toEqual(expect.arrayContaining(moments));
});
