/** Messages of JavaScript on their way into aggregates: records, and the bytes that they point to, until they are packed. */
import {
  MESSAGE_BYTES,
  MESSAGE_FLAGS,
  MESSAGE_LEN,
  MESSAGE_PTR,
  MESSAGE_SEQUENCE,
  MESSAGE_STREAM,
} from "../../../assembly/layout.js";
import type { DeviceMemory } from "./memory.js";

export class StagedMessages {
  readonly #memory: DeviceMemory;
  readonly #records: number;
  readonly #bytes: number;
  readonly #messagesMax: number;
  readonly #bytesMax: number;
  #first = 0;
  #end = 0;
  #used = 0;

  /** At given offsets where it was moved. */
  constructor(memory: DeviceMemory, messagesMax: number, bytesMax: number, records?: number, bytes?: number) {
    this.#memory = memory;
    this.#messagesMax = messagesMax;
    this.#bytesMax = bytesMax;
    this.#records = memory.take(messagesMax * MESSAGE_BYTES, records);
    this.#bytes = memory.take(bytesMax, bytes);
  }

  /** Where they stand, as offsets. */
  get offsets(): { readonly stagedRecords: number; readonly stagedBytes: number } {
    const stagedRecords = this.#memory.offsetOf(this.#records);
    return { stagedRecords, stagedBytes: this.#memory.offsetOf(this.#bytes) };
  }

  /** Messages that were not packed yet, and the address of the first one's record. */
  get count(): number {
    return this.#end - this.#first;
  }

  get records(): number {
    return this.#records + this.#first * MESSAGE_BYTES;
  }

  /** Copies the bytes and writes a record; false when there is no room, until all that is there was packed. */
  add(stream: number, sequence: number, flags: number, bytes: Uint8Array): boolean {
    if (this.#end === this.#messagesMax || this.#used + bytes.length > this.#bytesMax) return false;
    const { u8, u16, u32 } = this.#memory.arena;
    const record = this.#records + this.#end * MESSAGE_BYTES;
    const at = this.#bytes + this.#used;
    u8.set(bytes, at);
    u32[(record + MESSAGE_PTR) >> 2] = at;
    u32[(record + MESSAGE_LEN) >> 2] = bytes.length;
    u16[(record + MESSAGE_STREAM) >> 1] = stream;
    u16[(record + MESSAGE_SEQUENCE) >> 1] = sequence;
    u32[(record + MESSAGE_FLAGS) >> 2] = flags;
    this.#end++;
    this.#used += bytes.length;
    return true;
  }

  /** The first so many were packed. */
  packed(count: number): void {
    this.#first += count;
    if (this.#first !== this.#end) return;
    this.#first = 0;
    this.#end = 0;
    this.#used = 0;
  }

  /** Forgets what was not packed. */
  clear(): void {
    this.packed(this.count);
  }
}
