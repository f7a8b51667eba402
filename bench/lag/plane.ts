/**
 * A data plane laid open with a LAG group on it: what Engine.addLagGroup builds, by the same parts, for measurements that must not pay for
 * the host's handles.
 */
import { MBUF_PORT } from "../../assembly/layout.js";
import { Pool, planPool, poolShape } from "../../src/buffer/pool.js";
import { Port } from "../../src/buffer/port.js";
import { planPort } from "../../src/buffer/port-record.js";
import { FlowHasher, planHasher } from "../../src/hash/hasher.js";
import { type HashPolicy, hashPlanOf } from "../../src/hash/options.js";
import { LagGroup } from "../../src/lag/group.js";
import { planGroup } from "../../src/lag/group-record.js";
import { checkGroup } from "../../src/lag/options.js";
import { type Arena, MemoryPlan } from "../../src/memory.js";
import { instantiate, type Kernels } from "../../src/wasm.js";
import { WASM } from "../bed.js";
import { macOf, PORTS } from "./traffic.js";

const BUCKETS = 256;
const QUEUE_SIZE = 256;

export interface LagPlane {
  readonly kernels: Kernels;
  readonly arena: Arena;
  readonly group: LagGroup;
  /** Addresses of parsed mbufs, one for each frame, and room for their picks (u32). */
  readonly list: number;
  readonly picks: number;
}

export interface LagPlaneOptions {
  readonly policy: HashPolicy;
  readonly partitions: number;
  /** How a frame's partition is told: by the vnic that it came from, or by its destination address. */
  readonly by: "vnic" | "address";
}

/** Frame i is of partition owners[i], whose address it has; every partition has all ports. */
export async function createLagPlane(
  { policy, partitions, by }: LagPlaneOptions,
  frames: readonly Uint8Array[],
  owners: readonly number[],
): Promise<LagPlane> {
  const limits = { groups: 1, partitions, buckets: BUCKETS, addresses: partitions, heldFrames: 256 };
  const enginePorts = PORTS + partitions;
  const shape = poolShape(frames.length, 0, 2048);
  const plan = new MemoryPlan();
  planPool(plan, shape);
  for (let i = 0; i < PORTS; i++) planPort(plan, QUEUE_SIZE);
  planGroup(plan, limits, enginePorts);
  planHasher(plan);
  plan.add(frames.length * 4).add(frames.length * 4);
  const memory = plan.createMemory();
  const instance = await instantiate(WASM, memory);
  const kernels = instance.raw;
  kernels.heapInit();
  const arena = plan.createArena(memory);
  const pool = new Pool(kernels, arena, shape);
  const owner = { kernels, arena, pool, checkOpen: () => instance.checkOpen() };
  const ports = Array.from({ length: PORTS }, (_, i) => new Port(owner, `port ${i}`, i, QUEUE_SIZE, {}));
  const home = {
    owner,
    limits,
    enginePorts,
    seed: 0x5eed5eed5eed5eedn,
    tunnelTable: 0,
    checkPort: () => {},
    checkTunnel: () => {},
  };
  const options = { ports, role: by === "vnic" ? "host" : "switch", buckets: BUCKETS } as const;
  const hasher = new FlowHasher(owner, hashPlanOf({ policy }));
  const group = new LagGroup(home, hasher, options, checkGroup(options, BUCKETS));
  for (let i = 0; i < partitions; i++) {
    // A vnic of which nothing but its number is looked at: no engine has that many ports.
    const vnic = { name: `vnic ${i}`, index: PORTS + i, record: { ptr: 64 } } as Port;
    group.addPartition({ name: `${i}`, macs: [macOf(i)], members: ports, ...(by === "vnic" && { vnic }) });
  }
  const list = arena.take(frames.length * 4);
  const picks = arena.take(frames.length * 4);
  const arrivals = frames.map((data) => ({ data }));
  for (let at = 0; at < frames.length; ) at += pool.fillBurst(arrivals, at, list + at * 4);
  kernels.parseBurst(list, frames.length);
  for (const [i, partition] of owners.entries()) {
    arena.u16[((arena.u32[(list >> 2) + i] as number) + MBUF_PORT) >> 1] = PORTS + partition;
  }
  return { kernels, arena, group, list, picks };
}
