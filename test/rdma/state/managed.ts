/** Connection managers in the two places of a wire, each of which goes on in another engine when its device moves. */
import { expect } from "vitest";
import {
  type ConnectionEvent,
  ConnectionManager,
  type ConnectionManagerOptions,
} from "../../../src/rdma/connect/index.js";
import {
  type ConnectionsImage,
  ConnectionsState,
  type DeviceImage,
  DeviceState,
} from "../../../src/rdma/state/index.js";
import type { RdmaSizes } from "../../../src/rdma/verbs/index.js";
import { QUICK } from "../../helpers/connect.js";
import type { Random } from "../../helpers/property.js";
import { type Faults, MovingWire, makePlace, type Place } from "./wire.js";

export const ADDRESSES = ["10.9.0.1", "10.9.0.2"] as const;

export interface ManagedPlace extends Place {
  local: string;
  cm: ConnectionManager;
  events: ConnectionEvent[];
}

export interface Images {
  readonly device: DeviceImage;
  readonly connections: ConnectionsImage;
}

export class ManagedWorld {
  readonly wire: MovingWire;
  readonly places: readonly [ManagedPlace, ManagedPlace];
  react: (at: ManagedPlace, event: ConnectionEvent) => void = () => {};
  readonly #random: Random;
  readonly #rdma: RdmaSizes;

  private constructor(places: readonly [ManagedPlace, ManagedPlace], random: Random, rdma: RdmaSizes, faults: Faults) {
    this.places = places;
    this.#random = random;
    this.#rdma = rdma;
    this.wire = new MovingWire(places, random, faults);
  }

  static async make(random: Random, rdma: RdmaSizes, faults: Faults = {}): Promise<ManagedWorld> {
    const make = async (local: string): Promise<ManagedPlace> => {
      const place = await makePlace(rdma);
      return { ...place, local, cm: new ConnectionManager(optionsOf(place, local, random)), events: [] };
    };
    return new ManagedWorld([await make(ADDRESSES[0]), await make(ADDRESSES[1])], random, rdma, faults);
  }

  get nowMs(): number {
    return this.wire.nowMs;
  }

  step(): void {
    this.wire.step();
    for (const place of this.places) {
      if (place.device.isStopped) continue;
      for (const event of place.cm.poll(this.nowMs)) {
        place.events.push(event);
        this.react(place, event);
      }
    }
  }

  /** Both sections of a place, whose device is stopped, and how they are taken in by another one, which then stands in the place. */
  async move(place: ManagedPlace): Promise<Images> {
    place.device.stop();
    if (this.#random.below(2) === 0) this.wire.carry(this.places.indexOf(place));
    const nowMs = this.nowMs;
    const from = new DeviceState(place.device);
    const sections = [from.extract(nowMs), new ConnectionsState(from, place.cm).extract(nowMs)] as const;
    const target = await makePlace(this.#rdma);
    const device = new DeviceState(target.device);
    const connections = new ConnectionsState(device, optionsOf(target, place.local, this.#random));
    const applies = [device.prepare(sections[0], nowMs), connections.prepare(sections[1], nowMs)];
    for (const apply of applies) {
      if (typeof apply !== "function") throw new Error(JSON.stringify(apply, (_, value) => String(value)));
    }
    for (const apply of applies) (apply as () => void)();
    expect(Buffer.compare(device.extract(nowMs), sections[0])).toBe(0);
    expect(Buffer.compare(connections.extract(nowMs), sections[1])).toBe(0);
    place.engine.close();
    Object.assign(place, target, { cm: connections.manager });
    return { device: device.prepared as DeviceImage, connections: connections.prepared as ConnectionsImage };
  }
}

export function optionsOf({ device }: Place, local: string, random: Random): ConnectionManagerOptions {
  return { device, local, random: () => random.below(2 ** 32), ...QUICK };
}
