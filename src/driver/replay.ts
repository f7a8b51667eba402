/** Replays a capture into a port: its packets arrive there, as fast as the port takes them. */

import type { Arrival } from "../buffer/pool.js";
import type { Port } from "../buffer/port.js";
import { toEthernet } from "../capture/index.js";
import type { CaptureReader } from "../capture/reader.js";
import type { Driver } from "./driver.js";

/** Frames that are read ahead of the port. */
const BURST = 256;

export class CaptureReplay implements Driver {
  readonly #port: Port;
  readonly #bursts: AsyncIterator<readonly Arrival[]>;
  readonly #arrived: ((frame: Arrival) => void) | undefined;
  readonly #takes: (frame: Arrival) => boolean;
  #waiting: readonly Arrival[] = [];
  #isDone = false;
  #skipped = 0;

  /** arrived is called for each frame that the port has taken, in order; takes says which are replayed: all by default. */
  constructor(
    port: Port,
    capture: CaptureReader,
    arrived?: (frame: Arrival) => void,
    takes: (frame: Arrival) => boolean = () => true,
  ) {
    this.#port = port;
    this.#takes = takes;
    this.#bursts = this.#ethernetBursts(capture)[Symbol.asyncIterator]();
    this.#arrived = arrived;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Packets of link types that cannot be made Ethernet frames. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Rejects with CaptureError at a capture's damage, after everything before it has been taken by the port. */
  async pump(): Promise<number> {
    if (this.#waiting.length === 0 && !this.#isDone) {
      const next = await this.#bursts.next();
      this.#isDone = next.done ?? false;
      this.#waiting = next.done ? [] : next.value;
    }
    const taken = this.#port.receiveBurst(this.#waiting);
    const arrived = this.#waiting.slice(0, taken);
    this.#waiting = this.#waiting.slice(taken);
    if (this.#arrived) for (const frame of arrived) this.#arrived(frame);
    return taken;
  }

  async close(): Promise<void> {
    await this.#bursts.return?.();
  }

  /** Packets of other link types get an Ethernet header; those that cannot are counted and left out. */
  async *#ethernetBursts(capture: CaptureReader): AsyncGenerator<readonly Arrival[]> {
    for await (const burst of capture.bursts(BURST)) {
      const frames: Arrival[] = [];
      for (const packet of burst) {
        const frame = toEthernet(packet);
        if (!frame) this.#skipped++;
        else if (this.#takes(frame)) frames.push({ ...frame, timestampNs: packet.timestampNs });
      }
      yield frames;
    }
  }
}
