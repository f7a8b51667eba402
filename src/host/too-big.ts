/** Tells a guest that a packet of its was too big for the path (overlay/answers/too-big.ts), and not too often. */
import { DROP_TOO_BIG, DROP_TOO_BIG_ANSWERED } from "../../assembly/layout.js";
import { TokenBucket, tooBig } from "../overlay/answers/index.js";
import type { ControlFrame } from "../overlay/plane/control.js";

/** To one partition: so many answers at once, and so many a second (RFC 4443 section 2.4 f). */
const RATE = { burst: 16, perSecond: 100 };

export class TooBigAnswers {
  readonly #give: (port: number, frame: Uint8Array) => void;
  readonly #buckets = new Map<number, TokenBucket>();

  constructor(give: (port: number, frame: Uint8Array) => void) {
    this.#give = give;
  }

  take(frame: ControlFrame, nowMs: number): void {
    const answer = tooBig(frame.bytes, frame.detail);
    if (typeof answer === "string" || !this.#bucketOf(frame.port).take(nowMs)) {
      frame.dispose(DROP_TOO_BIG);
      return;
    }
    frame.dispose(DROP_TOO_BIG_ANSWERED);
    this.#give(frame.port, answer);
  }

  #bucketOf(port: number): TokenBucket {
    let bucket = this.#buckets.get(port);
    if (!bucket) {
      bucket = new TokenBucket(RATE);
      this.#buckets.set(port, bucket);
    }
    return bucket;
  }
}
