/** A host of ringlane's in the bench's fabric, with guests that send and take at exact times. */
import type { Port } from "../../buffer/port.js";
import { earliest } from "../../earliest.js";
import type { Engine } from "../../engine.js";
import type { HostCore } from "../../host/core.js";
import type { FabricHost } from "../../sim/host.js";
import type { SimDirectory } from "../../sim/overlay-host.js";

/** What somebody at a host's port does. */
export interface Guest {
  /** When it wants to send next. */
  readonly nextMs: number | undefined;
  /** Before the host works. */
  send(nowMs: number): void;
  /** When the host has worked. */
  take(nowMs: number): void;
}

export class BenchHost implements FabricHost {
  readonly core: HostCore;
  readonly uplinks: readonly Port[];
  readonly engine: Engine;
  readonly #directory: SimDirectory;
  readonly #guest: Guest;

  constructor(core: HostCore, directory: SimDirectory, guest: Guest) {
    this.core = core;
    this.uplinks = core.uplinks;
    this.engine = core.engine;
    this.#directory = directory;
    this.#guest = guest;
  }

  get name(): string {
    return this.core.name;
  }

  get address(): string {
    return this.core.address;
  }

  step(nowMs: number): number | undefined {
    this.#guest.send(nowMs);
    this.core.step(nowMs);
    this.#guest.take(nowMs);
    for (const request of this.core.takeRequests()) this.#directory.send(this.core, request);
    return earliest([this.core.nextMs, this.#guest.nextMs]);
  }
}
