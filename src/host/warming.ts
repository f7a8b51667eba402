/** Endpoints that will be sent to soon: the directory is asked about them before the first frame, a few at a time. */
import type { EndpointKey } from "../overlay/plane/endpoints.js";
import { keyOf } from "./knowledge.js";
import type { HostNetwork } from "./network.js";
import type { HostRecords } from "./plane.js";

/** Questions that wait for their answers at a time. */
const IN_FLIGHT_MAX = 64;

export class Warming {
  readonly #endpoints: HostRecords;
  readonly #ask: (ptr: number, done: () => void) => void;
  /** By network and MAC address, those to ask next first. */
  readonly #queue = new Map<string, EndpointKey>();
  #inFlight = 0;

  constructor(endpoints: HostRecords, ask: (ptr: number, done: () => void) => void) {
    this.#endpoints = endpoints;
    this.#ask = ask;
  }

  /** Throws ConfigError when there is no room for their records; then no more is asked. */
  add(network: HostNetwork, macs: Iterable<string>): void {
    for (const mac of macs) this.#queue.set(`${network.vni} ${mac}`, keyOf(network, mac));
    this.#next();
  }

  #next(): void {
    for (const [name, key] of this.#queue) {
      if (this.#inFlight >= IN_FLIGHT_MAX) return;
      this.#queue.delete(name);
      const known = this.#endpoints.find(key);
      if (known !== 0 && isKnown(this.#endpoints.state(known))) continue;
      this.#begin(key);
    }
  }

  #begin(key: EndpointKey): void {
    let ptr: number;
    try {
      ptr = this.#endpoints.make(key);
    } catch (error) {
      this.#queue.clear();
      throw error;
    }
    this.#inFlight++;
    this.#ask(ptr, () => {
      this.#inFlight--;
      this.#next();
    });
  }
}

function isKnown(state: ReturnType<HostRecords["state"]>): boolean {
  return state === "remote" || state === "local";
}
