/**
 * A data plane laid open: the raw exports (no guard around a call), the arena and the pool, with a tunnel from a vnic to an
 * uplink. What createEngine builds, by the same parts, for measurements that must not pay for the host's handles.
 */
import {
  MBUF_BYTES,
  QUEUE_BYTES,
  RING_TAIL,
  STAGE_DATA,
  STAGE_ROOM,
  STAGE_SLACK_BYTES,
  TUNNEL_BYTES,
} from "../assembly/layout.js";
import { headroomFor } from "../src/buffer/headroom.js";
import { Pool, planPool, poolShape } from "../src/buffer/pool.js";
import { Port } from "../src/buffer/port.js";
import { type PortRecord, planPort } from "../src/buffer/port-record.js";
import { FlowHasher, planHasher } from "../src/hash/hasher.js";
import { hashPlanOf } from "../src/hash/options.js";
import { type Arena, MemoryPlan } from "../src/memory.js";
import { encodeTunnel } from "../src/overlay/tunnel.js";
import { instantiate, type Kernels } from "../src/wasm.js";
import { laySpans, type Spans, spansBytes, WASM } from "./bed.js";

/** The tunnel of every measurement. */
export const TUNNEL = { vni: 4711, local: "192.0.2.1", remote: "198.51.100.2" } as const;

/** Frames in most measurements, and the buffers of their pools: all of it stays in the second-level cache. */
export const POOL_MBUFS = 256;
export const UPLINKS = 4;
const STAGE_ROOM_BYTES = 2 ** 16;

export interface Plane {
  /** Buffers in the pool: as many as there are frames. */
  readonly mbufs: number;
  readonly kernels: Kernels;
  readonly arena: Arena;
  readonly pool: Pool;
  readonly vnic: PortRecord;
  /** Several, for work that spreads over them; the tunnel's is the first. */
  readonly uplinks: readonly PortRecord[];
  readonly uplink: PortRecord;
  /** Addresses of the uplinks' records (u32). */
  readonly portTable: number;
  /** Address of the tunnel's record. */
  readonly tunnel: number;
  /** Addresses of all mbufs (u32); each holds a frame. */
  readonly list: number;
  /** Address of a hasher's record: layer3+4 of Linux bonding. */
  readonly layer34: number;
  /** Room for another list, or for a pick for each mbuf (u32). */
  readonly scratch: number;
  /** Room for a copy of all records and of a queue. */
  readonly saved: number;
  /** Where frames that leave are copied to (assembly/path/stage.ts). */
  readonly stage: number;
}

/**
 * A plane whose pool has a buffer for each of the given frames, a power of two of them, and holds them all; they belong to no port
 * yet. spareBytes more of the arena are left for the caller.
 */
export async function createPlane(frames: readonly Uint8Array[], spareBytes = 0): Promise<Plane> {
  const mbufs = frames.length;
  const shape = poolShape(mbufs, headroomFor(["ethernet", "ipv4", "udp", "vxlan"]), 2048);
  const plan = new MemoryPlan();
  planPool(plan, shape);
  for (let port = 0; port <= UPLINKS; port++) planPort(plan, mbufs);
  plan
    .add(TUNNEL_BYTES)
    .add(mbufs * 4)
    .add(mbufs * 4);
  plan.add(mbufs * MBUF_BYTES + QUEUE_BYTES).add(spareBytes);
  planHasher(plan);
  plan.add(UPLINKS * 4).add(STAGE_DATA + STAGE_ROOM_BYTES + STAGE_SLACK_BYTES);
  const memory = plan.createMemory();
  const instance = await instantiate(WASM, memory);
  const kernels = instance.raw;
  kernels.heapInit();
  const arena = plan.createArena(memory);
  const pool = new Pool(kernels, arena, shape);
  const owner = { kernels, arena, pool, checkOpen: () => instance.checkOpen() };
  const vnic = new Port(owner, "vnic", 0, mbufs, {});
  const uplinks = Array.from({ length: UPLINKS }, (_, i) => new Port(owner, `uplink ${i}`, i + 1, mbufs, {}));
  const uplink = uplinks[0] as Port;
  const tunnel = arena.take(TUNNEL_BYTES);
  const layer34 = new FlowHasher(owner, hashPlanOf({ policy: "layer3+4" })).ptr;
  instance.loadTable(tunnel, encodeTunnel({ ...TUNNEL, vnic, uplink }).record);
  const list = arena.take(mbufs * 4);
  const scratch = arena.take(mbufs * 4);
  const arrivals = frames.map((data) => ({ data }));
  for (let at = 0; at < mbufs; ) at += pool.fillBurst(arrivals, at, list + at * 4);
  const saved = arena.take(mbufs * MBUF_BYTES + QUEUE_BYTES);
  const portTable = arena.take(UPLINKS * 4);
  arena.u32.set(
    uplinks.map(({ record }) => record.ptr),
    portTable >> 2,
  );
  const stage = arena.take(STAGE_DATA + STAGE_ROOM_BYTES + STAGE_SLACK_BYTES);
  arena.u32[(stage + STAGE_ROOM) >> 2] = STAGE_ROOM_BYTES;
  return {
    ...{
      mbufs,
      kernels,
      arena,
      pool,
      vnic: vnic.record,
      uplinks: uplinks.map(({ record }) => record),
      uplink: uplink.record,
    },
    ...{ portTable, tunnel, layer34, list, scratch, saved, stage },
  };
}

/** A plane whose pool is all free, and frames in memory beside it, as a driver would have them. */
export async function emptyPool(frames: readonly Uint8Array[]): Promise<Plane & { readonly sources: Spans }> {
  const longest = Math.max(...frames.map(({ length }) => length));
  const plane = await createPlane(frames, spansBytes(frames.length, longest));
  plane.kernels.freeBurst(plane.pool.ptr, plane.list, plane.mbufs);
  return { ...plane, sources: laySpans(plane.arena, frames) };
}

export interface Saved {
  /** Where the records of all mbufs lie, and how long they are. */
  readonly records: number;
  readonly bytes: number;
  /** Where copies of the records and of the uplink's queue lie in memory, for peers that restore them themselves. */
  readonly copy: number;
  readonly queueCopy: number;
  /** Brings the mbufs' records and the uplink's queue back to what they were. */
  restore(): void;
}

/** What of a plane is brought back. */
export type Keepable = Pick<Plane, "mbufs" | "arena" | "uplink" | "list" | "saved">;

/** Remembers the mbufs and the uplink's queue as they are now. */
export function savedRecords({ mbufs, arena, uplink, list, saved }: Keepable): Saved {
  const { u8, u32 } = arena;
  const records = Math.min(...u32.subarray(list >> 2, (list >> 2) + mbufs));
  const bytes = mbufs * MBUF_BYTES;
  const queueCopy = saved + bytes;
  u8.copyWithin(saved, records, records + bytes);
  u8.copyWithin(queueCopy, uplink.queue, uplink.queue + QUEUE_BYTES);
  const savedRecords = u8.slice(records, records + bytes);
  const savedQueue = u8.slice(uplink.queue, uplink.queue + QUEUE_BYTES);
  const restore = () => {
    u8.set(savedRecords, records);
    u8.set(savedQueue, uplink.queue);
  };
  return { records, bytes, copy: saved, queueCopy, restore };
}

/** Puts all frames into the vnic's ring, and returns what brings the plane back to that state after any transmit. */
export function armVnic(plane: Keepable & Pick<Plane, "kernels" | "vnic">): () => void {
  const { mbufs, kernels, arena, vnic, list } = plane;
  kernels.portReceiveBurst(vnic.ptr, list, mbufs);
  const { restore } = savedRecords(plane);
  const tail = (vnic.ring + RING_TAIL) >> 2;
  return () => {
    restore();
    arena.u32[tail] = 0;
  };
}
