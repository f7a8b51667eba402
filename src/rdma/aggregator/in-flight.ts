/** Transfers that were sent and not acknowledged, in order: what a new connection replays. */
import { transferBytes } from "./counters.js";
import type { Transfer } from "./transfer.js";

export class InFlight {
  /** The number of the first, modulo 2^32. */
  #base = 0;
  #transfers: Transfer[] = [];
  /** So many of them went over the connection there is. */
  #sent = 0;
  #data = 0;

  get count(): number {
    return this.#transfers.length;
  }

  get bytes(): number {
    return this.#transfers.reduce((sum, transfer) => sum + transferBytes(transfer), 0);
  }

  /** Bytes of streams are under way. */
  get hasData(): boolean {
    return this.#data > 0;
  }

  /** A new one, which the caller sends. */
  add(transfer: Transfer): void {
    this.#transfers.push(transfer);
    this.#sent++;
    if (transfer.kind !== "control") this.#data++;
  }

  /** The next to send again; undefined: all were. */
  replay(): Transfer | undefined {
    return this.#sent < this.#transfers.length ? this.#transfers[this.#sent++] : undefined;
  }

  /** The oldest so many have arrived. */
  acknowledge(count: number): void {
    if (count === 0) return;
    const gone = this.#transfers.splice(0, Math.min(count, this.#sent));
    this.#sent -= gone.length;
    this.#base = (this.#base + gone.length) >>> 0;
    this.#data -= gone.filter(({ kind }) => kind !== "control").length;
  }

  /**
   * On a new connection, to a peer that has had so many transfers of the session: the others are to be sent again. False, and nothing
   * has changed, when it cannot have had as many, or as few.
   */
  resume(received: number): boolean {
    const arrived = (received - this.#base) >>> 0;
    if (arrived > this.#transfers.length) return false;
    this.#sent = this.#transfers.length;
    this.acknowledge(arrived);
    this.#sent = 0;
    return true;
  }

  clear(): void {
    this.#transfers = [];
    this.#sent = 0;
    this.#data = 0;
  }
}
