/** An overlay's place in linear memory: its record, tables, rings and pools of records (assembly/overlay/overlay.ts). */
import * as layout from "../../../assembly/layout.js";
import type { FrameOwner } from "../../buffer/frame.js";
import type { Port } from "../../buffer/port.js";
import { randomSeed } from "../../seed.js";
import { tableBytes } from "../../table/shape.js";
import { align, eventsOf, type OverlayLimits, overlayTables } from "./sizes.js";

/** Addresses of what belongs to an overlay. */
export interface OverlayRecord {
  readonly ptr: number;
  readonly counters: number;
  readonly scratch: number;
  readonly endpoints: number;
  readonly addresses: number;
  readonly networkTable: number;
  readonly records: number;
  readonly rings: readonly number[];
  readonly events: number;
  readonly control: number;
  readonly vnics: number;
  readonly vnicList: number;
  readonly vnicByPort: number;
  readonly ports: number;
  readonly uplinks: number;
  readonly networks: number;
  readonly policies: number;
  readonly waypoints: number;
  readonly floods: number;
  readonly routes: number;
  readonly paths: number;
  /** Room for a burst's addresses. */
  readonly list: number;
}

/** Takes what planOverlay planned. */
export function makeOverlayRecord(owner: FrameOwner, limits: OverlayLimits, portCount: number): OverlayRecord {
  const { arena, kernels, pool } = owner;
  const { u32 } = arena;
  const ptr = arena.take(layout.OVERLAY_BYTES);
  const set = (offset: number, value: number) => {
    u32[(ptr + offset) >> 2] = value;
  };
  const counters = arena.take(layout.OVERLAY_COUNTERS_COUNT * 8);
  const scratch = arena.take(layout.SCRATCH_BYTES);
  for (let i = 0; i < 2 * layout.BURST_MAX; i++) {
    u32[((scratch + layout.SCRATCH_KEY_PTRS) >> 2) + i] = scratch + layout.SCRATCH_KEYS + i * 16;
  }
  set(layout.OVERLAY_GQP, arena.take(layout.GQP_BYTES));
  const recent = arena.take(layout.RECENT_ENTRIES * 4);
  const origins = arena.take(layout.ORIGIN_SETS * layout.ORIGIN_WAYS * layout.ORIGIN_BYTES);
  const [crc32, crc16] = [arena.take(layout.CRC_TABLE_BYTES), arena.take(layout.CRC_TABLE_BYTES)];
  kernels.crcInit(crc32, layout.CRC_POLYNOMIAL_32);
  kernels.crcInit(crc16, layout.CRC_POLYNOMIAL_16);
  const tables = Object.values(overlayTables(limits)).map((shape) => {
    const table = arena.take(layout.TABLE_BYTES);
    const buckets = arena.take(tableBytes(shape));
    kernels.tableInit(table, buckets, shape.buckets, shape.keyBytes, shape.capacity, randomSeed());
    return table;
  });
  const [endpoints, addresses, networkTable, flows4, flows6] = tables as [number, number, number, number, number];
  const records = arena.take(limits.endpoints * layout.ENDPOINT_BYTES);
  const freeRecords = arena.take(limits.endpoints * 4);
  for (let i = 0; i < limits.endpoints; i++) {
    u32[(freeRecords >> 2) + limits.endpoints - 1 - i] = records + i * layout.ENDPOINT_BYTES;
  }
  // Nobody's: a record in no use.
  u32.fill(records, recent >> 2, (recent >> 2) + layout.RECENT_ENTRIES);
  const rings = makeRings(owner, limits);
  const freeRings = arena.take(limits.waits * 4);
  u32.set(rings, freeRings >> 2);
  const ring = (entries: number) => {
    const at = arena.take(layout.RING_BYTES);
    kernels.ringInit(at, arena.take(entries * 4), entries);
    return at;
  };
  const events = ring(eventsOf(limits));
  const control = ring(limits.controlFrames);
  const vnics = arena.take(portCount * layout.VNIC_BYTES);
  const [vnicList, vnicByPort, ports, uplinks] = Array.from({ length: 4 }, () => arena.take(portCount * 4)) as [
    number,
    number,
    number,
    number,
  ];
  const networks = arena.take(limits.networks * layout.NETWORK_BYTES);
  const policies = arena.take(limits.networks * align(limits.policyBytes));
  const waypoints = arena.take(limits.networks * layout.WAYPOINTS_MAX * 4);
  const floods = arena.take(limits.networks * limits.routes * 4);
  const routes = arena.take(limits.routes * layout.ROUTE_BYTES);
  const paths = arena.take(limits.paths * layout.TUNNEL_BYTES);
  const words: readonly (readonly [offset: number, value: number])[] = [
    [layout.OVERLAY_ENDPOINTS, endpoints],
    [layout.OVERLAY_ADDRESSES, addresses],
    [layout.OVERLAY_NETWORKS, networkTable],
    [layout.OVERLAY_FLOWS4, flows4],
    [layout.OVERLAY_FLOWS6, flows6],
    [layout.OVERLAY_RECORDS, records],
    [layout.OVERLAY_RECORD_COUNT, limits.endpoints],
    [layout.OVERLAY_FREE_RECORDS, freeRecords],
    [layout.OVERLAY_FREE_RECORD_COUNT, limits.endpoints],
    [layout.OVERLAY_FREE_RINGS, freeRings],
    [layout.OVERLAY_FREE_RING_COUNT, limits.waits],
    [layout.OVERLAY_EVENTS, events],
    [layout.OVERLAY_CONTROL, control],
    [layout.OVERLAY_POOL, pool.ptr],
    [layout.OVERLAY_VNICS, vnicList],
    [layout.OVERLAY_VNIC_BY_PORT, vnicByPort],
    [layout.OVERLAY_PORTS, ports],
    [layout.OVERLAY_UPLINKS, uplinks],
    [layout.OVERLAY_CRC32, crc32],
    [layout.OVERLAY_CRC16, crc16],
    [layout.OVERLAY_SCRATCH, scratch],
    [layout.OVERLAY_COUNTERS, counters],
    [layout.OVERLAY_RECENT, recent],
    [layout.OVERLAY_ORIGINS, origins],
  ];
  for (const [offset, value] of words) set(offset, value);
  const list = arena.take(layout.BURST_MAX * 4);
  return {
    ...{ ptr, counters, scratch, endpoints, addresses, networkTable, records, rings, events, control },
    ...{ vnics, vnicList, vnicByPort, ports, uplinks, networks, policies, waypoints, floods, routes, paths, list },
  };
}

function makeRings({ arena, kernels }: FrameOwner, { waits, heldFrames }: OverlayLimits): number[] {
  const stride = layout.RING_BYTES + heldFrames * 4;
  const block = arena.take(waits * stride);
  return Array.from({ length: waits }, (_, i) => {
    const at = block + i * stride;
    kernels.ringInit(at, at + layout.RING_BYTES, heldFrames);
    return at;
  });
}

/** Tells the data plane which ports there are. */
export function listPorts({ arena }: FrameOwner, record: OverlayRecord, ports: readonly Port[]): void {
  for (const port of ports) arena.u32[(record.ports >> 2) + port.index] = port.record.ptr;
}
