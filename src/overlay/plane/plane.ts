/**
 * The data plane of a host's overlay, as its control plane sees it: networks, partitions' ports, endpoints, routes; frames and questions
 * that it hands back. It decides nothing: src/host does.
 */
import * as layout from "../../../assembly/layout.js";
import type { FrameOwner } from "../../buffer/frame.js";
import type { Arrival } from "../../buffer/pool.js";
import type { Port } from "../../buffer/port.js";
import { ConfigError } from "../../errors.js";
import type { LagGroup } from "../../lag/group.js";
import { ControlFrames } from "./control.js";
import { type OverlayCounters, readOverlayCounters } from "./counters.js";
import { type EndpointKey, EndpointRecords } from "./endpoints.js";
import { FlowTables } from "./flows.js";
import { HeldFrames } from "./held.js";
import { type PlaneNetwork, PlaneNetworks } from "./networks.js";
import { listPorts, makeOverlayRecord, type OverlayRecord } from "./record.js";
import { Routes } from "./routes.js";
import type { OverlayLimits } from "./sizes.js";

export interface OverlayOptions {
  /** This host's underlay address: 4 or 16 bytes, in network order. */
  readonly local: Uint8Array;
  /** The ports to the underlay, or the group of them. */
  readonly uplinks: readonly Port[] | LagGroup;
  /** Reserved bits in tunnels' headers are a fault; false by default. */
  readonly strict?: boolean;
  /** Tunnels that may be inside what a guest sends; 1 by default. */
  readonly nestedMax?: number;
  /** Ticks after which flows, fragments, unanswered questions and unused endpoints go, and between two questions about one endpoint. */
  readonly ticks: {
    readonly flow: number;
    readonly fragment: number;
    readonly miss: number;
    readonly idle: number;
    readonly refresh: number;
    /** Frames may be under way from where an endpoint was before. */
    readonly sendOn: number;
  };
}

/** overlayGive found no room (assembly/overlay/outcome.ts). */
const OUT_WAITS = 0xff;

/** A partition's port into a network. */
export interface PlaneVnic {
  readonly ptr: number;
  readonly port: Port;
  readonly network: PlaneNetwork;
  /** Its own endpoint's record. */
  readonly endpoint: number;
}

export class OverlayPlane {
  readonly endpoints: EndpointRecords;
  readonly routes: Routes;
  readonly control: ControlFrames;
  readonly networks: PlaneNetworks;
  readonly flows: FlowTables;
  readonly held: HeldFrames;
  readonly uplinks: readonly Port[];
  readonly group: LagGroup | undefined;
  readonly #owner: FrameOwner;
  readonly #record: OverlayRecord;
  readonly #limits: OverlayLimits;
  readonly #vnics = new Map<Port, PlaneVnic>();
  readonly #idleVnics: number[];
  readonly #paused = new Set<PlaneVnic>();
  /** Endpoints with frames that found no room on an uplink when they were released. */
  readonly #waiting = new Set<number>();

  /** @internal Made by Engine.addOverlay. */
  constructor(owner: FrameOwner, limits: OverlayLimits, portCount: number, options: OverlayOptions) {
    this.#owner = owner;
    this.#limits = limits;
    this.#record = makeOverlayRecord(owner, limits, portCount);
    this.endpoints = new EndpointRecords(owner, this.#record, limits.endpoints, options.ticks.sendOn);
    this.routes = new Routes(owner.arena, this.#record, limits);
    this.control = new ControlFrames(owner, this.#record);
    this.networks = new PlaneNetworks(owner, this.#record, limits);
    this.flows = new FlowTables(owner, this.#record);
    this.held = new HeldFrames(owner, this.#record, this.endpoints, this.#waiting);
    this.group = Array.isArray(options.uplinks) ? undefined : (options.uplinks as LagGroup);
    this.uplinks = this.group ? this.group.ports : (options.uplinks as readonly Port[]);
    this.#idleVnics = Array.from(
      { length: portCount },
      (_, i) => this.#record.vnics + (portCount - 1 - i) * layout.VNIC_BYTES,
    );
    const { arena } = owner;
    arena.u8.set(options.local, this.#record.ptr + layout.OVERLAY_LOCAL);
    const strict = options.strict ? layout.OVERLAY_F_STRICT : 0;
    const { flow, fragment, miss, idle, refresh } = options.ticks;
    this.#set(layout.OVERLAY_FLAGS, strict | (options.local.length === 16 ? layout.OVERLAY_F_IPV6 : 0));
    this.#set(layout.OVERLAY_GROUP, this.group?.record.ptr ?? 0);
    this.#set(layout.OVERLAY_UPLINK_COUNT, this.uplinks.length);
    arena.u32.set(
      this.uplinks.map(({ record }) => record.ptr),
      this.#record.uplinks >> 2,
    );
    this.#set(layout.OVERLAY_NESTED_MAX, options.nestedMax ?? 1);
    this.#set(layout.OVERLAY_FLOW_TICKS, flow);
    this.#set(layout.OVERLAY_FRAGMENT_TICKS, fragment);
    this.#set(layout.OVERLAY_MISS_TICKS, miss);
    this.#set(layout.OVERLAY_IDLE_TICKS, idle);
    this.#set(layout.OVERLAY_REFRESH_TICKS, refresh);
    listPorts(owner, this.#record, this.uplinks);
  }

  /** @internal For tests and benchmarks that call the data plane themselves. */
  get ptr(): number {
    return this.#record.ptr;
  }

  get counters(): OverlayCounters {
    return readOverlayCounters(this.#owner.arena, this.#record.counters);
  }

  /** Records of endpoints and addresses in use. */
  get endpointCount(): number {
    return this.#limits.endpoints - this.#get(layout.OVERLAY_FREE_RECORD_COUNT);
  }

  /** @internal Linear memory, where records and tables are. */
  get u32(): Uint32Array {
    return this.#owner.arena.u32;
  }

  /** This host's underlay address, 4 or 16 bytes. */
  get local(): Uint8Array {
    const at = this.#record.ptr + layout.OVERLAY_LOCAL;
    const isIpv6 = (this.#get(layout.OVERLAY_FLAGS) & layout.OVERLAY_F_IPV6) !== 0;
    return this.#owner.arena.u8.slice(at, at + (isIpv6 ? 16 : 4));
  }

  /** What the clock says: the tick, and the tick until which what is known of other hosts holds. */
  setTime(tick: number, leaseEnds: number): void {
    this.#set(layout.OVERLAY_TICK, tick);
    this.#set(layout.OVERLAY_LEASE_ENDS, leaseEnds);
  }

  get tick(): number {
    return this.#get(layout.OVERLAY_TICK);
  }

  /** Makes a port a partition's way into a network; partition is its record in the LAG group. */
  attach(port: Port, network: PlaneNetwork, mac: Uint8Array, partition = 0): PlaneVnic {
    if (this.#vnics.has(port)) throw new ConfigError("port", port.name, "a port with no partition");
    const key: EndpointKey = { network: network.ptr, mac };
    const endpoint = this.endpoints.make(key);
    // As many as there are ports.
    const ptr = this.#idleVnics.pop() as number;
    const { u32 } = this.#owner.arena;
    u32[(ptr + layout.VNIC_PORT) >> 2] = port.record.ptr;
    u32[(ptr + layout.VNIC_NETWORK) >> 2] = network.ptr;
    u32[(ptr + layout.VNIC_ENDPOINT) >> 2] = endpoint;
    u32[(ptr + layout.VNIC_PARTITION) >> 2] = partition;
    u32[(ptr + layout.VNIC_FLAGS) >> 2] = 0;
    const vnic = { ptr, port, network, endpoint };
    this.#vnics.set(port, vnic);
    u32[(this.#record.vnicByPort >> 2) + port.index] = ptr;
    listPorts(this.#owner, this.#record, [port]);
    this.#listVnics();
    return vnic;
  }

  /** The port is nobody's, what it had sent and nobody has read is dropped, and its endpoint is the caller's to write. */
  detach(vnic: PlaneVnic): void {
    if (!this.#vnics.delete(vnic.port)) return;
    this.#paused.delete(vnic);
    this.#dropUnread(vnic.port);
    this.#owner.arena.u32[(this.#record.vnicByPort >> 2) + vnic.port.index] = 0;
    this.#idleVnics.push(vnic.ptr);
    this.#listVnics();
  }

  /** What is for a port's guest goes to the control plane ("diverted"), what its guest has sent stays where it is ("paused"), or not. */
  mark(vnic: PlaneVnic, { diverted, paused }: { readonly diverted: boolean; readonly paused: boolean }): void {
    const bits = (diverted ? layout.VNIC_F_DIVERTED : 0) | (paused ? layout.VNIC_F_PAUSED : 0);
    this.#owner.arena.u32[(vnic.ptr + layout.VNIC_FLAGS) >> 2] = bits;
    if (paused) this.#paused.add(vnic);
    else this.#paused.delete(vnic);
  }

  /** Gives a port's guest a frame that was diverted, by whatever way it has come. False when there is no room for it now. */
  give(vnic: PlaneVnic, arrival: Arrival): boolean {
    const { kernels, pool, arena } = this.#owner;
    const { list, ptr } = this.#record;
    // No chain of buffers is that long: it is as if it had not come.
    if (arrival.data.length > pool.frameBytesMax) return true;
    vnic.port.reap();
    if (pool.fillBurst([arrival], 0, list, 1) === 0) return false;
    const m = arena.u32[list >> 2] as number;
    arena.u16[(m + layout.MBUF_PORT) >> 1] = vnic.port.index;
    const isGiven = kernels.overlayGive(ptr, vnic.ptr, m) !== OUT_WAITS;
    if (!isGiven) kernels.free(pool.ptr, m);
    return isGiven;
  }

  /** True when no frame that came in by the port waits on an uplink or is on its way out of one. */
  hasLeft(port: Port): boolean {
    for (const uplink of this.uplinks) uplink.reap();
    return !this.uplinks.some((uplink) => uplink.hasFrameOf(port.index));
  }

  vnicOf(port: Port): PlaneVnic | undefined {
    return this.#vnics.get(port);
  }

  /** @internal True for a port whose frames it reads. */
  reads(port: Port): boolean {
    return this.#vnics.has(port) || this.uplinks.includes(port);
  }

  /** Sends on what waits for an endpoint, now that it is known. */
  release(endpoint: number): void {
    if (this.#owner.kernels.overlayRelease(this.#record.ptr, endpoint) > 0) this.#waiting.add(endpoint);
    else this.#waiting.delete(endpoint);
  }

  /** Sends kept frames again: first and those behind it that have a bit in rejected. Returns how many. */
  resend(endpoint: number, first: number, rejected: bigint): number {
    return this.#owner.kernels.overlayResend(this.#record.ptr, endpoint, first, rejected);
  }

  /** Forgets what has aged: so many steps of each walk. */
  age(steps: number): void {
    this.#owner.kernels.overlayAge(this.#record.ptr, steps);
  }

  /** Endpoints and addresses (their records) that the directory is to be asked about. */
  questions(): number[] {
    const { kernels, arena } = this.#owner;
    const { events, list } = this.#record;
    const found: number[] = [];
    for (let n = layout.BURST_MAX; n === layout.BURST_MAX; ) {
      n = kernels.ringDequeueBurst(events, list, layout.BURST_MAX);
      found.push(...arena.u32.subarray(list >> 2, (list >> 2) + n));
    }
    return found;
  }

  /** @internal Moves a burst of each port's frames both ways; returns how many. */
  poll(): number {
    const { kernels } = this.#owner;
    const { ptr } = this.#record;
    for (const uplink of this.uplinks) uplink.reap();
    this.group?.settle();
    for (const endpoint of this.#waiting) this.release(endpoint);
    let moved = 0;
    for (const vnic of this.#vnics.values()) {
      if (!this.#paused.has(vnic)) moved += kernels.overlaySendBurst(ptr, vnic.ptr, layout.BURST_MAX);
    }
    for (const { port } of this.#vnics.values()) port.reap();
    for (let i = 0; i < this.uplinks.length; i++) moved += kernels.overlayReceiveBurst(ptr, i, layout.BURST_MAX);
    return moved;
  }

  /** @internal Marks the mbufs that wait here in a census round; returns how many. */
  census(): number {
    const { kernels, pool } = this.#owner;
    const rings = [...this.#record.rings, this.#record.control];
    return rings.reduce((sum, ring) => sum + kernels.censusRing(pool.ptr, ring), 0);
  }

  /** Whoever has the port next has not sent it. */
  #dropUnread({ record }: Port): void {
    const { kernels, arena } = this.#owner;
    const { ptr, list } = this.#record;
    for (let n = layout.BURST_MAX; n === layout.BURST_MAX; ) {
      n = kernels.ringDequeueBurst(record.ring, list, layout.BURST_MAX);
      for (const m of arena.u32.slice(list >> 2, (list >> 2) + n)) {
        kernels.overlayDispose(ptr, m, layout.DROP_UNKNOWN_PARTITION);
      }
    }
  }

  #listVnics(): void {
    const ptrs = [...this.#vnics.values()].map(({ ptr }) => ptr);
    this.#owner.arena.u32.set(ptrs, this.#record.vnicList >> 2);
    this.#set(layout.OVERLAY_VNIC_COUNT, ptrs.length);
  }

  #get(offset: number): number {
    return this.#owner.arena.u32[(this.#record.ptr + offset) >> 2] as number;
  }

  #set(offset: number, value: number): void {
    this.#owner.arena.u32[(this.#record.ptr + offset) >> 2] = value;
  }
}
