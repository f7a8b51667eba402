/** A client's way to a server: the connection, what it was offered, and why it did not come about or ended. */
import type { CompletionQueue, ConnectionEvent, PathMtuBytes, ProtectionDomain, QueuePair } from "../../index.js";
import type { RdmaHost } from "./host.js";
import { PeerError } from "./peer-error.js";
import { windowOf } from "./window.js";
import { decodeOffer, encodeWish, type Offer, type Wish } from "./wish.js";

export interface Target {
  readonly remote: string;
  readonly port: number;
  readonly wish: Wish;
  readonly mtu: PathMtuBytes;
}

export class Session {
  readonly pd: ProtectionDomain;
  readonly cq: CompletionQueue;
  readonly qp: QueuePair;
  readonly #host: RdmaHost;
  readonly #target: Target;
  readonly #id: number;
  readonly #begunMs = performance.now();
  #offer: Offer | undefined;
  #connectMs = 0;
  #isOver = false;

  constructor(host: RdmaHost, target: Target) {
    const { device, cm } = host;
    const { remote, port, mtu, wish } = target;
    this.#host = host;
    this.#target = target;
    this.pd = device.allocPd();
    this.cq = device.createCq();
    this.qp = device.createQp({ pd: this.pd, type: "rc", sendCq: this.cq });
    const request = { remote, port, qp: this.qp, pathMtu: mtu, window: windowOf(mtu), privateData: encodeWish(wish) };
    this.#id = cm.connect(request, this.#begunMs);
  }

  /** What the server has for WRITEs and READs, once the connection is there. */
  get offer(): Offer | undefined {
    return this.#offer;
  }

  /** How long it took to connect. */
  get connectMs(): number {
    return this.#connectMs;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Throws PeerError when the connection fails. */
  hear(events: readonly ConnectionEvent[], isEnding: boolean): void {
    for (const event of events) {
      if (event.type === "established") this.#establish(event.privateData);
      else if (event.type === "rejected") throw new PeerError(this.#whyRejected(event.reason));
      else if (event.type === "disconnected") {
        if (!isEnding) throw new PeerError(this.#whyLost(event.reason));
        this.#isOver = true;
      }
    }
  }

  end(nowMs: number): void {
    this.#host.cm.disconnect(this.#id, nowMs);
  }

  #establish(privateData: Uint8Array): void {
    this.#connectMs = performance.now() - this.#begunMs;
    this.#offer = decodeOffer(privateData);
    if (!this.#offer) throw new PeerError(`${this.#target.remote} is no ringlane rdma serve`);
  }

  #whyRejected(reason: string): string {
    const { remote, port } = this.#target;
    switch (reason) {
      case "timeout":
        return `no answer from ${remote}: nobody listens there on UDP port 4791, or its packets do not come through`;
      case "invalid-service-id":
        return `connection refused: ${remote} does not listen to port ${port}`;
      case "no-resources":
        return `connection refused: ${remote} has no room for it`;
      default:
        return `connection refused by ${remote}: ${reason}`;
    }
  }

  #whyLost(reason: string): string {
    const { remote } = this.#target;
    if (reason === "queue-pair-error") return `connection lost: ${remote} does not answer any more`;
    return reason === "requested" ? `${remote} has ended the connection` : `connection lost: ${reason}`;
  }
}
