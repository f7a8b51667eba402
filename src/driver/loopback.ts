/** A cable between two ports, of one engine or of two: what leaves on one arrives on the other. Loses nothing. */

import type { Outgoing } from "../buffer/outgoing.js";
import type { Arrival } from "../buffer/pool.js";
import type { Port } from "../buffer/port.js";
import type { Driver } from "./driver.js";

/** Sees each frame as it crosses, before its buffer goes back. */
export type Tap = (frame: Outgoing, from: Port) => void;

export class Loopback implements Driver {
  readonly isDone = true;
  readonly #ways: readonly [Way, Way];

  constructor(a: Port, b: Port, tap?: Tap) {
    this.#ways = [new Way(a, b, tap), new Way(b, a, tap)];
  }

  pump(): number {
    return this.#ways[0].pump() + this.#ways[1].pump();
  }

  async close(): Promise<void> {}
}

/** One direction. Frames that the far end refuses wait here, in order. */
class Way {
  readonly #from: Port;
  readonly #to: Port;
  readonly #tap: Tap | undefined;
  #waiting: Outgoing[] = [];

  constructor(from: Port, to: Port, tap: Tap | undefined) {
    this.#from = from;
    this.#to = to;
    this.#tap = tap;
  }

  pump(): number {
    if (this.#waiting.length === 0) this.#waiting = this.#from.takeBurst();
    const moved = this.#to.receiveBurst(this.#waiting.map(toArrival));
    const crossed = this.#waiting.slice(0, moved);
    this.#waiting = this.#waiting.slice(moved);
    try {
      if (this.#tap) for (const frame of crossed) this.#tap(frame, this.#from);
    } finally {
      // Also when a tap throws: what has arrived there must not arrive again.
      this.#from.complete(crossed);
    }
    return moved;
  }
}

function toArrival({ spans, originalLength, timestampNs }: Outgoing): Arrival {
  return { data: joined(spans), originalLength, timestampNs };
}

/** One span as it is; several (scatter-gather) put together. */
function joined(spans: readonly Uint8Array[]): Uint8Array {
  const [first] = spans;
  if (spans.length === 1 && first) return first;
  const whole = new Uint8Array(spans.reduce((sum, span) => sum + span.length, 0));
  let off = 0;
  for (const span of spans) {
    whole.set(span, off);
    off += span.length;
  }
  return whole;
}
