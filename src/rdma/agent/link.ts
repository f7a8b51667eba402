/** A connection's queue pair with its completion queues, which are used again when it is gone. */
import { ConfigError } from "../../errors.js";
import type { CompletionQueue, ProtectionDomain, QueuePair, RdmaDevice } from "../verbs/index.js";

export interface Link {
  readonly qp: QueuePair;
  readonly sendCq: CompletionQueue;
  readonly recvCq: CompletionQueue;
}

export class Links {
  readonly device: RdmaDevice;
  readonly pd: ProtectionDomain;
  readonly max: number;
  readonly #spare: (readonly [CompletionQueue, CompletionQueue])[] = [];
  /** Queue pairs that rest until their connection is closed. */
  readonly #resting = new Map<number, QueuePair>();
  #count = 0;

  constructor(device: RdmaDevice, max: number) {
    this.device = device;
    this.pd = device.allocPd();
    this.max = max;
  }

  /** Those in use, and those whose queue pairs rest. */
  get size(): number {
    return this.#count;
  }

  get resting(): number {
    return this.#resting.size;
  }

  /** A queue pair in INIT. Throws ConfigError when there are too many. */
  open(): Link {
    if (this.#count >= this.max) throw new ConfigError("connections", this.#count + 1, `at most ${this.max}`);
    const [sendCq, recvCq] = this.#spare.pop() ?? [this.device.createCq(), this.device.createCq()];
    try {
      const qp = this.device.createQp({ pd: this.pd, type: "rc", sendCq, recvCq });
      qp.modify({ state: "init" });
      this.#count++;
      return { qp, sendCq, recvCq };
    } catch (error) {
      this.#spare.push([sendCq, recvCq]);
      throw error;
    }
  }

  /** It is used no more. Its queue pair goes with the connection: with `closed`, or now if it never had one. */
  close({ qp, sendCq, recvCq }: Link, connection: number | undefined): void {
    this.#count--;
    if (!qp.isDestroyed && qp.state !== "error") qp.modify({ state: "error" });
    for (const cq of [sendCq, recvCq]) cq.poll();
    this.#spare.push([sendCq, recvCq]);
    if (connection === undefined) qp.destroy();
    else this.#resting.set(connection, qp);
  }

  /** The connection is closed. */
  closed(connection: number): void {
    this.#resting.get(connection)?.destroy();
    this.#resting.delete(connection);
  }
}
