/** The two users of a stream: one writes messages that begin with their stream's number, the other reads them all. */
import { sha256 } from "@noble/hashes/sha2";
import { bytesToHex } from "@noble/hashes/utils";
import type { StreamEnd, StreamErrorCode, StreamHandler } from "../../index.js";
import { viewOf } from "../../overlay/answers/ethernet.js";

const NUMBER_BYTES = 4;

/** What both ends are asked afterwards. */
abstract class SocketUser implements StreamHandler {
  bytes = 0;
  error: StreamErrorCode | undefined;
  isOpen = false;
  isClosed = false;
  readonly #hash = sha256.create();
  #digest: string | undefined;

  /** SHA-256 of all that went through it, once it is closed. */
  get digest(): string {
    this.#digest ??= bytesToHex(this.#hash.digest());
    return this.#digest;
  }

  onOpen(): void {
    this.isOpen = true;
  }

  onClose(error: StreamErrorCode | undefined): void {
    this.isClosed = true;
    this.error = error;
  }

  onData(_bytes: Uint8Array): void {}
  onEnd(): void {}
  onWritable(): void {}

  protected count(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    this.#hash.update(bytes);
  }
}

export class SocketWriter extends SocketUser {
  readonly number: number;
  readonly #seed: number;
  #stream: StreamEnd | undefined;
  /** Written, and not taken yet. */
  #waiting: Uint8Array[] = [];
  #isLast = false;

  constructor(number: number, seed: number) {
    super();
    this.number = number;
    this.#seed = seed;
  }

  carry(stream: StreamEnd): void {
    this.#stream = stream;
  }

  /** Writes its message of that index, unless the stream is closed; the last ends it. */
  write(index: number, length: number, isLast: boolean): void {
    if (this.isClosed) return;
    const bytes = messageOf(this.#seed, this.number, index, length);
    this.count(bytes);
    this.#waiting.push(bytes);
    this.#isLast = isLast;
    this.#flush();
  }

  override onWritable(): void {
    this.#flush();
  }

  #flush(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const taken = this.#stream?.write(next) ?? 0;
      if (taken === next.length) this.#waiting.shift();
      else {
        this.#waiting[0] = next.subarray(taken);
        return;
      }
    }
    if (this.#isLast) this.#stream?.end();
  }
}

export class SocketReader extends SocketUser {
  readonly #stream: StreamEnd;
  #first = new Uint8Array(0);

  constructor(stream: StreamEnd) {
    super();
    this.#stream = stream;
  }

  /** Of the writer whose bytes these are; undefined before there are enough. */
  get number(): number | undefined {
    return this.#first.length < NUMBER_BYTES ? undefined : viewOf(this.#first).getUint32(0);
  }

  override onData(bytes: Uint8Array): void {
    const missing = NUMBER_BYTES - this.#first.length;
    if (missing > 0) this.#first = Uint8Array.of(...this.#first, ...bytes.subarray(0, missing));
    this.count(bytes);
    this.#stream.consumed(bytes.length);
  }

  override onEnd(): void {
    this.#stream.end();
  }
}

/** The stream's number, the message's index, and bytes that are no other message's (xorshift32). */
function messageOf(seed: number, stream: number, index: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed ^ Math.imul(stream + 1, 0x9e37_79b1) ^ Math.imul(index + 1, 0x85eb_ca6b)) | 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  viewOf(bytes).setUint32(0, stream);
  viewOf(bytes).setUint32(NUMBER_BYTES, index);
  return bytes;
}
