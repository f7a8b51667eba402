/** A wire in virtual time between two places, in each of which there is a device: another one from now on, when it has moved. */
import type { Port } from "../../../src/buffer/port.js";
import type { Engine } from "../../../src/engine.js";
import type { RdmaDevice, RdmaSizes } from "../../../src/rdma/verbs/index.js";
import { testEngine } from "../../helpers/engines.js";
import type { Random } from "../../helpers/property.js";
import { takeFrames } from "../../helpers/rdma.js";

/** A datagram that the network doubles arrives twice: nobody can do anything about it. */
export function isConnection(frame: Uint8Array): boolean {
  return (frame[14 + 20 + 8] as number) < 32;
}

export interface Place {
  engine: Engine;
  port: Port;
  device: RdmaDevice;
}

export interface Faults {
  /** Shares of the frames, 0 to 1. */
  readonly loss?: number;
  readonly twice?: number;
  readonly late?: number;
}

export async function makePlace(rdma: RdmaSizes, queueSize = 256): Promise<Place> {
  const engine = await testEngine({ mbufs: 512, payloadBytes: 4608, queueSize, rdma });
  const port = engine.addPort("roce");
  return { engine, port, device: engine.addRdma({ port }) };
}

export class MovingWire {
  readonly places: readonly [Place, Place];
  nowUs = 0;
  #isIdle = false;
  /** Sees every frame that a place sends, lost or not. */
  tap: (from: number, frame: Uint8Array) => void = () => {};
  readonly #random: Random;
  readonly #faults: Faults;
  #flying: { atUs: number; to: number; data: Uint8Array }[] = [];
  /** Frames to a place that nobody takes in for the time being. */
  #held: { to: number; data: Uint8Array }[] = [];

  constructor(places: readonly [Place, Place], random: Random, faults: Faults) {
    this.places = places;
    this.#random = random;
    this.#faults = faults;
  }

  get nowMs(): number {
    return this.nowUs / 1000;
  }

  /** One step of time, a longer one where nothing moves. Frames to a device that is stopped wait outside. */
  step(): void {
    this.nowUs += this.#isIdle ? 100 : 10;
    const due = this.#flying.filter(({ atUs }) => atUs <= this.nowUs);
    this.#flying = this.#flying.filter(({ atUs }) => atUs > this.nowUs);
    const arriving = [...this.#held.splice(0), ...due];
    this.#isIdle = arriving.length + this.#flying.length === 0;
    for (const frame of arriving) {
      const { device, port } = this.places[frame.to] as Place;
      if (device.isStopped) this.#held.push(frame);
      else port.receive(frame.data);
    }
    for (const [i, { device }] of this.places.entries()) {
      device.tick(this.nowMs);
      if (device.poll() > 0) this.#isIdle = false;
      this.carry(i);
    }
  }

  /** What a place has sent takes off. */
  carry(from: number): void {
    const { loss = 0, twice = 0, late = 0 } = this.#faults;
    for (const data of takeFrames((this.places[from] as Place).port)) {
      this.tap(from, data);
      for (let copies = isConnection(data) && this.#chance(twice) ? 2 : 1; copies > 0; copies--) {
        if (this.#chance(loss)) continue;
        const delayUs = this.#chance(late) ? 10 * (1 + this.#random.below(50)) : 10;
        this.#flying.push({ atUs: this.nowUs + delayUs, to: 1 - from, data });
      }
    }
  }

  #chance(share: number): boolean {
    return share > 0 && this.#random.below(10_000) < share * 10_000;
  }
}
