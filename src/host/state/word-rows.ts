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
    const order = this.#order(keyWords);
    const out = new Uint32Array(this.#count * stride);
    for (let i = 0; i < order.length; i++) {
      const from = order[i] as number;
      const to = i * stride;
      for (let n = 0; n < stride; n++) out[to + n] = words[from + n] as number;
      out[to + keyWords] = meta(words[from + keyWords] as number);
    }
    return new Uint8Array(out.buffer);
  }

  /** Where rows stand, ascending: a radix sort by bytes from the last on, without those that all rows have alike. */
  #order(keyWords: number): Uint32Array {
    const stride = this.#stride;
    const { words } = this;
    let order = Uint32Array.from({ length: this.#count }, (_, i) => i * stride);
    let next = new Uint32Array(this.#count);
    const starts = new Uint32Array(256);
    for (let byte = keyWords * 4; byte >= 0; byte--) {
      // The lowest byte behind the key first, then each word's from its lowest on.
      const [word, shift] = byte === keyWords * 4 ? [keyWords, 0] : [byte >> 2, (3 - (byte & 3)) * 8];
      starts.fill(0);
      for (const row of order) {
        const value = ((words[row + word] as number) >>> shift) & 0xff;
        starts[value] = (starts[value] as number) + 1;
      }
      if (starts.includes(this.#count)) continue;
      let start = 0;
      for (let value = 0; value < 256; value++) {
        const rows = starts[value] as number;
        starts[value] = start;
        start += rows;
      }
      for (const row of order) {
        const value = ((words[row + word] as number) >>> shift) & 0xff;
        const place = starts[value] as number;
        next[place] = row;
        starts[value] = place + 1;
      }
      [order, next] = [next, order];
    }
    return order;
  }

  #grow(): void {
    const larger = new Uint32Array(2 * this.words.length);
    larger.set(this.words);
    this.words = larger;
  }
}
