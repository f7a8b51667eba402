/** An RDMA device on a UDP socket, and the loop that both ends' work is done in: turns as long as something moves, then rest. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { openUdpDriver, type UdpDriver } from "../../driver/udp/index.js";
import { ROCEV2_PORT } from "../../gqp/numbers.js";
import {
  type ConnectionEvent,
  ConnectionManager,
  createEngine,
  type Engine,
  type RdmaDevice,
  type RdmaSizes,
} from "../../index.js";
import { random32 } from "../../seed.js";
import { FrameLog } from "./frame-log.js";
import { PeerError } from "./peer-error.js";

/** What an end does. It is called in every turn, and at nextMs. */
export interface Work {
  turn(events: readonly ConnectionEvent[], nowMs: number): void;
  readonly isDone: boolean;
  readonly nextMs: number | undefined;
}

export interface HostOptions {
  readonly bind: string;
  readonly rdma: RdmaSizes;
  /** A capture of all packets. */
  readonly write: string | undefined;
}

/** Path MTU 4096 and all headers. */
const PAYLOAD_BYTES = 4608;
/** How exactly the device's timeouts are kept. */
const TICK_MS = 1;
/** Time codes for two processes that are near: a packet lives 17 ms, an end answers after 4 ms, and messages of the manager in 0.5 s. */
const TIMEOUTS = {
  packetLifeTime: 12,
  caAckDelay: 10,
  remoteCmResponseTimeout: 17,
  localCmResponseTimeout: 17,
  maxCmRetries: 4,
};

export class RdmaHost {
  readonly device: RdmaDevice;
  readonly cm: ConnectionManager;
  readonly driver: UdpDriver;
  readonly #engine: Engine;
  readonly #log: FrameLog | undefined;
  #wake = () => {};
  #isWoken = false;

  private constructor(engine: Engine, device: RdmaDevice, cm: ConnectionManager, driver: UdpDriver, log?: FrameLog) {
    this.#engine = engine;
    this.device = device;
    this.cm = cm;
    this.driver = driver;
    this.#log = log;
  }

  /** Throws ConfigError, and rejects with the system's error for an address that cannot be bound. */
  static async open({ bind, rdma, write }: HostOptions): Promise<RdmaHost> {
    const engine = await createEngine({ payloadBytes: PAYLOAD_BYTES, queueSize: 1024, ports: 1, rdma });
    const port = engine.addPort("roce");
    const device = engine.addRdma({ port });
    const cm = new ConnectionManager({
      device,
      local: bind,
      sourcePort: ROCEV2_PORT,
      random: random32,
      ...TIMEOUTS,
    });
    const log = write === undefined ? undefined : await FrameLog.open(write);
    const driver = await openUdpDriver({
      port,
      local: bind,
      onFrame: log && ((frame) => log.add(frame)),
      onArrival: () => host.wake(),
    }).catch((error: NodeJS.ErrnoException) => {
      log?.discard();
      const isTaken = error.code === "EADDRINUSE";
      throw isTaken ? new PeerError(`UDP port 4791 of ${bind} is taken: --bind says another address`) : error;
    });
    const host = new RdmaHost(engine, device, cm, driver, log);
    return host;
  }

  /** Something is to be done now. */
  wake(): void {
    this.#isWoken = true;
    this.#wake();
  }

  /** Takes turns until the work is done. */
  async run(work: Work): Promise<void> {
    for (;;) {
      this.#isWoken = false;
      const nowMs = performance.now();
      let moved = this.driver.pump();
      const waiting = this.device.tick(nowMs);
      moved += this.device.poll();
      work.turn(this.cm.poll(nowMs), nowMs);
      moved += this.device.poll() + this.driver.pump();
      if (work.isDone) return;
      if (moved > 0) await nextTurn();
      else {
        const isWaiting = waiting > 0 || this.driver.sending > 0;
        const tickMs = isWaiting ? nowMs + TICK_MS : Infinity;
        await this.#rest(Math.min(tickMs, this.cm.nextMs ?? Infinity, work.nextMs ?? Infinity));
      }
    }
  }

  /** Ends all; what was sent has left, and the capture is complete. */
  async close(): Promise<void> {
    this.driver.pump();
    await this.driver.close();
    this.#engine.close();
    await this.#log?.close();
  }

  /** Until something arrives, or the time has come. */
  async #rest(untilMs: number): Promise<void> {
    if (this.#isWoken) return nextTurn();
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (untilMs < Infinity) timer = setTimeout(resolve, Math.max(0, untilMs - performance.now()));
    });
    clearTimeout(timer);
  }
}
