/** A host in its place: wakes it when something has come or is due, gives it what has arrived, and takes what it sends. */
import type { Outgoing } from "../buffer/outgoing.js";
import type { Arrival } from "../buffer/pool.js";
import type { Port } from "../buffer/port.js";
import type { Tap } from "../driver/loopback.js";
import { NS_PER_MS } from "./clock.js";
import { copyFrame, type UnderlayFrame } from "./frame.js";
import type { FabricHost } from "./host.js";
import type { LinkEnd } from "./link.js";
import type { Way } from "./way.js";
import type { World } from "./world.js";

/** What a station needs of its fabric. */
export interface StationHome {
  readonly world: World;
  /** Sees frames as they leave, timestampNs being the fabric's time. */
  readonly tap: Tap | undefined;
  /** Nanoseconds since the Unix epoch at the fabric's time 0. */
  readonly startNs: bigint;
  /** Whether frames between these hosts are lost, now. */
  isParted(a: string, b: string): boolean;
}

export class Station {
  readonly host: FabricHost;
  readonly #home: StationHome;
  readonly #ends: UplinkEnd[] = [];
  #isWoken = false;
  /** The earliest timer that was set and is to come. */
  #timerNs = Number.POSITIVE_INFINITY;

  constructor(home: StationHome, host: FabricHost) {
    this.#home = home;
    this.host = host;
  }

  /** The end of a link at one of the host's uplinks. */
  addEnd(uplink: Port): UplinkEnd {
    const end = new UplinkEnd(this.#home, this, uplink);
    this.#ends.push(end);
    return end;
  }

  hasEnd(uplink: Port): boolean {
    return this.#ends.some((end) => end.uplink === uplink);
  }

  /** Frames that arrived for a port that did not take them. */
  get refused(): number {
    return this.#ends.reduce((count, end) => count + end.refused, 0);
  }

  /** Has the host work at the present time, once, after all else of that time that is known already. */
  wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    this.#home.world.move(this.#home.world.clock.nowNs, (nowNs) => {
      this.#isWoken = false;
      this.#step(nowNs);
    });
  }

  #step(nowNs: number): void {
    let nextMs: number | undefined;
    for (let isMoving = true; isMoving; ) {
      const taken = this.#ends.reduce((count, end) => count + end.handOver(), 0);
      nextMs = this.host.step(nowNs / NS_PER_MS);
      const left = this.#ends.reduce((count, end) => count + end.pump(nowNs), 0);
      isMoving = left > 0 || (taken > 0 && this.#ends.some((end) => end.isWaiting));
    }
    for (const end of this.#ends) end.refuseRest();
    if (nextMs !== undefined) this.#setTimer(nextMs, nowNs);
  }

  #setTimer(nextMs: number, nowNs: number): void {
    // Later than now in any case: a host that wants to be called at once, for ever, must not stop the time.
    const timerNs = Math.max(Math.ceil(nextMs * NS_PER_MS), nowNs + 1);
    if (timerNs >= this.#timerNs || !Number.isSafeInteger(timerNs)) return;
    this.#timerNs = timerNs;
    const fire = () => {
      if (this.#timerNs !== timerNs) return; // an earlier one took its place, and has set another
      this.#timerNs = Number.POSITIVE_INFINITY;
      this.wake();
    };
    this.#home.world.clock.at(timerNs, { fire });
  }
}

/** Where a link meets an uplink: as a network adapter, it takes frames at the link's rate and completes them when they have left. */
export class UplinkEnd implements LinkEnd {
  readonly uplink: Port;
  readonly #home: StationHome;
  readonly #station: Station;
  #way: Way | undefined;
  #arrivals: Arrival[] = [];
  #refused = 0;

  constructor(home: StationHome, station: Station, uplink: Port) {
    this.#home = home;
    this.#station = station;
    this.uplink = uplink;
  }

  /** The way that frames leave by. */
  set way(way: Way) {
    this.#way = way;
  }

  get refused(): number {
    return this.#refused;
  }

  /** Frames have arrived that the port has not taken. */
  get isWaiting(): boolean {
    return this.#arrivals.length > 0;
  }

  accepts({ from }: UnderlayFrame): boolean {
    return !this.#home.isParted(from, this.#station.host.name);
  }

  deliver({ data, originalLength, timestampNs }: UnderlayFrame): void {
    this.#arrivals.push({ data, originalLength, timestampNs });
    this.#station.wake();
  }

  linkChanged(isUp: boolean, nowNs: number): void {
    this.#station.host.link?.(this.uplink, isUp, nowNs / NS_PER_MS);
    this.#station.wake();
  }

  /** Gives the port what has arrived; returns how many frames it took. */
  handOver(): number {
    if (this.#arrivals.length === 0) return 0;
    const taken = this.uplink.receiveBurst(this.#arrivals);
    this.#arrivals = this.#arrivals.slice(taken);
    return taken;
  }

  /** What the port does not take, though its host has worked, is lost, as on an adapter whose ring is full. */
  refuseRest(): void {
    this.#refused += this.#arrivals.length;
    this.#arrivals = [];
  }

  /** Takes all that the port has posted and puts it on the link; returns how many frames have left the port with that. */
  pump(nowNs: number): number {
    const way = this.#way;
    if (!way) return 0;
    const { world } = this.#home;
    let left = 0;
    for (let frames = this.uplink.takeBurst(); frames.length > 0; frames = this.uplink.takeBurst()) {
      const gone: Outgoing[] = [];
      for (const frame of frames) {
        this.#record(frame, nowNs);
        const departsNs = way.send(copyFrame(frame, this.#station.host.name));
        if (departsNs <= nowNs) gone.push(frame);
        else world.move(departsNs, () => this.#complete(frame));
      }
      this.uplink.complete(gone);
      left += gone.length;
    }
    return left;
  }

  #complete(frame: Outgoing): void {
    this.uplink.complete([frame]);
    // There is room in the queue again.
    this.#station.wake();
  }

  #record(frame: Outgoing, nowNs: number): void {
    this.#home.tap?.({ ...frame, timestampNs: this.#home.startNs + BigInt(nowNs) }, this.uplink);
  }
}
