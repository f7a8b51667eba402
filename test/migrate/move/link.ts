/** One way from one place to another in virtual time: it loses, doubles, delays and reorders as its state says, and can be cut. */
import type { Clock } from "../../../src/sim/clock.js";
import type { Chance } from "./chance.js";

export interface LinkState {
  delayMs: number;
  jitterMs: number;
  /** Percentages. */
  loss: number;
  duplicate: number;
  /** Later things may overtake earlier ones. */
  reorders: boolean;
  isCut: boolean;
}

export class Link {
  readonly state: LinkState = { delayMs: 0.2, jitterMs: 0.1, loss: 0, duplicate: 0, reorders: false, isCut: false };
  readonly #clock: Clock;
  readonly #chance: Chance;
  #lastNs = 0;

  constructor(clock: Clock, chance: Chance) {
    this.#clock = clock;
    this.#chance = chance;
  }

  /** Calls arrive once, twice or never; lost for what never does. */
  send(arrive: () => void, lost: () => void = () => undefined): void {
    const { loss, duplicate } = this.state;
    if (this.state.isCut || this.#chance.below(100) < loss) {
      lost();
      return;
    }
    const copies = this.#chance.below(100) < duplicate ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) this.#carry(arrive, lost);
  }

  #carry(arrive: () => void, lost: () => void): void {
    const { delayMs, jitterMs, reorders } = this.state;
    const jitterNs = jitterMs === 0 ? 0 : this.#chance.below(Math.round(jitterMs * 1e6));
    const dueNs = this.#clock.nowNs + Math.round(delayMs * 1e6) + jitterNs;
    const atNs = reorders ? dueNs : Math.max(dueNs, this.#lastNs);
    this.#lastNs = Math.max(this.#lastNs, atNs);
    this.#clock.at(atNs, { fire: () => (this.state.isCut ? lost() : arrive()) });
  }
}
