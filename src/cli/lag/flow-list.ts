/** The flows of a capture in the order in which they begin, and what the first frame of each hashed to. */
import { flowText } from "./flow-key.js";
import type { Way } from "./way.js";

export class FlowList {
  readonly #numbers = new Map<string, number>();
  readonly #keys: string[] = [];
  readonly #ways: Way[] = [];
  /** By hasher, then flow. */
  readonly #hashes: number[][];
  readonly #kept: number;

  /** Of the hashes of first frames, the first so many are kept. */
  constructor(kept: number) {
    this.#kept = kept;
    this.#hashes = Array.from({ length: kept }, () => []);
  }

  get count(): number {
    return this.#keys.length;
  }

  /** The number of the flow that a frame is of; two ways have no flow together. hash gives the frame's hash by a hasher. */
  numberOf(key: string, way: Way, hash: (hasher: number) => number): number {
    const ofWay = way.index === 0 ? key : `${way.index} ${key}`;
    const known = this.#numbers.get(ofWay);
    if (known !== undefined) return known;
    const number = this.#keys.length;
    this.#numbers.set(ofWay, number);
    this.#keys.push(key);
    this.#ways.push(way);
    for (let hasher = 0; hasher < this.#kept; hasher++) (this.#hashes[hasher] as number[]).push(hash(hasher));
    return number;
  }

  text(flow: number): string {
    return flowText(this.#keys[flow] as string);
  }

  wayOf(flow: number): Way {
    return this.#ways[flow] as Way;
  }

  /** What the flows' first frames hashed to by a hasher. */
  hashesBy(hasher: number): readonly number[] {
    return this.#hashes[hasher] as number[];
  }
}
