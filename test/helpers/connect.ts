/** Two devices with connection managers over a wire, in virtual time, and owners that take every request. */
import {
  type ConnectionEvent,
  ConnectionManager,
  type ConnectionManagerOptions,
} from "../../src/rdma/connect/index.js";
import type { QueuePair } from "../../src/rdma/verbs/index.js";
import type { Random } from "./property.js";
import { type End, type EndShape, type Faults, makeEnd, Wire } from "./rdma.js";

export const PORT = 7174;
export const [A, B] = ["10.9.0.1", "10.9.0.2"] as const;

/** Milliseconds instead of seconds, so that a test in steps of 10 us has an end. */
export const QUICK = {
  remoteCmResponseTimeout: 8,
  localCmResponseTimeout: 8,
  packetLifeTime: 4,
  caAckDelay: 4,
} as const;

export interface Managed {
  readonly end: End;
  readonly cm: ConnectionManager;
  readonly events: ConnectionEvent[];
}

export async function makeManaged(
  local: string,
  random: Random,
  options: Partial<ConnectionManagerOptions> = {},
  shape: EndShape = {},
): Promise<Managed> {
  const end = await makeEnd(shape);
  const draw = () => random.below(2 ** 32);
  const cm = new ConnectionManager({ device: end.device, local, random: draw, ...QUICK, ...options });
  return { end, cm, events: [] };
}

export class ManagedPair {
  readonly wire: Wire;
  readonly ends: readonly [Managed, Managed];
  /** What an end's owner does when it is told something. */
  react: (at: Managed, event: ConnectionEvent, nowMs: number) => void = () => {};

  private constructor(a: Managed, b: Managed, random: Random, faults: Faults) {
    this.ends = [a, b];
    this.wire = new Wire(a.end, b.end, random, faults);
  }

  static async make(
    random: Random,
    faults: Faults = {},
    options: Partial<ConnectionManagerOptions> = {},
    shape: EndShape = {},
  ): Promise<ManagedPair> {
    const isIpv6 = options.local?.includes(":");
    const [a, b] = isIpv6 ? ["2001:db8::1", "2001:db8::2"] : [A, B];
    return new ManagedPair(
      await makeManaged(a, random, { ...options, local: a }, shape),
      await makeManaged(b, random, { ...options, local: b }, shape),
      random,
      faults,
    );
  }

  get nowMs(): number {
    return this.wire.nowUs / 1000;
  }

  step(): void {
    this.wire.step();
    for (const managed of this.ends) {
      for (const event of managed.cm.poll(this.nowMs)) {
        managed.events.push(event);
        this.react(managed, event, this.nowMs);
      }
    }
  }

  /** Steps until it is so; throws when it never is. */
  until(condition: () => boolean, steps = 100_000): void {
    for (let i = 0; i < steps; i++) {
      if (condition()) return;
      this.step();
    }
    throw new Error(`never so: ${this.ends.map(({ events }) => events.map(({ type }) => type).join(" ")).join(" | ")}`);
  }

  /** Steps until no connection is left. */
  untilClosed(): void {
    this.until(() => this.ends.every(({ cm }) => cm.size === 0));
  }
}

export function newQp({ end: { device, pd, cq } }: Managed): QueuePair {
  return device.createQp({ pd, type: "rc", sendCq: cq });
}

/** Kinds of events in order, those of one connection when it is named. */
export function kinds({ events }: Managed, id?: number): string[] {
  return events.filter((event) => id === undefined || event.id === id).map(({ type }) => type);
}
