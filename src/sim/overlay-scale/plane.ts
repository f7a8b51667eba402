/**
 * An overlay without a data plane, for runs of thousands of hosts: it holds what the control plane writes, counts the bytes that an engine would
 * keep of it, and asks as the data plane asks (assembly/overlay/{send,miss,age}.ts) when a guest sends. No frame moves.
 */
import * as layout from "../../../assembly/layout.js";
import type { Port } from "../../buffer/port.js";
import type { HostEngine, HostPlane } from "../../host/plane.js";
import { type OverlayCounters, readOverlayCounters } from "../../overlay/plane/counters.js";
import type { PlaneNetwork } from "../../overlay/plane/networks.js";
import type { OverlayOptions, PlaneVnic } from "../../overlay/plane/plane.js";
import type { PathChoice } from "../../overlay/plane/routes.js";
import { type PolicyBlocks, ScaleNetworks } from "./networks.js";
import { ScaleRecords } from "./records.js";

/** An engine's place is taken by nothing: there are no frames to move. */
export class ScaleEngine implements HostEngine {
  readonly #blocks: PolicyBlocks;

  constructor(blocks: PolicyBlocks) {
    this.#blocks = blocks;
  }

  addOverlay(options: OverlayOptions): ScalePlane {
    return new ScalePlane(options, this.#blocks);
  }

  poll(): number {
    return 0;
  }
}

/** Of a partition's port: record, and its places in two lists. */
const VNIC_BYTES = layout.VNIC_BYTES + 8;

export class ScalePlane implements HostPlane {
  readonly endpoints = new ScaleRecords();
  readonly networks: ScaleNetworks;
  readonly routes = new ScaleRoutes();
  readonly control = { take: () => [] };
  readonly uplinks: readonly Port[];
  readonly group = undefined;
  readonly #ticks: OverlayOptions["ticks"];
  readonly #counts = { u64: new BigUint64Array(layout.OVERLAY_COUNTERS_COUNT) };
  #vnics = 0;
  #events: number[] = [];
  #leaseEnds = 0;
  #aged = 0;
  tick = 0;

  constructor({ uplinks, ticks }: OverlayOptions, blocks: PolicyBlocks) {
    this.uplinks = uplinks as readonly Port[];
    this.#ticks = ticks;
    this.networks = new ScaleNetworks(blocks);
  }

  /** What an engine would keep of networks, partitions, endpoints and paths, in records that are in use. */
  get bytes(): number {
    return this.networks.bytes + this.#vnics * VNIC_BYTES + this.endpoints.bytes + this.routes.bytes;
  }

  get counters(): OverlayCounters {
    return readOverlayCounters(this.#counts, 0);
  }

  /** A guest sends to a MAC address: where the frame goes, by the underlay address's bytes as text; undefined when it waits, or goes nowhere. */
  send(vni: number, mac: Uint8Array): string | undefined {
    const network = this.networks.of(vni);
    if (!network) return undefined;
    const key = { network: network.ptr, mac };
    const known = this.endpoints.find(key);
    const ptr = known === 0 ? this.#remember(key) : known;
    const record = this.endpoints.at(ptr);
    record.lastUsed = this.tick;
    if (record.state === "local" || (record.state === "remote" && this.#leaseEnds > this.tick)) return record.host;
    const isOver = record.state === "remote" || (record.state === "absent" && record.deadline <= this.tick);
    if (isOver) record.deadline = this.tick + this.#ticks.miss;
    if (isOver && record.state === "absent") record.state = "pending";
    if (record.state !== "absent") this.#ask(ptr);
    return undefined;
  }

  /** Where frames to a MAC address go now, without sending one. */
  whereTo(vni: number, mac: Uint8Array): string | undefined {
    const network = this.networks.of(vni);
    const ptr = network ? this.endpoints.find({ network: network.ptr, mac }) : 0;
    return ptr !== 0 && this.endpoints.state(ptr) === "remote" ? this.endpoints.at(ptr).host : undefined;
  }

  setTime(tick: number, leaseEnds: number): void {
    this.tick = tick;
    this.#leaseEnds = leaseEnds;
  }

  /** All records of others, once a tick: who has not been talked to goes, and who was asked about in vain. */
  age(): void {
    if (this.tick === this.#aged) return;
    this.#aged = this.tick;
    for (const ptr of this.endpoints.elsewhere()) {
      const { state, deadline, lastUsed, isPinned } = this.endpoints.at(ptr);
      const isUnanswered = state === "pending" && deadline <= this.tick;
      const isIdle = !isPinned && lastUsed + this.#ticks.idle <= this.tick;
      if (isUnanswered || isIdle) this.endpoints.remove(ptr);
    }
  }

  questions(): number[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  attach(port: Port, network: PlaneNetwork, mac: Uint8Array): PlaneVnic {
    this.#vnics++;
    return { ptr: this.#vnics, port, network, endpoint: this.endpoints.make({ network: network.ptr, mac }) };
  }

  detach(): void {
    this.#vnics--;
  }

  mark(): void {}

  give(): boolean {
    return true;
  }

  hasLeft(): boolean {
    return true;
  }

  release(): void {}

  resend(): number {
    return 0;
  }

  #remember(key: { readonly network: number; readonly mac: Uint8Array }): number {
    const ptr = this.endpoints.make(key);
    this.endpoints.at(ptr).deadline = this.tick + this.#ticks.miss;
    this.#count(layout.COUNTER_MISSES);
    return ptr;
  }

  #ask(ptr: number): void {
    const record = this.endpoints.at(ptr);
    if (record.isAsked || record.refreshAfter > this.tick) return;
    this.#events.push(ptr);
    record.isAsked = true;
    record.refreshAfter = this.tick + this.#ticks.refresh;
    this.#count(layout.COUNTER_REFRESHES);
  }

  #count(counter: number): void {
    (this.#counts.u64[counter] as bigint) += 1n;
  }
}

export class ScaleRoutes {
  /** How many paths each route has. */
  readonly #paths = new Map<number, number>();
  #next = 1;

  get count(): number {
    return this.#paths.size;
  }

  get bytes(): number {
    let paths = 0;
    for (const count of this.#paths.values()) paths += Math.max(0, count - 1);
    return this.count * layout.ROUTE_BYTES + paths * layout.TUNNEL_BYTES;
  }

  add(): number {
    this.#paths.set(this.#next, 0);
    return this.#next++;
  }

  set(route: number, choices: readonly PathChoice[]): void {
    this.#paths.set(route, choices.length);
  }

  remove(route: number): void {
    this.#paths.delete(route);
  }
}
