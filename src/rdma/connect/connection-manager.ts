/**
 * Connections of a device's queue pairs, without I/O: it owns the device's queue pair 1 and joins it to the communication manager.
 *
 *   device.tick(nowMs); device.poll();        packets, of data and of management
 *   for (const event of cm.poll(nowMs)) …     MADs taken and sent, timers, queue pairs brought INIT, RTR, RTS, ERROR
 *
 * It takes the device's errors (RdmaDevice.takeErrors): queue pairs of its connections end their connection, the others are handed
 * on (onQueuePairError).
 * Calls that come too late, because the peer was faster, do nothing.
 */
import { checkInteger } from "../../check.js";
import {
  type CmAction,
  type CmConnection,
  CmEndpoint,
  type CmOutput,
  ipServiceId,
  isOpen,
  type RejReason,
} from "../cm/index.js";
import type { AddressOptions, RdmaDevice } from "../verbs/index.js";
import type { ConnectionEvent } from "./event.js";
import { DYNAMIC_PORTS, flowLabelPort } from "./flow-label.js";
import { type Link, Links } from "./links.js";
import { type ManagementCounters, ManagementQueue, makeManagementParts } from "./management.js";
import {
  type AcceptRequest,
  type ConnectionManagerOptions,
  type ConnectRequest,
  canonicalIp,
  defaultMtu,
  endpointOptionsOf,
  pathsOf,
  timeoutsOf,
} from "./options.js";
import { checkConnectable, checkResources, checkWindow, follow, initialize } from "./queue-pair-states.js";
import { Remotes } from "./remotes.js";
import { readRequest } from "./request.js";

/** What a manager has that outlasts a call: it can go on in another one. */
export interface ManagerParts {
  readonly endpoint: CmEndpoint;
  readonly management: ManagementQueue;
  readonly links: Links;
  /** Accepted here; the peer has not said yet that it knows. */
  readonly accepted: Map<Link, { readonly rqPsn: number }>;
  /** What happened and was not told yet. */
  readonly events: readonly ConnectionEvent[];
}

export class ConnectionManager {
  readonly #options: ConnectionManagerOptions;
  readonly #device: RdmaDevice;
  readonly #local: string;
  readonly #pathTo: (remote: string, sourcePort?: number) => AddressOptions;
  readonly #endpoint: CmEndpoint;
  readonly #management: ManagementQueue;
  readonly #links: Links;
  readonly #accepted: Map<Link, { readonly rqPsn: number }>;
  #events: ConnectionEvent[];
  #nowMs = 0;
  /** The earliest of the connections' times, as long as nothing has changed them. */
  #dueMs: number | undefined;
  #isDueKnown = false;

  /**
   * Throws ConfigError, also for a device without room for queue pair 1, its completion queue, its region or its addresses. parts are those of
   * another manager, which goes on here.
   */
  constructor(options: ConnectionManagerOptions, parts?: ManagerParts) {
    this.#options = options;
    this.#device = options.device;
    this.#local = canonicalIp("local", options.local);
    this.#pathTo = pathsOf(options);
    const { endpoint, management, links, accepted, events } = parts ?? newParts(options, this.#local, this.#pathTo);
    this.#endpoint = endpoint;
    this.#management = management;
    this.#links = links;
    this.#accepted = accepted;
    this.#events = [...events];
  }

  /** @internal */
  get parts(): ManagerParts {
    return {
      endpoint: this.#endpoint,
      management: this.#management,
      links: this.#links,
      accepted: this.#accepted,
      events: this.#events,
    };
  }

  /** This end's address, as it is compared. */
  get local(): string {
    return this.#local;
  }

  /** Connections there are, with those that are not closed yet. */
  get size(): number {
    return this.#endpoint.size;
  }

  /** When to call poll though nothing has arrived; undefined: no timer runs. */
  get nextMs(): number | undefined {
    const timerMs = this.#timerMs();
    const isReady = this.#management.waiting.length > 0 || this.#events.length > 0;
    return isReady ? Math.min(this.#nowMs, timerMs ?? this.#nowMs) : timerMs;
  }

  /** The peer of a connection; undefined: there is none of that id. */
  remoteOf(id: number): string | undefined {
    return this.#links.byId(id)?.remote;
  }

  get counters(): Readonly<ManagementCounters> {
    return { ...this.#management.counters };
  }

  /** Takes requests to a port. Throws ConfigError when somebody does. */
  listen(port: number): void {
    this.#endpoint.listen(ipServiceId(port), { maxPathMtuBytes: this.#device.maxMtu });
  }

  /** Takes no more; connections that there are stay. */
  unlisten(port: number): void {
    this.#endpoint.unlisten(ipServiceId(port));
  }

  /** Asks a peer for a connection and returns its id. Throws ConfigError, and nothing has changed. */
  connect(request: ConnectRequest, nowMs: number): number {
    this.#check(request);
    const remote = canonicalIp("remote", request.remote);
    const flowLabel = request.flowLabel ?? this.#draw(20);
    const address = this.#pathTo(remote, flowLabelPort(flowLabel));
    const pathMtuBytes = request.pathMtu ?? defaultMtu(this.#device);
    checkInteger("pathMtu", pathMtuBytes, 256, this.#device.maxMtu ?? 0);
    const output = this.#endpoint.connect(
      remote,
      {
        ...timeoutsOf(this.#options, request),
        ...this.#queuePairOptions(request),
        local: this.#local,
        remote,
        service: { port: request.port, sourcePort: request.localPort ?? DYNAMIC_PORTS | this.#draw(14) },
        flowLabel,
        pathMtuBytes,
      },
      nowMs,
    );
    const link = this.#links.insert(output.connection, remote, address);
    this.#give(link, request);
    this.#carryOut([output], nowMs);
    return link.id;
  }

  /** Takes a request: the queue pair goes to RTR, and the peer is told. Throws ConfigError, and nothing has changed. */
  accept(id: number, request: AcceptRequest, nowMs: number): void {
    const link = this.#links.byId(id);
    if (link?.connection.state !== "REQ_RCVD") return;
    this.#check(request);
    const actions = link.connection.accept(this.#queuePairOptions(request), nowMs);
    this.#give(link, request);
    this.#carryOutOf(link, actions, nowMs);
    this.#accepted.set(link, { rqPsn: request.qp.rqPsn });
  }

  /** Turns a request down. Throws ConfigError for more than 148 bytes of private data. */
  reject(id: number, reason: RejReason, nowMs: number, privateData?: Uint8Array): void {
    const link = this.#links.byId(id);
    if (link) this.#carryOutOf(link, link.connection.reject(reason, nowMs, privateData), nowMs);
  }

  /** Ends a connection, or the attempt at one. The queue pair goes to ERROR at once; *disconnected* says that the peer knows. */
  disconnect(id: number, nowMs: number): void {
    const link = this.#links.byId(id);
    if (link) this.#carryOutOf(link, link.connection.disconnect(nowMs), nowMs);
  }

  /** Takes what arrived on queue pair 1, does what is due, sends what is to be sent, and says what has happened. */
  poll(nowMs: number): ConnectionEvent[] {
    this.#nowMs = nowMs;
    this.#management.receive((source, mad) => this.#carryOut(this.#endpoint.receive(source, mad, nowMs), nowMs));
    this.#takeErrors(nowMs);
    this.#hearData(nowMs);
    if ((this.#timerMs() ?? Number.POSITIVE_INFINITY) <= nowMs) this.#carryOut(this.#endpoint.tick(nowMs), nowMs);
    this.#management.send();
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** The earliest of the connections' times. */
  #timerMs(): number | undefined {
    if (!this.#isDueKnown) {
      this.#dueMs = this.#endpoint.nextMs;
      this.#isDueKnown = true;
    }
    return this.#dueMs;
  }

  #carryOut(outputs: readonly CmOutput[], nowMs: number): void {
    this.#isDueKnown = false;
    for (const { peer, connection, actions } of outputs) {
      const link = this.#links.byConnection(connection);
      if (link) this.#carryOutOf(link, actions, nowMs);
      else this.#carryOutNew(peer, connection, actions, nowMs);
    }
  }

  #carryOutOf(link: Link, actions: readonly CmAction[], nowMs: number): void {
    this.#isDueKnown = false;
    for (const action of actions) {
      if (action.type === "send") this.#management.queue(link.remote, action.mad);
      else if (action.type !== "qp") this.#tell(link, action);
      else if (link.qpn !== undefined && !follow(link.qp, action, link)) {
        this.#fail(link, nowMs);
        return;
      }
    }
  }

  /** A peer that nobody has a connection with yet: an answer to it, or its request. */
  #carryOutNew(peer: string, connection: CmConnection | undefined, actions: readonly CmAction[], nowMs: number): void {
    for (const action of actions) {
      if (action.type === "send") this.#management.queue(peer, action.mad);
      if (action.type !== "requested" || !connection) continue;
      const request = readRequest(peer, action.req);
      if (typeof request === "string") {
        this.#carryOutNew(peer, undefined, connection.reject(request, nowMs), nowMs);
        continue;
      }
      const address = this.#pathTo(peer, flowLabelPort(action.req.primary.flowLabel));
      const { id } = this.#links.insert(connection, peer, address);
      this.#events.push({ type: "requested", id, remote: peer, ...request });
    }
  }

  #tell(link: Link, action: Exclude<CmAction, { type: "send" | "qp" }>): void {
    const { id } = link;
    switch (action.type) {
      case "established":
        this.#accepted.delete(link);
        this.#events.push({ type: "established", id, privateData: action.privateData });
        break;
      case "rejected":
        this.#end(link, { ...action, id });
        break;
      case "disconnected":
        this.#end(link, { type: "disconnected", id, by: action.by, reason: action.reason });
        break;
      case "closed":
        this.#links.remove(link);
        this.#events.push({ type: "closed", id });
    }
  }

  /** The queue pair has failed: its owner learns it now, and the peer, if it is there, by a DREQ. */
  #fail(link: Link, nowMs: number): void {
    const { connection, id } = link;
    if (isOpen(connection.state))
      this.#end(link, { type: "disconnected", id, by: "local", reason: "queue-pair-error" });
    this.#carryOutOf(link, connection.disconnect(nowMs), nowMs);
  }

  #end(link: Link, event: ConnectionEvent): void {
    this.#accepted.delete(link);
    if (!link.isOver) this.#events.push(event);
    link.isOver = true;
  }

  #takeErrors(nowMs: number): void {
    for (const qp of this.#device.takeErrors()) {
      const link = this.#links.byQueuePair(qp);
      if (!link) this.#options.onQueuePairError?.(qp);
      // It may have been brought up again meanwhile.
      else if (qp.state === "error") this.#fail(link, nowMs);
    }
  }

  /** A request of the peer on the queue pair says what an RTU says, which may be lost or late (12.9.7.2, communication established). */
  #hearData(nowMs: number): void {
    for (const [link, { rqPsn }] of this.#accepted) {
      const { qp, connection } = link;
      const hasCome = qp && !qp.isDestroyed && qp.state === "rtr" && qp.rqPsn !== rqPsn;
      if (hasCome) this.#carryOutOf(link, connection.communicationEstablished(nowMs), nowMs);
    }
  }

  #check({ qp, access, window }: AcceptRequest): void {
    checkConnectable(qp, access);
    checkWindow(window);
    this.#links.checkFree(qp);
  }

  /** The queue pair is the connection's, until it is closed. */
  #give(link: Link, { qp, access, window }: AcceptRequest): void {
    initialize(qp, access);
    link.window = checkWindow(window);
    this.#links.give(link, qp);
  }

  #queuePairOptions(request: AcceptRequest) {
    return {
      qpn: request.qp.qpn,
      startingPsn: this.#draw(24),
      responderResources: checkResources("responderResources", request.responderResources),
      initiatorDepth: checkResources("initiatorDepth", request.initiatorDepth),
      rnrRetryCount: request.rnrRetryCount ?? this.#options.rnrRetryCount,
      privateData: request.privateData,
    };
  }

  #draw(bits: number): number {
    return (this.#options.random() >>> 0) >>> (32 - bits);
  }
}

function newParts(
  options: ConnectionManagerOptions,
  local: string,
  pathTo: (remote: string, sourcePort?: number) => AddressOptions,
): ManagerParts {
  const { device } = options;
  const endpoint = new CmEndpoint(endpointOptionsOf(options));
  const handles = options.addresses ?? Math.max(1, device.limits.addresses >> 1);
  // Where they lead is said when they are used.
  const unused = Array.from({ length: handles }, () => device.createAddress(pathTo(local)));
  const remotes = new Remotes(device, pathTo, unused);
  const management = new ManagementQueue(device.limits, makeManagementParts(device), local, remotes);
  return { endpoint, management, links: new Links(), accepted: new Map(), events: [] };
}
