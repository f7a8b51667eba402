/** Frames by a number: what is the same has the same one, and what is not hardly ever (FNV-1a, draft-eastlake-fnv, twice). */

/** 53 bits of a frame's bytes and of its length on the wire. */
export function fingerprint(data: Uint8Array, originalLength: number): number {
  let low = 0x811c9dc5 ^ originalLength;
  let high = 0x01000193;
  for (const byte of data) {
    low = Math.imul(low ^ byte, 0x01000193);
    high = Math.imul(high ^ byte, 0x85ebca6b) + 1;
  }
  return ((high ^ (high >>> 15)) & 0x1fffff) * 2 ** 32 + (low >>> 0);
}

/** Remembers what was added last, and no more than twice as many. */
export class Recent<T> {
  readonly #most: number;
  #young = new Map<number, T>();
  #old = new Map<number, T>();

  constructor(most = 65_536) {
    this.#most = most;
  }

  add(key: number, value: T): void {
    if (this.#young.size >= this.#most) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  get(key: number): T | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }
}
