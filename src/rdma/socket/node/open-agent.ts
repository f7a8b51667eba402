/** An agent of a process: an engine, a device and a UDP socket behind it, and the loop that keeps them going. */
import { performance } from "node:perf_hooks";
import { defined } from "../../../defined.js";
import { openUdpDriver, type UdpCounters, type UdpDriver } from "../../../driver/udp/index.js";
import { ConfigError } from "../../../errors.js";
import { ROCEV2_PORT } from "../../../gqp/numbers.js";
import {
  Agent,
  type AgentOptions,
  agentSizes,
  createEngine,
  type Engine,
  type RdmaCounters,
  type SessionInfo,
  type StreamAddress,
  type StreamAgent,
  type StreamEnd,
  type StreamHandler,
  type WasmSource,
} from "../../../index.js";
import { random32 } from "../../../seed.js";

export interface OpenAgentOptions
  extends Pick<AgentOptions, "connections" | "session" | "tenant" | "aggregates" | "sessionPort" | "pathMtu"> {
  /** This end's IPv4 or IPv6 address, which peers can reach; not a wildcard. */
  readonly local: string;
  /** UDP port of both ends; 4791 by default. */
  readonly udpPort?: number | undefined;
  /** The compiled data plane, as in EngineOptions. */
  readonly wasm?: WasmSource | undefined;
  /** Sees each frame that comes or goes, as Ethernet; its bytes are not the observer's to keep. */
  readonly onFrame?: ((frame: Uint8Array) => void) | undefined;
  /** The UDP socket has an error; streams find out for themselves. */
  readonly onError?: ((error: Error) => void) | undefined;
}

/** Bursts before others of the process have their turn. */
const ROUNDS_MAX = 16;
/** A timer takes a millisecond or more: no age of a message, but enough for the adapter's own timers, which run whenever something is under way. */
const SPIN_MS = 0.5;
const PAYLOAD_BYTES = 4608;
const MBUFS = 4096;

/** Opens an agent. The process lives as long as its sockets and servers do, and not for the agent itself, unless it is ref'd. Throws ConfigError; rejects with the system's error for an address that cannot be bound. */
export async function openAgent(options: OpenAgentOptions): Promise<NodeAgent> {
  const { connections, session, wasm } = options;
  const rdma = agentSizes({ connections, session });
  const engine = await createEngine({
    mbufs: MBUFS,
    payloadBytes: PAYLOAD_BYTES,
    queueSize: 1024,
    rdma,
    ...defined({ wasm }),
  });
  try {
    const port = engine.addPort("roce");
    let opened: NodeAgent | undefined;
    const wake = () => opened?.wake();
    const { local, udpPort = ROCEV2_PORT, onFrame, onError } = options;
    const { tenant, aggregates, sessionPort, pathMtu = 4096 } = options;
    const own = { connections, session, tenant, aggregates, sessionPort, pathMtu, sourcePort: udpPort };
    const device = engine.addRdma({ port });
    const clock = () => performance.now();
    // Before the socket, which would stay bound when an option is refused.
    const agent = new Agent({ ...own, device, local, random: random32, clock, onWork: wake });
    const driver = await openUdpDriver({ port, local, udpPort, onFrame, onError, onArrival: wake });
    opened = new NodeAgent(engine, driver, agent);
    return opened;
  } catch (error) {
    engine.close();
    throw error;
  }
}

export class NodeAgent implements StreamAgent {
  readonly #engine: Engine;
  readonly #driver: UdpDriver;
  readonly #agent: Agent;
  #isWoken = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  /** @internal Made by openAgent. */
  constructor(engine: Engine, driver: UdpDriver, agent: Agent) {
    this.#engine = engine;
    this.#driver = driver;
    this.#agent = agent;
    driver.unref();
    this.wake();
  }

  /** The process lives as long as the agent. */
  ref(): this {
    this.#driver.ref();
    return this;
  }

  unref(): this {
    this.#driver.unref();
    return this;
  }

  /** Throws ConfigError for a bad address or port, and after close. */
  connect(to: StreamAddress, handler: StreamHandler): StreamEnd {
    this.#checkOpen();
    return this.#agent.connect(to, handler);
  }

  /** Throws ConfigError for a bad port or one that is taken, and after close. */
  listen(port: number, accept: (stream: StreamEnd, from: StreamAddress) => StreamHandler): void {
    this.#checkOpen();
    this.#agent.listen(port, accept);
  }

  unlisten(port: number): void {
    this.#agent.unlisten(port);
  }

  get address(): string {
    return this.#agent.address;
  }

  get sessions(): SessionInfo[] {
    return this.#agent.sessions;
  }

  get counters(): { readonly udp: Readonly<UdpCounters>; readonly rdma: RdmaCounters } {
    return { udp: { ...this.#driver.counters }, rdma: this.#agent.device.counters };
  }

  /** @internal Something came, or is to go: the loop runs once the turn is over, so that what is written in one turn goes together. */
  wake(): void {
    if (this.#isWoken || this.#isClosed) return;
    this.#isWoken = true;
    clearTimeout(this.#timer);
    setImmediate(() => this.#run());
  }

  /** Nothing moves any more: streams that are open end nowhere. Their users close them first. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#driver.close();
    this.#engine.close();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new ConfigError("agent", "closed", "one that is open");
  }

  #run(): void {
    if (this.#isClosed) return;
    this.#isWoken = false;
    let isBusy = true;
    for (let round = 0; round < ROUNDS_MAX && isBusy; round++) {
      const moved = this.#driver.pump();
      const hasMore = this.#agent.poll(performance.now());
      isBusy = this.#driver.pump() + moved > 0 || hasMore;
    }
    const { nextMs } = this.#agent;
    const waitMs = nextMs === undefined ? Number.POSITIVE_INFINITY : nextMs - performance.now();
    if (isBusy || waitMs < SPIN_MS) this.wake();
    else if (waitMs < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.wake(), Math.floor(waitMs)).unref();
  }
}
