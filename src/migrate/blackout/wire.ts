/** One way of a link: frames leave one after the other at its rate, and arrive a delay later, in order. */
import { type BlackoutSettings, WIRE_OVERHEAD_BYTES } from "./options.js";

export class Wire {
  readonly #delayMs: number;
  readonly #msPerByte: number;
  #busyUntilMs = Number.NEGATIVE_INFINITY;

  constructor({ linkDelayMs, linkRateBps }: Pick<BlackoutSettings, "linkDelayMs" | "linkRateBps">) {
    this.#delayMs = linkDelayMs;
    this.#msPerByte = 8000 / linkRateBps;
  }

  /** When a frame of so many bytes, without FCS, that is sent now has arrived. Calls come in order of time. */
  send(nowMs: number, bytes: number): number {
    this.#busyUntilMs = Math.max(this.#busyUntilMs, nowMs) + (bytes + WIRE_OVERHEAD_BYTES) * this.#msPerByte;
    return this.#busyUntilMs + this.#delayMs;
  }
}
