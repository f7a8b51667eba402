/** The section `counters`: those of a port, u64 each, by the numbers that assembly/layout.ts gives them; how many there are is the version's. */
import { COUNTERS } from "../../../assembly/layout.js";
import type { Port } from "../../buffer/port.js";
import type { StateMemory } from "./memory.js";
import type { StatePart, StateRefusal } from "./part.js";

const LENGTH = COUNTERS * 8;

export class CountersPart implements StatePart {
  readonly name = "counters";
  readonly version = 1;
  readonly #memory: StateMemory;
  readonly #port: Port;

  constructor(memory: StateMemory, port: Port) {
    this.#memory = memory;
    this.#port = port;
  }

  extract(): Uint8Array {
    return this.#block().slice();
  }

  prepare(bytes: Uint8Array): (() => void) | StateRefusal {
    if (bytes.length !== LENGTH) {
      return { section: this.name, field: "length", value: bytes.length, bound: `${LENGTH}` };
    }
    return () => this.#block().set(bytes);
  }

  #block(): Uint8Array {
    const { counters } = this.#port.record;
    return this.#memory.owner.arena.u8.subarray(counters, counters + LENGTH);
  }
}
