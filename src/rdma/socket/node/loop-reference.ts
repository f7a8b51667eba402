/**
 * What an open socket or listening server does to its process: it keeps it alive, unless it is unref'd. Streams have no handle of their own that
 * would, since the agent's driver has the only one; so a timer that never matters stands in for it.
 */

/** The longest that a timer can be; it does nothing when it fires. */
const LONG_MS = 2 ** 31 - 1;

export class LoopReference {
  #timer: NodeJS.Timeout | undefined;
  #wanted = true;

  /** From here on the process stays. */
  hold(): void {
    this.#timer = setInterval(() => {}, LONG_MS);
    if (!this.#wanted) this.#timer.unref();
  }

  ref(): void {
    this.#wanted = true;
    this.#timer?.ref();
  }

  unref(): void {
    this.#wanted = false;
    this.#timer?.unref();
  }

  release(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
