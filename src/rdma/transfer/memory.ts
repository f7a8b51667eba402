/** Bytes of a device's memory that no key opens: records of the data plane, given back when their owner ends. */
import type { Arena } from "../../memory.js";
import type { RdmaDevice } from "../verbs/device.js";

export class DeviceMemory {
  readonly #device: RdmaDevice;
  readonly #runs: { readonly at: number; readonly bytes: number }[] = [];

  constructor(device: RdmaDevice) {
    this.#device = device;
  }

  get arena(): Arena {
    return this.#device.endpoint.owner.arena;
  }

  /** The address of so many bytes, which are zero. Throws ConfigError. */
  take(bytes: number): number {
    const at = this.#device.memory.take(bytes);
    this.#runs.push({ at, bytes });
    this.arena.u8.fill(0, at, at + bytes);
    return at;
  }

  /** Gives everything back. */
  close(): void {
    for (const { at, bytes } of this.#runs.splice(0)) this.#device.memory.give(at, bytes);
  }

  word(at: number): number {
    return this.arena.u32[at >> 2] as number;
  }

  set(at: number, fields: readonly (readonly [field: number, value: number])[]): void {
    for (const [field, value] of fields) this.arena.u32[(at + field) >> 2] = value;
  }

  /** A count of 64 bits, exact up to 2^53. */
  count(at: number): number {
    return this.word(at) + this.word(at + 4) * 2 ** 32;
  }
}
