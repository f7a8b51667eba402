/**
 * Bytes to a stream as a writable stream. A write is done when the stream has taken its last byte, so that its queue, measured in bytes, tells
 * how far the peer is behind. What has not been taken is dropped by abort, which does not wait for it.
 */
import type { StreamEnd } from "../../agent/stream.js";
import { type Deferred, deferred } from "./deferred.js";

export class Outgoing {
  readonly writable: WritableStream<Uint8Array>;
  #controller!: WritableStreamDefaultController;
  #room: Deferred<void> | undefined;
  #failed: { readonly error: unknown } | undefined;
  #over = false;

  /** opened: when the stream may be written to; onAbort: the writer broke off. */
  constructor(
    stream: () => StreamEnd,
    opened: Promise<unknown>,
    highWaterMarkBytes: number,
    onAbort: (reason: unknown) => void,
  ) {
    const sink: UnderlyingSink<Uint8Array> = {
      start: (controller) => {
        this.#controller = controller;
        // The sink's abort would wait for the write under way, which may be what nobody reads.
        controller.signal.addEventListener("abort", () => {
          this.#stop(controller.signal.reason);
          // The stream of writes is being errored already, which Node 20 lets nobody do twice.
          this.#over = true;
          onAbort(controller.signal.reason);
        });
      },
      write: async (chunk) => {
        const bytes = bytesOf(chunk);
        await opened;
        await this.#write(stream(), bytes);
      },
      close: async () => {
        await opened;
        if (this.#failed) throw this.#failed.error;
        this.#over = true;
        stream().end();
      },
    };
    this.writable = new WritableStream(sink, {
      highWaterMark: highWaterMarkBytes,
      size: (chunk) => chunk?.byteLength ?? 0,
    });
  }

  /** The stream has room again. */
  resume(): void {
    this.#room?.resolve();
  }

  fail(error: unknown): void {
    if (this.#over) return;
    this.#stop(error);
    this.#controller.error(error);
  }

  #stop(error: unknown): void {
    this.#failed ??= { error };
    this.#room?.reject(error);
  }

  async #write(stream: StreamEnd, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#failed) throw this.#failed.error;
      // Made before the stream is asked: its word that there is room must not be missed.
      const room = deferred<void>();
      this.#room = room;
      at += stream.write(bytes.subarray(at));
      if (at < bytes.length) await room.promise;
    }
  }
}

/** Any BufferSource, as in Direct Sockets, whatever the compiler was told; TypeError for what has no bytes. */
function bytesOf(chunk: unknown): Uint8Array {
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw new TypeError("a stream of bytes takes an ArrayBuffer or a view of one");
}
