/** Holds every frame that was sent until it is delivered, and compares the two byte for byte. */
import type { Arrival } from "../index.js";

/** No host holds that many: what was sent before them and is still out has been lost, and need not be kept. */
const IN_FLIGHT_MAX = 65_536;

export class Witness {
  #waiting: Arrival[] = [];
  #identical = 0;
  #altered = 0;
  #givenUp = 0;

  sent(frame: Arrival): void {
    this.#waiting.push(frame);
    if (this.#waiting.length > IN_FLIGHT_MAX) {
      this.#waiting.shift();
      this.#givenUp++;
    }
  }

  /** A frame came out. Over several links frames of different flows may overtake each other. */
  delivered(spans: readonly Uint8Array[], originalLength: number): void {
    const at = this.#waiting.findIndex((frame) => isSame(frame, spans, originalLength));
    if (at < 0) {
      this.#altered++;
      return;
    }
    this.#identical++;
    this.#waiting.splice(at, 1);
  }

  /** Each altered frame is one of those that did not come out as they went in; the others are missing. */
  get result() {
    const gone = this.#givenUp + this.#waiting.length;
    return { identical: this.#identical, altered: this.#altered, missing: Math.max(0, gone - this.#altered) };
  }
}

function isSame(sent: Arrival, spans: readonly Uint8Array[], originalLength: number): boolean {
  const length = spans.reduce((sum, span) => sum + span.length, 0);
  if (length !== sent.data.length || originalLength !== (sent.originalLength ?? sent.data.length)) return false;
  let off = 0;
  for (const span of spans) {
    for (const byte of span) if (byte !== sent.data[off++]) return false;
  }
  return true;
}
