/**
 * How one thread sleeps until another has something for it. Ringing costs a load while nobody sleeps, since that is what a
 * loop under load does. The count of rings, not what is waited for, is slept on: a ring that falls between the last look and
 * the sleep is not lost, because it has changed the count.
 */
import { checkInteger } from "../../check.js";

export class Bell {
  readonly #words: Int32Array;
  readonly #sleeps: number;
  readonly #rings: number;

  /** Over two words of shared memory, both 0 at first. */
  constructor(words: Int32Array, first: number) {
    this.#words = words;
    this.#sleeps = first;
    this.#rings = first + 1;
  }

  /** Wakes who sleeps; called after the change that they sleep for. */
  ring(): void {
    if (Atomics.load(this.#words, this.#sleeps) === 0) return;
    Atomics.add(this.#words, this.#rings, 1);
    Atomics.notify(this.#words, this.#rings);
  }

  /** Sleeps until isReady, at most timeoutMs; returns isReady(). Only where a thread may block: not in a page's main thread. */
  sleep(isReady: () => boolean, timeoutMs: number): boolean {
    checkInteger("timeoutMs", timeoutMs, 0, 2 ** 31 - 1);
    const until = performance.now() + timeoutMs;
    Atomics.store(this.#words, this.#sleeps, 1);
    try {
      for (;;) {
        const rings = Atomics.load(this.#words, this.#rings);
        const leftMs = until - performance.now();
        if (isReady()) return true;
        if (leftMs <= 0) return false;
        Atomics.wait(this.#words, this.#rings, rings, leftMs);
      }
    } finally {
      Atomics.store(this.#words, this.#sleeps, 0);
    }
  }
}
