/** Holds every frame that was sent until it is delivered, and compares the two byte for byte. */
import type { Arrival } from "../index.js";

const IN_FLIGHT_MAX = 65_536;

export class Witness {
  #waiting: Arrival[] = [];
  #identical = 0;
  #altered = 0;
  #missing = 0;

  sent(frame: Arrival): void {
    this.#waiting.push(frame);
    // No host holds that many: what is still out has been lost, and need not be kept.
    if (this.#waiting.length > IN_FLIGHT_MAX) {
      this.#waiting.shift();
      this.#missing++;
    }
  }

  /** A frame came out. Frames that were sent before its twin are missing: order is kept, so they will not come. */
  delivered(spans: readonly Uint8Array[], originalLength: number): void {
    const at = this.#waiting.findIndex((frame) => isSame(frame, spans, originalLength));
    if (at < 0) {
      // Order is kept, so this is what became of the oldest.
      this.#altered++;
      this.#waiting.shift();
      return;
    }
    this.#identical++;
    this.#missing += at;
    this.#waiting.splice(0, at + 1);
  }

  get result() {
    return { identical: this.#identical, altered: this.#altered, missing: this.#missing + this.#waiting.length };
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
