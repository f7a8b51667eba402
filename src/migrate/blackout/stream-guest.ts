/** A sender in the fabric: frames at a constant rate, as its stream says. */
import type { Port } from "../../buffer/port.js";
import type { Guest } from "./bench-host.js";
import type { Stream } from "./course.js";
import type { FrameRecords } from "./frame-records.js";
import { numberFrame } from "./stream-frame.js";

/** The number of frames that are not counted: the VM's, and those before all others, so that everybody knows where it is. */
export const PROBE = 0xffff_ffff;

export class StreamGuest implements Guest {
  readonly #sender: number;
  readonly #port: Port;
  readonly #stream: Stream;
  readonly #frame: Uint8Array;
  readonly #records: FrameRecords;
  /** The fabric's time at the bench's time 0, while it sends. */
  #originMs: number | undefined;

  constructor(sender: number, port: Port, stream: Stream, frame: Uint8Array, records: FrameRecords) {
    this.#sender = sender;
    this.#port = port;
    this.#stream = stream;
    this.#frame = frame;
    this.#records = records;
  }

  probe(): void {
    this.#port.receive(numberFrame(this.#frame, this.#sender, PROBE));
  }

  begin(originMs: number): void {
    this.#originMs = originMs;
  }

  end(): void {
    this.#originMs = undefined;
  }

  get nextMs(): number | undefined {
    const { firstMs, periodMs } = this.#stream;
    return this.#originMs === undefined ? undefined : this.#originMs + firstMs + this.#records.sent * periodMs;
  }

  send(nowMs: number): void {
    for (let atMs = this.nextMs; atMs !== undefined && atMs <= nowMs; atMs = this.nextMs) {
      const number = this.#records.sent;
      this.#records.send();
      this.#port.receive(numberFrame(this.#frame, this.#sender, number));
    }
  }

  /** What the VM says is of no interest. */
  take(): void {
    for (let frames = this.#port.takeBurst(); frames.length > 0; frames = this.#port.takeBurst()) {
      this.#port.complete(frames);
    }
  }
}
