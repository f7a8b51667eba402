/** Frames, bytes and flows by member: one for each policy of a comparison, so it keeps no more of a flow than four bytes. */
import { type Imbalance, imbalanceOf, type MemberSpread } from "../../index.js";

const FIRST_FLOWS = 1024;

export class Tally {
  readonly #frames: number[];
  readonly #bytes: number[];
  readonly #flows: number[];
  /** For each flow, a bit for each member that carried it. */
  #carriers = new Uint32Array(FIRST_FLOWS);

  constructor(members: number) {
    this.#frames = new Array<number>(members).fill(0);
    this.#bytes = [...this.#frames];
    this.#flows = [...this.#frames];
  }

  /** A frame of so many bytes, of a flow by its number, went to a member. */
  add(member: number, bytes: number, flow: number): void {
    if (flow >= this.#carriers.length) this.#grow(flow);
    const carriers = this.#carriers[flow] as number;
    if ((carriers & (1 << member)) === 0) {
      this.#carriers[flow] = carriers | (1 << member);
      count(this.#flows, member, 1);
    }
    count(this.#frames, member, 1);
    count(this.#bytes, member, bytes);
  }

  get members(): MemberSpread[] {
    const at = (counts: readonly number[], member: number) => counts[member] as number;
    return this.#frames.map((frames, member) => {
      return { member, frames, bytes: at(this.#bytes, member), flows: at(this.#flows, member) };
    });
  }

  /** Of bytes. */
  get imbalance(): Imbalance {
    return imbalanceOf(this.#bytes);
  }

  /** Members that carried nothing. */
  get idle(): number {
    return this.#frames.filter((frames) => frames === 0).length;
  }

  #grow(flow: number): void {
    const carriers = new Uint32Array(2 ** Math.ceil(Math.log2(flow + 1)));
    carriers.set(this.#carriers);
    this.#carriers = carriers;
  }
}

function count(counts: number[], member: number, by: number): void {
  counts[member] = (counts[member] as number) + by;
}
