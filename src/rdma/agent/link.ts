/** A connection's queue pair with its completion queues, which are used again when it is gone. */
import { ConfigError } from "../../errors.js";
import type { CompletionQueue, ProtectionDomain, QueuePair, RdmaDevice } from "../verbs/index.js";
import type { LinksImage } from "./state/image.js";

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

  /** With an image it goes on with what a moved device has. */
  constructor(device: RdmaDevice, max: number, image?: LinksImage) {
    this.device = device;
    this.pd = (image && device.protectionDomain(image.pd)) ?? device.allocPd();
    this.max = max;
    for (const [send, receive] of image?.spare ?? []) {
      const [sendCq, recvCq] = [device.completionQueue(send), device.completionQueue(receive)];
      if (sendCq && recvCq) this.#spare.push([sendCq, recvCq]);
    }
    for (const [connection, qpn] of image?.resting ?? []) {
      const qp = device.queuePair(qpn);
      if (qp) this.#resting.set(connection, qp);
    }
  }

  get image(): LinksImage {
    const spare = this.#spare.map(([send, receive]) => [send.number, receive.number] as const);
    return { pd: this.pd.number, spare, resting: [...this.#resting].map(([connection, { qpn }]) => [connection, qpn]) };
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

  /** The one that a moved device has of that number. Throws ConfigError without it. */
  goOn(qpn: number): Link {
    const qp = this.device.queuePair(qpn);
    if (!qp) throw new ConfigError("qpn", qpn, "a queue pair's of the device");
    this.#count++;
    return { qp, sendCq: qp.sendCq, recvCq: qp.recvCq };
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
