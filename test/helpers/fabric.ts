/**
 * Fabrics for tests: hosts with a tunnel to every other one, numbered frames from guest to guest, and a property that random faults must not
 * break; where they do, the faults are made fewer and printed as a scenario.
 */
import { expect } from "vitest";
import type { Port } from "../../src/buffer/port.js";
import type { Engine } from "../../src/engine.js";
import type { EngineOptions } from "../../src/engine-options.js";
import type { Tunnel } from "../../src/overlay/tunnel.js";
import { engineHost, type FabricHost } from "../../src/sim/host.js";
import { Random as Stream } from "../../src/sim/random.js";
import { type FaultTargets, randomFaults, type Schedule } from "../../src/sim/schedule.js";
import { scheduleText } from "../../src/sim/schedule-text.js";
import { shrinkSchedule } from "../../src/sim/shrink.js";
import { counting } from "./bytes.js";
import { testEngine } from "./engines.js";
import * as f from "./frames.js";
import { drain } from "./ports.js";
import { Random } from "./property.js";

/** The VNI of every tunnel. */
const VNI = 77;

export interface MeshHost {
  readonly host: FabricHost;
  readonly engine: Engine;
  readonly uplink: Port;
  /** The guest that talks to a host's. */
  vnic(peer: string): Port;
}

const NAMES = ["alpha", "beta", "gamma", "delta"];

/** Hosts alpha, beta …, at most four, at 192.0.2.1 … or fd00::1 …, each with one uplink, "up", and a guest for each other host. */
export async function makeMesh(count: number, family: 4 | 6 = 4, options: EngineOptions = {}): Promise<MeshHost[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => makeMeshHost(i, count, family, options)));
}

async function makeMeshHost(index: number, count: number, family: 4 | 6, options: EngineOptions): Promise<MeshHost> {
  const addressOf = (i: number) => (family === 4 ? `192.0.2.${i + 1}` : `fd00::${i + 1}`);
  const name = NAMES[index] as string;
  const engine = await testEngine({ mbufs: 1024, queueSize: 256, payloadBytes: 512, ...options });
  const uplink = engine.addPort("up");
  const vnics = new Map<string, Port>();
  const tunnels: Tunnel[] = [];
  for (let peer = 0; peer < count; peer++) {
    if (peer === index) continue;
    const vnic = engine.addPort(`to-${NAMES[peer]}`);
    vnics.set(NAMES[peer] as string, vnic);
    tunnels.push(engine.addTunnel({ vni: VNI, local: addressOf(index), remote: addressOf(peer), vnic, uplink }));
  }
  const host = engineHost(name, addressOf(index), engine, [uplink]);
  return { host, engine, uplink, vnic: (peer) => vnics.get(peer) as Port };
}

/** A guest's frame with a number up to 2^16; no two alike. */
export function numbered(number: number, lengthBytes = 80): Uint8Array {
  return f.ethernet(f.layer3(0x88b5, counting(lengthBytes - 14, number)), {
    src: [2, 0, 0, 0, number >> 8, number & 0xff],
  });
}

/** The numbers of the frames that a guest has got since it was last asked; each is as it was sent. */
export function takeNumbers(vnic: Port): number[] {
  return drain(vnic).map(({ bytes }) => {
    const number = ((bytes[10] as number) << 8) | (bytes[11] as number);
    expect(Buffer.compare(bytes, numbered(number, bytes.length))).toBe(0);
    return number;
  });
}

/**
 * Asserts that check does not throw, whatever faults there are: a run each time, from the schedule's seed. When it does, the fewest and
 * plainest faults by which it still does are printed as the seed and faults of a scenario, with what was thrown.
 */
export async function holdsUnderFaults(
  targets: FaultTargets,
  numRuns: number,
  check: (schedule: Schedule) => void | Promise<void>,
): Promise<void> {
  const random = new Random();
  const failureOf = async (schedule: Schedule): Promise<unknown> => {
    try {
      await check(schedule);
      return undefined;
    } catch (error) {
      return error ?? new Error("nothing was thrown");
    }
  };
  for (let run = 0; run < numRuns; run++) {
    const seed = random.below(2 ** 32);
    const schedule = { seed, faults: randomFaults(new Stream(seed, "faults"), targets) };
    if ((await failureOf(schedule)) === undefined) continue;
    const smallest = await shrinkSchedule(schedule, async (other) => (await failureOf(other)) !== undefined);
    const error = await failureOf(smallest.schedule);
    throw new Error(`${error}\nfails by this part of a scenario:\n${scheduleText(smallest.schedule)}`, {
      cause: error,
    });
  }
}
