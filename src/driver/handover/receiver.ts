/** The receiving end of a channel: what another engine sent arrives on a port. */
import { STOP_DAMAGED, STOP_DRAINED } from "../../../assembly/layout.js";
import type { Port } from "../../buffer/port.js";
import { ConfigError } from "../../errors.js";
import type { Driver } from "../driver.js";
import { Channel, type Handover, RECEIVING } from "./channel.js";
import { STAGE_DATA_BYTES, type Stage } from "./stage.js";

export class HandoverReceiver implements Driver {
  readonly #channel: Channel;
  readonly #port: Port;
  readonly #stage: Stage;
  readonly #release: (stage: Stage) => void;
  /** Frames up to here have arrived; the stage holds a copy of what follows, or of its beginning. */
  #tail: number;
  #isClosed = false;

  /** @internal Made by Engine.receivingEnd; release takes the stage back. */
  constructor(handover: Handover, port: Port, stage: Stage, release: (stage: Stage) => void) {
    this.#channel = new Channel(handover, RECEIVING);
    this.#port = port;
    this.#stage = stage;
    this.#release = release;
    this.#tail = this.#channel.tail;
    stage.fill(0);
  }

  /** True when the sender has closed and everything it sent has arrived. */
  get isDone(): boolean {
    return this.#channel.isClosed && this.#channel.head === this.#tail;
  }

  /**
   * Lets at most a burst arrive. Frames for which the port's ring has no room (rxRefused) or the pool no buffer (noBuffer)
   * stay in the channel; one longer than any chain of this engine's buffers is dropped as frame-too-long, and counts as
   * moved. Throws ConfigError when the channel holds what no sender has put there.
   */
  pump(): number {
    if (this.#isClosed) return 0;
    this.#stage.checkOpen();
    if (this.#stage.at === this.#stage.end && this.#refill() === 0) return 0;
    const from = this.#stage.at;
    const frames = this.#stage.unpack(this.#port);
    const { at, end, stop } = this.#stage;
    if (at !== from) {
      this.#tail = (this.#tail + at - from) >>> 0;
      this.#channel.giveBack(this.#tail);
    }
    // A frame of which only the beginning is here, though the stage has room for any: half a frame was published.
    if (stop === STOP_DAMAGED || (stop === STOP_DRAINED && at === 0)) {
      throw new ConfigError(
        "handover",
        `a channel with a damaged frame at byte ${this.#tail}`,
        "written by a sending end",
      );
    }
    if (stop === STOP_DRAINED && at !== end) this.#stage.fill(0);
    return frames;
  }

  /**
   * Blocks the thread until there is something to receive or the sender has closed, at most timeoutMs; false when neither.
   * For workers and Node: a page's main thread cannot block.
   */
  wait(timeoutMs: number): boolean {
    return this.#channel.arrived.sleep(() => this.#channel.isClosed || this.#channel.head !== this.#tail, timeoutMs);
  }

  /** Lets go of the channel. What has not arrived stays in it, for a receiving end that is attached later. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#channel.detach();
    this.#release(this.#stage);
  }

  /** Copies what the channel holds, as much as the stage does; returns how many bytes. */
  #refill(): number {
    const ready = (this.#channel.head - this.#tail) >>> 0;
    if (ready > this.#channel.capacity) {
      throw new ConfigError("handover", `a channel whose cursors are ${ready} bytes apart`, "written by a sending end");
    }
    const bytes = Math.min(ready, STAGE_DATA_BYTES);
    if (bytes === 0) return 0;
    this.#channel.take(this.#tail, this.#stage.u8, this.#stage.data, bytes);
    this.#stage.fill(bytes);
    return bytes;
  }
}
