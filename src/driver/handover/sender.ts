/** The sending end of a channel: what a port has posted goes to another engine. */
import type { Port } from "../../buffer/port.js";
import type { Driver } from "../driver.js";
import { Channel, type Handover, SENDING } from "./channel.js";
import { STAGE_DATA_BYTES, type Stage } from "./stage.js";

export class HandoverSender implements Driver {
  readonly isDone = true;
  readonly #channel: Channel;
  readonly #port: Port;
  readonly #stage: Stage;
  readonly #release: (stage: Stage) => void;
  #head: number;
  /** The receiver's cursor as it was last looked at: it belongs to another core, and a look at it costs a cache miss. */
  #tail: number;
  #isClosed = false;

  /** @internal Made by Engine.sendingEnd; release takes the stage back. */
  constructor(handover: Handover, port: Port, stage: Stage, release: (stage: Stage) => void) {
    this.#channel = new Channel(handover, SENDING);
    this.#port = port;
    this.#stage = stage;
    this.#release = release;
    this.#head = this.#channel.head;
    this.#tail = this.#channel.tail;
  }

  /** Sends at most a burst; their buffers are free then. Frames that the channel has no room for stay in the port's queue. */
  pump(): number {
    if (this.#isClosed) return 0;
    this.#stage.checkOpen();
    if (this.#room < STAGE_DATA_BYTES) this.#tail = this.#channel.tail;
    const frames = this.#stage.pack(this.#port, this.#room);
    const { data, end } = this.#stage;
    if (frames === 0 || end === 0) return frames;
    this.#channel.put(this.#head, this.#stage.u8, data, data + end);
    this.#head = (this.#head + end) >>> 0;
    this.#channel.publish(this.#head);
    return frames;
  }

  /**
   * Blocks the thread until the receiver has made room for any frame, at most timeoutMs; true when there is room. For workers
   * and Node: a page's main thread cannot block.
   */
  wait(timeoutMs: number): boolean {
    return this.#channel.room.sleep(() => {
      this.#tail = this.#channel.tail;
      return this.#room >= STAGE_DATA_BYTES;
    }, timeoutMs);
  }

  /** Says that nothing more comes; what was sent stays to be received. Posted frames stay in the port's queue. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#channel.close();
    this.#release(this.#stage);
  }

  get #room(): number {
    return this.#channel.capacity - ((this.#head - this.#tail) >>> 0);
  }
}
