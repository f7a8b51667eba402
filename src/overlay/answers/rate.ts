/**
 * A token bucket: how many answers may go out. RFC 4443 section 2.4(f) asks it of ICMPv6 errors, RFC 1812 section 4.3.2.8 of ICMP's;
 * both leave rate and burst to be configured, and RFC 4443 names 10 a second in bursts of 10 for a small device.
 */
import { checkInteger } from "../../check.js";

export interface RateLimit {
  /** Answers a second, on average; 1 to 1000000. */
  readonly perSecond: number;
  /** Answers at once after silence; 1 to 1000000. */
  readonly burst: number;
}

const MOST = 1_000_000;

export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number | undefined;

  /** Begins full. Throws ConfigError. */
  constructor({ perSecond, burst }: RateLimit) {
    this.#perSecond = checkInteger("perSecond", perSecond, 1, MOST);
    this.#burst = checkInteger("burst", burst, 1, MOST);
    this.#tokens = burst;
  }

  /** True when one more may go out now, which is then counted. A clock that stands still or goes back brings nothing. */
  take(nowMs: number): boolean {
    const passedMs = nowMs - (this.#atMs ?? nowMs);
    if (passedMs > 0) this.#tokens = Math.min(this.#burst, this.#tokens + (passedMs * this.#perSecond) / 1000);
    this.#atMs = Math.max(nowMs, this.#atMs ?? nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
