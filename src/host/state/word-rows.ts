/** Rows of u32 words that grow as they are found, and are given out in ascending order. */
export class WordRows {
  readonly #stride: number;
  words: Uint32Array<ArrayBuffer>;
  #count = 0;

  /** Words of a row; the last two are not of its key but for the lowest byte of the first of them. */
  constructor(stride: number) {
    this.#stride = stride;
    this.words = new Uint32Array(stride * 64);
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#count * this.#stride * 4;
  }

  /** A new row that begins with those words; returns where it stands. */
  add(from: Uint32Array, first: number, count: number): number {
    const at = this.#count * this.#stride;
    if (at + this.#stride > this.words.length) this.#grow();
    for (let i = 0; i < count; i++) this.words[at + i] = from[first + i] as number;
    this.#count++;
    return at;
  }

  /** The rows' bytes in order of their keys; what stands last but one in each is as meta makes it. */
  sorted(meta: (word: number) => number): Uint8Array {
    const stride = this.#stride;
    const { words } = this;
    const keyWords = stride - 2;
    const order = Uint32Array.from({ length: this.#count }, (_, i) => i * stride);
    order.sort((a, b) => {
      for (let i = 0; i < keyWords; i++) {
        const [x, y] = [words[a + i] as number, words[b + i] as number];
        if (x !== y) return x < y ? -1 : 1;
      }
      return ((words[a + keyWords] as number) & 0xff) - ((words[b + keyWords] as number) & 0xff);
    });
    const out = new Uint32Array(this.#count * stride);
    for (let i = 0; i < order.length; i++) {
      const from = order[i] as number;
      const to = i * stride;
      for (let n = 0; n < stride; n++) out[to + n] = words[from + n] as number;
      out[to + keyWords] = meta(words[from + keyWords] as number);
    }
    return new Uint8Array(out.buffer);
  }

  #grow(): void {
    const larger = new Uint32Array(2 * this.words.length);
    larger.set(this.words);
    this.words = larger;
  }
}
