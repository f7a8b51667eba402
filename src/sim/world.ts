/** What all parts of one fabric share: its clock, its seed, its digest, and how much is still on the way. */
import { Clock } from "./clock.js";
import { Digest } from "./digest.js";
import { Random } from "./random.js";

export class World {
  readonly clock = new Clock();
  readonly digest = new Digest();
  readonly seed: number;
  #moving = 0;
  #parts = 0;

  constructor(seed: number) {
    this.seed = seed;
  }

  /** A stream of random numbers; the same for the same name. */
  random(name: string): Random {
    return new Random(this.seed, name);
  }

  /** A number for a part, by which the digest knows it. */
  nextPart(): number {
    return this.#parts++;
  }

  /** Events on the way but for hosts' timers: frames, messages, faults. */
  get moving(): number {
    return this.#moving;
  }

  /** Has something happen that is waited for before a fabric is quiet. Returns what calls it off. */
  move(timeNs: number, happen: (nowNs: number) => void): () => void {
    let isPending = true;
    const end = () => {
      if (!isPending) return false;
      isPending = false;
      this.#moving--;
      return true;
    };
    this.#moving++;
    this.clock.at(timeNs, {
      fire: (nowNs) => {
        if (end()) happen(nowNs);
      },
    });
    return end;
  }

  /** Notes that something happened, now. */
  note(part: number, what: number, detail: number): void {
    this.digest.number(this.clock.nowNs);
    this.digest.word(part);
    this.digest.word(what);
    this.digest.word(detail);
  }
}
