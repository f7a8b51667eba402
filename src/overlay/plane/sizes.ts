/** How much an overlay can hold, and the memory for it: a host keeps what it talks to, whatever the fabric's size. */
import {
  BURST_MAX,
  CRC_TABLE_BYTES,
  ENDPOINT_BYTES,
  GQP_BYTES,
  NETWORK_BYTES,
  ORIGIN_BYTES,
  ORIGIN_SETS,
  ORIGIN_WAYS,
  OVERLAY_BYTES,
  OVERLAY_COUNTERS_COUNT,
  RECENT_ENTRIES,
  RING_BYTES,
  ROUTE_BYTES,
  SCRATCH_BYTES,
  TABLE_BYTES,
  TUNNEL_BYTES,
  VNIC_BYTES,
  WAYPOINTS_MAX,
} from "../../../assembly/layout.js";
import { checkInteger, checkPowerOfTwo } from "../../check.js";
import type { MemoryPlan } from "../../memory.js";
import { tableBytes, tableShape } from "../../table/shape.js";

export interface OverlaySizes {
  /** Networks that have partitions here, 1 to 65535; 16 by default. */
  readonly networks?: number;
  /** Endpoints and addresses that are known or asked about at a time, here and elsewhere, 16 to 4194304; 1024 by default. */
  readonly endpoints?: number;
  /** Flows of stateful rules and fragments that are remembered, for each IP version, 16 to 4194304; 4096 by default. */
  readonly flows?: number;
  /** Hosts and networks in which they are talked to: one route for each pair, 1 to 1048576; 256 by default. */
  readonly routes?: number;
  /** Paths of all routes beside the first of each, 1 to 1048576; as many as routes by default. */
  readonly paths?: number;
  /** Destinations that frames wait for, or are kept for, at a time, 1 to 65536; 64 by default. */
  readonly waits?: number;
  /** Frames that wait for a destination, a power of two, 2 to 4096; 64 by default. */
  readonly heldFrames?: number;
  /** Frames that wait for the control plane, a power of two, 16 to 32768; 256 by default. */
  readonly controlFrames?: number;
  /** Bytes of a network's compiled policy, 4096 to 16777216; 65536 by default. */
  readonly policyBytes?: number;
}

export type OverlayLimits = Required<OverlaySizes>;

/** Throws ConfigError. */
export function overlayLimits(sizes: OverlaySizes): OverlayLimits {
  const routes = checkInteger("overlay.routes", sizes.routes ?? 256, 1, 2 ** 20);
  return {
    networks: checkInteger("overlay.networks", sizes.networks ?? 16, 1, 65_535),
    endpoints: checkInteger("overlay.endpoints", sizes.endpoints ?? 1024, 16, 2 ** 22),
    flows: checkInteger("overlay.flows", sizes.flows ?? 4096, 16, 2 ** 22),
    routes,
    paths: checkInteger("overlay.paths", sizes.paths ?? routes, 1, 2 ** 20),
    waits: checkInteger("overlay.waits", sizes.waits ?? 64, 1, 65_536),
    heldFrames: checkPowerOfTwo("overlay.heldFrames", sizes.heldFrames ?? 64, 2, 4096),
    controlFrames: checkPowerOfTwo("overlay.controlFrames", sizes.controlFrames ?? 256, 16, 32_768),
    policyBytes: checkInteger("overlay.policyBytes", sizes.policyBytes ?? 65_536, 4096, 2 ** 24),
  };
}

/** The shapes of an overlay's tables. */
export function overlayTables({ networks, endpoints, flows }: OverlayLimits) {
  return {
    endpoints: tableShape(16, endpoints),
    addresses: tableShape(32, endpoints),
    networks: tableShape(16, networks),
    flows4: tableShape(16, flows),
    flows6: tableShape(48, flows),
  };
}

/** Entries of the ring of endpoints to ask about: one that finds no room is asked about with its next frame. */
export function eventsOf({ waits }: OverlayLimits): number {
  return 2 ** Math.ceil(Math.log2(2 * waits));
}

/** Plans what makeOverlayRecord takes, in its order. */
export function planOverlay(plan: MemoryPlan, limits: OverlayLimits, ports: number): void {
  plan.add(OVERLAY_BYTES).add(OVERLAY_COUNTERS_COUNT * 8);
  plan
    .add(SCRATCH_BYTES)
    .add(GQP_BYTES)
    .add(RECENT_ENTRIES * 4)
    .add(ORIGIN_SETS * ORIGIN_WAYS * ORIGIN_BYTES);
  for (let i = 0; i < 2; i++) plan.add(CRC_TABLE_BYTES);
  for (const shape of Object.values(overlayTables(limits))) plan.add(TABLE_BYTES).add(tableBytes(shape));
  plan.add(limits.endpoints * ENDPOINT_BYTES).add(limits.endpoints * 4);
  plan.add(limits.waits * (RING_BYTES + limits.heldFrames * 4)).add(limits.waits * 4);
  plan.add(RING_BYTES).add(eventsOf(limits) * 4);
  plan.add(RING_BYTES).add(limits.controlFrames * 4);
  // Vnics, their list, the same by port, ports, uplinks.
  plan.add(ports * VNIC_BYTES);
  for (let i = 0; i < 4; i++) plan.add(ports * 4);
  plan.add(limits.networks * NETWORK_BYTES).add(limits.networks * align(limits.policyBytes));
  plan.add(limits.networks * WAYPOINTS_MAX * 4).add(limits.networks * limits.routes * 4);
  plan.add(limits.routes * ROUTE_BYTES).add(limits.paths * TUNNEL_BYTES);
  plan.add(BURST_MAX * 4);
}

export function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
