/** How many connections and peers a health monitor knows, and the memory for it. */
import { CONNECTION_BYTES, HEALTH_BYTES, MONITOR_BYTES, TABLE_BYTES } from "../../../assembly/layout.js";
import { checkInteger } from "../../check.js";
import type { MemoryPlan } from "../../memory.js";
import { randomSeed } from "../../seed.js";
import { tableBytes, tableShape } from "../../table/shape.js";

export interface HealthSizes {
  /** Connections that are followed at a time, 16 to 1048576; 4096 by default. */
  readonly connections?: number;
  /** Peers whose health is measured at a time, 1 to 1048576; 1024 by default. */
  readonly peers?: number;
  /** Seconds without a segment after which a connection is followed no more, 1 to 65000; 300 by default. */
  readonly idleSeconds?: number;
  /** 64 bits under which connections are hashed; random by default, so that nobody can choose some that meet. */
  readonly seed?: bigint;
}

export type HealthLimits = Required<HealthSizes>;

/** Throws ConfigError. */
export function healthLimits(sizes: HealthSizes): HealthLimits {
  return {
    connections: checkInteger("health.connections", sizes.connections ?? 4096, 16, 2 ** 20),
    peers: checkInteger("health.peers", sizes.peers ?? 1024, 1, 2 ** 20),
    idleSeconds: checkInteger("health.idleSeconds", sizes.idleSeconds ?? 300, 1, 65_000),
    seed: BigInt.asUintN(64, sizes.seed ?? randomSeed()),
  };
}

/** The tables of a monitor, for IPv4 and for IPv6: all connections may be of either. */
export function healthTables({ connections }: HealthLimits) {
  return [tableShape(16, connections), tableShape(48, connections)] as const;
}

/** Plans what HealthMonitor takes. */
export function planHealth(plan: MemoryPlan, limits: HealthLimits): void {
  plan.add(MONITOR_BYTES);
  for (const shape of healthTables(limits)) plan.add(TABLE_BYTES).add(tableBytes(shape));
  plan.add(limits.connections * CONNECTION_BYTES).add(limits.connections * 4);
  plan.add(limits.peers * HEALTH_BYTES);
}
