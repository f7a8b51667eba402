/**
 * What a host needs of an engine and its overlay: an Engine's, or in runs of thousands of hosts one that counts what an engine would keep
 * (sim/overlay-scale/plane.ts).
 */

import type { Port } from "../buffer/port.js";
import type { Limits } from "../limit/limits.js";
import type { ControlFrames } from "../overlay/plane/control.js";
import type { EndpointRecords } from "../overlay/plane/endpoints.js";
import type { PlaneNetworks } from "../overlay/plane/networks.js";
import type { OverlayOptions, OverlayPlane } from "../overlay/plane/plane.js";
import type { Routes } from "../overlay/plane/routes.js";

type Ports = "uplinks" | "group" | "attach" | "detach" | "mark" | "give" | "hasLeft";
type Time = "tick" | "setTime" | "age";
type NetworkCalls =
  | "add"
  | "at"
  | "setFlags"
  | "loadPolicy"
  | "policyHits"
  | "checkPolicy"
  | "waypoint"
  | "setWaypoint"
  | "setFloodRoutes";
type FrameCalls = "counters" | "questions" | "release" | "resend";
type RecordReads =
  | "find"
  | "all"
  | "state"
  | "isAddress"
  | "generation"
  | "gqpn"
  | "network"
  | "mac"
  | "ip"
  | "hostOf"
  | "hostIs"
  | "sendOn"
  | "isClaimed";
type RecordWrites = "make" | "write" | "doubt" | "answered" | "askAgain" | "setClaimed" | "remove" | "routesInUse";

export type HostRecords = Pick<EndpointRecords, RecordReads | RecordWrites>;

export interface HostPlane extends Pick<OverlayPlane, Ports | Time | FrameCalls> {
  readonly endpoints: HostRecords;
  readonly networks: Pick<PlaneNetworks, NetworkCalls>;
  readonly routes: Pick<Routes, "add" | "set" | "remove">;
  readonly control: Pick<ControlFrames, "take">;
}

export interface HostEngine {
  addOverlay(options: OverlayOptions): HostPlane;
  /** Those that partitions may have, where there are any. */
  readonly ports?: readonly Port[];
  readonly limits?: Limits | undefined;
  /** Moves frames; returns how many. */
  poll(): number;
}
