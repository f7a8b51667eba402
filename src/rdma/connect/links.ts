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
  /** Accepting: known once it is accepted. */
  qp: QueuePair | undefined;
  /** The owner has been told that it is over. */
  isOver: boolean;
}

export class Links {
  readonly #byId = new Map<number, Link>();
  readonly #byConnection = new Map<CmConnection, Link>();
  readonly #byQpn = new Map<number, Link>();
  #nextId = 1;

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
    const link = { id, remote, connection, address, window: checkWindow(), qp: undefined, isOver: false };
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
    link.qp = qp;
    this.#byQpn.set(qp.qpn, link);
  }

  remove({ id, connection, qp }: Link): void {
    this.#byId.delete(id);
    this.#byConnection.delete(connection);
    if (qp) this.#byQpn.delete(qp.qpn);
  }
}
