/** What an endpoint is to get: every frame that was sent to it is held until it is delivered, and compared byte for byte. */

import type { Delivered } from "../guest.js";
import type { Stream } from "../traffic/stream.js";
import { fingerprint } from "./fingerprint.js";

/** No fabric holds that many for an endpoint: what was sent before them and is still out has been lost, and need not be kept. */
const IN_FLIGHT_MAX = 65_536;
const ETHERNET_BYTES = 14;

export interface Expected {
  readonly frame: Delivered;
  readonly stream: Stream;
  /** It is to be sent on by a waypoint. */
  readonly isOnItsWay: boolean;
  /** Its place among the stream's frames, from 1 in the order in which they were sent. */
  readonly number: number;
}

export class Ledger {
  /** By fingerprint, the oldest first. */
  readonly #waiting = new Map<number, Expected[]>();
  #count = 0;

  expect(expected: Expected): void {
    const { data, originalLength } = expected.frame;
    const key = fingerprint(data, originalLength);
    const same = this.#waiting.get(key);
    if (same) same.push(expected);
    else this.#waiting.set(key, [expected]);
    if (++this.#count > IN_FLIGHT_MAX) this.#forgetOldest();
  }

  /** The frame is here: what was expected of it, and no longer is; undefined when it was not expected. */
  take({ data, originalLength }: Delivered, key = fingerprint(data, originalLength)): Expected | undefined {
    const same = this.#waiting.get(key) ?? [];
    const at = same.findIndex(({ frame }) => frame.originalLength === originalLength && isSame(frame.data, data));
    if (at < 0) return undefined;
    const [expected] = same.splice(at, 1);
    if (same.length === 0) this.#waiting.delete(key);
    this.#count--;
    return expected;
  }

  /** The oldest that is out and has the Ethernet header of a frame that nobody sent: that has become of it. */
  takeLike({ data }: Delivered): Expected | undefined {
    const header = data.subarray(0, ETHERNET_BYTES);
    for (const same of this.#waiting.values()) {
      const like = same.find(({ frame }) => isSame(frame.data.subarray(0, ETHERNET_BYTES), header));
      if (like) return this.take(like.frame);
    }
    return undefined;
  }

  #forgetOldest(): void {
    const [oldest] = this.#waiting.values();
    if (oldest?.[0]) this.take(oldest[0].frame);
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
