/**
 * A BGP speaker's part in an update's way: it takes its time to process it, and then keeps the MinRouteAdvertisementInterval (RFC 4271
 * section 9.2.1.1) for each peer. Routes of others change all the time, so a peer's timer always runs: an update waits for it to
 * end. Both times are multiplied by a random factor from 0.75 to 1, which section 10 asks of the timer.
 */
import type { Random } from "../../sim/random.js";
import type { BlackoutSettings } from "./options.js";

const JITTER_MIN = 0.75;

export class BgpSpeaker {
  readonly #updateDelayMs: number;
  readonly #mraiMs: number;
  readonly #random: Random;
  /** When each peer's timer ends next, as far as that has been asked. */
  readonly #timerEndsMs = new Map<number, number>();

  constructor({ updateDelayMs, mraiMs }: Pick<BlackoutSettings, "updateDelayMs" | "mraiMs">, random: Random) {
    this.#updateDelayMs = updateDelayMs;
    this.#mraiMs = mraiMs;
    this.#random = random;
  }

  /** When an update that came at a time has been worked in: the best route is chosen, and is in the forwarding table. */
  processed(nowMs: number): number {
    return nowMs + this.#jittered(this.#updateDelayMs);
  }

  /** When an update that is ready at a time goes to a peer. Calls for a peer come in order of time. */
  advertised(peer: number, nowMs: number): number {
    if (this.#mraiMs === 0) return nowMs;
    let endsMs = this.#timerEndsMs.get(peer) ?? nowMs + this.#random.unit() * this.#jittered(this.#mraiMs);
    while (endsMs < nowMs) endsMs += this.#jittered(this.#mraiMs);
    this.#timerEndsMs.set(peer, endsMs + this.#jittered(this.#mraiMs));
    return endsMs;
  }

  #jittered(ms: number): number {
    return ms * (JITTER_MIN + (1 - JITTER_MIN) * this.#random.unit());
  }
}
