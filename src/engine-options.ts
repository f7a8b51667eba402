/** How large an engine is: what its options say, checked, and the memory for it, in the order in which its parts take theirs. */
import { BURST_MAX, TUNNEL_BYTES } from "../assembly/layout.js";
import { type HeaderName, headroomFor } from "./buffer/headroom.js";
import { type PoolShape, planPool, poolShape } from "./buffer/pool.js";
import { planPort } from "./buffer/port-record.js";
import { planBurst } from "./burst.js";
import { checkInteger, checkPowerOfTwo } from "./check.js";
import { defined } from "./defined.js";
import { planStage } from "./driver/handover/stage.js";
import { planHasher } from "./hash/hasher.js";
import { planGroup } from "./lag/group-record.js";
import { type LagLimits, type LagSizes, lagLimits } from "./lag/sizes.js";
import { type HealthLimits, type HealthSizes, healthLimits, planHealth } from "./limit/health/sizes.js";
import { type LimitCapacity, type LimitSizes, limitCapacity, planLedger } from "./limit/plane/sizes.js";
import { MemoryPlan } from "./memory.js";
import { type MigrationLimits, type MigrationSizes, migrationLimits, planMigration } from "./migrate/state/memory.js";
import { type OverlayLimits, type OverlaySizes, overlayLimits, planOverlay } from "./overlay/plane/sizes.js";
import { planRdma, type RdmaLimits, type RdmaSizes, rdmaLimits } from "./rdma/verbs/sizes.js";
import type { WasmSource } from "./wasm.js";

export interface EngineOptions {
  /** Headers that any stack will put in front of a frame, outermost first; they make the headroom. */
  readonly headers?: readonly HeaderName[];
  /** Buffers in the pool, 2 to 1048576; 4096 by default. */
  readonly mbufs?: number;
  /** Room for payload in each buffer, in bytes, 64 to 65536; longer frames take several buffers. 2048 by default. */
  readonly payloadBytes?: number;
  /** Most ports, 0 to 16384; 8 by default. */
  readonly ports?: number;
  /** Descriptors of each port's transmit queue, and slots of its receive ring: a power of two, 2 to 32768; 512. */
  readonly queueSize?: number;
  /** Most tunnels, 0 to 1024; 16 by default. */
  readonly tunnels?: number;
  /** Most bursts at a time (Engine.burst), 0 to 64; 1 by default. */
  readonly bursts?: number;
  /** Most hashers (Engine.hasher), 0 to 64, of 37 KiB each; 2 by default. */
  readonly hashers?: number;
  /** Most ends of channels to other engines at a time (sendingEnd, receivingEnd), 0 to 256; 2 by default. */
  readonly handoverEnds?: number;
  /** Link aggregation: how many groups there may be, and how large each; none by default. */
  readonly lag?: LagSizes;
  /** The overlay of a host (createHost): how much it can hold; none by default. */
  readonly overlay?: OverlaySizes;
  /** Limits of what owners of mbufs may hold (Engine.addLimits): how many owners there can be; none by default. */
  readonly limits?: LimitSizes;
  /** The health of TCP connections (Engine.healthMonitor): how many it can follow, and for how many peers; none by default. */
  readonly health?: HealthSizes;
  /** An RDMA device (Engine.addRdma): how much it can hold; none by default. */
  readonly rdma?: RdmaSizes;
  /** Adapters' state goes to other engines (Engine.migration): how large it may be; none by default. */
  readonly migration?: MigrationSizes;
  /**
   * The compiled data plane: bytes, a URL (as text: relative to ringlane's own module), a Response or a Module. By default the
   * file that ships with ringlane, of the build that debug asks for.
   */
  readonly wasm?: WasmSource;
  /** The debug build: catches double free, foreign pointers and use after free, and is several times slower. */
  readonly debug?: boolean;
}

export interface EngineLimits {
  readonly pool: PoolShape;
  readonly ports: number;
  readonly queueSize: number;
  readonly tunnels: number;
  readonly bursts: number;
  readonly hashers: number;
  readonly handoverEnds: number;
  readonly lag: LagLimits;
  readonly overlay: OverlayLimits | undefined;
  readonly limits: LimitCapacity | undefined;
  readonly health: HealthLimits | undefined;
  readonly rdma: RdmaLimits | undefined;
  readonly migration: MigrationLimits | undefined;
}

const DEFAULT_HEADERS: readonly HeaderName[] = ["ethernet", "vlan", "ipv6", "udp", "vxlan"];

/** Throws ConfigError. */
export function checkEngineOptions(options: EngineOptions): EngineLimits {
  const pool = poolShape(
    checkInteger("mbufs", options.mbufs ?? 4096, 2, 2 ** 20),
    headroomFor(options.headers ?? DEFAULT_HEADERS),
    checkInteger("payloadBytes", options.payloadBytes ?? 2048, 64, 65536),
  );
  const ports = checkInteger("ports", options.ports ?? 8, 0, 16_384);
  const queueSize = checkPowerOfTwo("queueSize", options.queueSize ?? 512, 2, 32768);
  return {
    pool,
    ports,
    queueSize,
    tunnels: checkInteger("tunnels", options.tunnels ?? 16, 0, 1024),
    bursts: checkInteger("bursts", options.bursts ?? 1, 0, 64),
    hashers: checkInteger("hashers", options.hashers ?? 2, 0, 64),
    handoverEnds: checkInteger("handoverEnds", options.handoverEnds ?? 2, 0, 256),
    lag: lagLimits(options.lag),
    overlay: options.overlay && overlayLimits(options.overlay),
    limits: options.limits && limitCapacity(options.limits),
    // By default one for each owner that may go by it.
    health: options.health && healthLimits({ ...defined({ peers: ownersOf(options.limits) }), ...options.health }),
    rdma: options.rdma && rdmaLimits(options.rdma),
    migration: options.migration && migrationLimits(options.migration, pool, queueSize),
  };
}

/** How many owners of mbufs there can be. */
function ownersOf(sizes: LimitSizes | undefined): number | undefined {
  const capacity = sizes && limitCapacity(sizes);
  return capacity && capacity.partitions + capacity.peers;
}

export function planEngine(limits: EngineLimits): MemoryPlan {
  const plan = new MemoryPlan();
  planPool(plan, limits.pool);
  for (let i = 0; i < limits.ports; i++) planPort(plan, limits.queueSize);
  for (let i = 0; i < limits.bursts; i++) planBurst(plan);
  for (let i = 0; i < limits.hashers + limits.lag.groups; i++) planHasher(plan);
  for (let i = 0; i < limits.handoverEnds; i++) planStage(plan);
  for (let i = 0; i < limits.lag.groups; i++) planGroup(plan, limits.lag, limits.ports);
  if (limits.overlay) planOverlay(plan, limits.overlay, limits.ports);
  if (limits.limits) planLedger(plan, limits.limits, limits.pool.mbufs);
  if (limits.health) planHealth(plan, limits.health);
  if (limits.rdma) planRdma(plan, limits.rdma);
  if (limits.migration) planMigration(plan, limits.migration);
  plan.add(limits.tunnels * TUNNEL_BYTES);
  plan.add(BURST_MAX * 4);
  return plan;
}
