/** Frames that partitions have sent and that wait until it is known to whom (assembly/overlay/held.ts), as a move takes them with it. */
import * as layout from "../../../assembly/layout.js";
import type { FrameOwner } from "../../buffer/frame.js";
import type { Port } from "../../buffer/port.js";
import type { EndpointRecords } from "./endpoints.js";
import { listPorts, type OverlayRecord } from "./record.js";

/** Frames that wait for an endpoint or an address (its record), the first first. */
export interface HeldAt {
  readonly endpoint: number;
  /** Addresses of mbufs. */
  readonly mbufs: readonly number[];
}

export class HeldFrames {
  readonly #owner: FrameOwner;
  readonly #record: OverlayRecord;
  readonly #endpoints: EndpointRecords;
  /** Endpoints whose frames go on at the next poll, if they are known. */
  readonly #waiting: Set<number>;

  constructor(owner: FrameOwner, record: OverlayRecord, endpoints: EndpointRecords, waiting: Set<number>) {
    this.#owner = owner;
    this.#record = record;
    this.#endpoints = endpoints;
    this.#waiting = waiting;
  }

  /** Rings that no endpoint has. */
  get freeRings(): number {
    return this.#get(this.#record.ptr + layout.OVERLAY_FREE_RING_COUNT);
  }

  /** Frames that can wait for one endpoint. */
  get ringFrames(): number {
    return this.#get((this.#record.rings[0] as number) + layout.RING_MASK) + 1;
  }

  /** All that a port has sent and that waits. */
  of(port: Port): HeldAt[] {
    const held: HeldAt[] = [];
    for (const endpoint of this.#endpoints.holding()) {
      const mbufs = this.waiting(endpoint).filter((mbuf) => this.#portOf(mbuf) === port.index);
      if (mbufs.length > 0) held.push({ endpoint, mbufs });
    }
    return held;
  }

  /** Frames of all ports that wait for an endpoint. */
  waiting(endpoint: number): number[] {
    return this.framesIn(this.#get(endpoint + layout.ENDPOINT_HOLD));
  }

  /** Frames in a ring; none in ring 0. */
  framesIn(ring: number): number[] {
    if (ring === 0) return [];
    const [slots, mask] = [this.#get(ring + layout.RING_SLOTS), this.#get(ring + layout.RING_MASK)];
    const [head, tail] = [this.#get(ring + layout.RING_HEAD), this.#get(ring + layout.RING_TAIL)];
    return Array.from({ length: (head - tail) >>> 0 }, (_, i) => this.#get(slots + (((tail + i) & mask) >>> 0) * 4));
  }

  /** What a port has sent waits no more: the mbufs are the caller's. */
  takeOut(port: Port): void {
    for (const { endpoint } of this.of(port)) {
      this.#owner.kernels.overlayTakeHeld(this.#record.ptr, endpoint, port.index);
    }
  }

  /** A ring of their own for a port's frames that are yet to wait; freeRings says whether there is one, ringFrames how many it holds. */
  park(port: Port, mbufs: readonly number[]): number {
    const { kernels, arena } = this.#owner;
    // It may be dropped before the port is a partition's.
    listPorts(this.#owner, this.#record, [port]);
    const ring = kernels.overlayTakeRing(this.#record.ptr) >>> 0;
    const { list } = this.#record;
    for (let i = 0; i < mbufs.length; i += layout.BURST_MAX) {
      const some = mbufs.slice(i, i + layout.BURST_MAX);
      arena.u32.set(some, list >> 2);
      kernels.ringEnqueueBurst(ring, list, some.length);
    }
    return ring;
  }

  /** Parked frames wait for an endpoint from now on, and go on at the next poll if it is known; those without room are dropped. */
  join(endpoint: number, ring: number): void {
    const { kernels } = this.#owner;
    const left = kernels.overlayJoinHeld(this.#record.ptr, endpoint, ring);
    if (left > 0) this.drop(ring, layout.DROP_MISS_QUEUE_FULL);
    this.#waiting.add(endpoint);
  }

  /** Takes parked frames back out: they are the caller's. */
  unpark(ring: number): void {
    const { kernels } = this.#owner;
    while (kernels.ringDequeueBurst(ring, this.#record.list, layout.BURST_MAX) > 0);
    kernels.overlayGiveRing(this.#record.ptr, ring);
  }

  /** Parked frames are dropped. */
  drop(ring: number, cause: number = layout.DROP_MISS_EXPIRED): void {
    const mbufs = this.framesIn(ring);
    this.unpark(ring);
    for (const mbuf of mbufs) this.#owner.kernels.overlayDispose(this.#record.ptr, mbuf, cause);
  }

  #portOf(mbuf: number): number {
    return this.#owner.arena.u16[(mbuf + layout.MBUF_PORT) >> 1] as number;
  }

  #get(at: number): number {
    return this.#owner.arena.u32[at >> 2] as number;
  }
}
