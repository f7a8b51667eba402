/**
 * Things by a number that changes, the greatest first; of equal ones the one with the lower turn. A binary heap that knows where everything
 * is, so that changing or removing one of n costs log n: windows by when they end, owners by how far they are over their share.
 */
export class Heap<T extends { readonly turn: number }> {
  readonly #items: T[] = [];
  readonly #keys: number[] = [];
  readonly #places = new Map<T, number>();

  /** The first; undefined when there is none. */
  get top(): T | undefined {
    return this.#items[0];
  }

  get topKey(): number | undefined {
    return this.#keys[0];
  }

  get size(): number {
    return this.#items.length;
  }

  /** Puts something in, or where its number now belongs. */
  put(item: T, key: number): void {
    const at = this.#places.get(item) ?? this.#items.length;
    this.#settle(at, item, key);
  }

  /** Takes something out; what is not there is no matter. */
  remove(item: T): void {
    const at = this.#places.get(item);
    if (at === undefined) return;
    this.#places.delete(item);
    const [last, key] = [this.#items.pop() as T, this.#keys.pop() as number];
    if (last !== item) this.#settle(at, last, key);
  }

  /** Finds the place of something from a place that is free for it: up past lesser ones, or down past greater. */
  #settle(start: number, item: T, key: number): void {
    let at = start;
    while (at > 0 && this.#isBefore(item, key, (at - 1) >> 1)) at = this.#shift((at - 1) >> 1, at);
    for (let child = this.#firstChild(at); child !== undefined; child = this.#firstChild(at)) {
      if (this.#isBefore(item, key, child)) break;
      at = this.#shift(child, at);
    }
    this.#place(at, item, key);
  }

  #firstChild(at: number): number | undefined {
    const [left, right] = [2 * at + 1, 2 * at + 2];
    if (left >= this.#items.length) return undefined;
    if (right >= this.#items.length) return left;
    return this.#isBefore(this.#items[right] as T, this.#keys[right] as number, left) ? right : left;
  }

  #isBefore(item: T, key: number, at: number): boolean {
    const other = this.#keys[at] as number;
    return key > other || (key === other && item.turn < (this.#items[at] as T).turn);
  }

  /** Moves what is at one place to another; returns the place that it left. */
  #shift(from: number, to: number): number {
    this.#place(to, this.#items[from] as T, this.#keys[from] as number);
    return from;
  }

  #place(at: number, item: T, key: number): void {
    this.#items[at] = item;
    this.#keys[at] = key;
    this.#places.set(item, at);
  }
}
