/**
 * What has happened, in 64 bits: two lanes of MurmurHash3_x86_32 (A. Appleby, SMHasher, MurmurHash3.cpp, public domain) over whole
 * words. It tells two runs apart, it does not withstand somebody who wants them alike.
 */

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/** The state after one more 32-bit word. */
export function mixWord(state: number, word: number): number {
  let k = Math.imul(word, C1);
  k = (k << 15) | (k >>> 17);
  const h = state ^ Math.imul(k, C2);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** The end of a hash over so many bytes, as an unsigned number. */
export function finish(state: number, lengthBytes: number): number {
  let h = state ^ lengthBytes;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

export class Digest {
  #a = 0;
  #b = 0x9747b28c;
  #words = 0;

  /** Takes the lower 32 bits of a whole number. */
  word(value: number): void {
    this.#a = mixWord(this.#a, value);
    this.#b = mixWord(this.#b, value);
    this.#words++;
  }

  /** Takes a whole number of up to 53 bits. */
  number(value: number): void {
    this.word(value);
    this.word(Math.floor(value / 2 ** 32));
  }

  /** 16 hexadecimal digits for what was taken up to now. */
  get hex(): string {
    const lanes = [this.#a, this.#b].map((state) => finish(state, this.#words * 4));
    return lanes.map((lane) => lane.toString(16).padStart(8, "0")).join("");
  }
}
