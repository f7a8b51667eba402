/** Users of streams that write, read, pause, end and break off as a seed says. Bytes tell their own place: any that is lost, twice or elsewhere shows. */
import type { StreamEnd, StreamErrorCode, StreamHandler } from "../../src/rdma/agent/index.js";
import type { Random } from "./property.js";

function byteAt(salt: number, offset: number): number {
  return Math.imul(salt * 31 + offset + 1, 0x9e3779b1) >>> 24;
}

export interface Habits {
  /** Of a write, in bytes. */
  readonly longest: number;
  /** It breaks off in one turn of so many. */
  readonly breakOffIn: number;
}

/** One end's user. */
export class Talker implements StreamHandler {
  readonly salt: number;
  stream: Pick<StreamEnd, "write" | "end" | "reset" | "consumed"> | undefined;
  isOpen: boolean;
  isClosed = false;
  error: StreamErrorCode | undefined;
  hasEnd = false;
  brokeOff = false;
  received = 0;
  written = 0;
  /** What came wrong. */
  wrong: string | undefined;
  readonly #target: number;
  readonly #habits: Habits;
  #unread = 0;
  #hasEnded = false;

  /** The opener's salt is 2k, its taker's 2k + 1. */
  constructor(salt: number, target: number, habits: Habits) {
    this.salt = salt;
    this.isOpen = salt % 2 === 1;
    this.#target = target;
    this.#habits = habits;
  }

  step(random: Random): void {
    const { stream } = this;
    if (!stream || !this.isOpen || this.isClosed) return;
    if (this.#unread > 0 && random.below(3) > 0) {
      const used = 1 + random.below(this.#unread);
      this.#unread -= used;
      stream.consumed(used);
    }
    if (random.below(this.#habits.breakOffIn) === 0) {
      this.brokeOff = true;
      stream.reset();
    } else if (this.written < this.#target) {
      const length = Math.min(
        this.#target - this.written,
        random.below(8) === 0 ? random.below(this.#habits.longest) : 1 + random.below(200),
      );
      this.written += stream.write(Uint8Array.from({ length }, (_, i) => byteAt(this.salt, this.written + i)));
    } else if (!this.#hasEnded) {
      this.#hasEnded = true;
      stream.end();
    }
  }

  onOpen(): void {
    if (this.isOpen) this.wrong ??= "open twice";
    this.isOpen = true;
  }

  onData(bytes: Uint8Array): void {
    if (this.hasEnd || this.isClosed) this.wrong ??= "bytes after the end";
    for (const [i, byte] of bytes.entries()) {
      if (byte !== byteAt(this.salt ^ 1, this.received + i)) this.wrong ??= `byte ${this.received + i}`;
    }
    this.received += bytes.length;
    this.#unread += bytes.length;
  }

  onEnd(): void {
    if (this.hasEnd) this.wrong ??= "end twice";
    this.hasEnd = true;
  }

  onWritable(): void {}

  onClose(error: StreamErrorCode | undefined): void {
    // A station that restarts closes all its users have, also what was closed.
    if (this.isClosed && error === undefined) this.wrong ??= "closed twice";
    if (this.isClosed) return;
    this.isClosed = true;
    this.error = error;
  }
}

/** What is not as it must be between two ends of a stream, in words. */
export function faultsOf(opener: Talker, taker: Talker | undefined): string[] {
  const found: string[] = [];
  for (const [one, other] of [
    [opener, taker],
    [taker, opener],
  ] as const) {
    if (!one) continue;
    if (one.wrong) found.push(`${one.salt}: ${one.wrong}`);
    if (one.received > (other?.written ?? 0)) found.push(`${one.salt}: more than was written`);
    const isInOrder = one.isClosed && one.error === undefined && !one.brokeOff;
    if (isInOrder && one.received !== other?.written) found.push(`${one.salt}: closed in order without all bytes`);
  }
  return found;
}
