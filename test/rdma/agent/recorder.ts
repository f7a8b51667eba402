/** A stream's user that writes down what it hears, and reads as it is told. */
import type { StreamEnd, StreamErrorCode, StreamHandler } from "../../../src/rdma/agent/index.js";

export class Recorder implements StreamHandler {
  readonly heard: string[] = [];
  readonly parts: Uint8Array[] = [];
  stream: StreamEnd | undefined;
  isClosed = false;
  error: StreamErrorCode | undefined;
  onBytes: ((bytes: Uint8Array) => void) | undefined;
  /** What comes is used at once. */
  readonly reads: boolean;

  constructor(reads = true) {
    this.reads = reads;
  }

  get text(): string {
    return new TextDecoder().decode(Buffer.concat(this.parts));
  }

  get bytes(): number {
    return this.parts.reduce((sum, { length }) => sum + length, 0);
  }

  onOpen(): void {
    this.heard.push("open");
  }

  onData(bytes: Uint8Array): void {
    if (this.heard.at(-1) !== "data") this.heard.push("data");
    this.parts.push(bytes);
    if (this.reads) this.stream?.consumed(bytes.length);
    this.onBytes?.(bytes);
  }

  onEnd(): void {
    this.heard.push("end");
  }

  onWritable(): void {
    this.heard.push("writable");
  }

  onClose(error: StreamErrorCode | undefined): void {
    this.heard.push(`close ${error ?? "in order"}`);
    this.isClosed = true;
    this.error = error;
  }
}
