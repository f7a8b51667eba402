/** How long nothing came and nothing went. It keeps no process alive, as net's does not. */
import { checkInteger } from "../../../check.js";

const TIMEOUT_MAX_MS = 2 ** 31 - 1;

export class IdleTimer {
  readonly #onIdle: () => void;
  #timer: NodeJS.Timeout | undefined;
  #timeoutMs: number | undefined;

  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  /** What was set last; undefined before. */
  get timeoutMs(): number | undefined {
    return this.#timeoutMs;
  }

  /** Counts from now; 0 counts no more. ConfigError when it is not a whole number of milliseconds that a timer can take. */
  set(timeoutMs: number): void {
    this.#timeoutMs = checkInteger("timeout", timeoutMs, 0, TIMEOUT_MAX_MS);
    this.stop();
    if (timeoutMs > 0) this.#timer = setTimeout(this.#onIdle, timeoutMs).unref();
  }

  /** Something came or went. */
  touch(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
