/**
 * A stream's bytes as a readable byte stream, whose readers may bring their own buffers. What its queue has no room for is not reported used to the
 * peer until a reader wants more: so no more than the high-water mark and the stream's window wait here.
 */
import type { StreamEnd } from "../../agent/stream.js";

export class Incoming {
  readonly readable: ReadableStream<Uint8Array>;
  #controller!: ReadableByteStreamController;
  #heldBytes = 0;
  #over = false;

  /** onCancel: the reader wants no more. */
  constructor(stream: () => StreamEnd, highWaterMarkBytes: number, onCancel: (reason: unknown) => void) {
    const source: UnderlyingByteSource = {
      type: "bytes",
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#use(stream()),
      cancel: (reason) => {
        this.#over = true;
        onCancel(reason);
      },
    };
    this.readable = new ReadableStream(source, { highWaterMark: highWaterMarkBytes }) as ReadableStream<Uint8Array>;
  }

  take(bytes: Uint8Array, stream: StreamEnd): void {
    if (this.#over || bytes.length === 0) return;
    this.#heldBytes += bytes.length;
    // A byte stream takes the buffer away from whoever had it, so it must have no other bytes in it.
    const whole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
    this.#controller.enqueue((whole ? bytes : Uint8Array.from(bytes)) as Uint8Array<ArrayBuffer>);
    if ((this.#controller.desiredSize ?? 0) > 0) this.#use(stream);
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller.close();
    // A reader that waits with a buffer of its own gets it back only so (Streams, ReadableByteStreamController.close).
    this.#controller.byobRequest?.respond(0);
  }

  fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller.error(error);
  }

  #use(stream: StreamEnd): void {
    const heldBytes = this.#heldBytes;
    this.#heldBytes = 0;
    if (heldBytes > 0) stream.consumed(heldBytes);
  }
}
