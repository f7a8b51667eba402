/** Records what leaves on a port into a capture file. */
import type { Outgoing } from "../buffer/outgoing.js";
import type { Port } from "../buffer/port.js";
import type { CaptureWriter } from "../capture/index.js";
import type { Driver } from "./driver.js";

export class CaptureRecorder implements Driver {
  readonly isDone = true;
  readonly #port: Port;
  readonly #writer: CaptureWriter;
  readonly #interfaceId: number;
  readonly #seen: ((frame: Outgoing) => void) | undefined;

  /** The writer stays the caller's to close. seen is called for each frame before its buffer goes back. */
  constructor(port: Port, writer: CaptureWriter, interfaceId: number, seen?: (frame: Outgoing) => void) {
    this.#port = port;
    this.#writer = writer;
    this.#interfaceId = interfaceId;
    this.#seen = seen;
  }

  async pump(): Promise<number> {
    const frames = this.#port.takeBurst();
    try {
      for (const frame of frames) {
        this.#seen?.(frame);
        await recordFrame(this.#writer, this.#interfaceId, frame);
      }
    } finally {
      // Also when the file cannot be written: the buffers must not go with it.
      this.#port.complete(frames);
    }
    return frames.length;
  }

  async close(): Promise<void> {
    await this.#writer.flush();
  }
}

/** Writes a frame that leaves; a promise only where the writer's sink makes one wait. */
function recordFrame(writer: CaptureWriter, interfaceId: number, frame: Outgoing): Promise<void> | undefined {
  const { timestampNs, spans, originalLength } = frame;
  return writer.write({ timestampNs, data: spans, originalLength, interfaceId });
}
