/**
 * What stands between a host's uplink and the fabric: it survives the host, loses what comes for a dead one, treats control messages badly if it
 * is told to, and knows which of the numbered frames have come by it.
 */
import { QPN_CONTROL } from "../../../../assembly/layout.js";
import type { Outgoing } from "../../../../src/buffer/outgoing.js";
import type { Arrival } from "../../../../src/buffer/pool.js";
import type { Port } from "../../../../src/buffer/port.js";
import type { Random } from "../../../../src/sim/random.js";

/** Probabilities for each control message. */
export interface ControlImpairment {
  readonly loss: number;
  readonly duplicate: number;
  /** It comes behind the next frames. */
  readonly reorder: number;
}

export interface NicHome {
  readonly random: Random;
  /** A frame of a guest has come. */
  arrived(bytes: Uint8Array): void;
  /** A control message has come. */
  heard(bytes: Uint8Array): void;
}

const ROCEV2 = 4791;

export class Nic {
  readonly name = "up";
  impairment: ControlImpairment = { loss: 0, duplicate: 0, reorder: 0 };
  /** Undefined while the host is dead. */
  port: Port | undefined;
  /** Frames for which the host's ring had no room. */
  refused = 0;
  readonly #home: NicHome;
  #late: Arrival[] = [];

  constructor(home: NicHome, port: Port) {
    this.#home = home;
    this.port = port;
  }

  receiveBurst(arrivals: readonly Arrival[]): number {
    const { port } = this;
    if (!port) return arrivals.length;
    const late = this.#late;
    this.#late = [];
    const frames = arrivals.flatMap((arrival) => this.#treated(arrival));
    for (let rest: readonly Arrival[] = [...frames, ...late]; rest.length > 0; ) {
      const taken = port.receiveBurst(rest);
      for (const { data } of rest.slice(0, taken)) {
        if (isControl(data)) this.#home.heard(data);
        else this.#home.arrived(data);
      }
      rest = rest.slice(taken);
      if (taken === 0) {
        this.refused += rest.length;
        break;
      }
    }
    return arrivals.length;
  }

  takeBurst(): Outgoing[] {
    return this.port?.takeBurst() ?? [];
  }

  complete(frames: readonly Outgoing[]): void {
    if (frames.length > 0) this.port?.complete(frames);
  }

  #treated(arrival: Arrival): Arrival[] {
    if (!isControl(arrival.data)) return [arrival];
    const { random } = this.#home;
    const { loss, duplicate, reorder } = this.impairment;
    const [lossDie, doubleDie, lateDie] = [random.unit(), random.unit(), random.unit()];
    if (lossDie < loss) return [];
    const copies = doubleDie < duplicate ? [arrival, arrival] : [arrival];
    if (lateDie >= reorder) return copies;
    this.#late.push(...copies);
    return [];
  }
}

/** Of frames over IPv4: a message to a host's control queue pair. */
export function isControl(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return bytes[23] === 17 && view.getUint16(36) === ROCEV2 && (view.getUint32(46) & 0xffffff) === QPN_CONTROL;
}

/** The guest's frame inside an underlay frame over IPv4, by VXLAN or RoCEv2. */
export function innerOf(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return bytes.subarray(view.getUint16(36) === ROCEV2 ? 34 + 32 : 34 + 16);
}
