/**
 * An agent: streams to and from other agents over a device, many of them in one transfer, and none aware of it. No I/O, timers or
 * randomness inside: the driver moves frames between the device's port and a network, and calls poll.
 *
 *   const agent = new Agent({ device: engine.addRdma({ port }), local: "10.0.0.1", random });
 *   agent.listen(80, (stream, from) => handler);
 *   agent.poll(nowMs);        // when frames came, when onWork was called, and at nextMs
 */
import { checkInteger } from "../../check.js";
import { earliest } from "../../earliest.js";
import { ConfigError } from "../../errors.js";
import type { AggregatorCounters } from "../aggregator/counters.js";
import { ConnectionManager } from "../connect/index.js";
import { type ConnectionManagerOptions, canonicalIp } from "../connect/options.js";
import type { RdmaDevice } from "../verbs/index.js";
import type { AgentStream } from "./agent-stream.js";
import type { ConnectionOwner } from "./connection-owner.js";
import { Directs } from "./directs.js";
import { type Accept, IncomingHalf } from "./incoming.js";
import { Links } from "./link.js";
import { type AgentOptions, sessionLimits, termsOf } from "./options.js";
import { Outgoing } from "./outgoing.js";
import type { AgentImage, AgentTerms } from "./state/image.js";
import { placeName, type StreamUsers, streamsFor } from "./state/users.js";
import type { StreamAddress, StreamAgent, StreamEnd, StreamHandler } from "./stream.js";

/** Of a session there is. */
export interface SessionInfo {
  /** The peer's address. */
  readonly remote: string;
  readonly role: "opener" | "taker";
  readonly state: "new" | "open" | "lost" | "ended";
  readonly streams: number;
  readonly heldBytes: number;
  readonly counters: AggregatorCounters;
}

/** What an agent's tables hold: entries, and of its sessions the numbers of streams in use. */
export interface AgentTables {
  readonly connections: number;
  readonly links: number;
  readonly resting: number;
  readonly owners: number;
  readonly peers: number;
  readonly sessions: number;
  readonly directs: number;
  readonly numbers: number;
}

/** Time codes of the connection manager: a packet lives 8 ms, an adapter answers within 4 ms, a manager within 268 ms. */
const TIMES = {
  packetLifeTime: 11,
  caAckDelay: 10,
  remoteCmResponseTimeout: 16,
  localCmResponseTimeout: 16,
  maxCmRetries: 7,
};
/** What an agent's connection manager is made with. Throws ConfigError. */
export function managerOptions(options: AgentOptions): ConnectionManagerOptions {
  const { device, local, localMac, remoteMac, resolver, sourcePort, random } = options;
  return { device, local, localMac, remoteMac, resolver, sourcePort, random, ...TIMES };
}

/** What an agent goes on with where it was moved to: what its section says was held against its device and its connections. */
export interface MovedAgent {
  readonly cm: ConnectionManager;
  readonly image: AgentImage;
  readonly users: Agent | StreamUsers;
  readonly nowMs: number;
}

const BURSTS_MAX = 64;
/** The data plane's timers are looked at as often while one runs. */
const TICK_MS = 1;

export class Agent implements StreamAgent {
  readonly device: RdmaDevice;
  readonly address: string;
  readonly #terms: AgentTerms;
  readonly #cm: ConnectionManager;
  readonly #links: Links;
  readonly #owners = new Map<number, ConnectionOwner>();
  readonly #directs: Directs;
  readonly #outgoing: Outgoing;
  readonly #incoming: IncomingHalf;
  readonly #onWork: () => void;
  #nowMs = 0;
  #tickMs: number | undefined;

  /** With what was moved it goes on where another agent was stopped (state/agent-move.ts). Throws ConfigError. */
  constructor(options: AgentOptions, moved?: MovedAgent) {
    const { device, random, onWork = () => {} } = options;
    const session = sessionLimits(options.session);
    const terms = termsOf(options);
    const { tenant, sessionPort, pathMtu, connections, aggregates } = terms;
    this.device = device;
    this.address = terms.address;
    this.#terms = terms;
    this.#onWork = onWork;
    this.#cm = moved?.cm ?? new ConnectionManager(managerOptions(options));
    this.#links = new Links(device, connections, moved?.image.links);
    const parts = {
      cm: this.#cm,
      links: this.#links,
      owners: this.#owners,
      session,
      tenant,
      sessionPort,
      pathMtu,
      framing: { operation: "send", mtuBytes: pathMtu, ipVersion: this.address.includes(":") ? 6 : 4 },
      drawSession: () => (BigInt(random() >>> 0) << 32n) | BigInt(random() >>> 0 || 1),
      address: this.address,
      onWork,
      clock: options.clock ?? (() => this.#nowMs),
    } as const;
    this.#directs = new Directs(parts);
    this.#outgoing = new Outgoing(parts, this.#directs, aggregates);
    this.#incoming = new IncomingHalf(parts, this.#directs);
    if (moved) this.#goOn(moved);
    else if (aggregates) this.#cm.listen(sessionPort);
  }

  /**
   * Nothing arrives and nothing goes from now on, and poll does nothing: its state can be taken (state/agent-move.ts). Nobody calls its streams
   * until it goes on, here by start, or as another agent.
   */
  stop(): void {
    this.device.stop();
  }

  /** It goes on here after all, with its streams, which may have been taken in elsewhere. */
  start(): void {
    this.device.start();
    this.#hold();
  }

  /** @internal What carries its streams asks it for connections. */
  get connections(): ConnectionManager {
    return this.#cm;
  }

  /** @internal What its section says. */
  get image(): AgentImage {
    const { links, directs } = { links: this.#links.image, directs: this.#directs.image };
    return { terms: this.#terms, links, directs, ...this.#outgoing.image, ...this.#incoming.image };
  }

  /** @internal Its streams, by the names of their places. */
  get streams(): Map<string, AgentStream> {
    const streams = new Map<string, AgentStream>();
    for (const [remote, { machine, streams: own }] of this.#sessions) {
      for (const [id, stream] of own) streams.set(placeName({ remote, kind: machine.role, number: id }), stream);
    }
    for (const [remote, stream, number] of this.#outgoing.waiting) {
      streams.set(placeName({ remote, kind: "waiting", number }), stream);
    }
    for (const [connection, { direct }] of this.#directs.open) {
      streams.set(placeName({ remote: this.#remoteOf(connection), kind: "direct", number: connection }), direct.stream);
    }
    return streams;
  }

  /** @internal Whoever takes streams to a port. */
  acceptOf(port: number): Accept | undefined {
    return this.#incoming.acceptOf(port);
  }

  /** When to call poll though nothing has arrived; undefined: never, or not while it is stopped. */
  get nextMs(): number | undefined {
    if (this.device.isStopped) return undefined;
    const sessions = this.#sessions.map(([, { nextMs }]) => nextMs);
    return earliest([this.#cm.nextMs, this.#tickMs, this.#outgoing.nextMs, ...sessions]);
  }

  /** Of each session there is. */
  get sessions(): SessionInfo[] {
    return this.#sessions.map(([remote, { machine }]) => ({
      remote,
      role: machine.role,
      state: machine.state,
      streams: machine.streams,
      heldBytes: machine.heldBytes,
      counters: machine.counters,
    }));
  }

  /** @internal For tests of what is left behind. */
  get sizes(): AgentTables {
    return {
      connections: this.#cm.size,
      links: this.#links.size,
      resting: this.#links.resting,
      owners: this.#owners.size,
      peers: this.#outgoing.peers,
      sessions: this.#sessions.length,
      directs: this.#directs.size,
      numbers: this.#sessions.reduce((sum, [, { machine }]) => sum + machine.numbers, 0),
    };
  }

  connect({ address, port }: StreamAddress, handler: StreamHandler): StreamEnd {
    const remote = canonicalIp("address", address);
    if (remote.includes(":") !== this.address.includes(":")) {
      throw new ConfigError("address", address, `of the IP version of ${this.address}, this end's`);
    }
    return this.#outgoing.connect(remote, checkInteger("port", port, 1, 65_535), handler);
  }

  listen(port: number, accept: Accept): void {
    this.#incoming.listen(checkInteger("port", port, 1, 65_535), accept);
  }

  unlisten(port: number): void {
    this.#incoming.unlisten(port);
  }

  /** It is nowMs: takes what arrived, tells streams' users, sends what is due. Returns true when there is more to do at once. */
  poll(nowMs: number): boolean {
    if (this.device.isStopped) return false;
    this.#nowMs = nowMs;
    this.device.tick(nowMs);
    const isBusy = this.#move();
    this.#hear(nowMs);
    this.#outgoing.poll(nowMs);
    for (const [, session] of this.#sessions) session.poll(nowMs);
    this.#directs.poll(nowMs);
    this.#incoming.poll(nowMs);
    this.#hear(nowMs);
    const hasMore = this.#move();
    // Again, since what was sent just now has a timer: nothing else may come that has poll called.
    this.#tickMs = this.device.tick(nowMs) > 0 ? nowMs + TICK_MS : undefined;
    return hasMore || isBusy;
  }

  #goOn({ image, users, nowMs }: MovedAgent): void {
    this.#nowMs = nowMs;
    // Timers of the device go on at once.
    this.#tickMs = nowMs;
    const streamOf = streamsFor(users, this.address, this.#onWork);
    this.#outgoing.goOn(image.nextPort, image.peers, streamOf);
    for (const direct of image.directs) {
      const { connection } = direct;
      const place = { remote: this.#remoteOf(connection), kind: "direct", number: connection } as const;
      this.#directs.goOn(streamOf(place, direct.stream), direct);
    }
    const accept = (port: number) => ("attach" in users ? users.accept(port) : (users.acceptOf(port) as Accept));
    const listeners = new Map(image.listeners.map((port) => [port, accept(port)] as const));
    this.#incoming.goOn(listeners, image.taken, streamOf);
    this.#hold();
  }

  /** Its streams are its own to carry, whoever had them before. */
  #hold(): void {
    for (const stream of this.streams.values()) stream.goOn(this.#onWork);
    for (const [, session] of this.#sessions) session.hold();
    this.#directs.hold();
    this.#onWork();
  }

  /** The peer of a connection. */
  #remoteOf(connection: number): string {
    return this.#cm.remoteOf(connection) ?? "";
  }

  get #sessions() {
    return [...this.#outgoing.sessions, ...this.#incoming.sessions];
  }

  /** Packets in and out. True when there may be more. */
  #move(): boolean {
    for (let burst = 0; burst < BURSTS_MAX; burst++) if (this.device.poll() === 0) return false;
    return true;
  }

  #hear(nowMs: number): void {
    for (const event of this.#cm.poll(nowMs)) {
      const owner = this.#owners.get(event.id);
      if (event.type === "requested") this.#incoming.requested(event, nowMs);
      else if (event.type === "established") owner?.established(event.id, event.privateData, nowMs);
      else if (event.type !== "closed") owner?.ended(event.id, event, nowMs);
      else this.#closed(event.id);
    }
  }

  #closed(connection: number): void {
    this.#owners.delete(connection);
    this.#links.closed(connection);
  }
}
