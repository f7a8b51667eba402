/** Bytes of a device's memory that no key opens: records of the data plane, given back when their owner ends. */
import { ConfigError } from "../../errors.js";
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

  /** The address of so many bytes, which are zero; where they were when their offset is given. Throws ConfigError. */
  take(bytes: number, offset?: number): number {
    const { memory } = this.#device;
    if (offset !== undefined && !memory.takeAt(offset, bytes)) throw new ConfigError("offset", offset, "free");
    const at = offset === undefined ? memory.take(bytes) : memory.addressOf(offset);
    this.#runs.push({ at, bytes });
    this.arena.u8.fill(0, at, at + bytes);
    return at;
  }

  /** Gives everything back. */
  close(): void {
    for (const { at, bytes } of this.#runs.splice(0)) this.#device.memory.give(at, bytes);
  }

  /** Where an address of it is from the beginning of the device's memory. */
  offsetOf(at: number): number {
    return this.#device.memory.offsetOf(at);
  }

  word(at: number): number {
    return this.arena.u32[at >> 2] as number;
  }

  set(at: number, fields: readonly (readonly [field: number, value: number])[]): void {
    for (const [field, value] of fields) this.arena.u32[(at + field) >> 2] = value;
  }

  setCount(at: number, value: number): void {
    this.set(at, [
      [0, value % 2 ** 32],
      [4, Math.floor(value / 2 ** 32)],
    ]);
  }

  /** A count of 64 bits, exact up to 2^53. */
  count(at: number): number {
    return this.word(at) + this.word(at + 4) * 2 ** 32;
  }
}
