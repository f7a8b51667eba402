/** The connections there are, by what names them: the owner by id, the machine by itself, the device by queue pair. */
import { ConfigError } from "../../errors.js";
import type { CmConnection } from "../cm/index.js";
import type { AddressOptions, QueuePair } from "../verbs/index.js";
import { checkWindow, type OwnParameters } from "./queue-pair-states.js";

export interface Link extends OwnParameters {
  readonly id: number;
  readonly remote: string;
  readonly connection: CmConnection;
  window: number;
  /** Of its queue pair. Accepting: known once it is accepted. */
  qpn: number | undefined;
  /** Undefined without a number, and when it was destroyed before it came here from elsewhere. */
  qp: QueuePair | undefined;
  /** The owner has been told that it is over. */
  isOver: boolean;
}

export class Links {
  readonly #byId = new Map<number, Link>();
  readonly #byConnection = new Map<CmConnection, Link>();
  readonly #byQpn = new Map<number, Link>();
  #nextId = 1;

  /** The id that the next connection is given. */
  get nextId(): number {
    return this.#nextId;
  }

  /** Links that were another's: those, and the id of the next one. */
  adopt(links: readonly Link[], nextId: number): void {
    for (const link of links) {
      this.#byId.set(link.id, link);
      this.#byConnection.set(link.connection, link);
      if (link.qpn !== undefined) this.#byQpn.set(link.qpn, link);
    }
    this.#nextId = nextId;
  }

  byId(id: number): Link | undefined {
    return this.#byId.get(id);
  }

  byConnection(connection: CmConnection | undefined): Link | undefined {
    return connection && this.#byConnection.get(connection);
  }

  /** Of this very queue pair: another may have its number. */
  byQueuePair(qp: QueuePair): Link | undefined {
    const link = this.#byQpn.get(qp.qpn);
    return link?.qp === qp ? link : undefined;
  }

  insert(connection: CmConnection, remote: string, address: AddressOptions): Link {
    const id = this.#nextId++;
    const own = { address, window: checkWindow(), qpn: undefined, qp: undefined };
    const link: Link = { id, remote, connection, ...own, isOver: false };
    this.#byId.set(id, link);
    this.#byConnection.set(connection, link);
    return link;
  }

  /** Throws ConfigError for a queue pair whose number a connection has: its late packets might come to another. */
  checkFree({ qpn }: QueuePair): void {
    if (this.#byQpn.has(qpn)) throw new ConfigError("qp.qpn", qpn, "one that no connection has, until it is closed");
  }

  /** The queue pair is the connection's, until it is removed. */
  give(link: Link, qp: QueuePair): void {
    link.qpn = qp.qpn;
    link.qp = qp;
    this.#byQpn.set(qp.qpn, link);
  }

  remove({ id, connection, qpn }: Link): void {
    this.#byId.delete(id);
    this.#byConnection.delete(connection);
    if (qpn !== undefined) this.#byQpn.delete(qpn);
  }
}
