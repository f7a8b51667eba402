/**
 * Agents over a bad wire, packet by packet, in virtual time: each stream's bytes once and in order, or an error on that stream; nothing
 * hangs; what is held has a bound. Stations go on from schedule to schedule, as they would, until one restarts.
 */
import { expect, test } from "vitest";
import { makeStation, type Station, StationWire, type WireFaults } from "../../helpers/agents.js";
import { Random } from "../../helpers/property.js";
import { faultsOf, Talker } from "../../helpers/talker.js";

const A = "10.0.0.1";
const B = "10.0.0.2";
const STREAMS_MAX = 5;
const SESSION = { windowBytes: 4096, sendBufferBytes: 2048, transferBytes: 4096, transfersMax: 8, resumeMs: 4000 };
const HELD_BYTES_MAX = STREAMS_MAX * SESSION.sendBufferBytes + SESSION.transfersMax * SESSION.transferBytes;
const LONGEST_MS = 60_000;
const HABITS = { longest: 6000, breakOffIn: 3000 };

class World {
  wire: StationWire;
  takers: (Talker | undefined)[] = [];
  readonly #random: Random;
  #stations: [Station, Station];

  private constructor(random: Random, stations: [Station, Station]) {
    this.#random = random;
    this.#stations = stations;
    this.wire = new StationWire(...stations, random);
    this.#listen();
  }

  static async make(random: Random): Promise<World> {
    const station = (address: string) => makeStation(address, random, { session: SESSION });
    return new World(random, [await station(A), await station(B)]);
  }

  /** The taking side starts anew, and what it held is gone. */
  async restart(): Promise<void> {
    const [a, old] = this.#stations;
    for (const talker of this.takers) talker?.onClose("ECONNRESET");
    const b = await makeStation(B, this.#random, { session: SESSION });
    old.engine.close();
    this.#stations = [a, b];
    this.wire.replace(1, b);
    this.#listen();
  }

  /** Runs one, and returns what was wrong with it. */
  async run(faults: WireFaults, restarts: boolean): Promise<string[]> {
    const random = this.#random;
    const { wire } = this;
    const count = 1 + random.below(STREAMS_MAX);
    const openers: Talker[] = [];
    this.takers = [];
    wire.faults = faults;
    const found: string[] = [];
    let restartStep = restarts ? 20 + random.below(400) : -1;
    const endMs = wire.nowMs + LONGEST_MS;
    for (
      let step = 0;
      !openers.every(({ isClosed }) => isClosed) || openers.length < count || !this.#takersClosed;
      step++
    ) {
      if (openers.length < count && random.below(5) === 0) this.#open(openers);
      if (step === restartStep) await this.restart();
      for (const talker of [...openers, ...this.takers]) talker?.step(random);
      wire.step(step % 16 === 15 ? 0.2 : 0.01);
      if (step > 3000) wire.run(() => false, 2);
      for (const { heldBytes } of this.#stations.flatMap(({ agent }) => agent.sessions)) {
        if (heldBytes > HELD_BYTES_MAX) found.push(`holds ${heldBytes} bytes`);
      }
      if (wire.nowMs > endMs) return ["did not come to an end", ...found];
      wire.frames.length = 0;
      if (step > restartStep) restartStep = -1;
    }
    return [...found, ...openers.flatMap((opener, k) => faultsOf(opener, this.takers[k]))];
  }

  get #takersClosed(): boolean {
    return this.takers.every((talker) => talker?.isClosed ?? true);
  }

  #open(openers: Talker[]): void {
    const k = openers.length;
    const talker = new Talker(2 * k, this.#random.below(1500), HABITS);
    talker.stream = this.#stations[0].agent.connect({ address: B, port: 1000 + k }, talker);
    openers.push(talker);
  }

  #listen(): void {
    for (let k = 0; k < STREAMS_MAX; k++) {
      this.#stations[1].agent.listen(1000 + k, (stream) => {
        const talker = new Talker(2 * k + 1, this.#random.below(1500), HABITS);
        talker.stream = stream;
        this.takers[k] = talker;
        return talker;
      });
    }
  }
}

test.each([
  ["a good wire", 1000, () => ({}), false],
  ["loss to a fifth", 1000, (random: Random) => ({ loss: random.below(20) / 100 }), false],
  ["frames twice, late, damaged", 1000, () => ({ twice: 0.1, late: 0.2, damaged: 0.05 }), false],
  [
    "all of it",
    1000,
    (random: Random) => ({ loss: random.below(10) / 100, twice: 0.05, late: 0.1, damaged: 0.03 }),
    false,
  ],
  ["all of it, and restarts", 1000, () => ({ loss: 0.03, twice: 0.02, late: 0.1, damaged: 0.01 }), true],
] as const)("%s, %i schedules", async (_, schedules, faults, restarts) => {
  const random = new Random();
  const world = await World.make(random);
  for (let i = 0; i < schedules; i++) {
    const isRestarting = restarts && i % 4 === 0;
    expect(await world.run(faults(random), isRestarting), `schedule ${i}`).toEqual([]);
  }
});
