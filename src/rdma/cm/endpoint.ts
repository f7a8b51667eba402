/**
 * All connections of a channel adapter: which MAD is for whom, who listens, and what nobody waits for. It stands behind queue pair 1.
 *
 *   REQ        ─▶ by peer, GUID and the peer's id (a duplicate), else by service id to a listener
 *   the others ─▶ by this end's id, from the peer that has the connection; else the answer to strays
 *
 * Peers are whatever tells them apart for the driver, such as the IP address that a MAD came from. The ids come from the driver too:
 * a peer that does not see the traffic should not be able to guess them.
 */

import { checkInteger } from "../../check.js";
import { earliest } from "../../earliest.js";
import { ConfigError } from "../../errors.js";
import type { CmAction } from "./action.js";
import { type CmMad, decodeCmMad } from "./codec.js";
import { CmConnection } from "./connection.js";
import { ABOUT_REQ, type Rej } from "./messages.js";
import { type ConnectOptions, checkIdentity } from "./options.js";
import type { ListenOptions } from "./passive.js";
import { REJ_REASON, type RejReason } from "./reason.js";
import { type CmIdentity, isOpen, send } from "./record.js";
import { guidBytes } from "./release.js";
import type { Req } from "./req.js";
import { answerStray, rejection } from "./stray.js";

export interface CmEndpointOptions extends Omit<CmIdentity, "localCommunicationId" | "transactionId"> {
  /** Draws a communication id, 1 to 2^32 - 1; asked again when it is in use. */
  readonly drawCommunicationId: () => number;
  /** Most connections at a time, with those in TIMEWAIT; 4096 by default. Further REQs are rejected. */
  readonly maxConnections?: number | undefined;
}

/** What to do for a peer; a stray MAD's answer has no connection. */
export interface CmOutput {
  readonly peer: string;
  readonly connection: CmConnection | undefined;
  readonly actions: readonly CmAction[];
}

interface Entry {
  readonly peer: string;
  readonly connection: CmConnection;
  /** How a duplicate of the REQ is known; passive only. */
  readonly key: string | undefined;
  readonly peerGuid: bigint | undefined;
}

export class CmEndpoint {
  readonly #options: CmEndpointOptions;
  readonly #maxConnections: number;
  readonly #entries = new Map<number, Entry>();
  readonly #byReq = new Map<string, Entry>();
  readonly #listeners = new Map<bigint, ListenOptions>();

  /** Throws ConfigError. */
  constructor(options: CmEndpointOptions) {
    checkIdentity({ ...options, localCommunicationId: 1, transactionId: 0n });
    this.#options = options;
    this.#maxConnections = checkInteger("maxConnections", options.maxConnections ?? 4096, 1, 2 ** 20);
  }

  /** Connections there are, with those in TIMEWAIT. */
  get size(): number {
    return this.#entries.size;
  }

  /** The earliest of the connections' times; undefined: no timer runs. */
  get nextMs(): number | undefined {
    return earliest([...this.#entries.values()].map(({ connection }) => connection.nextMs));
  }

  /** @internal Connections by their peers, in the order in which they came to be. */
  get connections(): readonly { readonly peer: string; readonly connection: CmConnection }[] {
    return [...this.#entries.values()];
  }

  /** @internal Who is listened to, by service id. */
  get listeners(): ReadonlyMap<bigint, ListenOptions> {
    return this.#listeners;
  }

  /** @internal The adapter's GUID. */
  get caGuid(): bigint {
    return this.#options.caGuid;
  }

  /** @internal Takes a connection on that was another endpoint's. */
  adopt(peer: string, connection: CmConnection): void {
    const { isActive, req } = connection.record;
    const peerReq = isActive ? undefined : req;
    const key = peerReq && reqKey(peer, peerReq.localCaGuid, peerReq.localCommunicationId);
    this.#insert({ peer, connection, key, peerGuid: peerReq?.localCaGuid });
  }

  /** Takes REQs for a service. Throws ConfigError when somebody does. */
  listen(serviceId: bigint, options: Omit<ListenOptions, "serviceId"> = {}): void {
    if (this.#listeners.has(serviceId)) throw new ConfigError("serviceId", serviceId, "one that nobody listens to");
    this.#listeners.set(serviceId, { ...options, serviceId });
  }

  /** Takes no more REQs for a service; its connections stay. */
  unlisten(serviceId: bigint): void {
    this.#listeners.delete(serviceId);
  }

  /** Asks a peer for a connection. Throws ConfigError, also when there are too many. */
  connect(peer: string, options: ConnectOptions, nowMs: number): CmOutput & { readonly connection: CmConnection } {
    if (this.size >= this.#maxConnections) {
      throw new ConfigError("connections", this.size, `fewer than ${this.#maxConnections}`);
    }
    const connection = this.#newConnection();
    const actions = connection.connect(options, nowMs);
    this.#insert({ peer, connection, key: undefined, peerGuid: undefined });
    return { peer, connection, actions };
  }

  /** A MAD, 256 bytes or what came instead, from a peer. What cannot be read or answered gives nothing. */
  receive(peer: string, mad: Uint8Array, nowMs: number): CmOutput[] {
    const decoded = decodeCmMad(mad);
    if (typeof decoded === "string") return [];
    const { message } = decoded;
    if (message.type === "REQ") return this.#receiveReq(peer, decoded, message, nowMs);
    const named = this.#entries.get(message.remoteCommunicationId);
    const entry = named ?? (message.type === "REJ" ? this.#givenUp(peer, message) : undefined);
    if (entry?.peer === peer) return this.#output(entry, entry.connection.receiveDecoded(decoded, nowMs));
    return stray(peer, answerStray(decoded));
  }

  /** Time has passed. Connections that are closed are forgotten. */
  tick(nowMs: number): CmOutput[] {
    return [...this.#entries.values()].flatMap((entry) => this.#output(entry, entry.connection.tick(nowMs)));
  }

  #receiveReq(peer: string, mad: CmMad, req: Req, nowMs: number): CmOutput[] {
    const key = reqKey(peer, req.localCaGuid, req.localCommunicationId);
    const again = this.#byReq.get(key);
    if (again) return this.#output(again, again.connection.receiveDecoded(mad, nowMs));
    const refuse = (reason: RejReason) => {
      const ids = { localCommunicationId: 0, remoteCommunicationId: req.localCommunicationId };
      return stray(peer, rejection(mad.transactionId, ABOUT_REQ, reason, ids));
    };
    // The peer has forgotten a connection of that queue pair: it ends here too, before there can be another (12.9.8.3.1).
    const stale = this.#stale(peer, req);
    if (stale) return [...refuse("stale-connection"), ...this.#output(stale, stale.connection.disconnect(nowMs))];
    const listener = this.#listeners.get(req.serviceId);
    if (!listener) return stray(peer, answerStray(mad));
    if (this.size >= this.#maxConnections) return refuse("no-resources");
    const connection = this.#newConnection();
    connection.listen(listener);
    const entry = { peer, connection, key, peerGuid: req.localCaGuid };
    const actions = connection.receiveDecoded(mad, nowMs);
    if (connection.state !== "LISTEN") this.#insert(entry);
    return [{ peer, connection: connection.state === "LISTEN" ? undefined : connection, actions }];
  }

  #stale(peer: string, req: Req): Entry | undefined {
    for (const entry of this.#byReq.values()) {
      const { connection } = entry;
      if (!isOpen(connection.state) || entry.peer !== peer || entry.peerGuid !== req.localCaGuid) continue;
      if (connection.remoteQpn === req.localQpn) return entry;
    }
    return undefined;
  }

  /** The connection of a peer that has given up before it knew this end's id. */
  #givenUp(peer: string, rej: Rej): Entry | undefined {
    if (rej.remoteCommunicationId !== 0 || rej.reason !== REJ_REASON.timeout) return undefined;
    for (const entry of this.#byReq.values()) {
      if (entry.peer !== peer || entry.connection.remoteCommunicationId !== rej.localCommunicationId) continue;
      const guid = guidBytes(entry.peerGuid ?? 0n);
      if (guid.every((byte, i) => rej.additionalInfo[i] === byte)) return entry;
    }
    return undefined;
  }

  #newConnection(): CmConnection {
    for (let tries = 0; tries < this.#maxConnections; tries++) {
      const localCommunicationId = this.#options.drawCommunicationId();
      if (this.#entries.has(localCommunicationId)) continue;
      return new CmConnection({ ...this.#options, localCommunicationId, transactionId: BigInt(localCommunicationId) });
    }
    throw new ConfigError("drawCommunicationId", this.#options.drawCommunicationId, "able to draw unused ids");
  }

  #insert(entry: Entry): void {
    this.#entries.set(entry.connection.localCommunicationId, entry);
    if (entry.key !== undefined) this.#byReq.set(entry.key, entry);
  }

  #output({ peer, connection, key }: Entry, actions: readonly CmAction[]): CmOutput[] {
    if (connection.state === "CLOSED") {
      this.#entries.delete(connection.localCommunicationId);
      if (key !== undefined) this.#byReq.delete(key);
    }
    return actions.length === 0 ? [] : [{ peer, connection, actions }];
  }
}

function stray(peer: string, mad: Uint8Array | undefined): CmOutput[] {
  return mad ? [{ peer, connection: undefined, actions: [send(mad)] }] : [];
}

function reqKey(peer: string, guid: bigint, communicationId: number): string {
  return `${guid} ${communicationId} ${peer}`;
}
