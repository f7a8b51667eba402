/** A protection domain: queue pairs reach the regions of their own, and no others (IBTA volume 1, 10.2.3). */
import type { MemoryRegion, RegionOptions, RegionTable } from "./region.js";

export class ProtectionDomain {
  /** From 1, in the order in which the device's protection domains were made. */
  readonly number: number;
  readonly #table: RegionTable;

  /** @internal Made by RdmaDevice.allocPd. */
  constructor(number: number, table: RegionTable) {
    this.number = number;
    this.#table = table;
  }

  /** A region of so many bytes of the engine's memory, which are zero. Throws ConfigError. */
  register(bytes: number, options: RegionOptions = {}): MemoryRegion {
    return this.#table.register(this.number, bytes, options);
  }
}
