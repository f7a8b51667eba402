/**
 * A data plane laid open: the raw exports (no guard around a call), the arena and the pool, with a tunnel from a vnic to an
 * uplink. What createEngine builds, by the same parts, for measurements that must not pay for the host's handles.
 */
import { readFileSync } from "node:fs";
import { BURST_MAX, MBUF_BYTES, QUEUE_BYTES, RING_TAIL, SPAN_BYTES, TUNNEL_BYTES } from "../assembly/layout.js";
import { headroomFor } from "../src/buffer/headroom.js";
import { Pool, planPool, poolShape } from "../src/buffer/pool.js";
import { Port } from "../src/buffer/port.js";
import { type PortRecord, planPort } from "../src/buffer/port-record.js";
import { type Arena, MemoryPlan } from "../src/memory.js";
import { encodeTunnel } from "../src/overlay/tunnel.js";
import { instantiate, type Kernels } from "../src/wasm.js";

/** The release build of this tree. */
export const WASM = new Uint8Array(readFileSync(new URL("../build/ringlane.wasm", import.meta.url)));

/** The tunnel of every measurement. */
export const TUNNEL = { vni: 4711, local: "192.0.2.1", remote: "198.51.100.2" } as const;

/** A full pool and a full ring are one burst of the largest size: all of it stays in the second-level cache. */
export const POOL_MBUFS = BURST_MAX;

export interface Plane {
  readonly kernels: Kernels;
  readonly arena: Arena;
  readonly pool: Pool;
  readonly vnic: PortRecord;
  readonly uplink: PortRecord;
  /** Address of the tunnel's record. */
  readonly tunnel: number;
  /** Addresses of all mbufs (u32); each holds a frame. */
  readonly list: number;
  /** Room for a span of each mbuf, and for a buffer id of each (u32). */
  readonly spans: number;
  readonly ids: number;
}

/** A plane whose whole pool, POOL_MBUFS buffers, holds the given frames; they belong to no port yet. */
export async function createPlane(frames: readonly Uint8Array[], wasm: Uint8Array<ArrayBuffer> = WASM): Promise<Plane> {
  const shape = poolShape(POOL_MBUFS, headroomFor(["ethernet", "ipv4", "udp", "vxlan"]), 2048);
  const plan = new MemoryPlan();
  planPool(plan, shape);
  for (let port = 0; port < 2; port++) planPort(plan, POOL_MBUFS);
  plan
    .add(TUNNEL_BYTES)
    .add(POOL_MBUFS * 4)
    .add(POOL_MBUFS * 4);
  plan.add(POOL_MBUFS * SPAN_BYTES);
  const memory = plan.createMemory();
  const instance = await instantiate(wasm, memory);
  const kernels = instance.raw;
  kernels.heapInit();
  const arena = plan.createArena(memory);
  const pool = new Pool(kernels, arena, shape);
  const owner = { kernels, arena, pool, checkOpen: () => instance.checkOpen() };
  const vnic = new Port(owner, "vnic", 0, POOL_MBUFS, {});
  const uplink = new Port(owner, "uplink", 1, POOL_MBUFS, {});
  const tunnel = arena.take(TUNNEL_BYTES);
  instance.loadTable(tunnel, encodeTunnel({ ...TUNNEL, vnic, uplink }).record);
  const list = arena.take(POOL_MBUFS * 4);
  const ids = arena.take(POOL_MBUFS * 4);
  const filled = pool.fillBurst(
    frames.map((data) => ({ data })),
    0,
    list,
  );
  if (filled !== POOL_MBUFS) throw new Error(`${filled} frames do not fill the pool`);
  const spans = arena.take(POOL_MBUFS * SPAN_BYTES);
  return { kernels, arena, pool, vnic: vnic.record, uplink: uplink.record, tunnel, list, spans, ids };
}

/**
 * Puts all frames into the vnic's ring, and returns what brings the plane back to that state after any transmit: the mbuf
 * records (16 KiB) copied back, the uplink's queue emptied, the ring's consumer cursor set back.
 */
export function armVnic({ kernels, arena, vnic, uplink, list }: Plane): () => void {
  kernels.portReceiveBurst(vnic.ptr, list, POOL_MBUFS);
  const { u8, u32 } = arena;
  const records = Math.min(...u32.subarray(list >> 2, (list >> 2) + POOL_MBUFS));
  const savedRecords = u8.slice(records, records + POOL_MBUFS * MBUF_BYTES);
  const savedQueue = u8.slice(uplink.queue, uplink.queue + QUEUE_BYTES);
  const tail = (vnic.ring + RING_TAIL) >> 2;
  return () => {
    u8.set(savedRecords, records);
    u8.set(savedQueue, uplink.queue);
    u32[tail] = 0;
  };
}
